"""Pointwise V-information of n-gram models as stages: encode, count, fit the temperature, score.

A record's classes are the labels of the data and, if there is one, the reference. The temperature
is fitted on the records that the models are fitted on, each scored with its group held out, or
with itself held out where groups are not: where every record is in its own model, the likelihood
has no best temperature. So with a reference it does not depend on what is scored.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from hardness.errors import UnlabelledError
from hardness.io.dataset import Dataset
from hardness.io.records import Columns
from hardness.metrics.ngram_pvi import NgramPviConfig
from hardness.ngram.class_rows import no_rows
from hardness.ngram.class_score import log_likelihoods
from hardness.ngram.class_sums import Fitted, no_held, records_held
from hardness.ngram.hashing import uniform
from hardness.ngram.temperature import fit_temperature, posteriors
from hardness.stages import perplexity
from hardness.stages.blocks import write_blocks
from hardness.stages.class_counts import ClassCounts
from hardness.stages.class_held import held_with, sum_groups
from hardness.stages.label_counts import label_notes
from hardness.stages.labelled import Labelled, encode_labelled
from hardness.stages.ngram import Block
from hardness.stages.reference import open_reference
from hardness.stages.run import Run, Tally

_FIT_RECORDS = 2**17
_FIT_SCORES = 2**23
"""The temperature is fitted on about so many records at most, chosen by their row, and fewer if
they have more scores: 64 MB, for a standard error of tau of about 1 %."""

_SCORES_AT_A_TIME = 2**20


def parameters(config: NgramPviConfig, columns: Columns) -> dict[str, Any]:
    """All that decides the scores.

    Raises:
        HardnessError: there is no label column, or groups are to be held out and there is none.
    """
    if columns.label is None:
        raise UnlabelledError(
            "label must be a column for ngram-pvi, got none; name it with --label"
        )
    decided = perplexity.parameters(config, columns) | {"label": columns.label}
    if config.temperature is not None:
        decided["temperature"] = config.temperature
    return decided


def store_bytes(config: NgramPviConfig, dataset: Dataset) -> tuple[int, int]:
    """About how much the stages need in memory, and how much they leave in files at most."""
    _, for_counts = perplexity.store_bytes(config, dataset)
    # In place of 4 bytes a count, 4 of its slot, 8 of its value and about as much in pools.
    # Measured at order 3: 2.1 of it with three classes, 3.3 with 300 and labels at random.
    files = 5 * for_counts
    return files + files // 4, files


def run(task: Run, config: NgramPviConfig) -> Tally:
    """Score every record of the task's dataset and write the parts that are missing."""
    if not config.reference:
        return _run(task, config, None)
    columns, reading = task.dataset.columns, task.reading
    with open_reference(config.reference, columns, labelled=True, reading=reading) as reference:
        return _run(task, config, reference)


@dataclass(frozen=True, kw_only=True)
class _Models:
    """What scores are made with; it can be sent to workers.

    Attributes:
        counts: n-gram counts in every class.
        order: K.
        fitted: sums over the fitted records.
    """

    counts: ClassCounts
    order: int
    fitted: Fitted


def _run(task: Run, config: NgramPviConfig, reference: Dataset | None) -> Tally:
    holdout = config.left_out
    by_group = holdout == "group"
    data = encode_labelled(task, reference, tokenizer=config.tokenizer, by_group=by_group)
    models = _fit(task, config, data)
    scored = [block for block in data.blocks if reference is None or not block.fitted]
    if by_group:
        for order in range(1, config.order + 1):
            models.counts.count(task.cluster, order, within_groups=True)
        sum_groups(task.cluster, models.counts, scored)
    temperature, notes = config.temperature, label_notes(data.counts, task.dataset.columns.label)
    if temperature is None:
        temperature = _fit_temperature(task, models, data, "group" if by_group else "record")
        if data.n_labelled and not math.isfinite(temperature):
            notes.append(_says_nothing(task.dataset.columns, by_group=by_group))
    score = partial(
        _score_block,
        models=models,
        holdout=holdout,
        sharpness=1 / temperature,
        classes=data.classes,
    )
    write_blocks(task, scored, score)
    return Tally(
        n_tokens=sum(block.n_tokens for block in scored),
        rejects=data.rejects,
        facts={
            "classes": len(data.classes),
            # JSON has no infinity.
            "temperature": temperature if math.isfinite(temperature) else None,
        },
        notes=tuple(notes),
    )


def _says_nothing(columns: Columns, *, by_group: bool) -> str:
    """The note that the best temperature is infinite."""
    note = (
        "the text says nothing of the label: the temperature is infinite, every pvi is 0 and "
        "confidence is the label's frequency"
    )
    if by_group or len(columns.text) < 2:
        return note
    return (
        f"{note}; where records share {' or '.join(columns.text)}, name the part that differs with "
        "--text and hold the shared one out with --group NAME --holdout group"
    )


def _fit(task: Run, config: NgramPviConfig, data: Labelled) -> _Models:
    """Count the n-grams of the fitted records."""
    n_classes = len(data.classes)
    counts = ClassCounts.plan(task.store, data.blocks, n_classes)
    n_distinct = [counts.count(task.cluster, order) for order in range(1, config.order + 1)]
    tokens = np.zeros(n_classes, dtype=np.int64)
    records = np.zeros(n_classes, dtype=np.int64)
    for block in data.blocks:
        if block.fitted:
            labels = task.store.get(f"labels-{block.index}", np.int32)
            lengths = np.diff(task.store.get(f"starts-{block.index}", np.int64))
            counted = (labels >= 0) & (lengths > 0)
            np.add.at(tokens, labels[counted], lengths[counted])
            np.add.at(records, labels[counted], 1)
    types = np.array(n_distinct[:1], dtype=np.int64)
    return _Models(counts=counts, order=config.order, fitted=Fitted(tokens, records, types))


def _fit_temperature(task: Run, models: _Models, data: Labelled, holdout: str) -> float:
    most = min(_FIT_RECORDS, _FIT_SCORES // len(data.classes))
    share = min(1.0, most / max(1, data.n_labelled))
    blocks = [block for block in data.blocks if block.fitted]
    task.cluster.map(
        "comparing classes",
        partial(_sample_block, models=models, holdout=holdout, share=share),
        blocks,
        sizes=[block.n_positions for block in blocks],
        unit="tokens",
        store=task.store,
    )
    kinds = {"scores": np.float64, "priors": np.float64, "labels": np.int32}
    # In the order of the rows, so that sums are the same however the data are cut into blocks.
    scores, priors, labels = (
        np.concatenate([task.store.get(f"fit-{kind}-{b.index}", dtype) for b in blocks])
        for kind, dtype in kinds.items()
    )
    shape = (len(labels), len(data.classes))
    return fit_temperature(scores.reshape(shape), priors.reshape(shape), labels)


def _sample_block(block: Block, *, models: _Models, holdout: str, share: float) -> None:
    store = models.counts.store
    rows = store.get(f"rows-{block.index}", np.uint64)
    labels = store.get(f"labels-{block.index}", np.int32)
    chosen = (labels >= 0) & (uniform(rows) < share)
    records = np.flatnonzero(chosen)
    scored = list(_score(block, models, holdout, records, len(records)))
    (scores, priors, part) = scored[0]
    defined = ~np.isnan(scores[:, 0])
    store.put(f"fit-scores-{block.index}", scores[defined].ravel())
    store.put(f"fit-priors-{block.index}", priors[defined].ravel())
    store.put(f"fit-labels-{block.index}", labels[part][defined])


def _score(
    block: Block, models: _Models, holdout: str, records: np.ndarray, at_a_time: int
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Log-likelihoods and log priors (m, C) of some records of a block, and which they are (m,)."""
    store = models.counts.store
    rows = models.counts.rows(block, models.order)
    ids = store.get(f"ids-{block.index}", np.uint64)
    starts = store.get(f"starts-{block.index}", np.int64)
    labels = store.get(f"labels-{block.index}", np.int32)
    own_rows, held = no_rows(models.order, rows.pool), no_held(len(labels))
    if holdout == "record":
        held = records_held(starts, labels)
    elif holdout == "group":
        own_rows = models.counts.rows(block, models.order, within_groups=True)
        held = held_with(store, store.get(f"salts-{block.index}", np.uint64))
    for start in range(0, max(1, len(records)), max(1, at_a_time)):
        chosen = records[start : start + at_a_time]
        scores = np.empty((len(chosen), len(models.fitted.records)), dtype=np.float64)
        priors = np.empty_like(scores)
        log_likelihoods(
            ids, starts, labels, rows, own_rows, holdout == "record", models.fitted, held,
            chosen, scores, priors,
        )  # fmt: skip
        yield scores, priors, chosen


def _score_block(
    block: Block, *, models: _Models, holdout: str, sharpness: float, classes: list[str]
) -> dict[str, pa.Array]:
    store = models.counts.store
    labels = store.get(f"labels-{block.index}", np.int32)
    pvi, confidence = np.empty((2, len(labels)), dtype=np.float64)
    predicted = np.empty(len(labels), dtype=np.int32)
    at_a_time = max(1, _SCORES_AT_A_TIME // len(classes))
    for scores, priors, part in _score(block, models, holdout, np.arange(len(labels)), at_a_time):
        ends = slice(part[0], part[-1] + 1) if len(part) else slice(0, 0)
        posteriors(
            scores, priors, labels[ends], sharpness, pvi[ends], confidence[ends], predicted[ends]
        )
    numbers = pa.array(predicted, mask=predicted < 0)
    return {
        "pvi": pa.array(pvi, mask=np.isnan(pvi)),
        "confidence": pa.array(confidence, mask=np.isnan(confidence)),
        "predicted": pa.array(classes, pa.string()).take(numbers),
    }
