"""What one task does in the stages of `hardness.stages.kneser_ney`.

A task sees to one block of records, or to the same partitions of all blocks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isnan

import numpy as np
import numpy.typing as npt

from hardness.ngram import even, kneser_ney
from hardness.ngram.distinct import (
    gather,
    list_distinct,
    route,
    scatter,
    scatter_sublist,
    share_first,
)
from hardness.ngram.kneser_ney import tabulate, tally
from hardness.ngram.model_config import ModelConfig
from hardness.stages.ngram import Block, NgramCounts
from hardness.stages.slices import Slices
from hardness.stages.store import Store


@dataclass(frozen=True, kw_only=True)
class Level:
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
class Span:
    """The partitions of one task."""

    suffixes: Slices
    contexts: Slices


def list_longest(block: Block, *, counts: NgramCounts, config: ModelConfig) -> list[int]:
    order, store = config.order, counts.store
    values = np.empty(block.n_positions, dtype=counts.dtype)
    counts.fill_positions(block, order, values)
    starts = store.get(f"starts-{block.index}", np.int64)
    positions, depths, raw = list_distinct(starts, values)
    for kind, array in (("list", positions), ("depths", depths), ("raw", raw), ("adjusted", raw)):
        store.put(f"{kind}-{order}-{block.index}", array)
    return tally(depths, raw, raw, order, config.thresholds[order - 1]).tolist()


def link(block: Block, *, level: Level) -> None:
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
    level.create("suffix-totals", order, block, len(keys), level.dtype)
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


def sum_span(span: Span, *, level: Level) -> float | None:
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
    span.suffixes.write(store, f"suffix-totals-{order}", suffix_counts)
    span.suffixes.write(store, f"suffix-entries-{order}", entries)
    span.suffixes.write(store, f"suffix-votes-{order}", votes)
    span.suffixes.write(store, f"suffix-gammas-{order}", gammas)
    span.contexts.write(store, f"context-shares-{order}", shares)
    span.contexts.write(store, f"context-weights-{order}", weights)
    return None if isnan(bos_gamma) else float(bos_gamma)


def collect(block: Block, *, level: Level) -> list[int]:
    """Make the list of k-grams; give the (k + 1)-grams what they know of their probability."""
    order, longer, config = level.order, level.order + 1, level.config
    depths = level.get("depths", longer, block, np.uint8)
    places = level.get("context-places", order, block, np.uint32)
    shares = gather(places, level.get("context-shares", order, block, np.float32))
    weights = gather(places, level.get("context-weights", order, block, np.float32))
    positions, depths_below, raw, adjusted, gammas = kneser_ney.collect(
        level.get("list", longer, block, np.uint32),
        depths,
        level.get("suffix-places", order, block, np.uint32),
        level.get("suffix-totals", order, block, level.dtype),
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


def put_unigrams(block: Block, *, level: Level, of: Callable[[np.ndarray], np.ndarray]) -> None:
    level.put("probs", 1, block, of(level.get("adjusted", 1, block, level.dtype)))


def spread(block: Block, *, level: Level) -> None:
    """Bring the probabilities of k-grams to where the (k + 1)-grams' suffixes were routed."""
    values = scatter_sublist(
        level.get("list", level.order + 1, block, np.uint32),
        level.get("suffix-places", level.order, block, np.uint32),
        level.get("list", level.order, block, np.uint32),
        level.get("probs", level.order, block, np.float32),
    )
    level.put("suffix-probs", level.order, block, values)


def share_span(span: Span, *, level: Level) -> None:
    """Give every suffix the probability that came to the first of its kind."""
    entries = span.suffixes.read(level.store, f"suffix-entries-{level.order}", np.uint32)
    values = span.suffixes.read(level.store, f"suffix-probs-{level.order}", np.float32)
    share_first(entries, span.suffixes.local_bounds(), values)
    span.suffixes.write(level.store, f"suffix-probs-{level.order}", values)


def interpolate(block: Block, *, level: Level) -> None:
    longer = level.order + 1
    places = level.get("suffix-places", level.order, block, np.uint32)
    lower = gather(places, level.get("suffix-probs", level.order, block, np.float32))
    shares = level.get("shares", longer, block, np.float32)
    weights = level.get("weights", longer, block, np.float32)
    level.put("probs", longer, block, shares + weights * lower)
