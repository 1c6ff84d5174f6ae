"""Cutting records by bucket and collecting them again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardness.curriculum import spill
from hardness.curriculum.spill import Piece, gather, open_piece
from hardness.errors import HardnessError
from hardness.io.schema import unify


def cut(records: pa.Table, edges: np.ndarray, path: Path | None) -> Piece:
    """Cut records that each have one position."""
    positions = records.column("position").to_numpy()
    order = np.argsort(positions, kind="stable")
    added = pa.table({"position": positions[order]})
    return spill.cut(records.drop_columns(["position"]), order, added, edges, path)


def table(positions: list[int]) -> pa.Table:
    return pa.table(
        {
            "text": [f"text {position}" * (position % 4) for position in positions],
            "list": [[position] * (position % 3) for position in positions],
            "position": pa.array(positions, pa.uint64()),
        }
    )


@pytest.mark.parametrize("on_disk", [False, True], ids=["memory", "disk"])
@given(data=st.data())
def test_every_record_comes_back_at_its_position(
    on_disk: bool, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    n = data.draw(st.integers(1, 60))
    shuffled = data.draw(st.permutations(range(n)))
    inner = data.draw(st.sets(st.integers(1, n), max_size=8)) - {n}
    edges = np.array([0, *sorted(inner), n])
    parts = np.split(shuffled, sorted(data.draw(st.sets(st.integers(0, n), max_size=5))))
    folder = tmp_path_factory.mktemp("spill")
    pieces = [
        cut(table(list(part)), edges, folder / f"{index}" if on_disk else None)
        for index, part in enumerate(parts)
    ]
    if on_disk:
        reopened = [open_piece(folder / f"{index}") for index in range(len(parts))]
        pieces = [piece for piece in reopened if piece is not None]
    schema = unify([piece.schema for piece in pieces])
    found = pa.concat_tables(
        gather(pieces, bucket, edges, schema) for bucket in range(len(edges) - 1)
    )
    assert found.to_pylist() == table(list(range(n))).to_pylist()
    assert sum(piece.rows for piece in pieces) == n


def test_a_record_goes_to_each_of_its_positions() -> None:
    edges = np.array([0, 2, 4])
    first = spill.cut(
        pa.table({"text": ["a", "b"]}),
        np.array([1, 0, 1]),
        pa.table({"position": pa.array([0, 2, 3], pa.uint64()), "weight": [0.1, 0.2, 0.3]}),
        edges,
        None,
    )
    second = spill.cut(
        pa.table({"text": ["never", "c"]}),
        np.array([1]),
        pa.table({"position": pa.array([1], pa.uint64()), "weight": [0.4]}),
        edges,
        None,
    )
    found = [gather([first, second], bucket, edges, first.schema) for bucket in (0, 1)]
    assert pa.concat_tables(found).to_pydict() == {
        "text": ["b", "c", "a", "b"],
        "position": [0, 1, 2, 3],
        "weight": [0.1, 0.4, 0.2, 0.3],
    }
    assert (first.rows, second.rows) == (3, 1)


def test_partitions_with_other_columns_are_brought_together() -> None:
    edges = np.array([0, 3])
    position = {"position": pa.array([1], pa.uint64())}
    pieces = [
        cut(pa.table({"a": pa.array([1]), **position}), edges, None),
        cut(pa.table({"a": [0.5], "position": pa.array([0], pa.uint64())}), edges, None),
        cut(pa.table({"b": ["x"], "position": pa.array([2], pa.uint64())}), edges, None),
    ]
    found = gather(pieces, 0, edges, unify([piece.schema for piece in pieces]))
    assert found.select(["a", "b"]).to_pylist() == [
        {"a": 0.5, "b": None},
        {"a": 1.0, "b": None},
        {"a": None, "b": "x"},
    ]


@pytest.mark.parametrize("positions", [[0, 2], [0, 1, 1], [0, 1, 2, 2]], ids=str)
def test_a_lost_or_doubled_record_is_refused(positions: list[int]) -> None:
    edges = np.array([0, 3])
    piece = cut(table(positions), edges, None)
    with pytest.raises(HardnessError, match=f"got {len(positions)} records for the 3 positions"):
        gather([piece], 0, edges, piece.schema)


@pytest.mark.parametrize("damage", ["missing", "short", "zeros", "flip"])
def test_a_file_that_is_not_whole_is_no_piece(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "piece"
    cut(table([1, 0]), np.array([0, 2]), path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["piece"]
    whole = path.read_bytes()
    assert open_piece(path) is not None
    if damage == "missing":
        path.unlink()
    elif damage == "short":
        path.write_bytes(whole[:9])
    elif damage == "zeros":
        path.write_bytes(bytes(len(whole)))
    else:
        path.write_bytes(whole[:40] + bytes([whole[40] ^ 1]) + whole[41:])
    assert open_piece(path) is None
