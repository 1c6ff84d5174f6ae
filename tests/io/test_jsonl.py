"""Reading lines of JSON."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardness.errors import HardnessError
from hardness.io import jsonl
from hardness.io.dataset import open_dataset
from tests.io.helpers import read_all, records_of, texts_of, write

# Every way a line can be bad that a user has met: the line, and how its reason begins.
BAD_LINES = {
    "not-json": (b"hello", "invalid JSON ("),
    "cut": (b'{"text": "a', "invalid JSON ("),
    "trailing": (b'{"text": "a"} x', "invalid JSON ("),
    "two-objects": (b'{"text": "a"}{"text": "b"}', "invalid JSON ("),
    "comma": (b'{"text": "a",}', "invalid JSON ("),
    "control": (b'{"text": "a\tb"}', "invalid JSON ("),
    "surrogate": (b'{"text": "\\ud800"}', "half of a surrogate pair in an escape"),
    "surrogate-elsewhere": (b'{"text": "a", "x": "\\udc00"}', "half of a surrogate pair"),
    "array": (b'["a"]', 'the array ["a"] instead of an object'),
    "string": (b'"text"', 'the string "text" instead of an object'),
    "null": (b"null", "null instead of an object"),
    "utf8": (b'{"text": "a\xff"}', "invalid UTF-8 at byte 12"),
    "utf8-elsewhere": (b'{"text": "a", "x": "\xc3"}', "invalid UTF-8 at byte 21"),
    "number": (b'{"text": 3}', "the number 3 in column 'text', which must be a string"),
    "object": (b'{"text": {"a": 1}}', "the object {\"a\": 1} in column 'text', which must be a"),
    "boolean": (b'{"text": true}', "true in column 'text', which must be a string"),
    "twice": (b'{"text": "a", "text": "b"}', "the key 'text' twice"),
    "huge-number": (b'{"text": "a", "x": 1e999}', "the number 1e999, which is too large"),
    "label": (b'{"text": "a", "label": "1"}', "the string \"1\" in column 'label', which must be "),
    "label-float": (b'{"text": "a", "label": 1.0}', "the number 1.0 in column 'label', which"),
    "label-wide": (
        b'{"text": "a", "label": 9223372036854775808}',
        "the number 9223372036854775808",
    ),
    "id": (b'{"text": "a", "id": 7}', "the number 7 in column 'id', which must be a string"),
}
GOOD = b'{"text": "good", "label": 1, "id": "g"}'


@pytest.mark.parametrize(("line", "reason"), BAD_LINES.values(), ids=BAD_LINES)
@pytest.mark.parametrize("end", [b"\n", b"\r\n"], ids=["lf", "crlf"])
def test_a_bad_line_is_named_or_skipped(
    tmp_path: Path, line: bytes, reason: str, end: bytes
) -> None:
    path = write(tmp_path, "data.jsonl", end.join([GOOD, b"", GOOD, line, GOOD, b""]))
    with open_dataset(path) as dataset, pytest.raises(HardnessError) as caught:
        texts_of(dataset)
    message = str(caught.value)
    assert message.startswith(f"{path} line 4 must be a good record, got {reason}")
    assert message.endswith("; mend the line or pass --on-error skip")
    with open_dataset(path, on_error="skip") as dataset:
        texts, rows, (reject,) = texts_of(dataset)
        records = records_of(dataset)
    assert (texts, rows) == (["good"] * 3, [0, 1, 3])
    assert (reject.file, reject.line, reject.row) == (path, 4, 2)
    assert reject.reason.startswith(reason)
    assert reject.record == line.decode("utf-8", "backslashreplace")
    assert records == [json.loads(GOOD)] * 3


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (b'{"text": null}', None),
        (b"{}", None),
        (b'{"x": "y"}', None),
        (b'{"text": ""}', ""),
        (b'{"text": "a", "x": NaN, "y": -Infinity}', "a"),
        (b'{"text": "a", "x": [1, {"y": "z"}]}', "a"),
        (b'  {"text": "a"}\t', "a"),
        (b'{"text": "a", "x": 1, "x": 2}', "a"),
        ('{"text": "é\\u00e9\\ud83d\\ude00\\n"}'.encode(), "éé😀\n"),
        (b'{"text": "a\\u0000b"}', "a\0b"),
        (b'{"text": "' + b"x" * 3_000_000 + b'"}', "x" * 3_000_000),
    ],
    ids=[
        "null",
        "absent",
        "other",
        "empty",
        "nan",
        "nested",
        "spaces",
        "repeated",
        "escapes",
        "nul",
        "long",
    ],
)
def test_an_unusual_line_is_a_record(tmp_path: Path, line: bytes, text: str | None) -> None:
    path = write(tmp_path, "data.jsonl", GOOD + b"\n" + line + b"\n" + GOOD)
    with open_dataset(path) as dataset:
        assert texts_of(dataset)[0] == ["good", text, "good"]
        assert len(records_of(dataset)) == 3


def test_lines_that_only_make_records_together_are_all_bad(tmp_path: Path) -> None:
    # Three records on three lines, but no line is a record: counting alone would not see it.
    lines = [b'{"text": "a"}{"text": "b"}', b'{"text":', b'"c"}']
    path = write(tmp_path, "data.jsonl", b"\n".join([GOOD, *lines]))
    with open_dataset(path, on_error="skip") as dataset:
        texts, _, rejects = texts_of(dataset)
    assert texts == ["good"]
    assert [reject.line for reject in rejects] == [2, 3, 4]


def test_a_column_of_another_type_throughout_is_an_error_at_open(tmp_path: Path) -> None:
    path = write(tmp_path, "data.jsonl", b'{"text": 1, "title": "a"}\n' * 3)
    with pytest.raises(HardnessError, match=r"text must be among .* string columns 'title'; name"):
        open_dataset(path)
    with pytest.raises(HardnessError, match="got 'text' with values of kind integer"):
        open_dataset(path, text="text")


@pytest.mark.parametrize("text", [None, "text"], ids=["detected", "named"])
def test_a_text_column_that_has_other_values_too_is_text(tmp_path: Path, text: str | None) -> None:
    lines = [b'{"text": 5, "title": "t"}', b'{"text": "a", "title": "t"}', b'{"text": 6}']
    path = write(tmp_path, "data.jsonl", b"\n".join(lines))
    with open_dataset(path, text=text, on_error="skip") as dataset:
        texts, rows, rejects = texts_of(dataset)
    assert (texts, rows, [reject.line for reject in rejects]) == (["a"], [1], [1, 3])
    assert rejects[0].reason == "the number 5 in column 'text', which must be a string"


def test_a_chat_in_a_column_that_has_more_numbers_is_text(tmp_path: Path) -> None:
    chat = b'{"messages": [{"role": "user", "content": "a"}]}'
    path = write(tmp_path, "data.jsonl", b"\n".join([b'{"messages": 1}'] * 2 + [chat]))
    with open_dataset(path, on_error="skip") as dataset:
        assert texts_of(dataset)[:2] == (["a"], [2])


def test_a_mixed_label_with_a_candidates_name_keeps_its_own_kind(tmp_path: Path) -> None:
    lines = [b'{"text": "a", "answer": 1}'] * 3 + [b'{"text": "a", "answer": "b"}']
    path = write(tmp_path, "data.jsonl", b"\n".join(lines))
    with open_dataset(path, label="answer", on_error="skip") as dataset:
        assert dataset.kinds["answer"] == "integer"


def test_a_column_found_only_at_the_end_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hardness.io.jsonl._HEAD_BYTES", 30)
    path = write(
        tmp_path, "data.jsonl", b'{"text": "a", "y": null}\n' * 9 + b'{"body": "b", "y": 1}'
    )
    with open_dataset(path, text="text,body", label="y", partition_bytes=60) as dataset:
        assert texts_of(dataset)[0] == ["a"] * 9 + ["b"]
        assert dataset.kinds == {"text": "string", "body": "string", "y": "integer"}
        assert dataset.kind_of("y") == "integer"
    with pytest.raises(HardnessError, match=r"text must be a column of .*, got 'none', which no"):
        open_dataset(path, text="none")


def test_many_misfits_cost_no_pass_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, "data.jsonl", (GOOD + b"\n") * 300 + b'{"text": 3}\n' * 200)
    passes = []
    real = jsonl.parse
    monkeypatch.setattr(jsonl, "parse", lambda *args: passes.append(1) or real(*args))
    with open_dataset(path, on_error="skip") as dataset:
        assert len(texts_of(dataset)[2]) == 200
    assert len(passes) <= 3


def test_an_array_is_told_how_to_become_lines(tmp_path: Path) -> None:
    path = write(tmp_path, "data.json", '[{"text": "a"}, {"text": "b"}]')
    with pytest.raises(HardnessError, match=r"one JSON object a line, got .*jq -c '\.\[\]'"):
        open_dataset(path)


@pytest.mark.parametrize("data", [b"", b"\n \n\t\r\n"], ids=["empty", "blank"])
def test_a_file_without_records_is_an_error(tmp_path: Path, data: bytes) -> None:
    path = write(tmp_path, "data.jsonl", data)
    with pytest.raises(HardnessError, match=r"at least one record, got none in .*data\.jsonl"):
        open_dataset(path)


@pytest.mark.parametrize(
    ("content", "good"),
    [
        ([{"role": "user", "content": "a"}, {"role": "x", "content": None}], True),
        ([], True),
        (None, True),
        ([{"content": ["a"]}], False),
        (["a"], False),
        ({"content": "a"}, False),
    ],
    ids=["chat", "empty", "null", "parts", "strings", "object"],
)
def test_messages_must_be_objects_with_string_contents(
    tmp_path: Path, content: Any, good: bool
) -> None:
    chat = {"messages": [{"role": "user", "content": "a"}, {"role": "bot", "content": "b"}]}
    path = write(tmp_path, "data.jsonl", f"{json.dumps(chat)}\n{json.dumps({'messages': content})}")
    with open_dataset(path, on_error="skip") as dataset:
        texts, _, rejects = texts_of(dataset)
        records = records_of(dataset)
    assert texts[0] == "a b"
    assert records[0] == chat
    assert [reject.line for reject in rejects] == ([] if good else [2])
    for reject in rejects:
        assert reject.reason.endswith("must be a list of objects with a string `content`")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (['{"x": 1}', '{"x": "q"}', '{"x": true}'], ["1", "q", "true"]),
        (['{"x": true}', '{"x": 2}'], ["true", "2"]),
        (['{"x": 1}', '{"x": 2.5}'], [1.0, 2.5]),
        (['{"x": [1]}', '{"x": []}', '{"x": null}'], [[1], [], None]),
        (['{"x": {"y": 1}}', '{"x": {"z": "s"}}'], [{"y": 1, "z": None}, {"y": None, "z": "s"}]),
        (['{"x": 1}', '{"x": NaN}'], [1, None]),
        (['{"x": 18446744073709551615}', '{"x": 1}'], ["18446744073709551615", "1"]),
        (['{"x": "2020-01-01 00:00:00"}', '{"x": null}'], ["2020-01-01 00:00:00", None]),
        (['{"x": {}}', '{"x": {}}'], [None, None]),
    ],
    ids=["scalars", "bool-int", "float", "list", "struct", "nan", "wide", "date", "empty"],
)
def test_every_column_gets_a_type_that_fits_all(
    tmp_path: Path, lines: list[str], expected: list[Any]
) -> None:
    lines = [line.replace("{", '{"text": "a", ', 1) for line in lines]
    path = write(tmp_path, "data.jsonl", "\n".join(lines))
    assert [record["x"] for record in read_all(path)] == expected


@pytest.mark.parametrize("head", [10, 1 << 16], ids=["unlike", "like"])
def test_the_quick_way_to_every_column_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, head: int
) -> None:
    monkeypatch.setattr("hardness.io.jsonl_all._HEAD_BYTES", head)
    records = [{"text": "a", "n": i, "f": i / 2, "s": ["x"], "m": {"k": None}} for i in range(40)]
    path = write(tmp_path, "data.jsonl", "\n".join(map(json.dumps, records)))
    assert read_all(path) == records


def test_irreconcilable_values_of_a_column_are_named(tmp_path: Path) -> None:
    path = write(tmp_path, "data.jsonl", '{"text": "a", "x": {"y": 1}}\n{"text": "b", "x": [1]}')
    with open_dataset(path) as dataset:
        assert texts_of(dataset)[0] == ["a", "b"]  # it does not matter while nobody asks for it
        with pytest.raises(HardnessError, match=r"jsonl from line 1 must hold one kind of value"):
            records_of(dataset)


_VALUES = st.sampled_from(["a", "", "é😀", 'q"', "\\", "\n", "{", "}\n{"])
_RECORDS = st.fixed_dictionaries(
    {"text": _VALUES | st.none()}, optional={"label": st.integers(0, 2), "x": _VALUES}
)
_LINES = st.one_of(
    _RECORDS.map(lambda record: json.dumps(record, ensure_ascii=False).encode()),
    _RECORDS.map(lambda record: json.dumps(record).encode()),
    st.sampled_from([b"", b" ", b"\t\r", b" {} ", b"{}"]),
    st.sampled_from([line for line, _ in BAD_LINES.values()]),
    st.binary(max_size=4).map(lambda data: data.replace(b"\n", b"")),
)
_FILES = st.tuples(
    st.lists(st.tuples(_LINES, st.sampled_from([b"\n", b"\r\n"])), max_size=12), st.booleans()
).map(lambda x: b"".join(line + end for line, end in x[0]) + (b'{"text": "end"}' if x[1] else b""))


def naive_read(data: bytes) -> tuple[list[tuple[int, str | None]], list[tuple[int, int]]]:
    """Good rows with their texts, and lines and rows of bad ones, one line at a time."""
    good, bad, row = [], [], 0
    for number, line in enumerate(data.split(b"\n"), start=1):
        if not line.strip(b" \t\r"):
            continue
        try:
            pairs: list[list[str]] = []
            line.decode("utf-8")
            value = json.loads(
                line,
                object_pairs_hook=lambda found, pairs=pairs: (
                    pairs.append([key for key, _ in found]) or dict(found)
                ),
            )
            json.dumps(value, ensure_ascii=False).encode("utf-8")  # no lone surrogates
            assert isinstance(value, dict)
            assert value.get("x") != float("inf")
            assert pairs[-1].count("text") <= 1
            assert isinstance(value.get("text"), str | None)
            assert isinstance(value.get("id"), str | None)
            label = value.get("label", 0)
            assert type(label) is int
            assert -(2**63) <= label < 2**63
            good.append((row, value.get("text")))
        except (AssertionError, ValueError):
            bad.append((number, row))
        row += 1
    return good, bad


@settings(max_examples=300, deadline=None)
@given(data=_FILES)
def test_partitions_do_not_change_what_is_read_or_rejected(data: bytes) -> None:
    data = (GOOD + b"\n") * 13 + data  # so that most lines say what the columns hold
    good, bad = naive_read(data)
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder), "a.jsonl", data)
        for size in (1, 1 + len(data) // 7, 1 + len(data) // 3, len(data)):
            with open_dataset(
                path, label="label", on_error="skip", partition_bytes=size
            ) as dataset:
                texts, rows, rejects = texts_of(dataset)
                assert dataset.rows == len(good) + len(bad)
            assert list(zip(rows, texts, strict=True)) == good
            assert [(reject.line, reject.row) for reject in rejects] == bad
