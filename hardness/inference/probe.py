"""What a metric asks of its models: how records are encoded, what is computed, what becomes of it.

Legend: n records, k numbers of a record.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from hardness.inference.models import Loaded, ModelSpec
from hardness.training.examples import Example
from hardness.training.tasks import Task


@dataclass(frozen=True, kw_only=True)
class Encoded:
    """One record as token ids."""

    examples: tuple[Example, ...]
    """One for each pass. Those without units are not computed."""
    cut: int = 0
    """Tokens that would be scored but lie beyond the greatest length; of a record for a classifier,
    1 if there are any."""


@dataclass(frozen=True, kw_only=True)
class Pass:
    """One model over one encoding of every record."""

    spec: ModelSpec
    compute: Callable[[Loaded, Task, Sequence[Example]], np.ndarray]
    """Gives (k, m) f64 for a batch of m examples."""
    size: int
    """k."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """What the passes found."""

    values: tuple[np.ndarray, ...]
    """(k, n) f64 of each pass; NaN where an example has no units."""
    units: np.ndarray
    """(n,) int64 scored tokens, or 1 for a classified record; 0 where the first pass has none."""
    cut: np.ndarray
    """(n,) int64, see `Encoded.cut`."""


class Probe(Protocol):
    """A metric's part in scoring by models. It can be pickled."""

    @property
    def passes(self) -> tuple[Pass, ...]:
        """The first one's tokenizer encodes for all."""
        ...

    @property
    def columns(self) -> tuple[str, ...] | None:
        """The columns of the data that it reads; None for all."""
        ...

    def task(self, model: Loaded) -> Any:
        """The trainer's task that encodes and collates."""
        ...

    def encode(self, task: Any, table: pa.Table) -> list[Encoded]:
        """One for each record."""
        ...

    def finish(self, found: Found) -> Mapping[str, Any]:
        """The metric's columns, (n,) each in any form that Arrow takes, nulls where undefined."""
        ...
