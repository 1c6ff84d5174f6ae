"""Which columns play which part."""

from __future__ import annotations

import pytest

from hardness.errors import HardnessError
from hardness.io.columns import TEXT_CANDIDATES, check, detect, merge, parse_wanted, unfit_label
from hardness.io.records import Columns

_NOTHING = parse_wanted(None, None, None, None)
_ORDER = [
    ("text",),
    ("premise", "hypothesis"),
    ("sentence1", "sentence2"),
    ("question", "answer"),
    ("instruction", "input", "output"),
    ("prompt", "completion"),
    ("prompt", "response"),
    ("prompt", "chosen"),
    ("messages",),
]


def detect_in(**kinds: str) -> Columns:
    """What is detected in a file of these kinds."""
    return detect(kinds, kinds, _NOTHING)


@pytest.mark.parametrize("position", range(len(_ORDER)), ids=["+".join(x) for x in _ORDER])
def test_text_is_the_first_known_set_that_is_there(position: int) -> None:
    there = {name: "string" for names in reversed(_ORDER[position:]) for name in names}
    assert detect(there, there, _NOTHING).text == _ORDER[position]


def test_known_sets_are_those_of_the_documentation() -> None:
    assert list(TEXT_CANDIDATES) == _ORDER


def test_half_a_pair_is_no_text() -> None:
    assert detect_in(premise="string", question="string", answer="string").text == (
        "question",
        "answer",
    )


def test_a_known_name_of_another_kind_is_passed_over() -> None:
    assert detect_in(text="integer", messages="messages").text == ("messages",)


def test_an_input_that_is_always_null_does_not_hide_an_instruction() -> None:
    found = detect_in(instruction="string", input="null", output="string")
    assert found.text == ("instruction", "input", "output")


def test_no_known_text_lists_the_string_columns() -> None:
    with pytest.raises(
        HardnessError,
        match=r"text must be among .*, got the string columns 'body', 'title'; name yours with",
    ):
        detect_in(body="string", n="integer", title="string")


def test_no_string_at_all_lists_the_columns() -> None:
    with pytest.raises(HardnessError, match="got no string column among 'n', 'm'"):
        detect_in(n="integer", m="other")


@pytest.mark.parametrize("kind", ["string", "integer", "boolean"])
def test_label_and_id_are_detected(kind: str) -> None:
    found = detect_in(text="string", gold_label=kind, labels=kind, id=kind)
    assert (found.label, found.id, found.group) == ("labels", "id", None)


@pytest.mark.parametrize("kind", ["number", "other", "null"])
def test_a_label_of_another_kind_is_not_detected(kind: str) -> None:
    assert detect_in(text="string", label=kind, id=kind).label is None


@pytest.mark.parametrize(
    ("kind", "said"), [("number", "numbers with a point"), ("other", "objects, lists")]
)
def test_a_label_that_is_none_is_explained(kind: str, said: str) -> None:
    told = unfit_label({"text": "string", "gold_label": kind}, Columns(text=("text",)))
    assert told is not None
    assert told.startswith(f"the column 'gold_label' is no label, as it has {said}")


@pytest.mark.parametrize("kinds", [{"label": "null"}, {"score": "number"}, {}], ids=str)
def test_a_label_that_is_not_there_needs_no_explanation(kinds: dict[str, str]) -> None:
    assert unfit_label(kinds, Columns(text=("text",))) is None


@pytest.mark.parametrize("name", ["a, b", " a", "a,b"])
def test_a_name_that_exists_as_a_whole_is_one_column(name: str) -> None:
    kinds = {"a": "string", "b": "string"}
    wanted = parse_wanted(name, None, None, None)
    assert detect(kinds | {name: "string"}, kinds | {name: "string"}, wanted).text == (name,)
    assert detect(kinds, kinds, wanted).text == tuple(part.strip() for part in name.split(","))


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_a_header_of_another_separator_is_suspected(separator: str) -> None:
    with pytest.raises(HardnessError, match="one column: commas separate those of a"):
        detect_in(**{separator.join(("text", "label")): "string"})


def test_named_columns_win() -> None:
    kinds = {"text": "string", "body": "string", "label": "integer", "y": "integer"}
    wanted = parse_wanted("body", "y", None, "label")
    assert detect(kinds, kinds, wanted) == Columns(text=("body",), label="y", group="label")


@pytest.mark.parametrize("given", ["a,b", "a, b", ["a", "b"], ("a", "b")])
def test_text_takes_names_with_commas_or_a_sequence(given: str | list[str]) -> None:
    assert parse_wanted(given, None, None, None).text == ("a", "b")


@pytest.mark.parametrize("given", ["", "a,,b", "a,a", []], ids=["empty", "gap", "twice", "none"])
def test_text_of_unclear_names_is_refused(given: str | list[str]) -> None:
    with pytest.raises(HardnessError, match="text must be different column names, got "):
        parse_wanted(given, None, None, None)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (
            Columns(text=("body",)),
            r"text must be a column of a\.jsonl, got 'body', which no record has; "
            "it has the string columns 'text', 'title'",
        ),
        (
            Columns(text=("n",)),
            "text must be a column of strings or chat messages, got 'n' with values of kind "
            r"integer in a\.jsonl; it has the string columns 'text', 'title'",
        ),
        (
            Columns(text=("text",), label="y"),
            r"label must be a column of a\.jsonl, got 'y'.* the columns 'text', 'title', 'n', 'f',",
        ),
        (
            Columns(text=("text",), label="f"),
            "label must be a column of strings, integers or booleans, got 'f' with numbers with a "
            "point .* write integers or strings, or name another",
        ),
        (
            Columns(text=("o",)),
            "text must be a column of strings or chat messages, got 'o' with objects, lists or the",
        ),
        (Columns(text=("o.a",)), "got 'o.a', which no record has at its top level; it has"),
        (Columns(text=("text",), group="g"), "group must be a column of a.jsonl, got 'g'"),
        (Columns(text=("text",), id="f"), "id must be a column of strings, integers or booleans"),
    ],
    ids="no-text text-kind no-label label-kind object nested no-group id-kind".split(),
)
def test_check_refuses_columns_that_cannot_play_their_part(columns: Columns, message: str) -> None:
    kinds = {"text": "string", "title": "string", "n": "integer", "f": "number", "o": "other"}
    asked = parse_wanted(columns.text, columns.label, columns.id, columns.group)
    with pytest.raises(HardnessError, match=message):
        check("a.jsonl", kinds, columns, asked)


def test_a_detected_label_may_be_missing_in_further_files() -> None:
    check("b.jsonl", {"text": "string"}, Columns(text=("text",), label="label"), _NOTHING)


def test_files_must_agree_on_kinds_but_nulls_agree_with_all() -> None:
    columns = Columns(text=("text",), label="y")
    known: dict[str, str] = {}
    merge("a", known, {"text": "string", "y": "null"}, columns)
    merge("b", known, {"text": "string", "y": "integer"}, columns)
    merge("c", known, {"text": "string"}, columns)
    assert known == {"text": "string", "y": "integer"}
    with pytest.raises(
        HardnessError, match="column 'y' must be of one kind in all files, got integer and, in d, s"
    ):
        merge("d", known, {"text": "string", "y": "string"}, columns)
