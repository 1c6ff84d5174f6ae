"""The demo's data: two JSON-lines files that are the same bytes wherever they are made."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hardness.demo.grammar import LABELS, TIERS, make_pair, pick
from hardness.errors import HardnessError
from hardness.io.atomic import atomic_path

Record = dict[str, Any]

_CELLS = [(tier, label) for tier in TIERS for label in LABELS]
_MOST_TRIES = 1000


@dataclass(frozen=True, kw_only=True)
class SampleConfig:
    """What to generate."""

    train_rows: int = 3600
    """Records to train on, at least 1; tiers and labels come in equal shares."""
    eval_rows: int = 804
    """Records to evaluate on, at least 1: other pairs than those trained on, all labels true."""
    flipped: float = 0.1
    """Share of the training labels that are replaced by a wrong one, in [0, 1]."""
    seed: int = 0
    """Seed of everything, at least 0."""

    def __post_init__(self) -> None:
        for name in ("train_rows", "eval_rows"):
            if getattr(self, name) < 1:
                raise HardnessError(
                    f"{name} must be at least 1, got {getattr(self, name)}; the default works"
                )
        if not 0 <= self.flipped <= 1:
            raise HardnessError(f"flipped must be in [0, 1], got {self.flipped}; try 0.1")
        if self.seed < 0:
            raise HardnessError(f"seed must be at least 0, got {self.seed}; try 0")


def make_sample(config: SampleConfig) -> tuple[list[Record], list[Record]]:
    """Training and evaluation records.

    Returns:
        Two lists of records with `id`, `premise`, `hypothesis`, `label` (what a model is given),
        `tier` (0 to 3, see `hardness.demo.grammar`), `flipped` and `true_label`. No pair occurs
        twice.

    Raises:
        HardnessError: more records than the grammar has different pairs for.
    """
    rng = random.Random(config.seed)
    # The evaluation set first: from the whole grammar, not from what the training set left over.
    seen: set[tuple[str, str]] = set()
    evaluation = _records(rng, "eval", config.eval_rows, seen)
    training = _records(rng, "train", config.train_rows, seen)
    for record in _shuffled(rng, training)[: round(config.flipped * len(training))]:
        others = [label for label in LABELS if label != record["true_label"]]
        record.update(label=pick(rng, others), flipped=True)
    return training, evaluation


def write_sample(folder: str | Path, config: SampleConfig | None = None) -> tuple[Path, Path]:
    """Write `train.jsonl` and `eval.jsonl` into `folder`, which is made if missing.

    Files that already hold these bytes are left alone, so what was computed from them stays valid.

    Returns:
        The paths of the two files.
    """
    folder = Path(folder)
    training, evaluation = make_sample(config or SampleConfig())
    paths = folder / "train.jsonl", folder / "eval.jsonl"
    for path, records in zip(paths, (training, evaluation), strict=True):
        content = "".join(json.dumps(record) + "\n" for record in records).encode()
        if not path.is_file() or path.read_bytes() != content:
            with atomic_path(path) as temporary:
                temporary.write_bytes(content)
    return paths


def _records(rng: random.Random, name: str, rows: int, seen: set[tuple[str, str]]) -> list[Record]:
    drawn = []
    for index in range(rows):
        tier, label = _CELLS[index % len(_CELLS)]
        premise, hypothesis = _new_pair(rng, tier, label, seen)
        drawn.append(
            {
                "premise": premise,
                "hypothesis": hypothesis,
                "label": label,
                "tier": tier,
                "flipped": False,
                "true_label": label,
            }
        )
    shuffled = enumerate(_shuffled(rng, drawn))
    return [{"id": f"{name}-{index:05d}", **record} for index, record in shuffled]


def _new_pair(
    rng: random.Random, tier: int, label: str, seen: set[tuple[str, str]]
) -> tuple[str, str]:
    for _ in range(_MOST_TRIES):
        pair = make_pair(rng, tier, label)
        if pair not in seen:
            seen.add(pair)
            return pair
    raise HardnessError(
        f"train_rows and eval_rows must be fewer than the grammar's pairs, got no new {label} of "
        f"tier {tier} after {len(seen)} records; ask for fewer"
    )


def _shuffled(rng: random.Random, items: Iterable[Record]) -> list[Record]:
    """The items in random order, by `random()` alone for the same order on every Python."""
    keyed = [(rng.random(), index, item) for index, item in enumerate(items)]
    return [item for _, _, item in sorted(keyed, key=lambda entry: entry[:2])]
