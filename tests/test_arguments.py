"""Options of functions as words of commands."""

from __future__ import annotations

from hardness.arguments import as_arguments


def test_options_become_arguments() -> None:
    options = {"eval": ["a", "b"], "lr": 0.1, "shuffle": True, "compile": False, "lora": None}
    assert as_arguments(options) == ["--eval", "a", "--eval", "b", "--lr", "0.1", "--shuffle"]
