"""Models beside those of KenLM's own programs, where these are on PATH."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import hardness
from hardness.errors import HardnessError
from hardness.ngram.discounts import FALLBACK
from hardness.stages.lm import lm, model_file
from tests.ngram import kneser_ney_oracle as oracle
from tests.ngram.oracle import TOKENIZERS
from tests.stages.test_model import LINES, PRUNES, build, load

kenlm: Any = pytest.importorskip("kenlm")
pytestmark = pytest.mark.skipif(
    shutil.which("lmplz") is None or shutil.which("build_binary") is None,
    reason="needs KenLM's lmplz and build_binary on PATH; benchmarks/ngram.py says how to get them",
)

MARKS = ("<s>", "</s>", "<unk>")


def lmplz(lines: list[str], path: Path, order: int, prune: tuple[int, ...] = (0,)) -> str:
    """Leave the model of some lines at the path; returns what the program says of it."""
    command = ["lmplz", "-o", str(order), "-S", "50M", "-T", str(path.parent)]
    command += ["--discount_fallback", "--skip_symbols", "--prune", *map(str, prune)]
    text = "".join(f"{line}\n" for line in lines)
    with open(path, "wb") as out:
        done = subprocess.run(
            command,
            input=text.encode(),
            stdout=out,
            stderr=subprocess.PIPE,
            check=True,
            timeout=300,
        )
    return done.stderr.decode()


def write(path: Path, texts: Sequence[str]) -> Path:
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    return path


@pytest.mark.parametrize("prune", [(0,), (0, 1, 1)], ids=["whole", "pruned"])
@pytest.mark.parametrize("order", [2, 3, 4])
def test_model_of_real_text_equals_lmplzs(
    real_data: Path, tmp_path: Path, order: int, prune: tuple[int, ...]
) -> None:
    data, prune = real_data / "snli_train.jsonl", prune[:order]
    result = lm(data, output=tmp_path / "ours.arpa", order=order, prune=prune)
    records = [json.loads(line) for line in data.read_text().splitlines()]
    texts = [f"{record['premise']} {record['hypothesis']}" for record in records]
    tokens = [TOKENIZERS["words"](text) for text in texts]
    theirs = tmp_path / "theirs.arpa"
    said = lmplz([" ".join(line) for line in tokens if line], theirs, order, prune)
    oracle.assert_same(oracle.read_arpa(tmp_path / "ours.arpa"), oracle.read_arpa(theirs), 1e-5)
    for number, found in enumerate(result.discounts):
        assert (f"fallback discounts for order {number}:" in said) == found.fallback


WORDS = st.sampled_from(
    ["the"] * 12
    + ["a"] * 6
    + [
        "b",
        "c",
        "d",
        "é",
        "日本",
        "🙂",
        "\u0301",
        "\u200b",
        "\u00ad",
        "\ufeff",
        "\U0010ffff",
        "\x01",
    ]
    + ["\\end\\", "\\data\\", "\\2-grams:", "-99", "<s", "<UNK>", *MARKS]
)
RECORDS = st.lists(st.lists(WORDS, max_size=8).map(" ".join), min_size=1, max_size=60)


@pytest.mark.parametrize("order", [2, 3, 4, 5])
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(records=RECORDS, prune=PRUNES)
def test_model_of_any_text_equals_lmplzs(
    tmp_path: Path, order: int, records: list[str], prune: tuple[int, ...]
) -> None:
    # The last new word occurs once: see `test_lmplz_counts_one_ngram_an_order_otherwise`.
    records, prune = [*records, "ending"], prune[:order]
    data = write(tmp_path / "data.jsonl", records)
    build(data, tmp_path / "ours.arpa", order=order, prune=prune, skip_symbols=True)
    # To lmplz, a line without a word is a sentence.
    lines = [line for line in records if set(line.split()) - {*MARKS}]
    lmplz(lines, tmp_path / "theirs.arpa", order, prune)
    ours, theirs = (oracle.read_arpa(tmp_path / f"{name}.arpa") for name in ("ours", "theirs"))
    oracle.assert_same(ours, theirs, 1e-5)


def test_lmplz_counts_one_ngram_an_order_otherwise(tmp_path: Path) -> None:
    # Trigrams that `<s>` does not pad, with their adjusted counts: <s> w </s> 2, <s> w w 1,
    # w w w 2 (after <s> and w), w w </s> 1. So n1 = n2 = 2 and n3 = 0: the fallback. lmplz enters
    # w w w, the last one, with its count 3, so n1 = 2, n2 = n3 = 1, Y = 2 / (2 + 2·1) and
    # D1 = 1 - 2·Y·1/2, D2 = 2 - 3·Y·1/1, D3+ = 3.
    lines = ["w", "w", "w w w w w"]
    estimate = build("\n".join(lines), tmp_path / "ours.arpa", order=4)
    assert estimate.discounts[2].amounts == FALLBACK
    assert "3 4 D1=0.5 D2=0.5 D3+=3\n" in lmplz(lines, tmp_path / "theirs.arpa", 4)
    assert "3 5 D1=0.5 D2=1 D3+=1.5\n" in lmplz([*lines, "ending"], tmp_path / "theirs.arpa", 4)


def test_lmplz_counts_empty_lines(tmp_path: Path) -> None:
    build("a b\n\nb a\n", tmp_path / "ours.arpa", order=2)
    lmplz(["a b", "", "b a"], tmp_path / "theirs.arpa", 2)
    ours, theirs = (oracle.read_arpa(tmp_path / f"{name}.arpa") for name in ("ours", "theirs"))
    assert set(theirs[1]) - set(ours[1]) == {("<s>", "</s>")}


@pytest.mark.parametrize(
    "options",
    [{"order": 2}, {"order": 3, "prune": (0, 1)}, {"order": 5}, {"order": 3, "interpolated": True}],
    ids=["2", "3 pruned", "5", "even"],
)
def test_binary_scores_as_the_arpa(tmp_path: Path, options: dict[str, Any]) -> None:
    data = write(tmp_path / "data.jsonl", LINES.splitlines())
    for name in ("lm.bin", "lm.arpa"):
        lm(data, output=tmp_path / name, **options)
    assert {path.name for path in tmp_path.iterdir()} == {"data.jsonl", "lm.bin", "lm.arpa"}
    binary, arpa = load(tmp_path / "lm.bin"), load(tmp_path / "lm.arpa")
    assert binary.order == arpa.order == options["order"]
    for line in [*LINES.splitlines(), "the zebra sat on zebras", "mat mat mat mat mat mat"]:
        assert list(binary.full_scores(line)) == list(arpa.full_scores(line))
    scores = [
        hardness.score(data, metric="kenlm", model=str(tmp_path / name), output=tmp_path / kind)
        for name, kind in (("lm.bin", "binary"), ("lm.arpa", "text"))
    ]
    first, second = (result.table.frame("kenlm").collect() for result in scores)
    assert first.equals(second)
    assert first["perplexity"].null_count() == sum(not line.split() for line in LINES.splitlines())


@pytest.mark.parametrize("prune", [(0,), (0, 5)], ids=["short", "all pruned"])
def test_binary_of_a_model_without_long_ngrams(tmp_path: Path, prune: tuple[int, ...]) -> None:
    data = write(tmp_path / "data.jsonl", ["a", "b"])
    result = lm(data, output=tmp_path / "lm.bin", order=4, prune=prune)
    assert result.sizes[-1] == 0
    lm(data, output=tmp_path / "lm.arpa", order=4, prune=prune)
    assert load(tmp_path / "lm.bin").score("a b") == load(tmp_path / "lm.arpa").score("a b")


def test_what_build_binary_says_of_its_failure_is_passed_on(tmp_path: Path) -> None:
    path = tmp_path / "lm.bin"
    with (
        pytest.raises(HardnessError, match=r"exit code 1 \(.*first non-empty line.*\); write lm"),
        model_file(path) as arpa,
    ):
        arpa.write_text("no model\n")
    assert list(tmp_path.iterdir()) == []
