"""Interpolated modified Kneser-Ney estimation, and even interpolation in the same steps.

Legend: K the order of the model, V predicted types (`</s>` among them, `<s>` not), B blocks of
records, P partitions of the key space, S suffixes and C contexts at hand.

With a(uw) the adjusted count of an n-gram, which is its count c(uw) where n = K or `<s>` begins it
and otherwise the number of types that stand to its left, and D the discounts of its order:

    P(w|u)  = (a(uw) - D(a(uw))) / sum_x a(ux) + gamma(u) P(w|u')       u' is u less its first token
    P(w)    = (a(w) - D(a(w))) / sum_x a(x) + gamma() / (V + 1)         the + 1 is for <unk>
    gamma(u) = (sum over kept ux of D(a(ux)) + sum over pruned ux of a(ux)) / sum_x a(ux)

An n-gram longer than 1 is pruned where c is at most its order's threshold. Every probability has
the form P = share + weight · P_lower, and gamma(u) is the back-off weight of u: P(w|u) =
gamma(u) P(w|u') for every w that is not listed after u.

Source: Chen and Goodman 1998; Heafield et al. 2013, "Scalable Modified Kneser-Ney Language Model
Estimation", and for pruning what its implementation, KenLM's `lmplz`, does. One thing that `lmplz`
0.3.0 does is not done here: in the counts of counts that give the discounts of an order below K, it
enters c instead of a for the last n-gram of its sort, one that ends with the word that is the last
to be new in the text. That makes a difference if this word is frequent and the corpus so small that
one n-gram matters. The format's -99 stands for log10 0, for which `lmplz` writes -inf.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numba import int64, njit

from hardness.ngram.count import FIRST
from hardness.ngram.distinct import NOWHERE
from hardness.ngram.hashing import BOS
from hardness.ngram.slots import clear, find_slot, key_table, nonzero

N_SUMS = 5
"""Per context: sum of all a, kept n-grams with a = 1, a = 2 and a > 2, sum of the pruned a."""


def tabulate(
    suffixes: np.ndarray,
    suffix_counts: np.ndarray,
    suffix_bounds: np.ndarray,
    contexts: np.ndarray,
    context_counts: np.ndarray,
    context_bounds: np.ndarray,
    amounts: np.ndarray,
    entries: np.ndarray,
    votes: np.ndarray,
    gammas: np.ndarray,
    shares: np.ndarray,
    weights: np.ndarray,
) -> float:
    """Sum up the (k + 1)-grams over their suffixes and over their contexts, which are k-grams.

    Args:
        suffixes: uint64 (S,), keys of the last k tokens of distinct (k + 1)-grams, block after
            block, partition after partition inside a block.
        suffix_counts: unsigned (S,), 2·count of the (k + 1)-gram + 1 if its first token votes for
            the suffix. Replaced by 2·count of the suffix + `FIRST`.
        suffix_bounds: int64 (B, P + 1), where the keys of each block's partitions begin and end.
        contexts: uint64 (C,), keys of the first k tokens of distinct (k + 1)-grams, likewise.
        context_counts: unsigned (C,), 2·a of the (k + 1)-gram + 1 if it is pruned.
        context_bounds: int64 (B, P + 1).
        amounts: float64 (4,), 0 and the discounts D1, D2, D3+ of order k + 1.
        entries: uint32 (S,), filled: the suffix's number in its partition, by first place.
        votes: unsigned (S,), filled: distinct tokens to the left of the suffix.
        gammas: float32 (S,), filled: gamma of the suffix as a context, 1 where it is none.
        shares, weights: float32 (C,), filled: the (k + 1)-gram's P = share + weight · P_lower.

    Returns:
        gamma of the context `<s>`, NaN unless it is among the contexts.
    """
    # No partition has more distinct keys than all of its suffixes, and `<s>`.
    most = int(np.diff(suffix_bounds).sum(axis=0).max(initial=0)) + 1
    room = (
        *key_table(1 << (2 * most - 1).bit_length()),
        np.zeros((most, 2), dtype=np.int64),
        np.zeros((most, N_SUMS), dtype=np.int64),
        np.empty(most, dtype=np.float64),
        np.empty(len(contexts), dtype=np.uint32),
    )
    return _tabulate(
        suffixes, suffix_counts, suffix_bounds, contexts, context_counts, context_bounds, amounts,
        entries, votes, gammas, shares, weights, *room,
    )  # fmt: skip


@njit(nogil=True, cache=True)
def _tabulate(
    suffixes, suffix_counts, suffix_bounds, contexts, context_counts, context_bounds, amounts,
    entries, votes, gammas, shares, weights,
    slot_keys, slot_entries, counts, sums, gamma_of, context_entries,
):  # fmt: skip
    bos_gamma = np.nan
    for p in range(suffix_bounds.shape[1] - 1):
        clear(slot_keys)
        n_entries = int64(0)
        for block in range(suffix_bounds.shape[0]):
            start, stop = suffix_bounds[block, p], suffix_bounds[block, p + 1]
            n_entries = _enter(suffixes, start, stop, slot_keys, slot_entries, n_entries, entries)
            _add_counts(suffix_counts, start, stop, entries, counts)
        for block in range(context_bounds.shape[0]):
            start, stop = context_bounds[block, p], context_bounds[block, p + 1]
            # Every context is some suffix too but for `<s>` alone, which is not predicted.
            n_entries = _enter(
                contexts, start, stop, slot_keys, slot_entries, n_entries, context_entries
            )
            _add_sums(context_counts, start, stop, context_entries, sums)
        for entry in range(n_entries):
            gamma_of[entry] = _gamma(sums, entry, amounts)
        slot = find_slot(slot_keys, BOS)
        if slot_keys[slot] == BOS:
            bos_gamma = gamma_of[slot_entries[slot]]
        due = int64(0)
        for block in range(suffix_bounds.shape[0]):
            for i in range(suffix_bounds[block, p], suffix_bounds[block, p + 1]):
                entry = entries[i]
                first = entry == due
                due += first
                suffix_counts[i] = 2 * counts[entry, 0] + first
                votes[i] = counts[entry, 1]
                gammas[i] = gamma_of[entry]
        for block in range(context_bounds.shape[0]):
            for i in range(context_bounds[block, p], context_bounds[block, p + 1]):
                entry = context_entries[i]
                a = int64(context_counts[i] >> 1)
                shares[i] = (a - amounts[min(a, 3)]) / sums[entry, 0]
                weights[i] = gamma_of[entry]
        _forget(counts, sums, n_entries)
    return bos_gamma


@njit(nogil=True, cache=True)
def _enter(keys, start, stop, slot_keys, slot_entries, n_entries, entries):
    """Number the keys in the order of their first places; returns how many there are by now."""
    for i in range(start, stop):
        key = nonzero(keys[i])
        slot = find_slot(slot_keys, key)
        if slot_keys[slot] == 0:
            slot_keys[slot] = key
            slot_entries[slot] = n_entries
            n_entries += 1
        entries[i] = slot_entries[slot]
    return n_entries


@njit(inline="always")
def _add_counts(suffix_counts, start, stop, entries, counts):
    for i in range(start, stop):
        counts[entries[i], 0] += int64(suffix_counts[i] >> 1)
        counts[entries[i], 1] += int64(suffix_counts[i] & 1)


@njit(inline="always")
def _add_sums(context_counts, start, stop, entries, sums):
    for i in range(start, stop):
        a = int64(context_counts[i] >> 1)
        sums[entries[i], 0] += a
        if context_counts[i] & 1:
            sums[entries[i], 4] += a
        else:
            sums[entries[i], min(a, 3)] += 1


@njit(inline="always")
def _forget(counts, sums, n_entries):
    for entry in range(n_entries):
        counts[entry, 0] = 0
        counts[entry, 1] = 0
        for i in range(N_SUMS):
            sums[entry, i] = 0


@njit(inline="always")
def _gamma(sums, entry, amounts):
    if sums[entry, 0] == 0:
        return 1.0
    mass = sums[entry, 4] + amounts[1] * sums[entry, 1]
    mass += amounts[2] * sums[entry, 2] + amounts[3] * sums[entry, 3]
    return mass / sums[entry, 0]


def collect(
    positions: np.ndarray,
    depths: np.ndarray,
    places: np.ndarray,
    counts: np.ndarray,
    votes: np.ndarray,
    gammas: np.ndarray,
    order: int,
    by_votes: bool,
) -> tuple[np.ndarray, ...]:
    """The list of distinct k-grams from that of distinct (k + 1)-grams.

    Args:
        positions, depths, places: (D,), the (k + 1)-grams and where their suffixes were routed.
        counts, votes, gammas: (D,), of the suffixes, as `tabulate` left them.
        order: k.
        by_votes: whether the adjusted count of a k-gram that `<s>` does not begin is its votes.

    Returns:
        positions, depths, counts, adjusted counts and gammas (d,) of the k-grams.
    """
    n_distinct = np.count_nonzero(counts & FIRST)
    dtypes = (positions.dtype, depths.dtype, counts.dtype, counts.dtype, gammas.dtype)
    outs = tuple(np.empty(n_distinct, dtype=dtype) for dtype in dtypes)
    _collect(positions, depths, places, counts, votes, gammas, order, by_votes, *outs)
    return outs


@njit(nogil=True, cache=True)
def _collect(
    positions, depths, places, counts, votes, gammas, order, by_votes,
    out_positions, out_depths, out_counts, out_adjusted, out_gammas,
):  # fmt: skip
    i = 0
    for j in range(len(positions)):
        place = places[j]
        if place == NOWHERE or not counts[place] & FIRST:
            continue
        count = counts[place] >> 1
        out_positions[i] = positions[j]
        out_depths[i] = depths[j]
        out_counts[i] = count
        out_adjusted[i] = votes[place] if by_votes and depths[j] > order - 2 else count
        out_gammas[i] = gammas[place]
        i += 1


def tally(
    depths: np.ndarray, counts: np.ndarray, adjusted: np.ndarray, order: int, threshold: int
) -> np.ndarray:
    """Count the n-grams of a list.

    Returns:
        int64 (7,): how many that are not padded have adjusted count 1 to 4; the sum of all their
        adjusted counts; how many of them are not pruned; how many n-grams are listed.
    """
    out = np.zeros(7, dtype=np.int64)
    out[6] = len(depths)
    _tally(depths, counts, adjusted, order, threshold, out)
    return out


@njit(nogil=True, cache=True)
def _tally(depths, counts, adjusted, order, threshold, out):
    for j in range(len(depths)):
        if depths[j] >= order - 2:
            if adjusted[j] <= 4:
                out[int64(adjusted[j]) - 1] += 1
            out[4] += int64(adjusted[j])
            out[5] += counts[j] > threshold


def unigram_probabilities(
    adjusted: np.ndarray, amounts: tuple[float, ...], total: int, gamma: float, n_types: int
) -> np.ndarray:
    """float32 (D,): P(w) by the formula above; an adjusted count of 0 gives P(<unk>).

    Args:
        adjusted: unsigned (D,), a(w).
        amounts: 0, D1, D2 and D3+ of order 1.
        total: sum of a over all types.
        gamma: gamma().
        n_types: V.
    """
    discounted = adjusted - np.array(amounts)[np.minimum(adjusted, 3)]
    return (discounted / total + gamma / (n_types + 1)).astype(np.float32)


def unigram_gamma(counts_of_counts: Sequence[int], amounts: tuple[float, ...], total: int) -> float:
    """gamma(), the mass that all types share.

    Args:
        counts_of_counts: how many types have adjusted count 1, 2, and 3 or more.
        amounts: 0, D1, D2 and D3+ of order 1.
        total: sum of a over all types.
    """
    mass = sum(n * amount for n, amount in zip(counts_of_counts, amounts[1:], strict=True))
    return mass / total
