"""From label values to class ids."""

from __future__ import annotations

from typing import Any

import pytest

from hardness.errors import HardnessError
from hardness.training.labels import label_ids


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param(["no", "yes", "maybe"], {"maybe": 0, "no": 1, "yes": 2}, id="strings"),
        pytest.param([10, 9, -1], {"-1": 0, "9": 1, "10": 2}, id="numbers in their own order"),
        pytest.param([True, False], {"false": 0, "true": 1}, id="booleans"),
        pytest.param([1.0, 0.0], {"0": 0, "1": 1}, id="whole numbers read as floats"),
    ],
)
def test_ids_follow_the_sorted_values(values: list[Any], expected: dict[str, int]) -> None:
    assert label_ids(values) == expected


def test_a_models_own_ids_are_kept_when_it_knows_the_labels() -> None:
    known = {"yes": 0, "no": 1}
    assert label_ids(["no", "yes"], known=known) == known
    assert label_ids(["no", "maybe"], known=known) == {"maybe": 0, "no": 1}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        pytest.param([0.5, 1.5], "label must be a string, a whole number or a boolean", id="reals"),
        pytest.param(["a", "b", None], "label must be there in every record, got null", id="null"),
        pytest.param(["one"], "label must have at least 2 classes, got 1", id="one class"),
        pytest.param([], "label must have at least 2 classes, got 0", id="no class"),
    ],
)
def test_labels_that_are_no_classes_are_refused(values: list[Any], message: str) -> None:
    with pytest.raises(HardnessError, match=message):
        label_ids(values)
