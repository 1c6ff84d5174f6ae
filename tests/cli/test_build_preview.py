"""The plot of a dry run."""

from __future__ import annotations

import numpy as np
import pytest

from hardness.cli.build_preview import HEIGHT, bar_plot
from hardness.curriculum.preview import Curve


def plotted(mean: list[float], **options: bool) -> list[str]:
    values = np.array(mean)
    edges = np.arange(len(mean) + 1) * 100
    return bar_plot(Curve(edges=edges, mean=values, low=values, high=values), **options)


def test_bars_are_as_high_as_the_mean() -> None:
    lines = plotted([0.0, 0.5, 1.0, 0.26])
    columns = [[line[6 + bar : 7 + bar] for line in lines[:HEIGHT]] for bar in range(4)]
    assert [column.count("█") for column in columns] == [0, 5, 10, 2]
    assert columns[3][-3] == "▅"
    assert lines[0].startswith(" 1.0 ┤")
    assert lines[HEIGHT - 1].startswith(" 0.0 ┤")
    assert lines[HEIGHT] == "     └────"


def test_the_axis_ends_with_the_number_of_positions() -> None:
    assert plotted([0.5] * 30)[-1] == f"      0{'3,000':>29}"
    assert plotted([0.5])[-1].split() == ["0", "100"]


def test_terminals_without_blocks_get_signs() -> None:
    lines = plotted([0.0, 1.0, float("nan")], ascii_only=True)
    assert all(line.isascii() for line in lines)
    assert "".join(lines).count("#") == HEIGHT


@pytest.mark.parametrize("mean", [[float("nan")], [1.0]])
def test_lines_have_no_spaces_at_their_end(mean: list[float]) -> None:
    assert all(line == line.rstrip() for line in plotted(mean))
