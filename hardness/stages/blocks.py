"""Blocks: partitions whose tokens are in the store, put there first and scored last.

What the store holds for each block b, those of a reference first:

    ids-b       uint64 (T_b,)      token hashes, see `hardness.ngram.tokenize.Tokens`
    starts-b    int64 (n_b + 1,)
    salts-b     uint64 (n_b,)      the group of each record; only where groups are held out
    rows-b      uint64 (n_b,)      global row of each record; only of what is scored
    names-b     Arrow (n_b,)       the `id` column; only of what is scored and has one
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

import numpy as np

from hardness.io.records import Records
from hardness.ngram.tokenize import Tokens
from hardness.stages.groups import group_salts
from hardness.stages.ngram import Block
from hardness.stages.run import PartWriter, Run
from hardness.stages.sources import Source
from hardness.stages.store import Store

Score = Callable[[Block], Mapping[str, Any]]
"""The metric's columns for the records of a block."""


def read_source(source: Source, *, labelled: bool = False, by_group: bool = False) -> Records:
    """The texts of a partition, and the other columns that are needed of it.

    Args:
        source: which partition.
        labelled: with the labels.
        by_group: with the groups.
    """
    columns = source.dataset.columns
    others = (
        columns.label if labelled else None,
        columns.id if source.scored else None,
        columns.group if by_group else None,
    )
    wanted = [*columns.text, *(name for name in others if name is not None)]
    return source.dataset.read(source.partition, list(dict.fromkeys(wanted)))


def put_tokens(
    store: Store, source: Source, records: Records, tokens: Tokens, *, by_group: bool = False
) -> dict[str, Any]:
    """Leave a partition's tokens in the store, with what tells its records apart.

    Returns:
        `block`, the fields of the block that it is now, and `rejects`, those of the records that
        could not be read; they fit JSON.
    """
    index, columns = source.index, source.dataset.columns
    store.put(f"ids-{index}", tokens.ids)
    store.put(f"starts-{index}", tokens.starts)
    if by_group and columns.group is not None:
        salts = group_salts(records.table.column(columns.group), records.rows)
        store.put(f"salts-{index}", salts)
    if source.scored:
        store.put(f"rows-{index}", records.rows)
        if columns.id is not None:
            store.put_column(f"names-{index}", records.table.column(columns.id))
    block = Block(
        index=index,
        n_positions=len(tokens.ids),
        n_records=int(np.count_nonzero(np.diff(tokens.starts))),
        fitted=source.fitted,
    )
    # What cannot be read in a reference was never asked to be scored.
    rejects = records.rejects if source.scored else []
    return {"block": asdict(block), "rejects": [asdict(reject) for reject in rejects]}


def write_blocks(task: Run, scored: Sequence[Block], score: Score) -> None:
    """Score the blocks of the data whose parts are missing, and write those.

    Args:
        task: what is to be computed.
        scored: the blocks of the data.
        score: see `Score`.
    """
    task.writer.begin()
    missing = [scored[part] for part in task.writer.missing]
    task.cluster.map(
        "scoring",
        partial(
            _write_block,
            score=score,
            store=task.store,
            first=scored[0].index,
            named=task.dataset.columns.id is not None,
            writer=task.writer,
        ),
        missing,
        sizes=[block.n_positions for block in missing],
        unit="tokens",
    )


def _write_block(
    block: Block, *, score: Score, store: Store, first: int, named: bool, writer: PartWriter
) -> None:
    writer.write(
        block.index - first,
        store.get(f"rows-{block.index}", np.uint64),
        score(block),
        ids=store.get_column(f"names-{block.index}") if named else None,
    )
