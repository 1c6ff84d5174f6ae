"""Reading training dynamics from Parquet, a row group at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from hardness.errors import HardnessError
from hardness.io.arrow import pc
from hardness.io.dynamics import DynamicsFile, Piece, Recorded
from hardness.io.storage import open_parquet

VALUES = ("gold_logprob", "correct", "margin", "error_norm")
_RANGES = {"gold_logprob": (-np.inf, 0.0), "correct": (0.0, 1.0), "error_norm": (0.0, np.inf)}
_ROUNDING = 1e-3
"""How far beyond its range a number may be, as of half precision; it is brought back."""
_NUMBERS = (pa.types.is_floating, pa.types.is_boolean, pa.types.is_integer)
_ROW, _PREDICTED, _LOGITS = "row", "predicted", "logits"
_OBSERVATIONS_A_PIECE = 1 << 20
"""Small row groups are read together."""
_OBSERVATIONS_A_BATCH = 1 << 16
"""Few enough that their memory is used again for the next."""


def pieces(file: DynamicsFile) -> list[Piece]:
    """The row groups of a file, small ones together.

    Raises:
        HardnessError: it is no Parquet file, or lacks a column.
    """
    with _open(file) as parquet:
        schema = parquet.schema_arrow
        sizes = [parquet.metadata.row_group(i).num_rows for i in range(parquet.num_row_groups)]
    lacking = [name for name in (_ROW, *VALUES) if name not in schema.names]
    if lacking:
        raise HardnessError(
            f"{file.path} must have the columns {', '.join((_ROW, *VALUES))}, got none called "
            f"{', '.join(lacking)}; record the dynamics again"
        )
    for name in VALUES:
        kind = schema.field(name).type
        if not any(is_kind(kind) for is_kind in _NUMBERS):
            raise HardnessError(
                f"{file.path} must have numbers as {name}, got {kind}; record the dynamics again"
            )
    found: list[Piece] = []
    start = 0
    for i in range(len(sizes)):
        size = sum(sizes[start : i + 1])
        if i + 1 == len(sizes) or size + sizes[i + 1] > _OBSERVATIONS_A_PIECE:
            found.append(Piece(file=file, start=start, stop=i + 1, size=size))
            start = i + 1
    return found


def read(piece: Piece, *, with_predicted: bool) -> Iterator[Recorded]:
    """The observations of a piece in batches; those that are null, which saw nothing, left out.

    Args:
        piece: one of `pieces`.
        with_predicted: read what was predicted, or the logits, where they were recorded.

    Raises:
        HardnessError: a value is not a number, or null where others of its record are not.
    """
    with _open(piece.file) as parquet:
        names = [_ROW, *VALUES]
        if with_predicted:
            names += [n for n in (_PREDICTED, _LOGITS) if n in parquet.schema_arrow.names][:1]
        batches = parquet.iter_batches(
            _OBSERVATIONS_A_BATCH, range(piece.start, piece.stop), names, use_threads=False
        )
        for batch in batches:
            yield _recorded(pa.Table.from_batches([batch]), piece, names)


def _recorded(table: pa.Table, piece: Piece, names: Sequence[str]) -> Recorded:
    table = _observed(table.select(names), piece.file)
    values = np.empty((len(VALUES), table.num_rows), dtype=np.float32)
    for i, name in enumerate(VALUES):
        values[i] = table.column(name).cast(pa.float32()).to_numpy()
    _check_numbers(values, table, piece.file)
    predicted = logits = None
    if _PREDICTED in names:
        predicted = _one(table.column(_PREDICTED).cast(pa.string()))
    elif _LOGITS in names:
        logits = to_matrix(_one(table.column(_LOGITS)))
        if logits is None:
            raise HardnessError(
                f"{piece.file.path} must have one number of logits in each record, got several "
                "or none; record the dynamics of one model"
            )
    return Recorded(
        rows=table.column(_ROW).to_numpy(), values=values, logits=logits, predicted=predicted
    )


def to_matrix(lists: pa.Array) -> np.ndarray | None:
    """float64 (m, C) of m lists; None where they are not alike, or a value is null.

    Args:
        lists: of any float type.
    """
    if lists.null_count:
        return None
    lengths = pc.list_value_length(lists)
    ends = pc.min_max(lengths).as_py()
    flat = lists.flatten()
    if ends["min"] != ends["max"] or flat.null_count:
        return None if len(lists) else np.zeros((0, 0))
    return flat.cast(pa.float64()).to_numpy(zero_copy_only=False).reshape(len(lists), -1)


def _open(file: DynamicsFile) -> pq.ParquetFile:
    try:
        return open_parquet(file.location)
    except (OSError, pa.ArrowException) as error:
        raise HardnessError(
            f"{file.path} must be a Parquet file of dynamics, got {str(error).splitlines()[0]!r}; "
            "record the dynamics again"
        ) from error


def _one(column: pa.ChunkedArray) -> pa.Array:
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)


def _observed(table: pa.Table, file: DynamicsFile) -> pa.Table:
    """The observations that saw something."""
    row = table.schema.field(_ROW).type
    if not pa.types.is_integer(row) or table.column(_ROW).null_count:
        raise HardnessError(
            f"{file.path} must have a row in each record, an integer from 0, got {row} or null; "
            "record the dynamics again"
        )
    try:
        table = table.set_column(0, _ROW, table.column(_ROW).cast(pa.uint64()))
    except pa.ArrowInvalid as error:
        raise HardnessError(
            f"{file.path} must have rows from 0, got {str(error).split(' not ')[0]!r}; "
            "record the dynamics again"
        ) from error
    nulls = [table.column(name).null_count for name in VALUES]
    if not any(nulls):
        return table
    table = table.filter(table.column(VALUES[0]).is_valid())
    for name in VALUES:
        column = table.column(name)
        if column.null_count:
            row = table.column(_ROW).filter(column.is_null())[0].as_py()
            raise HardnessError(
                f"{file.path} must have a {name} where it has a {VALUES[0]}, got null in row "
                f"{row}; record the dynamics again"
            )
    return table


def _check_numbers(values: np.ndarray, table: pa.Table, file: DynamicsFile) -> None:
    if np.isnan(values.sum()):  # a sum is the fastest look at all of them
        for i, name in enumerate(VALUES):
            wrong = np.flatnonzero(np.isnan(values[i]))
            if wrong.size:
                raise HardnessError(
                    f"{file.path} must have a number or null as {name}, got NaN in row "
                    f"{table.column(_ROW)[int(wrong[0])]}; leave out the epochs in which the "
                    "training diverged with --epochs"
                )
    for name, (low, high) in _RANGES.items():
        found = values[VALUES.index(name)]
        wrong = np.flatnonzero((found < low - _ROUNDING) | (found > high + _ROUNDING))
        if wrong.size:
            first = int(wrong[0])
            wanted = f"from {low:g}" if high == np.inf else f"from {low:g} to {high:g}"
            raise HardnessError(
                f"{file.path} must have {name} {wanted}, got {found[first]:g} in row "
                f"{table.column(_ROW)[first]}; record the dynamics again"
            )
        np.clip(found, low, high, out=found)
