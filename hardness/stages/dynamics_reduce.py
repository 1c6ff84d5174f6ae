"""From the observations of a partition, epoch by epoch, to its part of the table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from hardness.errors import HardnessError
from hardness.io.records import Partition
from hardness.metrics.observations import NO_CLASS, Observed, Reduction
from hardness.stages.dynamics_seen import Seen, as_words
from hardness.stages.run import PartWriter, Run
from hardness.stages.store import Store


@dataclass(frozen=True, kw_only=True)
class Reducer:
    """Makes one part of the metric's table; it can be sent to workers.

    Attributes:
        seen: the observations.
        epochs: those that count, in order.
        classes: names of the classes, by number.
        columns: which to write.
        ids: the data's id column, if it has one.
        missing: the parts to write; of the others records are only counted.
        store: where everything is.
        writer: takes the parts.
    """

    seen: Seen
    epochs: tuple[int, ...]
    classes: tuple[str, ...]
    columns: tuple[str, ...]
    ids: str | None
    missing: frozenset[int]
    store: Store
    writer: PartWriter

    def __call__(self, part: Partition) -> dict[str, int]:
        """Reduce a partition; how many records were observed how often.

        Raises:
            HardnessError: a record is there twice in an epoch, or its gold class changes.
        """
        state = self._reduce(part)
        rows = self.store.get(f"carto-rows-{part.index}", np.uint64)
        chosen = (rows - np.uint64(part.start_row)).astype(np.int64)
        n_epochs = state.n_epochs[chosen]
        if part.index in self.missing:
            names = None
            if self.ids is not None:
                names = self.store.get_column(f"carto-names-{part.index}")
            self.writer.write(part.index, rows, self._columns(state, chosen), ids=names)
        return {
            "observations": int(n_epochs.sum()),
            "never_observed": int(np.count_nonzero(n_epochs == 0)),
            "partly_observed": int(
                np.count_nonzero((n_epochs > 0) & (n_epochs < len(self.epochs)))
            ),
        }

    def _reduce(self, part: Partition) -> Reduction:
        state = Reduction(part.rows)
        gold = np.full(part.rows, NO_CLASS, dtype=np.int32)
        codes = _codes(self.seen, self.classes)
        for epoch in self.epochs:
            found, origins = self.seen.of_epoch(self.store, epoch, part.index)
            at = found["at"]
            there = np.zeros(part.rows, dtype=bool)
            there[at] = True
            if np.count_nonzero(there) != len(at):
                raise self._twice(part, found, origins)
            if codes is not None:
                known = found["predicted"] != NO_CLASS
                found["predicted"][known] = codes[origins[known], found["predicted"][known]]
            self._check_gold(part, gold, found, origins)
            # In order of row, all of a partition is worked on from end to end.
            ordered = np.empty(part.rows, dtype=found.dtype)
            as_words(ordered)[at] = as_words(found)
            everywhere = len(at) == part.rows
            where = slice(None) if everywhere else np.flatnonzero(there)
            ordered = ordered[where]
            names = ("gold_logprob", "correct", "margin", "error_norm", "predicted")
            state.add(where, Observed(*(ordered[name] for name in names)))
        return state

    def _columns(self, state: Reduction, chosen: np.ndarray) -> dict[str, pa.Array]:
        """The metric's columns of the good records."""
        values = state.columns()
        unseen = state.n_epochs == 0
        columns: dict[str, pa.Array] = {}
        for name in self.columns:
            if name == "suggested":
                codes = state.suggested()[chosen]
                names = pa.array(self.classes, pa.string())
                columns[name] = names.take(pa.array(codes, mask=codes == NO_CLASS))
                continue
            undefined = np.zeros_like(unseen) if name == "n_epochs" else unseen
            if name == "forgetting":
                undefined = undefined | values["never_learnt"]
            columns[name] = pa.array(values[name][chosen], mask=undefined[chosen])
        return columns

    def _check_gold(
        self, part: Partition, gold: np.ndarray, found: np.ndarray, origins: np.ndarray
    ) -> None:
        """Note the gold classes; refuse another one than in the epochs before."""
        known = found["gold"] != NO_CLASS
        if not known.any():
            return
        before = gold[found["at"]]
        changed = np.flatnonzero(known & (before != NO_CLASS) & (before != found["gold"]))
        if changed.size:
            i = int(changed[0])
            raise HardnessError(
                f"{self._path(origins[i])} must have the gold class of the epochs before, got "
                f"{found['gold'][i]} instead of {before[i]} for "
                f"{self._name(part, found['at'][i])}; keep the epochs of one run"
            )
        gold[found["at"]] = np.where(known, found["gold"], before)

    def _twice(self, part: Partition, found: np.ndarray, origins: np.ndarray) -> HardnessError:
        _, first = np.unique(found["at"], return_index=True)
        i = int(np.setdiff1d(np.arange(len(found)), first)[0])
        return HardnessError(
            f"{self._path(origins[i])} must have each record once an epoch, got "
            f"{self._name(part, found['at'][i])} twice; keep the files of one run, and observe "
            "records that are trained on several times after the epoch"
        )

    def _path(self, piece: Any) -> str:
        return self.seen.pieces[int(piece)].file.path

    def _name(self, part: Partition, at: Any) -> str:
        row = part.start_row + int(at)
        if self.ids is None:
            return f"row {row:,}"
        rows = self.store.get(f"carto-rows-{part.index}", np.uint64)
        index = int(np.searchsorted(rows, row))
        known = index < len(rows) and int(rows[index]) == row
        names = self.store.get_column(f"carto-names-{part.index}")
        return f"row {row:,}" + (f" ({self.ids} {names[index].as_py()!r})" if known else "")


def _codes(seen: Seen, classes: Sequence[str]) -> np.ndarray | None:
    """int32 (pieces, most names) the class of each piece's names; None where all are numbers."""
    if not any(seen.named):
        return None
    numbers = {name: number for number, name in enumerate(classes)}
    codes = np.full((len(seen.named), max(map(len, seen.named))), NO_CLASS, dtype=np.int32)
    for c, names in enumerate(seen.named):
        codes[c, : len(names)] = [numbers[name] for name in names]
    return codes


def name_classes(
    task: Run, seen: Seen, epochs: Sequence[int], known: Sequence[str], *, by_label: bool
) -> list[str]:
    """The names of the predicted classes, by number.

    Those that were recorded; else those that the run knows; else the labels that the data has
    where a class is gold, if each class has one label and no two the same; else the numbers.

    Args:
        task: what is computed.
        seen: the observations.
        epochs: those that count.
        known: names of the run's classes; empty where unknown.
        by_label: compare gold classes with the data's labels.
    """
    if any(seen.named):
        return sorted({name for names in seen.named for name in names})
    if len(known) >= seen.n_classes:
        return list(known)
    numbers = [str(number) for number in range(seen.n_classes)]
    if not by_label:
        return numbers
    found = task.cluster.map(
        "naming classes",
        partial(_pairs, seen=seen, epochs=tuple(epochs), store=task.store),
        task.dataset.partitions,
        sizes=[part.rows for part in task.dataset.partitions],
        unit="records",
    )
    pairs = {(gold, label) for part in found for gold, label in part}
    named = dict(pairs)
    if len(named) == len(set(named.values())) == len(pairs) == seen.n_classes:
        return [named[number] for number in range(seen.n_classes)]
    return numbers


def _pairs(
    part: Partition, *, seen: Seen, epochs: Sequence[int], store: Store
) -> list[tuple[int, str]]:
    """The gold classes and labels that occur together in a partition."""
    gold = np.full(part.rows, NO_CLASS, dtype=np.int64)
    for epoch in epochs:
        found, _ = seen.of_epoch(store, epoch, part.index)
        gold[found["at"]] = found["gold"]
        if not np.any(gold == NO_CLASS):  # it is the same in all epochs
            break
    rows = store.get(f"carto-rows-{part.index}", np.uint64)
    gold = gold[(rows - np.uint64(part.start_row)).astype(np.int64)]
    column = store.get_column(f"carto-labels-{part.index}").cast(pa.string())
    labels = column.combine_chunks().dictionary_encode()
    if isinstance(labels, pa.ChunkedArray):
        labels = labels.combine_chunks()
    codes = labels.indices.fill_null(NO_CLASS).to_numpy(zero_copy_only=False)
    both = (gold != NO_CLASS) & (codes != NO_CLASS)
    n_labels = max(1, len(labels.dictionary))
    unique = np.unique(gold[both] * n_labels + codes[both]).tolist()
    return [(pair // n_labels, labels.dictionary[pair % n_labels].as_py()) for pair in unique]
