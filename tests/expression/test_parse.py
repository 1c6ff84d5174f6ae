"""Parsing expressions: which columns they name, and what is refused where."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardness.errors import HardnessError
from hardness.expression import Expression, parse


@pytest.mark.parametrize(
    ("text", "references"),
    [
        ("base.lm - tuned.lm", ("base.lm", "tuned.lm")),
        ("0.5*rank(perplexity) + 0.5*rank(cartography.confidence)", None),
        ("rank(`ngram-pvi`.confidence)", ("ngram-pvi.confidence",)),
        ("`base`.` ngram-pvi `.`p`", ("base.ngram-pvi.p",)),
        ("a-b - a", ("a", "b")),
        ("  a +\n\tb", ("a", "b")),
        ("+a ** -2", ("a",)),
        ("é1 + é1", ("é1",)),
        ("rank(rank)", ("rank",)),
    ],
)
def test_references_are_the_columns_in_order(text: str, references: tuple[str, ...] | None) -> None:
    assert parse(text).references == (references or ("perplexity", "cartography.confidence"))


def test_known_names_with_signs_need_no_backticks() -> None:
    known = ("", "base", "ngram-pvi", "column:len", "column:len-2", "dsir")
    text = "base.ngram-pvi.pvi-ngram-pvi + column:len-2 * column:len - dsir"
    references = ("base.ngram-pvi.pvi", "ngram-pvi", "column:len-2", "column:len", "dsir")
    assert parse(text, known).references == references
    assert parse("ngram-pvix", known).references == ("ngram", "pvix")


def test_a_known_name_that_may_be_a_difference_must_be_marked() -> None:
    known = ("ngram", "pvi", "ngram-pvi")
    with pytest.raises(HardnessError, match="write `ngram-pvi` in backticks, or spaces around the"):
        parse("ngram-pvi", known)
    assert parse("`ngram-pvi`", known).references == ("ngram-pvi",)
    assert parse("ngram - pvi", known).references == ("ngram", "pvi")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a < b", "got 'a < b' at character 1; use numbers, columns"),
        ("a + (lambda: b)", r"got 'lambda: b\)' at character 6; use"),
        ("é + 'x'", "got \"'x'\" at character 5; use"),
        ("`ngram-pvi` * [a]", r"got '\[a\]' at character 15; use"),
        ("  a + b[0]", r"got 'b\[0\]' at character 7; use"),
        ("a % b", "got 'a % b' at character 1; use"),
        ("f(a)(b)", r"got 'f\(a\)\(b\)' at character 1; use"),
        ("rank(*a)", r"got '\*a\)' at character 6; use"),
        ("rank(x=a)", "at character 1; use"),
        ("True + a", "got 'True \\+ a' at character 1; use"),
        ("2j * a", "at character 1; use"),
        ("a.b.c.d", "at character 1; use"),
        ("a) + (b", "at character 2; mend it there"),
        ("", "got its end at character 1; mend it there"),
        ("a b", "got 'b' at character 3; mend it there"),
        (" a +", "got its end at character 5; mend it there"),
        ("a # b", "got '# b' at character 3; mend it there"),
        ("`a.b`", "quote each part of a name by itself"),
        ("``", "quote each part of a name by itself"),
        ("1 + 2", "expr must name a column, got '1 \\+ 2'; name a metric or metric.column"),
        ("rang(a)", "function must be one of abs, .*, got 'rang'; did you mean 'rank'"),
        ("rank(a, b)", "at character 1; give rank 1 argument instead of 2"),
        ("clip(a)", "give clip 3 arguments instead of 1"),
        ("1 + max(a)", "at character 5; give max 2 or more arguments instead of 1"),
        ("1e999 * a", "got '1e999 \\* a' at character 1; write a smaller number"),
        ("9" * 400 + "* a", "write a smaller number"),
        ("(" * 150 + "a" + ")" * 150 + "+ (", "expr must be"),
        ("-" * 200 + "a", "use at most 100 levels"),
        ("-" * 100_000 + "a", "expr must be arithmetic"),
    ],
)
def test_what_is_no_expression_is_refused_where_it_stands(text: str, message: str) -> None:
    with pytest.raises(HardnessError, match=message) as caught:
        parse(text)
    assert "\n" not in str(caught.value)


def test_mistake_names_the_option_that_the_text_was_given_as() -> None:
    for text in ("a b", "1 + 2"):
        with pytest.raises(HardnessError, match=r"^by must"):
            parse(text, option="by")


@given(st.text(alphabet="ab.`+-*/()0e, \n\"'[]:=<>é\0", max_size=20))
def test_any_text_is_an_expression_or_a_mistake(text: str) -> None:
    try:
        parsed = parse(text, ("a-b", "a:b"))
    except HardnessError:
        return
    assert isinstance(parsed, Expression)
    assert parsed.references
