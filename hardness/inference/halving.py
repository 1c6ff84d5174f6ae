"""Running out of memory halves the batch and goes on."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch

from hardness.errors import HardnessError
from hardness.training.examples import Example

_log = logging.getLogger(__name__)

T = TypeVar("T", bound=Example)

_OF_MEMORY = ("out of memory", "can't allocate memory", "not enough memory", "bad_alloc")
"""What torch says where it has no exception of its own for it, as on a CPU."""


@dataclass
class Ceiling:
    """Padded tokens of the smallest batch that did not fit; None until one did not."""

    tokens: int | None = None

    def fits(self, tokens: int) -> bool:
        """Whether it is worth trying."""
        return self.tokens is None or tokens < self.tokens


def in_memory(
    compute: Callable[[Sequence[T]], np.ndarray], examples: Sequence[T], ceiling: Ceiling
) -> np.ndarray:
    """`compute` of the examples, in halves of halves if memory runs out.

    Args:
        compute: gives (k, n) numbers for n examples.
        examples: in the order of their length.
        ceiling: lowered where a batch does not fit, so that the next ones as large are not tried.

    Returns:
        (k, n).

    Raises:
        HardnessError: a single example does not fit.
    """
    tokens = len(examples) * max(len(example.ids) for example in examples)
    if ceiling.fits(tokens):
        try:
            return compute(examples)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
        # Outside the handler: the exception would keep the batch's tensors alive.
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        if ceiling.tokens is None:
            _log.warning(
                "a batch of %d tokens does not fit in memory; going on with smaller ones", tokens
            )
        if len(examples) == 1:
            raise HardnessError(
                f"records must fit in memory one at a time, got one of {tokens} tokens that does "
                "not; lower --max-length, or use --precision bf16 or a smaller model"
            )
        ceiling.tokens = tokens
    if len(examples) == 1:
        return compute(examples)
    middle = (len(examples) + 1) // 2
    halves = [in_memory(compute, part, ceiling) for part in (examples[:middle], examples[middle:])]
    return np.concatenate(halves, axis=1)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory, of a GPU or not, has run out."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return any(words in str(error).lower() for words in _OF_MEMORY)
