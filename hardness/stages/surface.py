"""What can be read off a text's surface as stages: encode and measure, count words, score.

What the store holds, beside what `hardness.stages.blocks` and `hardness.stages.ngram` keep there,
for each block b of the data:

    characters-b    uint32 (n_b,)
    compression-b   float64 (n_b,)  NaN where undefined
    flesch-b        float64 (n_b,)  NaN where undefined
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from hardness.io.arrow import pc
from hardness.io.dataset import Dataset
from hardness.io.records import Columns
from hardness.io.text import join_columns
from hardness.metrics.perplexity import PerplexityConfig
from hardness.metrics.surface import SurfaceConfig
from hardness.ngram.compress import ZSTD, compression_ratios
from hardness.ngram.diversity import lexical_diversity
from hardness.ngram.rarity import word_rarity
from hardness.ngram.readability import reading_ease
from hardness.ngram.strings import string_buffers
from hardness.ngram.tokenize import identity, tokenize, tokenizers
from hardness.stages import perplexity
from hardness.stages.blocks import put_tokens, read_source, write_blocks
from hardness.stages.ngram import Block, NgramCounts
from hardness.stages.reference import open_reference, reference_digests
from hardness.stages.run import Run, Tally, rejects_of
from hardness.stages.sources import Source, encode_sources
from hardness.stages.store import Store

_BYTES_PER_RECORD = 32


def parameters(config: SurfaceConfig, columns: Columns) -> dict[str, Any]:
    """All that decides the scores."""
    decided: dict[str, Any] = {"tokenizer": identity(config.tokenizer)}
    if config.reference:
        return decided | {"reference": reference_digests(config.reference)}
    return decided | {"holdout": "record"}


def store_bytes(config: SurfaceConfig, dataset: Dataset) -> tuple[int, int]:
    """About how much the stages need in memory, and how much they leave in files at most."""
    unigrams = PerplexityConfig(order=1, tokenizer=config.tokenizer, reference=config.reference)
    in_memory, on_disk = perplexity.store_bytes(unigrams, dataset)
    own = dataset.rows * _BYTES_PER_RECORD
    return in_memory + own, on_disk + own


def run(task: Run, config: SurfaceConfig) -> Tally:
    """Score every record of the task's dataset and write the parts that are missing."""
    if not config.reference:
        return _run(task, config, None)
    columns = task.dataset.columns
    with open_reference(config.reference, columns, reading=task.reading) as reference:
        return _run(task, config, reference)


def _run(task: Run, config: SurfaceConfig, reference: Dataset | None) -> Tally:
    encode = partial(_encode, store=task.store, tokenizer=config.tokenizer)
    _, results = encode_sources(task, reference, encode)
    blocks = [Block(**result["block"]) for result in results]
    counts = NgramCounts.plan(task.store, blocks)
    n_types = counts.count(task.cluster, 1)
    scored = [block for block in blocks if reference is None or not block.fitted]
    n_tokens = sum(block.n_tokens for block in blocks if block.fitted)
    score = partial(
        _score,
        counts=counts,
        leave_out=reference is None,
        n_tokens=n_tokens,
        n_types=n_types - (n_tokens > 0),  # the end mark is counted as one more
    )
    write_blocks(task, scored, score)
    return Tally(
        n_tokens=sum(block.n_tokens for block in scored),
        rejects=rejects_of(results),
        facts={"zstd": ZSTD},
    )


def _encode(source: Source, *, store: Store, tokenizer: str) -> dict[str, Any]:
    records = read_source(source)
    texts = pc.fill_null(join_columns(records.table, source.dataset.columns.text), "")
    tokens = tokenize(texts, tokenizers.get(tokenizer))
    if source.scored:
        data, offsets = string_buffers(texts)
        characters = pc.utf8_length(texts).to_numpy().astype(np.uint32)
        store.put(f"characters-{source.index}", characters)
        store.put(f"compression-{source.index}", compression_ratios(data, offsets))
        store.put(f"flesch-{source.index}", reading_ease(data, offsets))
    return put_tokens(store, source, records, tokens)


def _score(
    block: Block, *, counts: NgramCounts, leave_out: bool, n_tokens: int, n_types: int
) -> dict[str, pa.Array]:
    store = counts.store
    ids = store.get(f"ids-{block.index}", np.uint64)
    starts = store.get(f"starts-{block.index}", np.int64)
    unigrams = counts.at_positions(block, 1)[0]
    empty = np.diff(starts) == 0
    ratios, mtld = lexical_diversity(ids, starts)
    rarity = word_rarity(ids, starts, unigrams, leave_out, n_tokens, n_types)
    own = {
        name: store.get(f"{name}-{block.index}", dtype)
        for name, dtype in (
            ("characters", np.uint32),
            ("compression", np.float64),
            ("flesch", np.float64),
        )
    }
    return {
        "tokens": pa.array(np.maximum(np.diff(starts) - 1, 0).astype(np.uint32), mask=empty),
        "characters": pa.array(own["characters"], mask=empty),
        "ttr": pa.array(ratios, mask=empty),
        "mtld": pa.array(mtld, mask=np.isnan(mtld)),
        "rarity": pa.array(rarity, mask=np.isnan(rarity)),
        "compression": pa.array(own["compression"], mask=empty),
        "flesch": pa.array(own["flesch"], mask=empty | np.isnan(own["flesch"])),
    }
