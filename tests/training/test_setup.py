"""What a run prepares from its shards."""

from __future__ import annotations

import numpy as np
import pytest

from hardness.curriculum.shards import open_shards
from hardness.training import setup
from hardness.training.setup import _texts
from tests.training.conftest import MakeShards


def test_the_tokenizer_sees_the_same_texts_whatever_the_order_and_the_repeats(
    make_shards: MakeShards, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setup, "TOKENIZER_ROWS", 40)
    rng = np.random.default_rng(0)
    orders = {
        "ascending": np.arange(100),
        "random": rng.permutation(100),
        "repeated": np.concatenate([rng.permutation(100), rng.integers(0, 100, 60)]),
    }
    found = []
    for name, order in orders.items():
        texts = {
            "premise": [f"text {row}" for row in order],
            "hypothesis": ["the same"] * len(order),
        }
        labels = {"label": ["yes", "no"] * (len(order) // 2)}
        path = make_shards(texts | labels, name=name, rows=order.tolist())
        found.append(sorted(_texts(open_shards(path), ["premise"])))
    assert found[0] == found[1] == found[2]
    assert 20 <= len(found[0]) == len(set(found[0])) <= 50


def test_the_tokenizer_has_texts_of_a_selection_without_multiples_of_the_stride(
    make_shards: MakeShards, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setup, "TOKENIZER_ROWS", 50)
    rows = list(range(1, 200, 2))
    columns = {name: [f"text {row}" for row in rows] for name in ("premise", "hypothesis", "label")}
    assert len(list(_texts(open_shards(make_shards(columns, rows=rows)), ["premise"]))) > 20
