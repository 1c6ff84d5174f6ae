"""Values of expressions, worked by hand: arithmetic, nulls and directions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardness.direction import Direction
from hardness.errors import HardnessError
from hardness.expression import Evaluated, parse
from hardness.normalize import to_hardness

COLUMNS: dict[str, list[float | None]] = {
    "a": [1.0, 2.0, None, 4.0],
    "b": [4.0, 0.0, 5.0, 2.0],
    "low": [3.0, 1.0, 2.0, 1.0],
    "m.c": [-1.0, -2.0, -3.0, -4.0],
    "big": [1.0, 2.0, math.inf, 3.0],
}
DIRECTIONS: dict[str, Direction | None] = {
    "a": "higher",
    "b": "higher",
    "low": "lower",
    "m.c": None,
    "big": "higher",
}


def evaluate(text: str) -> Evaluated:
    expression = parse(text)
    columns = {name: COLUMNS[name] for name in expression.references}
    return expression.evaluate(
        {name: np.array([9.0 if v is None else v for v in c]) for name, c in columns.items()},
        valid={name: np.array([v is not None for v in c]) for name, c in columns.items()},
        directions=DIRECTIONS,
    )


def values(result: Evaluated) -> list[float | None]:
    both = zip(result.values.tolist(), result.valid.tolist(), strict=True)
    return [value if valid else None for value, valid in both]


@pytest.mark.parametrize(
    ("text", "expected", "undefined"),
    [
        ("b - a", [3, -2, None, -2], 0),
        ("a - b - 1", [-4, 1, None, 1], 0),
        ("1 + 2 * a ** 2", [3, 9, None, 33], 0),
        ("-a ** 2", [-1, -4, None, -16], 0),
        ("2 / b", [0.5, None, 0.4, 1], 1),
        ("b / (m.c + 3)", [2, 0, None, -2], 1),
        ("m.c ** 0.5", [None] * 4, 4),
        ("log(b)", [math.log(4), None, math.log(5), math.log(2)], 1),
        ("exp(m.c * 0)", [1, 1, 1, 1], 0),
        ("sqrt(m.c + 2)", [1, 0, None, None], 2),
        ("exp(1000 * b)", [None, 1, None, None], 3),
        ("abs(m.c)", [1, 2, 3, 4], 0),
        ("min(a, b, 2)", [1, 0, None, 2], 0),
        ("max(a, b)", [4, 2, None, 4], 0),
        ("clip(b, 1, 4)", [4, 1, 4, 2], 0),
        ("coalesce(a, b)", [1, 2, 5, 4], 0),
        ("coalesce(2 / b, a, 7)", [0.5, 2, 0.4, 1], 0),
        ("a * 0 + 3", [3, 3, None, 3], 0),
        ("big", [1, 2, None, 3], 1),
        # Ranks of 1, 2, 4 over 2; ranks of -3, -1, -2, -1 over 3: 3 is the easiest.
        ("rank(a)", [0, 0.5, None, 1], 0),
        ("rank(low)", [0, 5 / 6, 1 / 3, 5 / 6], 0),
        ("rank(-low)", [0, 5 / 6, 1 / 3, 5 / 6], 0),
        ("rank(2 - low)", [0, 5 / 6, 1 / 3, 5 / 6], 0),
        ("rank(m.c)", [1, 2 / 3, 1 / 3, 0], 0),
        ("rank(big)", [0, 1 / 3, 1, 2 / 3], 0),
        ("minmax(low)", [0, 1, 0.5, 1], 0),
        ("minmax(2 / b)", [0.1 / 0.6, None, 0, 1], 1),
        ("rank(a) - rank(3) * 2", [-1, -0.5, None, 0], 0),
    ],
)
def test_values_are_those_worked_by_hand(
    text: str, expected: list[float | None], undefined: int
) -> None:
    result = evaluate(text)
    assert values(result) == [None if e is None else pytest.approx(e) for e in expected]
    assert result.undefined == undefined
    assert np.all(result.values[~result.valid] == 0)


def test_zscore_is_that_of_the_oriented_values() -> None:
    wanted = to_hardness(np.array([3.0, 1.0, 2.0, 1.0]), direction="lower", method="zscore")
    assert evaluate("zscore(low)").values.tolist() == wanted.tolist()


@pytest.mark.parametrize(
    ("text", "direction"),
    [
        ("a", "higher"),
        ("low", "lower"),
        ("m.c", None),
        ("-low", "higher"),
        ("a + b", "higher"),
        ("a + low", None),
        ("a - low", "higher"),
        ("a - b", None),
        ("3 - a", "lower"),
        ("-2 * low + 1", "higher"),
        ("a / -2", "lower"),
        ("2 / a", None),
        ("a * b", None),
        ("0 * a", None),
        ("log(low)", "lower"),
        ("abs(low)", None),
        ("max(a, b, 1)", "higher"),
        ("clip(low, 0, 2)", "lower"),
        ("coalesce(a, low)", None),
        ("0.5 * rank(low) + 0.5 * rank(a)", "higher"),
        ("a ** 2", None),
    ],
)
def test_direction_is_told_where_the_columns_tell_it(text: str, direction: str | None) -> None:
    assert evaluate(text).direction == direction
    assert parse(text).direction(DIRECTIONS) == direction  # without a record


def test_what_is_infinite_has_no_place_between_least_and_most() -> None:
    with pytest.raises(HardnessError, match="scores must be finite for normalize 'minmax'"):
        evaluate("minmax(big)")


def test_all_is_defined_where_nothing_else_is_said() -> None:
    result = parse("2 * x").evaluate({"x": np.array([1, 2], dtype=np.uint32)})
    assert values(result) == [2, 4]
    assert result.direction is None


def python(text: str, row: dict[str, float | None]) -> float | None:
    """The same by Python's own arithmetic, one record at a time."""
    names: dict[str, Any] = dict(row)
    try:
        result = eval(text, {"__builtins__": {}}, names)
    except (TypeError, ZeroDivisionError, OverflowError):
        return None
    return result if isinstance(result, float) and math.isfinite(result) else None


OPERANDS = st.sampled_from(["x", "y", "2.0", "0.0", "-1.5"])


@st.composite
def texts(draw: st.DrawFn) -> str:
    text = draw(OPERANDS)
    for _ in range(draw(st.integers(1, 4))):
        operator = draw(st.sampled_from([" + ", " - ", " * ", " / "]))
        pair = (text, draw(OPERANDS))
        text = f"({pair[0]}{operator}{pair[1]})"
    return f"{text} + 0.0 * x"


@given(
    texts(),
    st.lists(st.tuples(*[st.none() | st.floats(-1e3, 1e3)] * 2), min_size=1, max_size=5),
)
def test_arithmetic_is_pythons(text: str, rows: list[tuple[float | None, float | None]]) -> None:
    expression = parse(text)
    columns = dict(zip("xy", zip(*rows, strict=True), strict=True))
    result = expression.evaluate(
        {name: np.array([v or 0.0 for v in columns[name]]) for name in expression.references},
        valid={
            name: np.array([v is not None for v in columns[name]]) for name in expression.references
        },
    )
    wanted = [python(text, dict(zip("xy", row, strict=True))) for row in rows]
    assert values(result) == [None if w is None else pytest.approx(w) for w in wanted]
