"""Reading training dynamics in allenai/cartography's format, ranges of bytes at a time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from hardness.errors import HardnessError
from hardness.io import storage
from hardness.io.dynamics import DynamicsFile, Piece, Recorded
from hardness.io.dynamics_parquet import to_matrix
from hardness.io.jsonl_parse import parse

_PIECE_BYTES = 8 << 20
_MOST_PIECE_BYTES = 64 << 20
_PIECES_WISHED = 64
_LINE_BYTES = 64
"""Of a line, a low guess."""
_STEP_BYTES = 1 << 16
_MOST_CLASSES = 1 << 20


def pieces(file: DynamicsFile) -> list[Piece]:
    """Ranges of bytes; a line belongs to the range that its first byte lies in."""
    size = file.signature.bytes
    step = max(_PIECE_BYTES, min(size // _PIECES_WISHED, _MOST_PIECE_BYTES))
    ranges = [(start, min(size, start + step)) for start in range(0, size, step)]
    return [
        Piece(file=file, start=start, stop=stop, size=(stop - start) // _LINE_BYTES + 1)
        for start, stop in ranges
    ]


def read(piece: Piece) -> Recorded:
    """The observations of a piece.

    Raises:
        HardnessError: a line is not as it must be, or has another number of logits than the first.
    """
    data = lines_of(piece)
    key = logits_key(piece)
    found = _read_alike(data, key)
    return found if found is not None else _read_each(data, key, piece)


def where(piece: Piece, index: int) -> str:
    """File and line of one observation, for a message about it."""
    offsets = [i for i, line in enumerate(lines_of(piece).split(b"\n")) if line.strip()]
    return f"{piece.file.path} line {_first_line(piece) + offsets[index]}"


def logits_key(piece: Piece) -> str:
    """What the logits are called in the lines of a piece."""
    return f"logits_epoch_{piece.file.number}"


def lines_of(piece: Piece) -> bytes:
    """The lines that begin in the range of a piece."""
    return storage.read_range(
        piece.file.location,
        _line_start(piece.file, piece.start),
        _line_start(piece.file, piece.stop),
    )


def _line_start(file: DynamicsFile, position: int) -> int:
    """Where the first line begins that begins at a position or after it."""
    size = file.signature.bytes
    at = position - 1
    while 0 <= at < size:
        step = storage.read_range(file.location, at, min(size, at + _STEP_BYTES))
        end = step.find(b"\n")
        if end >= 0:
            return at + end + 1
        at += max(1, len(step))
    return 0 if position == 0 else size


def _first_line(piece: Piece) -> int:
    """The 1-based number of the first line of a piece."""
    count = 1
    stop = _line_start(piece.file, piece.start)
    for position in range(0, stop, _PIECE_BYTES):
        end = min(stop, position + _PIECE_BYTES)
        count += storage.read_range(piece.file.location, position, end).count(b"\n")
    return count


def _read_alike(data: bytes, key: str) -> Recorded | None:
    """The observations, if every line is like the first, as they mostly are; else None."""
    n_lines = data.count(b"\n") + int(not data.endswith(b"\n"))
    try:
        first = orjson.loads(data.partition(b"\n")[0])
        guid = pa.string() if isinstance(first["guid"], str) else pa.int64()
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None
    kinds = [("guid", guid), (key, pa.list_(pa.float64())), ("gold", pa.int64())]
    table = parse(data, n_lines, pa.schema(kinds))
    if table is None or any(column.null_count for column in table.columns):
        return None
    logits = to_matrix(pa.concat_arrays(table.column(key).chunks))
    gold = table.column("gold").to_numpy()
    if logits is None or not _is_good(logits, gold):
        return None
    guids = pa.concat_arrays(table.column("guid").cast(pa.string()).chunks)
    return Recorded(guids=guids, logits=logits, gold=gold.astype(np.int32))


def _is_good(logits: np.ndarray, gold: np.ndarray) -> bool:
    n_classes = logits.shape[1]
    within = gold.min() >= 0 and gold.max() < n_classes
    return bool(2 <= n_classes <= _MOST_CLASSES and within and np.isfinite(logits.sum()))


def _read_each(data: bytes, key: str, piece: Piece) -> Recorded:
    """The observations, line by line."""
    guids: list[str] = []
    logits: list[list[float]] = []
    gold: list[int] = []
    for number, line in _numbered(data):
        try:
            record = orjson.loads(line)
        except orjson.JSONDecodeError:
            record = None
        wrong = _reason(record, key, len(logits[0]) if logits else None)
        if record is None or wrong is not None:
            raise HardnessError(
                f"{piece.file.path} line {_first_line(piece) + number} must be an object of guid, "
                f"{key} and gold, got {wrong}; mend the line or leave the epoch out with --epochs"
            )
        guids.append(str(record["guid"]))
        logits.append(record[key])
        gold.append(record["gold"])
    return Recorded(
        guids=pa.array(guids, pa.string()),
        logits=np.array(logits, dtype=np.float64).reshape(
            len(logits), len(logits[0]) if logits else 2
        ),
        gold=np.array(gold, dtype=np.int32),
    )


def _numbered(data: bytes) -> Iterator[tuple[int, bytes]]:
    return ((i, line) for i, line in enumerate(data.split(b"\n")) if line.strip())


def _reason(record: Any, key: str, n_classes: int | None) -> str | None:
    """What is wrong with a record, if anything."""
    if not isinstance(record, dict):
        return "something else"
    lacking = [name for name in ("guid", key, "gold") if record.get(name) is None]
    if lacking:
        return f"no {lacking[0]}"
    guid, logits, gold = record["guid"], record[key], record["gold"]
    if not isinstance(guid, str | int) or isinstance(guid, bool):
        return f"the guid {guid!r}, neither a string nor an integer"
    if not isinstance(logits, list) or not all(map(_is_number, logits)):
        return f"{key} that are not a list of numbers"
    if len(logits) < 2 or len(logits) > _MOST_CLASSES:
        return f"{len(logits)} logits"
    if n_classes is not None and len(logits) != n_classes:
        return f"{len(logits)} logits after lines of {n_classes}"
    if type(gold) is not int or not 0 <= gold < len(logits):
        return f"the gold class {gold!r} with {len(logits)} logits"
    return None


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)
