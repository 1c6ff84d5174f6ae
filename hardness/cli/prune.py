"""How `--prune` is written on the command line."""

from __future__ import annotations

import re

from hardness.errors import HardnessError

_PRUNE = "--prune"


def joined_prune(args: list[str]) -> list[str]:
    """The arguments with `--prune 0 1 1`, as KenLM's lmplz takes it, made one value."""
    out: list[str] = []
    rest = iter(args)
    for arg in rest:
        out.append(arg)
        if arg != _PRUNE:
            continue
        numbers: list[str] = []
        for number in rest:
            if not number.isdigit():
                out += [",".join(numbers)] if numbers else []
                out.append(number)
                break
            numbers.append(number)
        else:
            out += [",".join(numbers)] if numbers else []
    return out


def parse_prune(text: str) -> tuple[int, ...]:
    """The numbers of `--prune`, parted by spaces or commas."""
    parts = [part for part in re.split(r"[\s,]+", text) if part]
    if not parts or not all(part.isdigit() for part in parts):
        raise HardnessError(
            f"prune must be whole numbers from 0, got {text!r}; 0 1 1 is usual at order 3"
        )
    return tuple(map(int, parts))
