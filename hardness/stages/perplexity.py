"""Interpolated n-gram perplexity as stages: encode, count, score.

What the store holds, beside what `hardness.stages.ngram` keeps there, for each block b of the data:

    rows-b          uint64 (n_b,)   global row of each record
    names-b         Arrow (n_b,)    the `id` column; only where there is one

and what `hardness.stages.groups` keeps there where groups are held out.
"""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import Any

import numpy as np

from hardness.errors import HardnessError
from hardness.io.arrow import from_numpy
from hardness.io.dataset import Dataset
from hardness.io.records import Columns, Reject
from hardness.io.storage import signature
from hardness.io.text import join_columns
from hardness.metrics.perplexity import PerplexityConfig
from hardness.ngram.interpolate import score_records
from hardness.ngram.tokenize import identity, tokenize, tokenizers
from hardness.stages.groups import group_salts, held_with, sum_groups
from hardness.stages.ngram import Block, NgramCounts, Totals
from hardness.stages.reference import open_reference, reference_digests, reference_files
from hardness.stages.run import PartWriter, Run, Tally
from hardness.stages.sources import Source, encode_sources
from hardness.stages.store import Store

_NO_HELD = np.empty(0, dtype=np.int64)

_BYTES_PER_POSITION = 4
"""Of plain input, a low guess: English prose in JSON has about six."""
_EXPANSION = 4
"""Bytes of text in a byte of Parquet or Arrow, a high guess."""


def parameters(config: PerplexityConfig, columns: Columns) -> dict[str, Any]:
    """All that decides the scores.

    Raises:
        HardnessError: groups are to be held out and there is no group column.
    """
    decided: dict[str, Any] = {"order": config.order, "tokenizer": identity(config.tokenizer)}
    if config.reference:
        return decided | {"reference": reference_digests(config.reference)}
    if config.left_out != "group":
        return decided | {"holdout": config.left_out}
    if columns.group is None:
        raise HardnessError(
            "group must be a column for --holdout group, got none; name it with --group"
        )
    return decided | {"holdout": "group", "group": columns.group}


def store_bytes(config: PerplexityConfig, dataset: Dataset) -> tuple[int, int]:
    """About how much the stages need in memory, and how much they leave in files at most."""
    text_bytes = sum(
        signature(file.location).bytes * (1 if file.reader in ("jsonl", "text") else _EXPANSION)
        for file in dataset.files
    ) + sum(signature(path).bytes for path in reference_files(config.reference))
    n_positions = text_bytes // _BYTES_PER_POSITION
    n_counts = config.order * (2 if config.left_out == "group" else 1)
    # Hashes and the keys of the order at hand, 8 bytes each; counts, 4 bytes an order. In memory,
    # a block's text and tables come on top.
    files = n_positions * (8 + 8 + 4 * n_counts)
    return files + files // 4, files


def run(task: Run, config: PerplexityConfig) -> Tally:
    """Score every record of the task's dataset and write the parts that are missing."""
    if not config.reference:
        return _run(task, config, None)
    # The reference's texts are read the way the data's are.
    text, reading = task.dataset.columns.text, task.reading
    with open_reference(config.reference, text=text, reading=reading) as reference:
        return _run(task, config, reference)


def _run(task: Run, config: PerplexityConfig, reference: Dataset | None) -> Tally:
    holdout = config.left_out
    blocks, rejects = _encode(task, config, reference)
    counts = NgramCounts.plan(task.store, blocks)
    n_distinct = [counts.count(task.cluster, order) for order in range(1, config.order + 1)]
    fitted = [block for block in blocks if block.fitted]
    totals = Totals(
        n_tokens=sum(block.n_positions for block in fitted),
        n_types=n_distinct[0],
        n_records=sum(block.n_records for block in fitted),
    )
    scored = [block for block in blocks if reference is None or not block.fitted]
    if holdout == "group":
        for order in range(1, config.order + 1):
            counts.count(task.cluster, order, within_groups=True)
        sum_groups(task, counts, scored)
    task.writer.begin()
    missing = [scored[part] for part in task.writer.missing]
    task.cluster.map(
        "scoring",
        partial(
            _score_block,
            counts=counts,
            order=config.order,
            totals=totals,
            holdout=holdout,
            first=scored[0].index,
            named=task.dataset.columns.id is not None,
            writer=task.writer,
        ),
        missing,
        sizes=[block.n_positions for block in missing],
        unit="tokens",
    )
    n_tokens = sum(block.n_positions - block.n_records for block in scored)
    return Tally(n_tokens=n_tokens, rejects=rejects)


def _encode(
    task: Run, config: PerplexityConfig, reference: Dataset | None
) -> tuple[list[Block], list[Reject]]:
    """Tokenise the data and, before it, the reference, and leave the hashes in the store."""
    encode = partial(
        _encode_block,
        store=task.store,
        tokenizer=config.tokenizer,
        by_group=config.left_out == "group",
    )
    _, results = encode_sources(task, reference, encode)
    blocks = [Block(**result["block"]) for result in results]
    return blocks, [Reject(**reject) for result in results for reject in result["rejects"]]


def _encode_block(
    source: Source, *, store: Store, tokenizer: str, by_group: bool
) -> dict[str, Any]:
    columns = source.dataset.columns
    wanted = _wanted(columns, scored=source.scored, by_group=by_group)
    records = source.dataset.read(source.partition, wanted)
    tokens = tokenize(join_columns(records.table, columns.text), tokenizers.get(tokenizer))
    store.put(f"ids-{source.index}", tokens.ids)
    store.put(f"starts-{source.index}", tokens.starts)
    if by_group and columns.group is not None:
        salts = group_salts(records.table.column(columns.group), records.rows)
        store.put(f"salts-{source.index}", salts)
    if source.scored:
        store.put(f"rows-{source.index}", records.rows)
        if columns.id is not None:
            store.put_column(f"names-{source.index}", records.table.column(columns.id))
    block = Block(
        index=source.index,
        n_positions=len(tokens.ids),
        n_records=int(np.count_nonzero(np.diff(tokens.starts))),
        fitted=source.fitted,
    )
    # What cannot be read in a reference was never asked to be scored.
    rejects = records.rejects if source.scored else []
    return {"block": asdict(block), "rejects": [asdict(reject) for reject in rejects]}


def _wanted(columns: Columns, *, scored: bool, by_group: bool) -> list[str]:
    extra = (columns.id if scored else None, columns.group if by_group else None)
    return list(dict.fromkeys([*columns.text, *(name for name in extra if name is not None)]))


def _score_block(
    block: Block,
    *,
    counts: NgramCounts,
    order: int,
    totals: Totals,
    holdout: str,
    first: int,
    named: bool,
    writer: PartWriter,
) -> None:
    store = counts.store
    starts = store.get(f"starts-{block.index}", np.int64)
    order_counts = counts.at_positions(block, order)
    own = np.empty((order, 0), dtype=order_counts.dtype)
    held_tokens = held_types = _NO_HELD
    if holdout == "group":
        own = counts.at_positions(block, order, within_groups=True)
        held_tokens, held_types = held_with(store, block)
    n_records = len(starts) - 1
    nll = np.empty(n_records, dtype=np.float64)
    n_oov = np.empty(n_records, dtype=np.int64)
    score_records(
        store.get(f"ids-{block.index}", np.uint64),
        starts,
        order_counts,
        own,
        holdout == "record",
        np.array([totals.n_tokens, totals.n_types, totals.n_records], dtype=np.int64),
        held_tokens,
        held_types,
        nll,
        n_oov,
    )
    undefined = np.isnan(nll)
    writer.write(
        block.index - first,
        store.get(f"rows-{block.index}", np.uint64),
        {
            "perplexity": from_numpy(np.exp(nll), undefined),
            "nll": from_numpy(nll, undefined),
            "n_tokens": from_numpy(np.maximum(np.diff(starts) - 1, 0).astype(np.uint32)),
            "n_oov": from_numpy(n_oov.astype(np.uint32), undefined),
        },
        ids=store.get_column(f"names-{block.index}") if named else None,
    )
