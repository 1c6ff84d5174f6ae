"""Which records a model sees together, and how often it is loaded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from hardness.inference import lm, models
from hardness.inference.models import Loaded, ModelSpec
from hardness.training.examples import Example
from hardness.training.tasks import Task
from tests.inference.conftest import Score


@pytest.mark.parametrize("parts", [2, 5, 40])
def test_records_are_batched_together_however_the_data_is_cut(
    score: Score, data: Path, model: Path, monkeypatch: pytest.MonkeyPatch, parts: int
) -> None:
    def digest(loaded: Loaded, task: Task, examples: Sequence[Example]) -> np.ndarray:
        """A number that tells the whole batch."""
        seen = hash(tuple(tuple(example.ids) for example in examples)) % 2**40
        return np.array([[float(seen * example.units) for example in examples]])

    monkeypatch.setattr(lm, "token_nats", digest)
    whole = score("lm", model=str(model), batch_tokens=200, partition_bytes=10**9)
    size = data.stat().st_size // parts + 1
    cut = score("lm", "cut", model=str(model), batch_tokens=200, partition_bytes=size)
    assert cut.equals(whole)
    assert whole["nll"].n_unique() > 20
    other = score("lm", "other", model=str(model), batch_tokens=300)
    assert not other.equals(whole)


def test_a_model_is_loaded_once_and_not_kept(
    score: Score, model: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads: list[str] = []
    load = models._load

    def counted(spec: ModelSpec) -> Loaded:
        loads.append(spec.path)
        return load(spec)

    monkeypatch.setattr(models, "_load", counted)
    score("ifd", model=str(model), partition_bytes=data.stat().st_size // 4 + 1)
    assert loads == [str(model)]
    assert models._models == {}
