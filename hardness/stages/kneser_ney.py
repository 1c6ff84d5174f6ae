"""Back-off models as stages: list the longest n-grams, come down order by order, and go up again.

Coming down, the distinct (k + 1)-grams are summed over their suffixes, which gives the k-grams with
their counts and adjusted counts, and over their contexts, which gives what of their probability
does not come from the order below and with which weight the rest does. Going up, each order's
probabilities are made of those of the order below.

What the store holds, for each block b and order k, beside `ids-b` and `starts-b`:

    list-k-b      uint32 (D,)    first positions of distinct k-grams, see `hardness.ngram.distinct`
    depths-k-b    uint8 (D,)
    raw-k-b       unsigned (D,)  how often each occurs
    adjusted-k-b  unsigned (D,)  its adjusted count
    shares-k-b    float32 (D,)   P = share + weight · P_lower; not for order 1
    weights-k-b   float32 (D,)
    gammas-k-b    float32 (D,)   back-off weights; not for the highest order
    probs-k-b     float32 (D,)   P

and, until they are used, the keys and values of (k + 1)-grams routed by their suffixes and by their
contexts, which are k-grams, under names that begin with `suffix-` and `context-`. No task changes
what it reads, so one that was cut short can be run again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from hardness.memory import give_back
from hardness.ngram import even
from hardness.ngram.discounts import Discounts, discounts
from hardness.ngram.kneser_ney import unigram_gamma, unigram_probabilities
from hardness.ngram.model_config import ModelConfig
from hardness.stages import kneser_ney_tasks as tasks
from hardness.stages.cluster import Cluster
from hardness.stages.ngram import Block, NgramCounts
from hardness.stages.slices import Slices, even_spans, n_bits_for
from hardness.stages.store import Store

_TASKS_PER_ORDER = 64
_KEYS_PER_TASK = 2_000_000
"""At most, about: a task takes up to 100 bytes for each."""
_TOTAL, _KEPT, _LISTED = 4, 5, 6  # of what `tally` returns


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A model whose n-grams are in the store.

    Attributes:
        sizes: n-grams of each order that are not pruned, from 1, without `<unk>` and `<s>`.
        discounts: of each order from 1; none for even interpolation.
        unk: P(<unk>).
        bos_gamma: back-off weight of `<s>`.
    """

    sizes: tuple[int, ...]
    discounts: tuple[Discounts, ...]
    unk: float
    bos_gamma: float


class _Stages:
    """Runs the stages of one estimate, in the process that holds the cluster."""

    def __init__(self, cluster: Cluster, store: Store, blocks: Sequence[Block]) -> None:
        self.cluster = cluster
        self.store = store
        self.blocks = list(blocks)

    def map_blocks(self, stage: str, function: Callable[..., Any]) -> list[Any]:
        sizes = [block.n_positions for block in self.blocks]
        return self.cluster.map(
            stage, function, self.blocks, sizes=sizes, unit="tokens", store=self.store
        )

    def sum_blocks(self, stage: str, function: Callable[..., list[int]]) -> np.ndarray:
        return np.sum(self.map_blocks(stage, function), axis=0)

    def map_spans(self, stage: str, function: Callable[..., Any], order: int) -> list[Any]:
        indices = tuple(block.index for block in self.blocks)
        suffixes, contexts = (
            np.stack([self.store.get(f"{kind}-bounds-{order}-{i}", np.int64) for i in indices])
            for kind in ("suffix", "context")
        )
        cumulative = suffixes.sum(axis=0)
        n_tasks = max(_TASKS_PER_ORDER, int(cumulative[-1]) // _KEYS_PER_TASK)
        spans = [
            tasks.Span(
                suffixes=Slices(blocks=indices, bounds=suffixes[:, a : b + 1]),
                contexts=Slices(blocks=indices, bounds=contexts[:, a : b + 1]),
            )
            for a, b in even_spans(cumulative, n_tasks)
        ]
        sizes = [int(span.suffixes.sizes.sum()) for span in spans]
        return self.cluster.map(
            stage, function, spans, sizes=sizes, unit="n-grams", store=self.store
        )

    def forget(self, order: int, *kinds: str) -> None:
        for block in self.blocks:
            for kind in kinds:
                self.store.delete(f"{kind}-{order}-{block.index}")


def estimate(
    cluster: Cluster, store: Store, blocks: Sequence[Block], config: ModelConfig
) -> Estimate:
    """Estimate a model of encoded blocks and leave its n-grams in the store.

    Args:
        cluster: where the stages run.
        store: holds `ids-b` and `starts-b` of every block.
        blocks: at least one position in all.
        config: of the model.
    """
    stages = _Stages(cluster, store, blocks)
    counts = NgramCounts.plan(store, blocks)
    counts.count(cluster, config.order)
    task = partial(tasks.list_longest, counts=counts, config=config)
    sums = {config.order: stages.sum_blocks(f"listing {config.order}-grams", task)}
    stages.forget(config.order, "counts")
    levels: dict[int, tasks.Level] = {}
    bos_gamma = 1.0
    for order in range(config.order - 1, 0, -1):
        levels[order] = tasks.Level(
            store=store,
            config=config,
            order=order,
            n_bits=n_bits_for(int(sums[order + 1][_LISTED])),
            dtype=counts.dtype,
            amounts=_amounts(sums[order + 1], config),
        )
        bos_gamma, sums[order] = _come_down(stages, levels[order])
    unk = _put_unigrams(stages, levels[1], sums[1])
    for order in range(1, config.order):
        _go_up(stages, levels[order])
    if config.interpolated:
        bos_gamma = 1 / config.order
    return Estimate(
        sizes=tuple(int(sums[order][_KEPT]) for order in sorted(sums)),
        discounts=()
        if config.interpolated
        else tuple(_discounts(sums[order]) for order in sorted(sums)),
        unk=unk,
        bos_gamma=bos_gamma,
    )


def _discounts(sums: np.ndarray) -> Discounts:
    return discounts(sums[:4].tolist())


def _amounts(sums: np.ndarray, config: ModelConfig) -> tuple[float, ...]:
    return (0.0, 0.0, 0.0, 0.0) if config.interpolated else (0.0, *_discounts(sums).amounts)


def _come_down(stages: _Stages, level: tasks.Level) -> tuple[float, np.ndarray]:
    """Make the list of one order from that of the next.

    Returns:
        gamma of the context `<s>`, 1 unless the order is 1, and the tally of the order.
    """
    order = level.order
    give_back()
    stages.map_blocks(f"linking {order}-grams", partial(tasks.link, level=level))
    give_back()
    gammas = stages.map_spans(f"summing {order}-grams", partial(tasks.sum_span, level=level), order)
    stages.forget(order, "suffix-keys", "suffix-counts", "context-keys", "context-counts")
    stages.forget(order + 1, "adjusted")
    sums = stages.sum_blocks(f"collecting {order}-grams", partial(tasks.collect, level=level))
    stages.forget(order, "suffix-totals", "suffix-votes", "suffix-gammas")
    stages.forget(order, "context-places", "context-shares", "context-weights")
    return next((gamma for gamma in gammas if gamma is not None), 1.0), sums


def _go_up(stages: _Stages, level: tasks.Level) -> None:
    """Make the probabilities of one order from those of the order below."""
    order = level.order
    stages.map_blocks(f"spreading {order}-grams", partial(tasks.spread, level=level))
    stages.map_spans(f"sharing {order}-grams", partial(tasks.share_span, level=level), order)
    stages.forget(order, "suffix-entries")
    stages.map_blocks(f"interpolating {order + 1}-grams", partial(tasks.interpolate, level=level))
    stages.forget(order, "suffix-probs", "suffix-places")
    stages.forget(order + 1, "shares", "weights")


def _put_unigrams(stages: _Stages, level: tasks.Level, sums: np.ndarray) -> float:
    """Leave the probabilities of the tokens in the store; returns P(<unk>)."""
    n1, n2 = int(sums[0]), int(sums[1])
    total, n_types = int(sums[_TOTAL]), int(sums[_LISTED])
    if level.config.interpolated:
        of = partial(even.unigram_probability, n_tokens=total, n_types=n_types)
    else:
        amounts = _amounts(sums, level.config)
        gamma = unigram_gamma((n1, n2, n_types - n1 - n2), amounts, total)
        of = partial(
            unigram_probabilities, amounts=amounts, total=total, gamma=gamma, n_types=n_types
        )
    stages.map_blocks("probabilities of tokens", partial(tasks.put_unigrams, level=level, of=of))
    stages.forget(1, "adjusted")
    return float(of(np.zeros(1, dtype=level.dtype))[0])
