"""Which end of a score is the harder one."""

from __future__ import annotations

from typing import Literal, get_args

Direction = Literal["higher", "lower"]
"""Which end of a score is the harder one."""

DIRECTIONS: tuple[Direction, ...] = get_args(Direction)
