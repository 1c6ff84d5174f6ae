"""Tokens and labels of datasets as a stage, for metrics that know classes.

What the store holds, beside what `hardness.stages.blocks` keeps there, for each block b:

    labels-b    int32 (n_b,)       the class of each record, less than 0 for none
    rows-b      uint64 (n_b,)      global row of each record, also of a reference
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from hardness.errors import HardnessError
from hardness.io.arrow import pc
from hardness.io.dataset import Dataset
from hardness.io.records import Reject
from hardness.io.text import join_columns
from hardness.ngram.class_rows import MOST_CLASSES
from hardness.ngram.tokenize import tokenize, tokenizers
from hardness.stages.blocks import put_tokens, read_source
from hardness.stages.label_counts import add_counts, count_classes
from hardness.stages.ngram import Block
from hardness.stages.run import Run, rejects_of
from hardness.stages.sources import Source, encode_sources
from hardness.stages.store import Store


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """Encoded datasets.

    Attributes:
        blocks: one for each partition, the reference's first.
        classes: all labels, as text, in order.
        counts: the records that have each label.
        n_labelled: fitted records with a token and a label.
        rejects: records that could not be read.
    """

    blocks: list[Block]
    classes: list[str]
    counts: dict[str, int]
    n_labelled: int
    rejects: list[Reject]


def encode_labelled(
    task: Run, reference: Dataset | None, *, tokenizer: str, by_group: bool
) -> Labelled:
    """Tokenise the data and, before it, the reference, and leave hashes and classes in the store.

    Raises:
        HardnessError: there are fewer than two classes, or too many.
    """
    encode = partial(_encode, store=task.store, tokenizer=tokenizer, by_group=by_group)
    sources, results = encode_sources(task, reference, encode)
    classes = all_classes(results, task.dataset.columns.label)
    for source, result in zip(sources, results, strict=True):
        local = task.store.get(f"local-labels-{source.index}", np.int32)
        task.store.put(f"labels-{source.index}", renumbered(local, result["classes"], classes))
    return Labelled(
        blocks=[Block(**result["block"]) for result in results],
        classes=classes,
        counts=add_counts(results),
        n_labelled=sum(result["labelled"] for result in results if result["block"]["fitted"]),
        rejects=rejects_of(results),
    )


def all_classes(results: Sequence[Mapping[str, Any]], label: str | None) -> list[str]:
    """The classes of all partitions, in order, from those of each under `classes`.

    Raises:
        HardnessError: there are fewer than two, or too many.
    """
    classes = sorted({name for result in results for name in result["classes"]})
    check_number(len(classes), label)
    return classes


def renumbered(labels: np.ndarray, own: Sequence[str], classes: Sequence[str]) -> np.ndarray:
    """Labels by the numbering of all classes, int32 (n,), -1 for none.

    Args:
        labels: int32 (n,) by the numbering of a partition's own classes, -1 for none.
        own: those.
        classes: all, in order.
    """
    codes = np.searchsorted(np.array(classes), np.array(own, dtype=str))
    known = np.append(codes, -1).astype(np.int32)  # one more at the end, where -1 leads
    return known[labels]


def check_number(n_classes: int, label: str | None) -> None:
    """Raises HardnessError for fewer than two classes, or more than there is room for."""
    if n_classes < 2:
        raise HardnessError(
            f"label must have at least 2 classes, got {n_classes} in column {label!r}; "
            "name another column with --label"
        )
    if n_classes > MOST_CLASSES:
        raise HardnessError(
            f"label must have at most {MOST_CLASSES} classes, got {n_classes} in column "
            f"{label!r}; name the column of classes with --label"
        )


def _encode(source: Source, *, store: Store, tokenizer: str, by_group: bool) -> dict[str, Any]:
    columns = source.dataset.columns
    assert columns.label is not None
    records = read_source(source, labelled=True, by_group=by_group)
    tokens = tokenize(join_columns(records.table, columns.text), tokenizers.get(tokenizer))
    classes, labels = numbered(records.table.column(columns.label))
    # A column of other values than classes would make the list of all as large as the data.
    check_number(max(2, len(classes)), columns.label)
    store.put(f"local-labels-{source.index}", labels)
    store.put(f"rows-{source.index}", records.rows)
    labelled = np.count_nonzero((np.diff(tokens.starts) > 0) & (labels >= 0))
    encoded = put_tokens(store, source, records, tokens, by_group=by_group)
    counts = count_classes(labels, len(classes))
    return encoded | {"classes": classes, "counts": counts, "labelled": int(labelled)}


def numbered(column: pa.ChunkedArray) -> tuple[list[str], np.ndarray]:
    """The distinct labels as text, and int32 (n,) the place of each record's, -1 for null."""
    encoded = pa.concat_arrays(column.cast(pa.string()).chunks).dictionary_encode()
    labels = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False)
    return encoded.dictionary.to_pylist(), labels.astype(np.int32)
