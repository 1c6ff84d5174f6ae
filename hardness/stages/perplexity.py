"""Interpolated n-gram perplexity as stages: encode, count, score.

What the store holds is said in `hardness.stages.blocks`, in `hardness.stages.ngram` and, of groups
that are held out, in `hardness.stages.groups`.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from hardness.errors import HardnessError
from hardness.io.arrow import from_numpy
from hardness.io.dataset import Dataset
from hardness.io.records import Columns
from hardness.io.storage import signature
from hardness.io.text import join_columns
from hardness.metrics.perplexity import PerplexityConfig
from hardness.ngram.interpolate import score_records
from hardness.ngram.tokenize import identity, tokenize, tokenizers
from hardness.stages.blocks import put_tokens, read_source, write_blocks
from hardness.stages.groups import held_with, sum_groups
from hardness.stages.ngram import Block, NgramCounts, Totals
from hardness.stages.reference import open_reference, reference_digests, reference_files
from hardness.stages.run import Run, Tally, rejects_of
from hardness.stages.sources import Source, encode_sources, text_bytes
from hardness.stages.store import Store

_NO_HELD = np.empty(0, dtype=np.int64)

_BYTES_PER_POSITION = 4
"""Of plain input, a low guess: English prose in JSON has about six."""


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
    n_bytes = text_bytes(dataset)
    n_bytes += sum(signature(path).bytes for path in reference_files(config.reference))
    n_positions = n_bytes // _BYTES_PER_POSITION
    n_counts = config.order * (2 if config.left_out == "group" else 1)
    # Hashes and the keys of the order at hand, 8 bytes each; counts, 4 bytes an order. In memory,
    # a block's text and tables come on top.
    files = n_positions * (8 + 8 + 4 * n_counts)
    return files + files // 4, files


def run(task: Run, config: PerplexityConfig) -> Tally:
    """Score every record of the task's dataset and write the parts that are missing."""
    if not config.reference:
        return _run(task, config, None)
    columns = task.dataset.columns
    with open_reference(config.reference, columns, reading=task.reading) as reference:
        return _run(task, config, reference)


def _run(task: Run, config: PerplexityConfig, reference: Dataset | None) -> Tally:
    holdout = config.left_out
    by_group = holdout == "group"
    encode = partial(_encode, store=task.store, tokenizer=config.tokenizer, by_group=by_group)
    _, results = encode_sources(task, reference, encode)
    blocks = [Block(**result["block"]) for result in results]
    counts = NgramCounts.plan(task.store, blocks)
    n_distinct = [counts.count(task.cluster, order) for order in range(1, config.order + 1)]
    fitted = [block for block in blocks if block.fitted]
    totals = Totals(
        n_tokens=sum(block.n_positions for block in fitted),
        n_types=n_distinct[0],
        n_records=sum(block.n_records for block in fitted),
    )
    scored = [block for block in blocks if reference is None or not block.fitted]
    if by_group:
        for order in range(1, config.order + 1):
            counts.count(task.cluster, order, within_groups=True)
        sum_groups(task, counts, scored)
    score = partial(_score, counts=counts, order=config.order, totals=totals, holdout=holdout)
    write_blocks(task, scored, score)
    n_tokens = sum(block.n_tokens for block in scored)
    return Tally(n_tokens=n_tokens, rejects=rejects_of(results))


def _encode(source: Source, *, store: Store, tokenizer: str, by_group: bool) -> dict[str, Any]:
    records = read_source(source, by_group=by_group)
    texts = join_columns(records.table, source.dataset.columns.text)
    tokens = tokenize(texts, tokenizers.get(tokenizer))
    return put_tokens(store, source, records, tokens, by_group=by_group)


def _score(
    block: Block, *, counts: NgramCounts, order: int, totals: Totals, holdout: str
) -> dict[str, pa.Array]:
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
    return {
        "perplexity": from_numpy(np.exp(nll), undefined),
        "nll": from_numpy(nll, undefined),
        "n_tokens": from_numpy(np.maximum(np.diff(starts) - 1, 0).astype(np.uint32)),
        "n_oov": from_numpy(n_oov.astype(np.uint32), undefined),
    }
