"""Looking weightings up by what stands on the command line."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from hardness.errors import HardnessError
from hardness.weighting import resolve, weightings


def test_an_unknown_name_is_met_with_the_nearest_one() -> None:
    with pytest.raises(
        HardnessError, match=r"weighting must be one of .*; did you mean 's-loss'\?"
    ):
        resolve("s-los")


@pytest.mark.parametrize("spec", [None, 3, ["s-loss"]], ids=str)
def test_what_is_no_name_is_refused(spec: Any) -> None:
    with pytest.raises(
        HardnessError, match=r"weighting must be a name, got .*; name one, or leave"
    ):
        resolve(spec)


def test_a_parameter_where_none_is_taken_is_refused() -> None:
    with pytest.raises(HardnessError, match="weighting must be 's-loss' without a parameter"):
        resolve("s-loss:3")


def test_a_missing_input_is_named() -> None:
    with pytest.raises(HardnessError, match="must include weight, got no weight"):
        resolve("shards")(hardness=np.zeros(2), progress=0.0)


def test_the_shards_own_weights_are_passed_on() -> None:
    assert resolve("shards")(weight=np.array([0.5, 3.0])).tolist() == [0.5, 3.0]


def test_every_weighting_says_where_it_comes_from() -> None:
    for name, weighting in weightings:
        assert name == weighting.name
        assert weighting.source
        assert weighting.formula
        assert weighting.range


def test_importing_the_weightings_loads_no_torch() -> None:
    code = "import sys, hardness.weighting; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
