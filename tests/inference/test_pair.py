"""The metrics of two models: each a difference of what `lm` says under either."""

from __future__ import annotations

from pathlib import Path

import pytest

import hardness
from hardness.errors import HardnessError
from tests.inference.conftest import Score
from tests.training.conftest import save_small_model


@pytest.mark.parametrize(
    ("metric", "first", "second", "direction"),
    [("learnability", "base", "tuned", "lower"), ("conditional", "tuned", "prior", "higher")],
)
def test_difference_of_the_losses_under_two_models(
    score: Score,
    data: Path,
    model: Path,
    tuned: Path,
    metric: str,
    first: str,
    second: str,
    direction: str,
) -> None:
    columns = {"prompt": "question", "response": "answer"}
    frame = score(metric, model=str(tuned), base_model=str(model), **columns)
    under = {
        name: score("lm", f"{name}.lm", model=str(path), **columns)["nll"]
        for name, path in (("tuned", tuned), ("base", model), ("prior", model))
    }
    assert frame[first].equals(under[first], check_names=False)
    assert frame[second].equals(under[second], check_names=False)
    assert frame[metric].equals(under[first] - under[second], check_names=False)
    assert frame[metric].null_count() == 2
    assert frame[metric].abs().max() > 0.01  # pyright: ignore[reportOperatorIssue]
    info = hardness.open_table(data.parent / "table").metric(metric)
    assert info.direction == direction
    tables = {name: data.parent / f"{name}.lm" for name in (first, second)}
    combined = hardness.combine(tables, name=metric, output=data.parent / "combined")
    assert combined.table.frame(metric).collect()[metric].equals(frame[metric])
    assert combined.info.direction == direction


def test_models_must_make_the_same_tokens(score: Score, model: Path, tmp_path: Path) -> None:
    other = save_small_model(tmp_path / "other", {"text": ["zebra zebra zebra crossing"] * 3})
    with pytest.raises(HardnessError, match="base_model must have the tokenizer of the model"):
        score("learnability", model=str(model), base_model=str(other))
