"""The kenlm metric: kenlm's own scores of the tokens, whatever runs it."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import hardness
from hardness.errors import HardnessError
from hardness.ngram import kenlm_pool
from hardness.stages.lm import lm
from tests.ngram.oracle import TOKENIZERS
from tests.stages.test_model import LINES
from tests.stages.test_perplexity import records

kenlm: Any = pytest.importorskip("kenlm")

OTHERS = [line for line in LINES.splitlines() if line.strip()]


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    return path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write(tmp_path / "data.jsonl", records(120))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    rows = [{"text": text} for text in OTHERS]
    path = tmp_path / "other.arpa"
    lm(write(tmp_path / "other.jsonl", rows), output=path, order=3)
    return path


def score(data: Path, output: str = "table", **options: Any) -> pl.DataFrame:
    result = hardness.score(data, metric="kenlm", output=data.parent / output, **options)
    return result.table.frame("kenlm").collect()


def expected(texts: list[str | None], model: Path, tokenizer: str = "words") -> list[dict]:
    loaded = kenlm.Model(str(model))
    rows = []
    for text in texts:
        tokens = [t for t in TOKENIZERS[tokenizer](text or "") if t not in ("<s>", "</s>")]
        line = " ".join(tokens)
        nll = -loaded.score(line) * math.log(10) / (len(tokens) + 1) if tokens else None
        rows.append(
            {
                "perplexity": None if nll is None else pytest.approx(loaded.perplexity(line)),
                "nll": None if nll is None else pytest.approx(nll),
                "n_tokens": len(tokens),
                "n_oov": sum(token not in loaded for token in tokens) if tokens else None,
            }
        )
    return rows


@pytest.mark.parametrize("tokenizer", ["words", "whitespace", "nltk"])
def test_scores_under_a_model_are_kenlms(data: Path, model: Path, tokenizer: str) -> None:
    frame = score(data, model=str(model), tokenizer=tokenizer, skip_symbols=True)
    texts = [row["text"] for row in records(120)]
    assert frame.select(pl.exclude("row", "id")).to_dicts() == expected(texts, model, tokenizer)
    assert frame["id"].to_list() == [f"r{i}" for i in range(120)]
    assert frame["row"].to_list() == list(range(120))
    assert frame["nll"].null_count() > 0
    assert frame["n_oov"].sum() > 0


def test_without_a_model_one_is_estimated_of_the_data(data: Path) -> None:
    path = data.parent / "own.arpa"
    lm(data, output=path, order=4, prune=(0, 0, 1))
    got = score(data, order=4, prune=(0, 0, 1))
    assert got.equals(score(data, "given", model=str(path)))
    assert got["n_oov"].drop_nulls().sum() == 0


def test_with_a_reference_the_model_is_of_the_reference(data: Path, model: Path) -> None:
    reference = (str(data.parent / "other.jsonl"),)
    assert score(data, reference=reference).equals(score(data, "given", model=str(model)))


def test_scores_do_not_depend_on_what_runs_them(data: Path) -> None:
    first = score(data, threads=1)
    size = data.stat().st_size
    for i, (partitions, threads) in enumerate([(3, 1), (3, 4), (7, 3)]):
        other = score(data, f"t{i}", threads=threads, partition_bytes=size // partitions + 1)
        assert other.equals(first), (partitions, threads)


def test_a_model_of_other_contents_is_another_metric(data: Path, model: Path) -> None:
    score(data, model=str(model))
    lm(data, output=model, order=2)
    with pytest.raises(HardnessError, match=r"kenlm must be of the same options.*model was"):
        score(data, model=str(model))


def test_resumed_run_makes_only_the_missing_parts(data: Path, model: Path) -> None:
    size = data.stat().st_size // 3 + 1
    whole = score(data, model=str(model), partition_bytes=size)
    folder = data.parent / "table" / "kenlm"
    content = json.loads((folder / "metric.json").read_text())
    (folder / "metric.json").unlink()
    (folder / content["parts"][1]["name"]).unlink()
    kept = (folder / content["parts"][0]["name"]).stat().st_mtime_ns
    result = hardness.score(
        data,
        metric="kenlm",
        output=data.parent / "table",
        model=str(model),
        partition_bytes=size,
    )
    assert result.resumed
    assert result.table.frame("kenlm").collect().equals(whole)
    assert (folder / content["parts"][0]["name"]).stat().st_mtime_ns == kept


def test_bad_records_are_listed_though_their_part_was_there(tmp_path: Path, model: Path) -> None:
    data = tmp_path / "bad.jsonl"
    data.write_text('{"text": "a dog"}\n{"text": \n{"text": "the mat"}\n')
    frame = score(data, "bad", model=str(model), on_error="skip")
    assert frame["row"].to_list() == [0, 2]
    folder = tmp_path / "bad" / "kenlm"
    (folder / "metric.json").unlink()
    (folder / "rejects.jsonl").unlink()
    again = score(data, "bad", model=str(model), on_error="skip")
    assert again.equals(frame)
    assert len((folder / "rejects.jsonl").read_text().splitlines()) == 1


@pytest.mark.parametrize("order", [2, 3, 5])
def test_even_model_gives_the_in_sample_perplexity(data: Path, order: int) -> None:
    path = data.parent / "even.arpa"
    lm(data, output=path, order=order, interpolated=True)
    got = score(data, model=str(path))
    result = hardness.score(data, holdout="none", order=order, output=data.parent / "table")
    wanted = result.table.frame("perplexity").collect()
    assert got["nll"].to_list() == [
        None if nll is None else pytest.approx(nll, rel=1e-5) for nll in wanted["nll"].to_list()
    ]


def test_even_model_gives_the_perplexity_by_a_reference(data: Path) -> None:
    # Half of the words of a record are not in the reference, and most contexts are not.
    reference = data.parent / "reference.txt"
    reference.write_text("the dog sleeps on park\nthe a cat runs in\n日本 street\na\n" * 2)
    path = data.parent / "even.arpa"
    lm(reference, output=path, order=4, interpolated=True)
    got = score(data, model=str(path))
    rows = [{"text": line} for line in reference.read_text().splitlines()]
    other = write(data.parent / "reference.jsonl", rows)
    wanted = hardness.score(data, reference=(str(other),), order=4, output=data.parent / "table")
    frame = wanted.table.frame("perplexity").collect()
    assert frame["n_oov"].sum() > 100
    assert got["n_oov"].to_list() == frame["n_oov"].to_list()
    assert got["nll"].to_list() == [
        None if nll is None else pytest.approx(nll, rel=1e-5) for nll in frame["nll"].to_list()
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": "none.arpa"}, r"model must be an ARPA or KenLM binary file, got none\.arpa"),
        ({"model": "s3://b/x.arpa"}, r"model must be a local path, got 's3://b/x\.arpa'; choose"),
        ({"model": "x.arpa", "order": 3}, "order must be left out with a model, got 3"),
        ({"model": "x.arpa", "prune": (0, 1)}, r"prune must be left out with a model"),
        ({"model": "x.arpa", "reference": ("y",)}, r"reference must be left out with a model"),
        ({"order": 7}, "order must be 2 to 5, got 7"),
        ({"holdout": "record"}, "options of metric kenlm must be among .*, got holdout"),
    ],
)
def test_options_that_do_not_fit_are_named(
    data: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(HardnessError, match=message):
        score(data, **options)


@pytest.mark.parametrize("given", [True, False], ids=["model", "no model"])
def test_missing_package_is_named_before_any_work(
    data: Path, model: Path, monkeypatch: pytest.MonkeyPatch, given: bool
) -> None:
    monkeypatch.setattr(kenlm_pool, "find_spec", lambda name: None)
    message = r"kenlm must be installed to query a model, got no such package; pip install 'hard"
    with pytest.raises(HardnessError, match=message):
        score(data, model=str(model) if given else None)


def test_any_text_makes_a_model_that_knows_all_of_its_words(tmp_path: Path) -> None:
    # Every character that Python and KenLM may take for white space or a mark, and many others.
    rng = np.random.default_rng(11)
    odd = [*range(1, 0x180), 0x2000, 0x2028, 0x2029, 0x3000, 0xFEFF, 0x200B, 0x1F44D, 0x10400]
    texts = ["".join(map(chr, rng.choice(odd, 40))) for _ in range(200)] + ["\0", "a\0b", "<unk>"]
    data = write(tmp_path / "odd.jsonl", [{"text": text} for text in texts])
    for tokenizer in ("words", "whitespace"):
        frame = score(data, tokenizer, tokenizer=tokenizer, skip_symbols=True)
        assert frame["n_oov"].drop_nulls().sum() == 0
        wanted = [len(TOKENIZERS[tokenizer](text.replace("\0", " "))) for text in texts]
        wanted[-1] = 0 if tokenizer == "whitespace" else 3
        assert frame["n_tokens"].to_list() == wanted
