"""From label values of the data to the class ids of a model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hardness.errors import HardnessError


def label_name(value: Any) -> str:
    """How a label is called in the model's config: itself, or its value as text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # readers turn whole numbers beside nulls into floats
    return str(value)


def label_ids(values: Iterable[Any], *, known: Mapping[str, int] | None = None) -> dict[str, int]:
    """Class ids of the distinct label values: sorted, unless a model brings its own.

    Args:
        values: the distinct labels of the data: strings, whole numbers or booleans of one type.
        known: `label2id` of a model; kept when it names exactly the data's labels.

    Returns:
        Name → id from 0.

    Raises:
        HardnessError: fewer than two classes, labels that are not classes, or None among them.
    """
    values = list(values)
    if None in values:
        raise HardnessError(
            "label must be there in every record, got null in some; give them one, or take them "
            "out of the data and score it again"
        )
    odd = [v for v in values if not isinstance(v, str | int | bool) and label_name(v) == str(v)]
    if odd:
        raise HardnessError(
            f"label must be a string, a whole number or a boolean, got {odd[0]!r}; "
            "choose another --label or turn it into classes"
        )
    if len(values) < 2:
        raise HardnessError(
            f"label must have at least 2 classes, got {len(values)}; choose another --label or "
            "train with --task causal-lm"
        )
    names = [label_name(value) for value in sorted(values)]
    if known is not None and set(known) == set(names):
        return dict(known)
    return {name: index for index, name in enumerate(names)}
