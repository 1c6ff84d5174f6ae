"""Scoring into a table: found again, resumed, refused when something changed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import hardness
from hardness import HardnessError
from hardness.errors import OutputExistsError
from hardness.io.storage import Location
from tests.ngram import oracle
from tests.paths import local
from tests.stages.test_perplexity import records

ROWS: list[dict[str, Any]] = [
    {"id": i, "text": text, "author": author}
    for i, (text, author) in enumerate(
        [("the dog runs", "x"), ("a dog sleeps", "x"), ("the cat sleeps", "y"), ("", "y")] * 3
    )
]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "data.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return path


def contents(place: Location) -> dict[str, bytes]:
    """All files but the times they hold."""
    found = {}
    folder = local(place)
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            body = path.read_bytes()
            if path.name == "metric.json":
                body = json.dumps({**json.loads(body), "seconds": 0}).encode()
            found[str(path.relative_to(folder))] = body
    return found


def test_table_holds_the_scores_beside_the_data(data: Path) -> None:
    result = hardness.score(data, metric="perplexity", order=2)
    assert result.table.path == data.with_suffix(".hardness")
    table = hardness.open_table(result.table.path)
    assert table.metrics == ["perplexity"]
    frame = table.frame("perplexity").collect()
    assert frame.columns == ["row", "id", "perplexity", "nll", "n_tokens", "n_oov"]
    tokens = oracle.sequences([row["text"] for row in ROWS], "words")
    expected = [nll for nll, _ in oracle.scores(tokens, 2, "record")]
    assert frame["nll"].to_list() == [pytest.approx(e) if e is not None else None for e in expected]
    summary = result.info.summary["perplexity"]
    assert (summary["count"], summary["nulls"]) == (9, 3)
    assert summary["mean"] == pytest.approx(frame["perplexity"].mean())
    assert result.info.direction == "higher"
    assert result.info.content["tokens"] == sum(map(len, tokens))


def test_same_call_again_finds_the_result(data: Path) -> None:
    first = hardness.score(data)
    before = contents(first.table.path)
    again = hardness.score(data, threads=1, partition_bytes=40)
    assert (first.cached, again.cached) == (False, True)
    assert contents(first.table.path) == before


def test_other_options_are_refused_unless_told_to_overwrite(data: Path) -> None:
    table = hardness.score(data).table
    before = contents(table.path)
    with pytest.raises(OutputExistsError, match=r"order was 3, is 2.*pass --overwrite"):
        hardness.score(data, order=2)
    assert contents(table.path) == before
    assert hardness.score(data, order=2, overwrite=True).info.parameters["order"] == 2


def test_changed_data_are_refused_unless_told_to_overwrite(data: Path) -> None:
    hardness.score(data)
    data.write_text(data.read_text() + '{"id": 12, "text": "new"}\n')
    with pytest.raises(OutputExistsError, match=r"must hold scores of .*, got scores of other"):
        hardness.score(data)
    assert hardness.score(data, overwrite=True).info.rows == len(ROWS) + 1


def test_other_output_keeps_both(data: Path, tmp_path: Path) -> None:
    hardness.score(data)
    other = hardness.score(data, holdout="none", output=tmp_path / "in-sample")
    assert other.table.path == tmp_path / "in-sample"
    assert hardness.open_table(data.with_suffix(".hardness")).metrics == ["perplexity"]


def test_missing_parts_alone_are_made_again(data: Path) -> None:
    path = local(hardness.score(data, partition_bytes=150).table.path) / "perplexity"
    whole = contents(path)
    parts = sorted(path.glob("part-*.parquet"))
    assert len(parts) > 2
    (path / "metric.json").unlink()
    parts[1].unlink()
    parts[2].write_bytes(parts[2].read_bytes()[:100])
    (path / ".part-00002.parquet.tmp-1-abc").write_bytes(b"left by a run that was killed")
    (path.parent / ".dataset.json.tmp-1-abc").write_bytes(b"")
    untouched = parts[0].stat().st_mtime_ns
    assert hardness.score(data, partition_bytes=150).resumed
    assert contents(path) == whole
    assert parts[0].stat().st_mtime_ns == untouched
    assert not list(path.parent.glob(".*.tmp-*"))


def test_skipped_records_are_kept_with_their_reason(data: Path) -> None:
    lines = data.read_text().splitlines()
    data.write_text("\n".join([lines[0], '{"id": 1, "text": 7}', *lines[2:], "{"]) + "\n")
    result = hardness.score(data, on_error="skip")
    rejects = pl.read_ndjson(local(result.info.path) / "rejects.jsonl")
    assert rejects["line"].to_list() == [2, 13]
    assert result.info.content["rejects"] == 2
    rows = hardness.open_table(result.table.path).frame("perplexity").collect()["row"].to_list()
    assert rows == [0, *range(2, 12)]


def test_unknown_options_and_metrics_are_named(data: Path) -> None:
    with pytest.raises(HardnessError, match=r"metric must be one of .*perplexity.*got 'perplexit'"):
        hardness.score(data, metric="perplexit")
    with pytest.raises(HardnessError, match=r"options of metric .* must be among .*, got k"):
        hardness.score(data, k=3)


@pytest.mark.parametrize(
    "options", [{"metric": "ngram-pvi"}, {"metric": "cartography", "proxy": "linear"}], ids=str
)
def test_a_label_that_is_missed_names_the_column_that_would_be_it(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    path = tmp_path / "data.csv"
    path.write_text("text,label\na dog,1.0\na cat,\nthe dog,0.0\n")
    with pytest.raises(HardnessError, match=r"label must .* got none; .*; the column 'label' is"):
        hardness.score(path, **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"threads": 0}, "threads must be at least 1, got 0"),
        ({"workers": -2}, "workers must be at least 1, got -2"),
        ({"scheduler": "foo"}, "scheduler must be the address of a running Dask scheduler"),
        ({"threads": 1, "workers": 1}, "must be given one at a time"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_place_that_is_none_is_refused_of_a_complete_table_too(
    data: Path, options: dict[str, Any], message: str
) -> None:
    hardness.score(data)
    with pytest.raises(HardnessError, match=message):
        hardness.score(data, **options)


@pytest.mark.parametrize("cached", [False, True], ids=["new", "complete"])
def test_columns_that_shards_have_no_room_for_are_told_at_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, cached: bool
) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text('{"text": "a dog", "weight": 1, "row": 2, "rows": 3}\n' * 3)
    if cached:
        hardness.score(path)
        caplog.clear()
    hardness.score(path)
    (message,) = caplog.messages
    assert message.startswith("columns must leave the names row, hardness and position, and weight")
    assert "got row, weight; rename them in the data now, as `build` will refuse them" in message


def test_columns_of_other_names_are_nothing_to_tell(
    data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    hardness.score(data)
    assert caplog.messages == []


def test_reference_decides_the_scores(data: Path, tmp_path: Path) -> None:
    reference = tmp_path / "reference.txt"
    reference.write_text("the dog runs\nthe dog sleeps\n")
    frame = hardness.score(data, reference=(str(reference),), output=tmp_path / "t").table
    tokens = oracle.sequences([row["text"] for row in ROWS], "words")
    fitted = [["the", "dog", "runs"], ["the", "dog", "sleeps"]]
    expected = oracle.scores(tokens, 3, "none", reference=fitted)
    got = frame.frame("perplexity").collect()
    assert got["nll"].drop_nulls().to_list() == pytest.approx([v for v, _ in expected if v])
    (written,) = hardness.open_table(tmp_path / "t").metric("perplexity").parameters["reference"]
    assert len(written) == 32
    reference.write_text("other text\n")
    with pytest.raises(HardnessError, match=r"reference was .*, is .*; pass --overwrite"):
        hardness.score(data, reference=(str(reference),), output=tmp_path / "t")


def test_a_refused_or_failed_call_changes_nothing(data: Path) -> None:
    table = hardness.score(data).table.path
    before = contents(table)
    with pytest.raises(HardnessError, match=r"text was .*, is"):
        hardness.score(data, text="author")
    with pytest.raises(HardnessError, match="threads must be at least 1"):
        hardness.score(data, threads=0, order=2, overwrite=True)
    assert contents(table) == before
    good = data.read_text()
    data.write_text(good + '{"text": 5}\n')
    with pytest.raises(HardnessError, match="line 13"):
        hardness.score(data, overwrite=True)
    assert contents(table) == before
    data.write_text(good)
    assert hardness.score(data).cached


def test_data_that_could_not_be_scored_may_be_mended(data: Path) -> None:
    good = data.read_text()
    data.write_text(good + "{\n")
    with pytest.raises(HardnessError, match="line 13"):
        hardness.score(data)
    data.write_text(good)
    assert hardness.score(data).info.rows == len(ROWS)


def test_a_result_without_bad_records_is_not_that_of_a_strict_run(data: Path) -> None:
    data.write_text(data.read_text() + "{\n")
    hardness.score(data, on_error="skip")
    with pytest.raises(HardnessError, match=r"data must hold no bad record, got 1, .*"):
        hardness.score(data)
    assert hardness.score(data, on_error="skip").cached


def test_data_without_a_good_record_are_no_result(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text('{"text": "once", "text": "twice"}\n' * 3)
    with pytest.raises(HardnessError, match=r"data must hold a good record, got 3 bad ones; see"):
        hardness.score(path, on_error="skip")
    assert not list(tmp_path.glob("**/metric.json"))


def test_an_altered_part_is_made_again(data: Path) -> None:
    result = hardness.score(data)
    whole = contents(result.table.path)
    part = Path(str(result.info.path)) / "part-00000.parquet"
    body = bytearray(part.read_bytes())
    body[len(body) // 2] ^= 255
    part.write_bytes(body)
    assert not hardness.score(data).cached
    assert contents(result.table.path) == whole


def test_names_with_glob_characters_are_only_names(tmp_path: Path) -> None:
    folder = tmp_path / "a[b] *"
    folder.mkdir()
    path = folder / "d[1]?.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    result = hardness.score(path, examples=1)
    assert result.examples is not None
    frame = hardness.open_table(result.table.path).frame("perplexity").collect()
    assert len(frame) == len(ROWS)


def test_ids_may_need_all_64_bits(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    ids = [2**64 - 1, 3, 2**63]
    path.write_text("".join(json.dumps({"id": i, "text": f"text {i}"}) + "\n" for i in ids))
    frame = hardness.score(path).table.frame("perplexity").collect()
    assert frame["id"].to_list() == ids


@pytest.mark.parametrize("head", ["\n" * 300_000, " \r\n" * 100_000], ids=["empty", "blank"])
def test_leading_blank_lines_are_no_records(tmp_path: Path, head: str) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text(head + "".join(json.dumps(row) + "\n" for row in ROWS))
    assert hardness.score(path).info.rows == len(ROWS)


def test_a_long_first_line_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text(json.dumps({"text": "long " * 400_000}) + '\n{"text": "short"}\n')
    assert hardness.score(path).info.rows == 2


@pytest.mark.parametrize(
    ("metric", "named"),
    [("perplexity", "nope.jsonl"), ("kenlm", "nope.txt"), ("ngram-pvi", "no*.jsonl")],
)
def test_a_reference_that_is_not_there_is_named_so(data: Path, metric: str, named: str) -> None:
    options: dict[str, Any] = {"label": "author"} if metric == "ngram-pvi" else {}
    with pytest.raises(HardnessError, match=r"^reference must .*, got 'no") as error:
        hardness.score(data, metric=metric, reference=(named,), **options)
    assert named in str(error.value)


@pytest.mark.parametrize("holdout", ["record", "group", "none"])
def test_nothing_can_be_held_out_of_a_reference(data: Path, holdout: str) -> None:
    with pytest.raises(HardnessError, match=r"holdout must be left out with a reference, got .*;"):
        hardness.score(data, reference=(str(data),), holdout=holdout)


def test_a_path_with_brackets_and_spaces_is_a_path(tmp_path: Path) -> None:
    folder = tmp_path / "run [1] * of 2"
    folder.mkdir()
    data = folder / "my data.jsonl"
    data.write_text('{"text": "the dog"}\n{"text": "the cat"}\n')
    table = hardness.score(data).table
    assert len(table.frame("perplexity").collect()) == 2
    assert hardness.build(table.path).rows == 2


@pytest.mark.parametrize(
    "options",
    [
        {"holdout": "record"},
        {"holdout": "group", "group": "author", "tokenizer": "nltk"},
        {"holdout": "none", "tokenizer": "whitespace", "order": 5},
        {"reference": "others.jsonl", "order": 4},
        {"metric": "ngram-pvi", "label": "author"},
    ],
    ids=["record", "group, nltk", "none, whitespace", "reference", "ngram-pvi"],
)
def test_the_tables_files_do_not_depend_on_partitions_and_threads(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    texts = [row["text"] for row in records(140)]
    rows = [{"id": i, "text": text, "author": f"author {i % 9}"} for i, text in enumerate(texts)]
    data, others = tmp_path / "data.jsonl", tmp_path / "others.jsonl"
    for path, part in ((data, rows), (others, rows[30:90])):
        path.write_text("".join(json.dumps(row) + "\n" for row in part))
    if "reference" in options:
        options = options | {"reference": (str(others),)}
    size = data.stat().st_size
    seen = []
    for n_parts in (1, 3, 7):
        for threads in (1, 4):
            info = hardness.score(
                data,
                output=tmp_path / f"table-{n_parts}-{threads}",
                partition_bytes=size // n_parts + 1,
                threads=threads,
                **options,
            ).info
            parts = sorted(Path(str(info.path)).glob("part-*.parquet"))
            assert len(parts) == len(info.content["parts"])
            whole = pl.concat([pl.read_parquet(part) for part in parts])
            decided = {k: v for k, v in info.content.items() if k not in ("seconds", "parts")}
            seen.append((len(parts), whole, decided))
    assert {count for count, _, _ in seen} >= {1, 3}
    assert max(count for count, _, _ in seen) >= 6
    _, first, decided = seen[0]
    for _, whole, other in seen[1:]:
        assert whole.schema == first.schema
        # Bytes and not numbers, so that no two zeros are taken for the same.
        assert whole.to_arrow().equals(first.to_arrow())
        assert other == decided
