"""Options of functions as words of commands."""

from __future__ import annotations

import pytest

from hardness.arguments import as_arguments, as_names


def test_options_become_arguments() -> None:
    options = {"eval": ["a", "b"], "lr": 0.1, "shuffle": True, "compile": False, "lora": None}
    assert as_arguments(options) == ["--eval", "a", "--eval", "b", "--lr", "0.1", "--shuffle"]


@pytest.mark.parametrize("value", ["a, b c", ["a", " b c"]], ids=["text", "list"])
def test_names_may_be_one_text_or_several(value: str | list[str]) -> None:
    assert as_names(value) == ("a", "b c")
