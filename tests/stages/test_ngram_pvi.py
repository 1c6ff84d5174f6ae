"""Pointwise V-information through the stages: against the oracle, the same whatever runs it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import hardness
from hardness.errors import HardnessError
from hardness.io.dataset import open_dataset
from hardness.io.records import Columns
from hardness.metrics.ngram_pvi import NGRAM_PVI, NgramPviConfig
from hardness.stages import ngram_pvi
from hardness.stages.cluster import open_cluster
from hardness.stages.ngram_pvi import parameters, run
from hardness.stages.run import Run, Tally
from hardness.stages.store import DiskStore, MemoryStore
from tests.ngram import oracle, pvi_oracle
from tests.stages.test_perplexity import WORDS, Parts, write

LABELS = ["no", "yes", "perhaps", "rare ü"]


def records(n: int = 120) -> list[dict[str, Any]]:
    rng = np.random.default_rng(3)
    rows = []
    for i in range(n):
        kind = int(rng.integers(0, 3))
        words = rng.choice(WORDS[7 * kind : 7 * kind + 18], size=int(rng.integers(0, 9)))
        label = None if i % 13 == 0 else LABELS[kind if rng.random() < 0.8 else 0]
        group = None if i % 17 == 0 else int(rng.integers(0, n // 4))
        text = None if i == 11 else " ".join(words)
        rows.append({"id": f"r{i}", "text": text, "label": label, "g": group})
    rows[5]["text"] = " ".join(rng.choice(WORDS, size=90))
    rows[7]["label"] = LABELS[3]
    rows[7]["text"] = "the only one , of the class"
    return rows


def score(
    data: str, *, partitions: int = 1, threads: int = 2, store: Any = None, **options: Any
) -> tuple[pa.Table, Tally]:
    group = options.pop("group", None)
    size = Path(data).stat().st_size // partitions + 1
    config = NgramPviConfig(**options)
    with (
        open_dataset(data, group=group, label="label", partition_bytes=size) as dataset,
        open_cluster(threads=threads) as cluster,
    ):
        parts = Parts(len(dataset.partitions))
        task = Run(
            metric=NGRAM_PVI,
            dataset=dataset,
            cluster=cluster,
            store=store or MemoryStore(),
            writer=parts,
        )
        tally = run(task, config)
    return parts.table(), tally


def examples(rows: list[dict[str, Any]]) -> list[pvi_oracle.Example]:
    tokens = oracle.sequences([row["text"] for row in rows], "words")
    return [
        pvi_oracle.Example(record, row["label"], row.get("g"))
        for record, row in zip(tokens, rows, strict=True)
    ]


def assert_equals_oracle(
    table: pa.Table, scored: list[pvi_oracle.Scored], classes: list[str], sharpness: float
) -> None:
    for row, want in zip(table.to_pylist(), scored, strict=True):
        if want.scores is None:
            assert (row["pvi"], row["confidence"], row["predicted"]) == (None, None, None)
            continue
        p = pvi_oracle.posterior(want, sharpness)
        assert p[classes.index(row["predicted"])] == pytest.approx(max(p), rel=1e-9)
        if want.label is None:
            assert (row["pvi"], row["confidence"]) == (None, None)
            continue
        bits = (math.log(p[want.label]) - want.priors[want.label]) / math.log(2)
        assert row["confidence"] == pytest.approx(p[want.label], rel=1e-6)
        assert row["pvi"] == pytest.approx(bits, rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("order", [1, 2, 3, 5])
@pytest.mark.parametrize("holdout", ["record", "group", "none", "reference"])
def test_scores_equal_the_oracles(tmp_path: Path, holdout: str, order: int) -> None:
    rows = records()
    data = write(tmp_path / "data.jsonl", rows)
    options: dict[str, Any] = {"order": order}
    reference = None
    if holdout == "reference":
        others = [row for row in rows[40:] if row["label"] != LABELS[2]]
        options["reference"] = (write(tmp_path / "reference.jsonl", others),)
        reference = examples(others)
    else:
        options |= {"holdout": holdout, "group": "g" if holdout == "group" else None}
    scored, for_fit = pvi_oracle.score_all(examples(rows), order, holdout, reference)
    table, tally = score(data, partitions=3, **options)
    sharpness = pvi_oracle.fit_sharpness(for_fit)
    assert 1 / tally.facts["temperature"] == pytest.approx(sharpness, rel=1e-5)
    assert_equals_oracle(table, scored, sorted(LABELS), 1 / tally.facts["temperature"])
    assert tally.facts["classes"] == len(LABELS)
    assert table.column("id").to_pylist() == [row["id"] for row in rows]
    assert table.column("row").to_pylist() == list(range(len(rows)))


LITTLE = st.lists(
    st.tuples(
        st.text("ab é.", max_size=12),
        st.sampled_from(["x", "y", "z", None]),
        st.sampled_from(["g", "h", None]),
    ),
    min_size=2,
    max_size=8,
)


def little(drawn: list[tuple[str, str | None, str | None]]) -> list[dict[str, Any]]:
    """The records, and two that make sure of two classes and two groups."""
    rows = [{"text": text, "label": label, "g": group} for text, label, group in drawn]
    return [*rows, {"text": "a", "label": "x", "g": "i"}, {"text": "b", "label": "y", "g": "j"}]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(drawn=LITTLE, order=st.integers(1, 5), holdout=st.sampled_from(["record", "group", "none"]))
def test_any_scores_equal_the_oracles(
    tmp_path: Path, drawn: list[Any], order: int, holdout: str
) -> None:
    rows = little(drawn)
    scored, _ = pvi_oracle.score_all(examples(rows), order, holdout)
    data = write(tmp_path / "data.jsonl", rows)
    table, _ = score(data, order=order, holdout=holdout, group="g", temperature=1.7)
    classes = sorted({row["label"] for row in rows if row["label"]})
    assert_equals_oracle(table, scored, classes, 1 / 1.7)


@pytest.mark.parametrize("holdout", ["record", "group"])
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(drawn=LITTLE, order=st.integers(1, 5), data=st.data())
def test_holding_out_equals_fitting_on_the_others_to_the_bit(
    tmp_path: Path, holdout: str, drawn: list[Any], order: int, data: st.DataObject
) -> None:
    rows = little(drawn)
    i = data.draw(st.integers(0, len(drawn) - 1))
    group = rows[i]["g"] if holdout == "group" else None
    held = [j for j in range(len(rows)) if j == i or (group and rows[j]["g"] == group)]
    # The temperature is fitted on all of the data, so it is given here.
    options: dict[str, Any] = {"order": order, "temperature": 2.0}
    everything = write(tmp_path / "all.jsonl", rows)
    together, _ = score(everything, holdout=holdout, group="g", **options)
    others = write(tmp_path / "others.jsonl", [r for j, r in enumerate(rows) if j not in held])
    alone_file = write(tmp_path / "held.jsonl", [rows[j] for j in held])
    alone, _ = score(alone_file, reference=(others,), **options)
    for column in ("pvi", "confidence", "predicted"):
        kept = alone.column(column).to_pylist()[held.index(i)]
        assert together.column(column).to_pylist()[i] == kept


@pytest.mark.parametrize("holdout", ["record", "group", "none", "reference"])
def test_results_do_not_depend_on_what_runs_them(
    tmp_path: Path, holdout: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ngram_pvi, "_FIT_RECORDS", 50)
    data = write(tmp_path / "data.jsonl", records())
    options: dict[str, Any] = {"group": "g" if holdout == "group" else None}
    if holdout == "reference":
        options["reference"] = (write(tmp_path / "reference.jsonl", records(90)),)
    else:
        options["holdout"] = holdout
    first, tally = score(data, **options)
    for partitions, threads in ((1, 4), (3, 1), (7, 4)):
        monkeypatch.setattr(ngram_pvi, "_SCORES_AT_A_TIME", 10 * partitions)
        other, other_tally = score(data, partitions=partitions, threads=threads, **options)
        assert other.equals(first), (partitions, threads)
        assert other_tally.facts == tally.facts
    spilled, _ = score(data, partitions=7, store=DiskStore(tmp_path / "work"), **options)
    assert spilled.equals(first)


class Failing(Parts):
    """Fails at one part."""

    def write(self, index: int, *args: Any, **kwargs: Any) -> None:
        if index == 3:
            raise RuntimeError("power cut")
        super().write(index, *args, **kwargs)


def test_a_later_run_goes_on_from_what_lies_in_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = write(tmp_path / "data.jsonl", records())
    options: dict[str, Any] = {"holdout": "group", "group": "g", "partitions": 5}
    whole, tally = score(data, **options)
    work = tmp_path / "work"
    with monkeypatch.context() as patch:
        patch.setattr(f"{__name__}.Parts", Failing)
        with pytest.raises(RuntimeError, match="power cut"):
            score(data, store=DiskStore(work), **options)
    monkeypatch.setattr("hardness.stages.labelled.tokenize", None)
    monkeypatch.setattr("hardness.stages.class_counts.partition_class_keys", None)
    monkeypatch.setattr("hardness.stages.class_counts.count_classes", None)
    resumed, resumed_tally = score(data, store=DiskStore(work), **options)
    assert resumed.equals(whole)
    assert resumed_tally.facts == tally.facts


def test_hundreds_of_classes(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    rows = [
        {"text": f"w{label} w{rng.integers(5)} common", "label": int(label)}
        for label in rng.integers(0, 300, size=1500)
    ]
    table, tally = score(write(tmp_path / "data.jsonl", rows))
    assert tally.facts["classes"] == 300
    right = [
        row["predicted"] == str(given["label"])
        for row, given in zip(table.to_pylist(), rows, strict=True)
    ]
    assert np.mean(right) > 0.5  # chance is 1 in 300
    scored, _ = pvi_oracle.score_all(examples([{**r, "label": str(r["label"])} for r in rows[:40]]),
                                     3, "record")  # fmt: skip
    few, _ = score(write(tmp_path / "few.jsonl", rows[:40]), temperature=1.0)
    classes = sorted({str(row["label"]) for row in rows[:40]})
    assert_equals_oracle(few, scored, classes, 1.0)


def test_a_shuffled_label_is_found(tmp_path: Path) -> None:
    rows = [
        {"text": f"{word} {i % 7}", "label": word} for i in range(40) for word in ("cat", "dog")
    ]
    rows[10]["label"] = "dog"
    result = hardness.score(write(tmp_path / "data.jsonl", rows), metric="ngram-pvi")
    frame = result.table.frame("ngram-pvi").collect()
    assert frame.columns == ["row", "pvi", "confidence", "predicted"]
    assert frame.sort("pvi")["row"][0] == 10
    pvi = frame["pvi"].to_list()
    assert pvi[10] < 0 < pvi[11]
    assert frame["predicted"][10] == "cat"
    assert result.info.direction == "lower"
    assert result.info.content["temperature"] > 0
    assert hardness.score(tmp_path / "data.jsonl", metric="ngram-pvi").cached


def test_group_is_held_out_of_real_text(real_data: Path, tmp_path: Path) -> None:
    result = hardness.score(
        real_data / "snli_train.jsonl",
        metric="ngram-pvi",
        output=tmp_path,
        text="hypothesis",
        group="premise",
        holdout="group",
    )
    frame = result.table.frame("ngram-pvi").collect()
    labels = pl.read_ndjson(real_data / "snli_train.jsonl")["label"]
    assert np.mean((frame["predicted"] == labels).to_numpy()) > 0.5  # chance is 0.34
    assert np.mean(frame["pvi"].to_numpy()) > 0.1


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["x", "x"], "label must have at least 2 classes, got 1 in column 'label'"),
        ([None, None], "label must have at least 2 classes, got 0"),
    ],
    ids=["one", "none"],
)
def test_too_few_classes_are_refused(tmp_path: Path, labels: list[Any], message: str) -> None:
    data = write(tmp_path / "data.jsonl", [{"text": "a", "label": label} for label in labels])
    with pytest.raises(HardnessError, match=message):
        score(data)


def test_too_many_classes_are_refused(tmp_path: Path) -> None:
    rows = [{"text": "a", "label": i} for i in range(70_000)]
    with pytest.raises(HardnessError, match=r"label must have at most 65535 classes, got 70000"):
        score(write(tmp_path / "data.jsonl", rows))


def test_label_is_needed() -> None:
    with pytest.raises(
        HardnessError, match=r"label must be a column for ngram-pvi, got none; name it with --label"
    ):
        parameters(NgramPviConfig(), Columns(text=("text",)))


def test_group_holdout_needs_a_group() -> None:
    with pytest.raises(HardnessError, match=r"group must be a column for --holdout group"):
        parameters(NgramPviConfig(holdout="group"), Columns(text=("text",), label="label"))


def test_parameters_hold_what_decides_the_scores() -> None:
    columns = Columns(text=("text",), label="y")
    assert parameters(NgramPviConfig(temperature=2.0), columns) == {
        "order": 3,
        "tokenizer": "words",
        "holdout": "record",
        "label": "y",
        "temperature": 2.0,
    }


@pytest.mark.parametrize("temperature", [0.0, -1.0, math.nan], ids=str)
def test_temperature_out_of_range_is_named(temperature: float) -> None:
    with pytest.raises(HardnessError, match=r"temperature must be above 0, got"):
        NgramPviConfig(temperature=temperature)


def shared_premises() -> list[dict[str, Any]]:
    """Premises that three hypotheses share, one of each label, so that they mislead."""
    rng = np.random.default_rng(0)
    premises = [" ".join(rng.choice(list("abcdefghijklmnop"), 9)) for _ in range(40)]
    return [
        {"premise": premise, "hypothesis": f"{label} {rng.integers(9)}", "label": label}
        for premise in premises
        for label in LABELS
    ]


def test_a_text_that_says_nothing_is_0_and_noted(tmp_path: Path) -> None:
    data = write(tmp_path / "data.jsonl", shared_premises())
    info = hardness.score(data, metric="ngram-pvi", output=tmp_path / "t", text="premise").info
    frame = info.frame().collect()
    assert frame["pvi"].unique().to_list() == [0.0]
    assert frame["confidence"].n_unique() == 1
    (note,) = info.content["notes"]
    assert note.startswith("the text says nothing of the label: the temperature is infinite")
    assert "--group" not in note
    kept = hardness.open_table(tmp_path / "t").metric("ngram-pvi")
    assert kept.content["notes"] == [note]


def test_what_to_do_about_a_text_that_records_share_is_told(
    real_data: Path, tmp_path: Path
) -> None:
    data = real_data / "snli_train.jsonl"
    info = hardness.score(data, metric="ngram-pvi", output=tmp_path / "t").info
    assert set(info.summary["pvi"]["quantiles"].values()) == {0.0}
    (note,) = info.content["notes"]
    assert "where records share premise or hypothesis, name the part that differs" in note
    options: dict[str, Any] = {"text": "hypothesis", "group": "premise", "holdout": "group"}
    info = hardness.score(data, metric="ngram-pvi", output=tmp_path / "told", **options).info
    assert info.content["notes"] == []
    assert info.summary["pvi"]["mean"] > 0.1


def test_no_record_to_fit_on_is_no_text_that_says_nothing(tmp_path: Path) -> None:
    rows = [{"text": "", "label": label} for label in LABELS[:2]]
    _, tally = score(write(tmp_path / "data.jsonl", rows))
    assert tally.notes == ()
