"""Training dynamics brought to the rows of the data, and into the order of its partitions.

What the store holds of each piece c of the dynamics:

    carto-seen-c    SEEN (m_c,)   observations, in order of partition
    carto-loose-c   SEEN (m_c,)   before their rows are found, by prefix of their guids' hashes
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from hardness.errors import HardnessError
from hardness.io import dynamics_jsonl, dynamics_parquet
from hardness.io.arrow import pc
from hardness.io.dynamics import JSONL, Dynamics, Piece, Recorded
from hardness.metrics.observations import NO_CLASS, Observed, observe_logits
from hardness.stages.dynamics_match import match_guids
from hardness.stages.dynamics_records import Records, by_prefix, hashes, prefix_bits
from hardness.stages.run import Run
from hardness.stages.store import Store

SEEN = np.dtype(
    [
        ("at", np.uint32),  # row in the partition
        ("gold_logprob", np.float32),
        ("correct", np.float32),
        ("margin", np.float32),
        ("error_norm", np.float32),
        ("predicted", np.int32),
        ("gold", np.int32),
        ("unused", np.uint32),  # a multiple of 8 bytes is moved several times faster
    ]
)
_VALUES = ("gold_logprob", "correct", "margin", "error_norm")


def as_words(seen: np.ndarray) -> np.ndarray:
    """uint64 (m, 4) the same memory: records of numbers are moved one field after the other."""
    return seen.view(np.uint64).reshape(len(seen), SEEN.itemsize // 8)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """The dynamics in the store; it can be sent to workers.

    Attributes:
        pieces: of the dynamics.
        ends: int64 (pieces, partitions + 1) where each partition's observations begin and end.
        named: the labels that each piece predicted, by their codes; empty where classes have
            numbers only.
        n_classes: how many classes have logits; 0 without.
    """

    pieces: tuple[Piece, ...]
    ends: np.ndarray
    named: tuple[tuple[str, ...], ...]
    n_classes: int

    def of_epoch(self, store: Store, epoch: int, index: int) -> tuple[np.ndarray, np.ndarray]:
        """SEEN (m,) of one partition in an epoch, and the piece that each is from."""
        chosen = [c for c, piece in enumerate(self.pieces) if piece.file.epoch == epoch]
        sizes = [int(self.ends[c, index + 1] - self.ends[c, index]) for c in chosen]
        found = np.empty(sum(sizes), dtype=SEEN)
        start = 0
        for c, size in zip(chosen, sizes, strict=True):
            store.read(f"carto-seen-{c}", int(self.ends[c, index]), found[start : start + size])
            start += size
        return found, np.repeat(np.array(chosen, dtype=np.int64), sizes)


def see(task: Run, dynamics: Dynamics, records: Records, *, with_predicted: bool) -> Seen:
    """Leave the observations of the dynamics in the store.

    Raises:
        HardnessError: a file is not as it must be, a record is not one of the data, or pieces have
            different numbers of classes.
    """
    reader = dynamics_jsonl if dynamics.format == JSONL else dynamics_parquet
    pieces = tuple(piece for file in dynamics.files for piece in reader.pieces(file))
    starts = np.array([part.start_row for part in task.dataset.partitions], dtype=np.uint64)
    bits = None if records.ends is None else prefix_bits(task.dataset.rows)
    results = task.cluster.map(
        "reading dynamics",
        partial(
            _see,
            pieces=pieces,
            store=task.store,
            starts=starts,
            rows=task.dataset.rows,
            bits=bits,
            with_predicted=with_predicted,
        ),
        range(len(pieces)),
        sizes=[piece.size for piece in pieces],
        unit="observations",
        store=task.store,
    )
    _check_classes(pieces, [result["n_classes"] for result in results])
    ends = [result["ends"] for result in results]
    if records.ends is not None:
        match_guids(task, pieces, records.ends, np.array(ends))
        ends = task.cluster.map(
            "sorting dynamics",
            partial(_place_matched, store=task.store, starts=starts),
            range(len(pieces)),
            sizes=[piece.size for piece in pieces],
            unit="observations",
            store=task.store,
        )
        for c in range(len(pieces)):
            for name in ("keys", "loose", "found"):
                task.store.delete(f"carto-{name}-{c}")
    return Seen(
        pieces=pieces,
        ends=np.array(ends).reshape(len(pieces), len(starts) + 1),
        named=tuple(tuple(result["named"]) for result in results),
        n_classes=max((result["n_classes"] for result in results), default=0),
    )


def _check_classes(pieces: Sequence[Piece], found: Sequence[int]) -> None:
    numbers = [(n, piece) for n, piece in zip(found, pieces, strict=True) if n]
    for n, piece in numbers:
        if n != numbers[0][0]:
            raise HardnessError(
                f"{piece.file.path} must have {numbers[0][0]} logits in each record, as "
                f"{numbers[0][1].file.path}, got {n}; keep the epochs of one model"
            )


def _see(
    c: int,
    *,
    pieces: Sequence[Piece],
    store: Store,
    starts: np.ndarray,
    rows: int,
    bits: int | None,
    with_predicted: bool,
) -> dict[str, Any]:
    piece = pieces[c]
    codes: dict[str, int] = {}
    if bits is not None:
        recorded, keys = _read_lines(piece, matched=True)
        assert keys is not None
        seen = _to_seen(recorded, codes)
        order, ends = by_prefix(keys, bits)
        store.put(f"carto-keys-{c}", keys[order])
        store.put(f"carto-loose-{c}", _take(seen, order))
        return {"ends": ends, "named": [], "n_classes": _n_classes(recorded)}
    if piece.file.path.endswith(".parquet"):
        batches = dynamics_parquet.read(piece, with_predicted=with_predicted)
    else:
        batches = iter([_read_lines(piece, matched=False)[0]])
    placed: list[np.ndarray] = []
    ends_of: list[np.ndarray] = []
    n_classes = 0
    for recorded in batches:
        own = recorded.rows
        assert own is not None
        _check_within(own, rows, piece)
        found, ends = _by_partition(own, _to_seen(recorded, codes), starts)
        placed.append(found)
        ends_of.append(ends)
        n_classes = n_classes or _n_classes(recorded)
        _check_classes([piece, piece], [n_classes, _n_classes(recorded)])
    seen, ends = _joined(placed, ends_of, len(starts))
    store.put(f"carto-seen-{c}", seen)
    return {"ends": ends.tolist(), "named": list(codes), "n_classes": n_classes}


def _read_lines(piece: Piece, *, matched: bool) -> tuple[Recorded, np.ndarray | None]:
    """The observations of a piece with rows, or hashes of their guids where these are matched."""
    from hardness.stages.dynamics_lines import NO_ROW, read_common

    lines = read_common(dynamics_jsonl.lines_of(piece), dynamics_jsonl.logits_key(piece))
    if lines is not None and (matched or not np.any(lines.rows == NO_ROW)):
        rows = None if matched else lines.rows.astype(np.uint64)
        return Recorded(rows=rows, logits=lines.logits, gold=lines.gold), lines.keys
    recorded = dynamics_jsonl.read(piece)
    assert recorded.guids is not None
    if matched:
        return recorded, hashes(recorded.guids)
    return replace(recorded, rows=_as_rows(recorded, piece)), None


def _n_classes(recorded: Recorded) -> int:
    """The number of classes with logits; 0 without any."""
    return 0 if recorded.logits is None or not len(recorded.logits) else recorded.logits.shape[1]


def _to_seen(recorded: Recorded, codes: dict[str, int]) -> np.ndarray:
    """SEEN (m,) without `at`.

    Args:
        recorded: m observations.
        codes: of the labels that were predicted so far in the piece; new ones are added.
    """
    logits = recorded.logits
    if recorded.values is None:
        assert logits is not None
        assert recorded.gold is not None
        observed = observe_logits(logits, recorded.gold)
    else:
        predicted = np.full(recorded.values.shape[1], NO_CLASS, dtype=np.int32)
        if recorded.predicted is not None:
            coded = recorded.predicted.dictionary_encode()
            own = [codes.setdefault(n, len(codes)) for n in coded.dictionary.to_pylist()]
            # One more at the end, where a null's -1 leads.
            known = np.array([*own, NO_CLASS], dtype=np.int32)
            indices = pc.fill_null(coded.indices, NO_CLASS)
            predicted = known[indices.to_numpy(zero_copy_only=False)]
        elif logits is not None and len(logits):
            predicted = logits.argmax(axis=1)
        logprob, correct, margin, error_norm = recorded.values
        observed = Observed(logprob, correct, margin, error_norm, predicted)
    seen = np.zeros(len(observed.gold_logprob), dtype=SEEN)
    for name in (*_VALUES, "predicted"):
        seen[name] = getattr(observed, name)
    seen["gold"] = NO_CLASS if recorded.gold is None else recorded.gold
    return seen


def _as_rows(recorded: Recorded, piece: Piece) -> np.ndarray:
    """Guids that are rows, as numbers."""
    assert recorded.guids is not None
    digits = pc.match_substring_regex(recorded.guids, "^[0-9]{1,18}$").to_numpy(
        zero_copy_only=False
    )
    if not digits.all():
        index = int(np.flatnonzero(~digits)[0])
        raise HardnessError(
            f"{dynamics_jsonl.where(piece, index)} must have a row of the data as guid, as the "
            f"data has no id column, got {recorded.guids[index].as_py()!r}; name the column of the "
            "ids with --id"
        )
    return recorded.guids.cast(pa.uint64()).to_numpy()


def _check_within(own: np.ndarray, rows: int, piece: Piece) -> None:
    if len(own) and own.max() >= rows:
        index = int(np.flatnonzero(own >= rows)[0])
        raise HardnessError(
            f"{piece.file.path} must have rows of the data, which are below {rows:,}, got row "
            f"{own[index]}; name the data that the model was trained on"
        )


def _by_partition(
    own: np.ndarray, seen: np.ndarray, starts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Observations in order of partition, and where each partition's begin and end.

    Args:
        own: uint64 (m,) rows.
        seen: SEEN (m,); `at` is set.
        starts: uint64, the first row of each partition.
    """
    part = np.searchsorted(starts, own, side="right") - 1
    seen["at"] = own - starts[part]
    kind = np.uint16 if len(starts) <= 1 << 16 else np.int64
    order = np.argsort(part.astype(kind), kind="stable")
    ends = np.zeros(len(starts) + 1, dtype=np.int64)
    np.cumsum(np.bincount(part, minlength=len(starts)), out=ends[1:])
    return _take(seen, order), ends


def _take(seen: np.ndarray, order: np.ndarray) -> np.ndarray:
    return as_words(seen).take(order, axis=0).view(SEEN)[:, 0]


def _joined(
    placed: Sequence[np.ndarray], ends: Sequence[np.ndarray], n_partitions: int
) -> tuple[np.ndarray, np.ndarray]:
    """Batches that are each in order of partition as one that is, and its ends."""
    if not placed:
        return np.empty(0, dtype=SEEN), np.zeros(n_partitions + 1, dtype=np.int64)
    slices = [
        as_words(seen[own[part] : own[part + 1]])
        for part in range(n_partitions)
        for seen, own in zip(placed, ends, strict=True)
    ]
    return np.concatenate(slices).view(SEEN)[:, 0], np.sum(ends, axis=0)


def _place_matched(c: int, *, store: Store, starts: np.ndarray) -> list[int]:
    seen = store.get(f"carto-loose-{c}", SEEN).copy()
    own = store.get(f"carto-found-{c}", np.dtype(np.uint64))
    placed, ends = _by_partition(own, seen, starts)
    store.put(f"carto-seen-{c}", placed)
    return ends.tolist()
