"""What an order is, and the registry of all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, TypeAlias

import numpy as np

from hardness.curriculum.grammar import Bounds
from hardness.registry import Registry

Order: TypeAlias = Callable[..., np.ndarray]
"""`f(hardness, rng, *, epochs, **parameters)`: (n,) f64 hardness in [0, 1], the records in input
order, a seeded generator and the number of passes in; (k,) integers out: element p is the index of
the record trained on at position p. A function without the argument `epochs` gives one pass, and
is called for each."""

orders: Registry[Order] = Registry("order")
"""Every order by name. Third parties add one by an entry point in the group `hardness.order` that
names such a function; its keyword-only arguments become the parameters of `name:...`, see
`hardness.curriculum.grammar`."""

Buckets = Annotated[int, Bounds(1, 10_000)]
"""A number of buckets or passes."""
Share = Annotated[float, Bounds(0, 1, above=True)]
"""A share that is not nothing."""


def register(*functions: Any) -> None:
    """Add orders under their own names, `-` for `_`."""
    for function in functions:
        orders.add(function.__name__.strip("_").replace("_", "-"), function)
