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
contexts, which are k-grams, under names that begin with `suffix-` and `context-`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import isnan
from typing import Any

import numpy as np
import numpy.typing as npt

from hardness.ngram import even
from hardness.ngram.discounts import Discounts, discounts
from hardness.ngram.distinct import (
    gather,
    list_distinct,
    route,
    scatter,
    scatter_sublist,
    share_first,
)
from hardness.ngram.kneser_ney import (
    collect,
    tabulate,
    tally,
    unigram_gamma,
    unigram_probabilities,
)
from hardness.ngram.model_config import ModelConfig
from hardness.stages.cluster import Cluster
from hardness.stages.ngram import Block, NgramCounts
from hardness.stages.slices import Slices, even_spans, n_bits_for
from hardness.stages.store import Store

_TASKS_PER_ORDER = 32
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


@dataclass(frozen=True, kw_only=True)
class _Level:
    """What tasks need that see to the (k + 1)-grams; it can be sent to workers.

    Attributes:
        order: k.
        n_bits: log2 of how many partitions they are routed to.
        dtype: of counts.
        amounts: 0, and the discounts D1, D2, D3+ of order k + 1.
    """

    store: Store
    config: ModelConfig
    order: int
    n_bits: int
    dtype: type[np.unsignedinteger]
    amounts: tuple[float, ...]

    def get(self, kind: str, order: int, block: Block, dtype: npt.DTypeLike) -> np.ndarray:
        return self.store.get(f"{kind}-{order}-{block.index}", dtype)

    def put(self, kind: str, order: int, block: Block, array: np.ndarray) -> None:
        self.store.put(f"{kind}-{order}-{block.index}", array)

    def create(self, kind: str, order: int, block: Block, size: int, dtype: npt.DTypeLike) -> None:
        self.store.create(f"{kind}-{order}-{block.index}", size, dtype)


@dataclass(frozen=True, kw_only=True)
class _Span:
    """The partitions of one task."""

    suffixes: Slices
    contexts: Slices


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
        spans = [
            _Span(
                suffixes=Slices(blocks=indices, bounds=suffixes[:, a : b + 1]),
                contexts=Slices(blocks=indices, bounds=contexts[:, a : b + 1]),
            )
            for a, b in even_spans(suffixes.sum(axis=0), _TASKS_PER_ORDER)
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
    task = partial(_list_longest, counts=counts, config=config)
    sums = {config.order: stages.sum_blocks(f"listing {config.order}-grams", task)}
    stages.forget(config.order, "counts", "bounds")
    levels: dict[int, _Level] = {}
    bos_gamma = 1.0
    for order in range(config.order - 1, 0, -1):
        levels[order] = _Level(
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


def _come_down(stages: _Stages, level: _Level) -> tuple[float, np.ndarray]:
    """Make the list of one order from that of the next.

    Returns:
        gamma of the context `<s>`, 1 unless the order is 1, and the tally of the order.
    """
    order = level.order
    stages.map_blocks(f"linking {order}-grams", partial(_link, level=level))
    gammas = stages.map_spans(f"summing {order}-grams", partial(_sum_span, level=level), order)
    stages.forget(order, "suffix-keys", "context-keys", "context-counts")
    stages.forget(order + 1, "adjusted")
    sums = stages.sum_blocks(f"collecting {order}-grams", partial(_collect, level=level))
    stages.forget(order, "suffix-counts", "suffix-votes", "suffix-gammas")
    stages.forget(order, "context-places", "context-shares", "context-weights")
    return next((gamma for gamma in gammas if gamma is not None), 1.0), sums


def _go_up(stages: _Stages, level: _Level) -> None:
    """Make the probabilities of one order from those of the order below."""
    order = level.order
    stages.map_blocks(f"spreading {order}-grams", partial(_spread, level=level))
    stages.map_spans(f"sharing {order}-grams", partial(_share_span, level=level), order)
    stages.forget(order, "suffix-entries")
    stages.map_blocks(f"interpolating {order + 1}-grams", partial(_interpolate, level=level))
    stages.forget(order, "suffix-probs", "suffix-places", "suffix-bounds", "context-bounds")
    stages.forget(order + 1, "shares", "weights")


def _list_longest(block: Block, *, counts: NgramCounts, config: ModelConfig) -> list[int]:
    order, store = config.order, counts.store
    values = np.empty(block.n_positions, dtype=counts.dtype)
    counts.fill_positions(block, order, values)
    starts = store.get(f"starts-{block.index}", np.int64)
    positions, depths, raw = list_distinct(starts, values)
    for kind, array in (("list", positions), ("depths", depths), ("raw", raw), ("adjusted", raw)):
        store.put(f"{kind}-{order}-{block.index}", array)
    return tally(depths, raw, raw, order, config.thresholds[order - 1]).tolist()


def _link(block: Block, *, level: _Level) -> None:
    """Route the (k + 1)-grams by their suffixes and by their contexts."""
    order, longer = level.order, level.order + 1
    ids = level.store.get(f"ids-{block.index}", np.uint64)
    positions = level.get("list", longer, block, np.uint32)
    depths = level.get("depths", longer, block, np.uint8)
    raw = level.get("raw", longer, block, level.dtype)
    adjusted = level.get("adjusted", longer, block, level.dtype)
    is_padded = depths < longer - 2
    is_pruned = raw <= level.config.thresholds[order]

    keys, bounds, places = route(ids, positions, depths, order, 0, 0, level.n_bits)
    level.put("suffix-keys", order, block, keys)
    level.put("suffix-bounds", order, block, bounds)
    level.put("suffix-places", order, block, places)
    level.put("suffix-counts", order, block, scatter(places, raw, ~is_padded, len(keys)))
    level.create("suffix-entries", order, block, len(keys), np.uint32)
    level.create("suffix-votes", order, block, len(keys), level.dtype)
    level.create("suffix-gammas", order, block, len(keys), np.float32)

    keys, bounds, places = route(ids, positions, depths, order, 1, longer - 2, level.n_bits)
    level.put("context-keys", order, block, keys)
    level.put("context-bounds", order, block, bounds)
    level.put("context-places", order, block, places)
    level.put("context-counts", order, block, scatter(places, adjusted, is_pruned, len(keys)))
    level.create("context-shares", order, block, len(keys), np.float32)
    level.create("context-weights", order, block, len(keys), np.float32)


def _sum_span(span: _Span, *, level: _Level) -> float | None:
    """Sum over the k-grams of some partitions; returns gamma of `<s>` if it is among them."""
    order, store = level.order, level.store
    suffixes = span.suffixes.read(store, f"suffix-keys-{order}", np.uint64)
    suffix_counts = span.suffixes.read(store, f"suffix-counts-{order}", level.dtype)
    contexts = span.contexts.read(store, f"context-keys-{order}", np.uint64)
    context_counts = span.contexts.read(store, f"context-counts-{order}", level.dtype)
    entries = np.empty(len(suffixes), dtype=np.uint32)
    votes = np.empty(len(suffixes), dtype=level.dtype)
    gammas = np.empty(len(suffixes), dtype=np.float32)
    shares = np.empty(len(contexts), dtype=np.float32)
    weights = np.empty(len(contexts), dtype=np.float32)
    bos_gamma = tabulate(
        suffixes,
        suffix_counts,
        span.suffixes.local_bounds(),
        contexts,
        context_counts,
        span.contexts.local_bounds(),
        np.array(level.amounts),
        entries,
        votes,
        gammas,
        shares,
        weights,
    )
    span.suffixes.write(store, f"suffix-counts-{order}", suffix_counts)
    span.suffixes.write(store, f"suffix-entries-{order}", entries)
    span.suffixes.write(store, f"suffix-votes-{order}", votes)
    span.suffixes.write(store, f"suffix-gammas-{order}", gammas)
    span.contexts.write(store, f"context-shares-{order}", shares)
    span.contexts.write(store, f"context-weights-{order}", weights)
    return None if isnan(bos_gamma) else float(bos_gamma)


def _collect(block: Block, *, level: _Level) -> list[int]:
    """Make the list of k-grams; give the (k + 1)-grams what they know of their probability."""
    order, longer, config = level.order, level.order + 1, level.config
    depths = level.get("depths", longer, block, np.uint8)
    places = level.get("context-places", order, block, np.uint32)
    shares = gather(places, level.get("context-shares", order, block, np.float32))
    weights = gather(places, level.get("context-weights", order, block, np.float32))
    positions, depths_below, raw, adjusted, gammas = collect(
        level.get("list", longer, block, np.uint32),
        depths,
        level.get("suffix-places", order, block, np.uint32),
        level.get("suffix-counts", order, block, level.dtype),
        level.get("suffix-votes", order, block, level.dtype),
        level.get("suffix-gammas", order, block, np.float32),
        order,
        not config.interpolated,
    )
    if config.interpolated:
        # With no discounts, gamma is 0 for all contexts that were seen.
        shares = even.share_of(shares, depths, longer, config.order)
        weights = even.weight_of(depths, longer, config.order)
        gammas = even.back_off_of(gammas == 0, depths_below, order, config.order)
    level.put("shares", longer, block, shares)
    level.put("weights", longer, block, weights)
    level.put("list", order, block, positions)
    level.put("depths", order, block, depths_below)
    level.put("raw", order, block, raw)
    level.put("adjusted", order, block, adjusted)
    level.put("gammas", order, block, gammas)
    return tally(depths_below, raw, adjusted, order, config.thresholds[order - 1]).tolist()


def _put_unigrams(stages: _Stages, level: _Level, sums: np.ndarray) -> float:
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
    stages.map_blocks("probabilities of tokens", partial(_put_unigrams_of, level=level, of=of))
    stages.forget(1, "adjusted")
    return float(of(np.zeros(1, dtype=level.dtype))[0])


def _put_unigrams_of(block: Block, *, level: _Level, of: Callable[[np.ndarray], np.ndarray]) -> None:
    level.put("probs", 1, block, of(level.get("adjusted", 1, block, level.dtype)))


def _spread(block: Block, *, level: _Level) -> None:
    """Bring the probabilities of k-grams to where the (k + 1)-grams' suffixes were routed."""
    values = scatter_sublist(
        level.get("list", level.order + 1, block, np.uint32),
        level.get("suffix-places", level.order, block, np.uint32),
        level.get("list", level.order, block, np.uint32),
        level.get("probs", level.order, block, np.float32),
    )
    level.put("suffix-probs", level.order, block, values)


def _share_span(span: _Span, *, level: _Level) -> None:
    """Give every suffix the probability that came to the first of its kind."""
    entries = span.suffixes.read(level.store, f"suffix-entries-{level.order}", np.uint32)
    values = span.suffixes.read(level.store, f"suffix-probs-{level.order}", np.float32)
    share_first(entries, span.suffixes.local_bounds(), values)
    span.suffixes.write(level.store, f"suffix-probs-{level.order}", values)


def _interpolate(block: Block, *, level: _Level) -> None:
    longer = level.order + 1
    places = level.get("suffix-places", level.order, block, np.uint32)
    lower = gather(places, level.get("suffix-probs", level.order, block, np.float32))
    shares = level.get("shares", longer, block, np.float32)
    weights = level.get("weights", longer, block, np.float32)
    level.put("probs", longer, block, shares + weights * lower)
