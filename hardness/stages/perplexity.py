"""Interpolated n-gram perplexity as stages: encode, count, score.

What the store holds, beside what `hardness.stages.ngram` keeps there, for each block b of the data:

    rows-b      uint64 (n_b,)      global row of each record
    names-b     Arrow (n_b,)       the `id` column; only where there is one
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hardness.io.dataset import Dataset, open_dataset
from hardness.io.records import Columns, Partition
from hardness.io.text import join_columns
from hardness.metrics.perplexity import PerplexityConfig
from hardness.ngram.hashing import hash_strings
from hardness.ngram.interpolate import count_exclusive_types, score_records
from hardness.ngram.strings import string_buffers
from hardness.ngram.tokenize import tokenize, tokenizers
from hardness.stages.ngram import Block, NgramCounts, Totals
from hardness.stages.run import Run, Tally
from hardness.stages.store import MemoryStore

NO_HELD = np.empty(0, dtype=np.int64)


@dataclass(frozen=True, kw_only=True)
class _Source:
    """A partition to encode."""

    index: int
    dataset: Dataset
    partition: Partition
    fitted: bool
    scored: bool


@dataclass(frozen=True, kw_only=True)
class Held:
    """By how much the totals fall when a group is held out.

    Attributes:
        salts: uint64 (G,), sorted.
        n_tokens, n_types: int64 (G,).
    """

    salts: np.ndarray
    n_tokens: np.ndarray
    n_types: np.ndarray


def run(task: Run, config: PerplexityConfig) -> Tally:
    """Score every record of the task's dataset and write the parts that are missing."""
    if not config.reference:
        return _run(task, config, None)
    # The reference's texts are read the way the data's are.
    with open_dataset(config.reference, text=task.dataset.columns.text) as reference:
        return _run(task, config, reference)


def _run(task: Run, config: PerplexityConfig, reference: Dataset | None) -> Tally:
    store = MemoryStore()
    blocks = _encode(task, config, reference, store)
    counts = NgramCounts(task.cluster, store, blocks)
    n_types = [counts.count(order) for order in range(1, config.order + 1)][0]
    fitted = [block for block in blocks if block.fitted]
    totals = Totals(
        n_tokens=sum(block.n_positions for block in fitted),
        n_types=n_types,
        n_records=sum(block.n_records for block in fitted),
    )
    scored = blocks if reference is None else [block for block in blocks if not block.fitted]
    held = None
    if reference is None and config.holdout == "group":
        for order in range(1, config.order + 1):
            counts.count(order, within_groups=True)
        held = _held_by_group(task, store, counts, scored)

    hold_record = reference is None and config.holdout == "record"

    def score(block: Block) -> None:
        part = block.index - scored[0].index
        if not task.writer.has_part(part):
            table = _score_block(store, counts, block, config.order, totals, hold_record, held)
            task.writer.write_part(part, table)

    sizes = [block.n_positions for block in scored]
    task.cluster.map("scoring", score, scored, sizes=sizes, unit="tokens")
    return Tally(n_tokens=sum(b.n_positions - b.n_records for b in scored))


def _encode(
    task: Run, config: PerplexityConfig, reference: Dataset | None, store: MemoryStore
) -> list[Block]:
    """Tokenise the data and, before it, the reference, and leave the hashes in the store."""
    datasets = [task.dataset] if reference is None else [reference, task.dataset]
    pairs = [(dataset, partition) for dataset in datasets for partition in dataset.partitions]
    sources = [
        _Source(
            index=index,
            dataset=dataset,
            partition=partition,
            fitted=reference is None or dataset is reference,
            scored=dataset is task.dataset,
        )
        for index, (dataset, partition) in enumerate(pairs)
    ]
    tokenizer = tokenizers.get(config.tokenizer)
    by_group = config.holdout == "group" and reference is None

    def encode(source: _Source) -> Block:
        columns = source.dataset.columns
        wanted = _wanted(columns, scored=source.scored, by_group=by_group)
        records = source.dataset.read(source.partition, wanted)
        tokens = tokenize(join_columns(records.table, columns.text), tokenizer)
        store.put(f"ids-{source.index}", tokens.ids)
        store.put(f"starts-{source.index}", tokens.starts)
        if by_group and columns.group is not None:
            salts = group_salts(records.table.column(columns.group), records.rows)
            store.put(f"salts-{source.index}", salts)
        if source.scored:
            store.put(f"rows-{source.index}", records.rows)
            names = None if columns.id is None else records.table.column(columns.id)
            store.put(f"names-{source.index}", names)
            task.rejects.extend(records.rejects)
        return Block(
            index=source.index,
            n_positions=len(tokens.ids),
            n_records=int(np.count_nonzero(np.diff(tokens.starts))),
            fitted=source.fitted,
        )

    sizes = [source.partition.rows for source in sources]
    return task.cluster.map("reading", encode, sources, sizes=sizes, unit="records")


def _wanted(columns: Columns, *, scored: bool, by_group: bool) -> list[str]:
    extra = (columns.id if scored else None, columns.group if by_group else None)
    return list(dict.fromkeys([*columns.text, *(name for name in extra if name is not None)]))


def group_salts(groups: pa.ChunkedArray, rows: np.ndarray) -> np.ndarray:
    """uint64 (n,), equal for records of one group; a record without a group is one by itself.

    Args:
        groups: the group column (n,), strings, integers or booleans.
        rows: uint64 (n,), the records' global rows.
    """
    # A prefix keeps "no group, row 7" apart from a group called "7".
    alone = pa.array([f"r{row}" for row in rows[np.asarray(groups.is_null())]], pa.string())
    named = pc.binary_join_element_wise("g", groups.cast(pa.string()), "")
    filled = named if len(alone) == 0 else pc.replace_with_mask(named, groups.is_null(), alone)
    data, offsets = string_buffers(pa.concat_arrays(filled.chunks))
    salts = np.empty(len(rows), dtype=np.uint64)
    hash_strings(data, offsets, salts)
    return salts


def _held_by_group(task: Run, store: MemoryStore, counts: NgramCounts, blocks: list[Block]) -> Held:
    """Sum over each group its predicted tokens and the types that no other group has."""

    def of_block(block: Block) -> Held:
        starts = store.get(f"starts-{block.index}")
        unigrams = counts.at_positions(block, 1)[0]
        own = counts.at_positions(block, 1, within_groups=True)[0]
        n_types = np.empty(len(starts) - 1, dtype=np.int64)
        count_exclusive_types(starts, unigrams, own, n_types)
        return _summed(store.get(f"salts-{block.index}"), np.diff(starts), n_types)

    sizes = [block.n_positions for block in blocks]
    parts = task.cluster.map("summing groups", of_block, blocks, sizes=sizes, unit="tokens")
    return _summed(
        np.concatenate([part.salts for part in parts]),
        np.concatenate([part.n_tokens for part in parts]),
        np.concatenate([part.n_types for part in parts]),
    )


def _summed(salts: np.ndarray, n_tokens: np.ndarray, n_types: np.ndarray) -> Held:
    unique, inverse = np.unique(salts, return_inverse=True)
    sums = np.zeros((2, len(unique)), dtype=np.int64)
    np.add.at(sums[0], inverse, n_tokens)
    np.add.at(sums[1], inverse, n_types)
    return Held(salts=unique, n_tokens=sums[0], n_types=sums[1])


def _score_block(
    store: MemoryStore,
    counts: NgramCounts,
    block: Block,
    order: int,
    totals: Totals,
    hold_record: bool,
    held: Held | None,
) -> pa.Table:
    starts = store.get(f"starts-{block.index}")
    order_counts = counts.at_positions(block, order)
    own = np.empty((order, 0), dtype=order_counts.dtype)
    held_tokens = held_types = NO_HELD
    if held is not None:
        own = counts.at_positions(block, order, within_groups=True)
        group = np.searchsorted(held.salts, store.get(f"salts-{block.index}"))
        held_tokens, held_types = held.n_tokens[group], held.n_types[group]
    n_records = len(starts) - 1
    nll = np.empty(n_records, dtype=np.float64)
    n_oov = np.empty(n_records, dtype=np.int64)
    score_records(
        store.get(f"ids-{block.index}"),
        starts,
        order_counts,
        own,
        hold_record,
        np.array([totals.n_tokens, totals.n_types, totals.n_records], dtype=np.int64),
        held_tokens,
        held_types,
        nll,
        n_oov,
    )
    n_tokens = np.maximum(np.diff(starts) - 1, 0)
    undefined = np.isnan(nll)
    columns: dict[str, Any] = {"row": pa.array(store.get(f"rows-{block.index}"), pa.uint64())}
    names = store.get(f"names-{block.index}")
    if names is not None:
        columns["id"] = names
    columns["perplexity"] = pa.array(np.exp(nll), mask=undefined)
    columns["nll"] = pa.array(nll, mask=undefined)
    columns["n_tokens"] = pa.array(n_tokens.astype(np.uint32))
    columns["n_oov"] = pa.array(n_oov.astype(np.uint32), mask=undefined)
    return pa.table(columns)
