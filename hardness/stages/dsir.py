"""Importance weights over hashed n-grams as stages: count the buckets of both corpora, score.

What the store holds: `buckets-b`, int64 (M,), the counts of each partition of the target and, after
them, of the data. The data is read twice and nothing else is kept, so memory does not grow with it.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from hardness.io.dataset import Dataset
from hardness.io.records import Columns, Partition, Records
from hardness.io.text import join_columns
from hardness.metrics.dsir import DsirConfig
from hardness.ngram.buckets import count_buckets, log_ratios, sum_buckets
from hardness.ngram.tokenize import Tokens, identity, tokenize, tokenizers
from hardness.stages.parts import write_parts
from hardness.stages.reference import open_reference, reference_digests
from hardness.stages.run import Run, Tally
from hardness.stages.sources import Source, encode_sources
from hardness.stages.store import Store


def parameters(config: DsirConfig, columns: Columns) -> dict[str, Any]:
    """All that decides the scores."""
    return {
        "order": config.order,
        "buckets": config.buckets,
        "tokenizer": identity(config.tokenizer),
        "reference": reference_digests(config.reference),
    }


def store_bytes(config: DsirConfig, dataset: Dataset) -> tuple[int, int]:
    """About how much the stages need in memory, and how much they leave in files at most."""
    counts = 8 * config.buckets * len(dataset.partitions)
    return counts, counts


def run(task: Run, config: DsirConfig) -> Tally:
    """Score every record of the task's dataset and write the parts that are missing."""
    columns = task.dataset.columns
    with open_reference(config.reference, columns, reading=task.reading) as reference:
        count = partial(_count, store=task.store, config=config)
        sources, _ = encode_sources(task, reference, count)
    target, raw = (
        sum(
            (task.store.get(f"buckets-{s.index}", np.int64) for s in sources if s.scored is scored),
            start=np.zeros(config.buckets, dtype=np.int64),
        )
        for scored in (False, True)
    )
    score = partial(
        _score,
        text=columns.text,
        config=config,
        weights=log_ratios(np.asarray(target), np.asarray(raw)),
    )
    counts, rejects = write_parts(task, task.dataset, [*columns.text], score)
    return Tally(n_tokens=counts["tokens"], rejects=rejects)


def _tokens(table: pa.Table, text: tuple[str, ...], tokenizer: str) -> Tokens:
    return tokenize(join_columns(table, text), tokenizers.get(tokenizer))


def _count(source: Source, *, store: Store, config: DsirConfig) -> dict[str, Any]:
    text = source.dataset.columns.text
    table = source.dataset.read(source.partition, text).table
    tokens = _tokens(table, text, config.tokenizer)
    counts = count_buckets(tokens.ids, tokens.starts, config.order, config.buckets)
    store.put(f"buckets-{source.index}", counts)
    return {}


def _score(
    partition: Partition,
    records: Records,
    *,
    text: tuple[str, ...],
    config: DsirConfig,
    weights: np.ndarray,
) -> tuple[dict[str, pa.Array], dict[str, int]]:
    tokens = _tokens(records.table, text, config.tokenizer)
    sums, n_ngrams = sum_buckets(tokens.ids, tokens.starts, config.order, weights)
    empty = n_ngrams == 0
    columns = {
        "log_weight": pa.array(sums, mask=empty),
        "per_ngram": pa.array(sums / np.maximum(n_ngrams, 1), mask=empty),
        "n_ngrams": pa.array(n_ngrams.astype(np.uint64)),
    }
    return columns, {"tokens": len(tokens.ids) - int(np.count_nonzero(~empty))}
