"""What a comparison must have installed."""

from __future__ import annotations

from hardness.experiments.packages import packages


def test_arms_add_what_their_options_need() -> None:
    found = packages([{"lr": 0.1}, {"lora": 2}, {"lora": 4}], None)
    assert found == ["scipy", "torch", "transformers", "tokenizers", "safetensors", "peft"]


def test_the_workers_of_a_running_cluster_have_what_trains() -> None:
    assert packages([{"lora": 2}], "tcp://host:8786") == ["scipy"]
