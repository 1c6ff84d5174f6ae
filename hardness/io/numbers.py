"""Columns that a metric reads as numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa

from hardness.errors import HardnessError
from hardness.io.arrow import pc
from hardness.io.dataset import Dataset
from hardness.io.plan import READERS, kinds_of
from hardness.io.records import BOOLEAN, INTEGER, NULL, NUMBER, STRING, UNSIGNED, DataFile

_NUMBERS = (INTEGER, UNSIGNED, NUMBER)


def with_numbers(dataset: Dataset, names: Sequence[str]) -> Dataset:
    """The dataset, told to read some columns as numbers, or as booleans where they hold those.

    A record whose value is neither null nor such is a bad record from then on.

    Raises:
        HardnessError: a file holds other things in one of the columns, or no file has it.
    """
    kinds = {name: _number_kind(dataset, name) for name in names}
    # What plays another part, as an id or a label does, is read as that.
    return replace(dataset, kinds=kinds | dataset.kinds)


def numbers(column: pa.ChunkedArray) -> pa.Array:
    """double (n,) of integers, numbers or booleans, rounded beyond 2**53; NaN is null."""
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    values = pa.concat_arrays(
        [pa.array([], pa.float64()), *column.cast(pa.float64(), safe=False).chunks]
    )
    return pc.if_else(pc.is_nan(values), pa.scalar(None, pa.float64()), values)


def _number_kind(dataset: Dataset, name: str) -> str:
    dataset.kind_of(name)  # that it is there
    found = NULL
    for index, file in enumerate(dataset.files):
        own = [part for part in dataset.partitions if part.file == index]
        kind = kinds_of(file, own, (name,)).get(name, NULL) if own else NULL
        if file.reader == "jsonl" and kind not in (NULL, BOOLEAN):
            kind = NUMBER  # records that hold something else are bad ones, and named by their line
        kind = NUMBER if kind in _NUMBERS else kind
        if kind not in (NULL, BOOLEAN, NUMBER):
            raise _no_numbers(dataset, index, file, name, kind)
        if NULL not in (found, kind) and found != kind:
            raise HardnessError(
                f"column {name!r} must be of one kind in all files, got {found} and, in "
                f"{file.path}, {kind}; convert the files to one kind or run them apart"
            )
        found = kind if found == NULL else found
    if dataset.kinds.get(name, found) not in (*_NUMBERS, BOOLEAN, NULL):
        raise HardnessError(
            f"column {name!r} must hold numbers, got {dataset.kinds[name]}s; name another"
        )
    return NUMBER if found == NULL else found


def _no_numbers(
    dataset: Dataset, index: int, file: DataFile, name: str, kind: str
) -> HardnessError:
    """What to raise for a column of strings or lists in a file that has types; names a row."""
    got = f"{kind}s"
    for part in dataset.partitions:
        if part.file != index or kind != STRING:
            continue
        loaded = READERS[file.reader].read(file, part, {}, [name], None)
        values = loaded.table.column(name).to_pylist()
        bad = [i for i, value in enumerate(values) if value is not None and not _is_number(value)]
        some = bad or [i for i, value in enumerate(values) if value is not None]
        if some:
            row = part.start_row + int(np.asarray(loaded.index)[some[0]])
            got = f"the string {values[some[0]]!r} at row {row}"
        if bad:
            break
    return HardnessError(
        f"column {name!r} must hold numbers, got {got} in {file.path}; convert it to numbers, or "
        "name another column"
    )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
