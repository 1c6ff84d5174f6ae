"""The linear proxy: held out as it says, the same bytes wherever and however often it runs."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import hardness
from hardness import HardnessError
from hardness.demo.sample import SampleConfig, write_sample
from tests.stages.test_score import contents
from tests.stages.watch import Watch, command, succeeded, wait_for

N = 900


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generated sample with flipped labels."""
    train, _ = write_sample(
        tmp_path_factory.mktemp("sample"), SampleConfig(train_rows=N, eval_rows=10)
    )
    return train


def score(data: Path | str, output: Path, **options: Any) -> pl.DataFrame:
    options = {"proxy": "linear", "metric": "cartography"} | options
    return hardness.score(str(data), output=output, **options).table.frame("cartography").collect()


def written(path: Path, records: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(r) + "\n" for r in records), encoding="utf-8")
    return path


def coloured(n: int, seed: int = 0) -> list[dict[str, Any]]:
    """Records whose text tells their label."""
    draw = random.Random(seed)
    words = {"yes": ["red", "warm"], "no": ["blue", "cold"]}
    return [
        {"text": f"{draw.choice(words[label])} {draw.choice('abcdef')}", "label": label}
        for label in (draw.choice(["yes", "no"]) for _ in range(n))
    ]


@pytest.mark.parametrize(
    "options",
    [{"threads": 1}, {"partition_bytes": 5000}, {"memory": "64MB", "threads": 4}],
    ids=["one thread", "many partitions", "little memory"],
)
def test_table_does_not_depend_on_where_it_is_made(
    data: Path, tmp_path: Path, options: dict[str, Any]
) -> None:
    one = score(data, tmp_path / "one")
    other = score(data, tmp_path / "other", **options)
    assert one.equals(other)
    assert one["variability"].max() > 0  # type: ignore[operator]


def test_many_chunks_are_as_deterministic(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hardness.stages.proxy_chunks.CHUNK_BYTES", 20_000)
    one = score(data, tmp_path / "one")
    other = score(data, tmp_path / "other", partition_bytes=7000, threads=1)
    assert one.equals(other)
    assert one["n_epochs"].to_list() == [5] * N


def test_seed_changes_the_folds_and_nothing_else_does(data: Path, tmp_path: Path) -> None:
    one = score(data, tmp_path / "one")
    assert not one.equals(score(data, tmp_path / "two", seed=1))


def test_text_that_tells_the_label_is_learnt(tmp_path: Path) -> None:
    frame = score(written(tmp_path / "d.jsonl", coloured(400)), tmp_path / "t")
    assert frame["correctness"].min() == 1
    assert frame["confidence"].min() > 0.8  # type: ignore[operator]


def test_held_out_records_teach_nothing_of_themselves(tmp_path: Path) -> None:
    """Labels that nothing tells are known in-sample and guessed when held out."""
    draw = random.Random(1)
    records = [{"text": f"word{i}", "label": draw.choice("ab")} for i in range(400)]
    path = written(tmp_path / "d.jsonl", records)
    held_out = score(path, tmp_path / "out")
    in_sample = score(path, tmp_path / "in", folds=1)
    assert in_sample["confidence"].mean() > 0.7  # type: ignore[operator]
    assert 0.3 < held_out["correctness"].mean() < 0.7  # type: ignore[operator]


def test_groups_are_held_out_together(tmp_path: Path) -> None:
    """Copies give their label away, unless all of a group are held out."""
    draw = random.Random(2)
    once = [{"text": f"word{i}", "label": draw.choice("ab"), "source": i} for i in range(150)]
    records = [record for record in once for _ in range(4)]
    path = written(tmp_path / "d.jsonl", records)
    alone = score(path, tmp_path / "alone")
    together = score(path, tmp_path / "together", group="source")
    assert alone["correctness"].mean() > 0.95  # type: ignore[operator]
    assert 0.25 < together["correctness"].mean() < 0.75  # type: ignore[operator]


@pytest.mark.parametrize(
    "labels",
    [("yes", "no"), (1, 0), (True, False), (2**60 + 1, 2**60)],
    ids=["strings", "integers", "booleans", "large integers"],
)
def test_labels_of_any_kind_are_classes(tmp_path: Path, labels: tuple[Any, Any]) -> None:
    names = dict(zip(("yes", "no"), labels, strict=True))
    records = [{**r, "label": names[r["label"]]} for r in coloured(200)]
    frame = score(written(tmp_path / "d.jsonl", records), tmp_path / "t", label="label")
    plain = score(written(tmp_path / "p.jsonl", coloured(200)), tmp_path / "p")
    assert frame["confidence"].mean() == pytest.approx(plain["confidence"].mean(), abs=0.02)
    shown = {str(label).lower() if isinstance(label, bool) else str(label) for label in labels}
    assert set(frame["suggested"].to_list()) == shown


def test_hundreds_of_classes_are_learnt(tmp_path: Path) -> None:
    records = [{"text": f"topic{i % 300} word", "label": f"c{i % 300}"} for i in range(3000)]
    frame = score(written(tmp_path / "d.jsonl", records), tmp_path / "t")
    assert frame["correctness"].mean() > 0.9  # type: ignore[operator]


def test_record_without_label_or_token_is_null(tmp_path: Path) -> None:
    records: list[dict[str, Any]] = coloured(60)
    records[3]["label"] = None
    records[5]["text"] = " "
    frame = score(written(tmp_path / "d.jsonl", records), tmp_path / "t")
    null = frame.filter(pl.col("confidence").is_null())
    assert null["row"].to_list() == [3, 5]
    assert null.drop("row", "id", "n_epochs", strict=False).null_count().sum_horizontal()[0] > 15


@pytest.mark.parametrize("columns", [1, 3], ids=lambda n: f"{n} columns")
def test_other_numbers_of_text_columns(tmp_path: Path, columns: int) -> None:
    names = ["a", "b", "c"][:columns]
    records = [
        {**dict.fromkeys(names, "same words"), names[-1]: r["text"], "label": r["label"]}
        for r in coloured(200)
    ]
    path = written(tmp_path / "d.jsonl", records)
    frame = score(path, tmp_path / "t", text=",".join(names), label="label")
    assert frame["correctness"].mean() > 0.95  # type: ignore[operator]


def test_single_metric_is_a_column_of_the_map(data: Path, tmp_path: Path) -> None:
    whole = score(data, tmp_path / "whole")
    table = hardness.score(
        str(data), metric="variability", proxy="linear", output=tmp_path / "one"
    ).table
    assert table.frame("variability").collect()["variability"].equals(whole["variability"])


@pytest.mark.parametrize(("folds", "in_sample"), [(1, True), (2, False)])
def test_suspects_say_whether_the_proxy_had_seen_the_label(
    data: Path, tmp_path: Path, folds: int, in_sample: bool
) -> None:
    score(data, tmp_path / "t", folds=folds, proxy_epochs=1)
    assert hardness.suspects(tmp_path / "t").in_sample == in_sample


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"folds": 0}, r"folds must be .* got 0"),
        ({"proxy_epochs": 0}, r"proxy_epochs must be .* got 0"),
        ({"seed": -1}, r"seed must be .* got -1"),
        ({"proxy": "liner"}, r"proxy must be linear, tiny or a folder .*got 'liner'"),
        ({"dynamics": "somewhere"}, r"dynamics or proxy must be given, got both"),
        ({"label": "premise_"}, r"premise_"),
    ],
    ids=lambda value: None,
)
def test_wrong_options_are_one_line(
    data: Path, tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(HardnessError, match=message):
        score(data, tmp_path / "t", **options)


def test_label_is_detected_where_the_text_is_named(data: Path, tmp_path: Path) -> None:
    assert len(score(data, tmp_path / "t", text="premise")) == N


def test_data_without_a_label_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "d.jsonl", [{"text": "a"}, {"text": "b"}])
    with pytest.raises(HardnessError, match="label must be named for a proxy"):
        score(path, tmp_path / "t")


def test_killed_command_trains_no_finished_fold_again(data: Path, tmp_path: Path) -> None:
    score(data, tmp_path / "whole")
    (tmp_path / "watch").mkdir()
    watch = Watch(tmp_path / "watch")
    watch.clear()
    output = tmp_path / "t"
    arguments: list[str | Path] = [
        "score", data, "--metric", "cartography", "--proxy", "linear", "--workers", "2",
        "-o", output,
    ]  # fmt: skip
    watch.hold("training-5-folds")
    client = command(*arguments, watch=watch)
    wait_for(lambda: watch.held() or client.poll() is not None)

    def n_finished() -> int:
        journals = output.glob("*/work/*/results.jsonl")
        return sum(journal.read_text().count('"training-5-folds-') for journal in journals)

    wait_for(lambda: n_finished() >= 2)  # the other worker trains the other folds
    client.kill()
    client.communicate()
    (held,) = watch.held()
    held.unlink()
    before = len(watch.began())
    succeeded(command(*arguments, watch=watch))
    again = Counter(name for name, _ in watch.began()[before:])
    assert again["reading"] == 0
    assert 1 <= again["training-5-folds"] <= 3
    assert contents(output / "cartography") == contents(tmp_path / "whole" / "cartography")
