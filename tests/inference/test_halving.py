"""What happens when memory runs out, by a model that refuses large batches."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from hardness.errors import HardnessError
from hardness.inference import lm
from hardness.inference.compute import token_nats
from hardness.inference.halving import Ceiling, in_memory, is_out_of_memory
from hardness.inference.models import Loaded
from hardness.training.examples import Example
from hardness.training.tasks import Task
from tests.inference.conftest import Score


def example(length: int) -> Example:
    return Example(ids=list(range(length)), target=[], units=length)


class Small:
    """Computes the length of each example, if all fit in so many padded tokens."""

    def __init__(self, room: int, error: Exception) -> None:
        self.room = room
        self.error = error
        self.tried: list[int] = []

    def __call__(self, examples: Sequence[Example]) -> np.ndarray:
        self.tried.append(len(examples))
        if len(examples) * max(len(e.ids) for e in examples) > self.room:
            raise self.error
        return np.array([[len(e.ids) for e in examples]], dtype=float)


ERRORS = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
    RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory"),
    RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 8 bytes."),
    MemoryError(),
]


@pytest.mark.parametrize("error", ERRORS, ids=["gpu", "linux", "windows", "python"])
def test_halves_are_tried_until_they_fit(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    examples = [example(n) for n in (6, 5, 5, 4, 4, 3, 2)]
    compute, ceiling = Small(12, error), Ceiling()
    assert in_memory(compute, examples, ceiling).tolist() == [[6, 5, 5, 4, 4, 3, 2]]
    # 7 records of 6, 4 of 6, 2 of 6, 2 of 5, and 3 of 4.
    assert compute.tried == [7, 4, 2, 2, 3]
    assert ceiling.tokens == 24
    assert "a batch of 42 tokens does not fit in memory" in caplog.text
    compute.tried.clear()
    caplog.clear()
    in_memory(compute, examples, ceiling)
    assert compute.tried == [2, 2, 3]
    assert caplog.text == ""


def test_a_record_that_does_not_fit_by_itself_is_the_users() -> None:
    compute = Small(5, torch.OutOfMemoryError("CUDA out of memory"))
    with pytest.raises(HardnessError, match="got one of 6 tokens that does not; lower --max-len"):
        in_memory(compute, [example(6), example(2)], Ceiling())


def test_other_errors_are_raised() -> None:
    compute = Small(5, RuntimeError("shapes cannot be multiplied"))
    with pytest.raises(RuntimeError, match="shapes"):
        in_memory(compute, [example(6)], Ceiling())
    assert not is_out_of_memory(RuntimeError("shapes cannot be multiplied"))


def test_scores_are_the_same_where_memory_ran_out(
    score: Score, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = score("lm", model=str(model))
    refused = 0

    def small(loaded: Loaded, task: Task, examples: Sequence[Example]) -> np.ndarray:
        nonlocal refused
        if len(examples) > 3:
            refused += 1
            raise torch.OutOfMemoryError("CUDA out of memory")
        return token_nats(loaded, task, examples)

    monkeypatch.setattr(lm, "token_nats", small)
    halved = score("lm", "halved", model=str(model))
    assert refused > 3
    assert halved["n_tokens"].equals(whole["n_tokens"])
    assert halved["nll"].to_list() == [
        None if nll is None else pytest.approx(nll, rel=1e-5) for nll in whole["nll"].to_list()
    ]
