"""What a metric's columns are called."""

from __future__ import annotations

from hardness.io.metric import full_name


def test_a_column_of_another_name_than_its_metric_has_both() -> None:
    assert full_name("perplexity", "perplexity") == "perplexity"
    assert full_name("cartography", "confidence") == "cartography.confidence"
