"""Admission by several metrics."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hardness.curriculum.admission import admit, parse_admission
from hardness.errors import HardnessError

RISING = np.arange(40.0)


def drawn(text: str, columns: list[np.ndarray], directions: list[Any], k: int = 400) -> np.ndarray:
    return admit(parse_admission(text), columns, directions, k, np.random.default_rng(0))


def test_admissions_are_parsed_and_written_in_their_shortest_form() -> None:
    found = parse_admission("perplexity:linear, from=0.2 ;a.b:root,p=2,from=64,by=value")
    assert [item.column for item in found] == ["perplexity", "a.b"]
    assert [str(item) for item in found] == [
        "perplexity:linear,from=0.2",
        "a.b:root,from=64,by=value",
    ]


def test_a_record_comes_once_every_metric_admits_it() -> None:
    """The first metric lets in the 20 records below 20 at once, the second, of which lower is
    harder, those above 9 in the first half and then those above 4."""
    sequence = drawn(
        "a:discrete,levels=19/19.5,until=0.9,by=value; b:discrete,levels=10/5,until=0.5,by=value",
        [RISING, RISING],
        ["higher", "lower"],
    )
    assert set(sequence[:201].tolist()) == set(range(10, 20))
    assert set(sequence[201:].tolist()) == set(range(5, 20))


def test_percentiles_are_of_what_is_harder() -> None:
    sequence = drawn("a:discrete,levels=0.25/1,until=0.5", [RISING], ["lower"])
    assert set(sequence[:201].tolist()) == set(range(30, 40))
    assert set(sequence.tolist()) == set(range(40))


def test_one_metric_admits_as_the_order_of_that_name() -> None:
    from tests.curriculum.orders.test_orders import arrange

    ranks = (RISING / 39).tolist()
    expected = arrange("root:from=0.2,until=0.8", ranks, epochs=10)
    found = drawn("a:root,from=0.2,until=0.8,step=0.01", [RISING], ["higher"])
    assert found.tolist() == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("perplexity", "admit must be COLUMN:SCHEDULE with ; between several, got 'perplexity'"),
        ("a:linear;", "got ''; write for example perplexity:linear,from=0.2"),
        ("a:lnear", r"schedule must be one of discrete, linear, root, got 'lnear'.*\(of a\)"),
        ("a:linear,p=2", r"the unknown key 'p' .*\(of a\)"),
        ("a:linear;a:root", "admit must name each column once, got 'a' twice"),
    ],
)
def test_what_is_no_admission_is_refused(text: str, message: str) -> None:
    with pytest.raises(HardnessError, match=message):
        parse_admission(text)


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(HardnessError, match=r"lnear.* and admit must be COLUMN:SCHEDULE.*'b'"):
        parse_admission("a:lnear; b")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "a:linear,from=0.1; b:linear,from=0.2",
            r"admit must admit a record at the start, got none by all metrics together "
            r"\(4 by a, 8 by b\)",
        ),
        (
            "a:linear,from=64,to=100",
            r"difficulty must be within \[0, 1\] for by=perc",
        ),
        ("a:linear,from=0.5,to=0.2", "from must be at most to, got from=0.5 and to=0.2"),
    ],
)
def test_what_does_not_fit_the_scores_is_refused(text: str, message: str) -> None:
    with pytest.raises(HardnessError, match=message):
        drawn(text, [RISING, RISING], ["higher", "lower"])
