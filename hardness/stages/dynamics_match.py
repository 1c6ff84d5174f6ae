"""Finding the row of each guid: ids and guids meet prefix by prefix of their hashes.

What the store holds of each piece c of the dynamics, besides `hardness.stages.dynamics_records`:

    carto-keys-c    uint64 (m_c,)   hashes of the guids, by prefix
    carto-found-c   uint64 (m_c,)   their rows, in that order
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from hardness.errors import HardnessError
from hardness.io import dynamics_jsonl
from hardness.io.dynamics import Piece
from hardness.stages.dynamics_records import hashes
from hardness.stages.run import Run
from hardness.stages.store import Store


def match_guids(task: Run, pieces: Sequence[Piece], ids: np.ndarray, guids: np.ndarray) -> None:
    """Find the row of each guid.

    Args:
        task: what is computed.
        pieces: of the dynamics.
        ids: int64 (partitions, prefixes + 1) where each prefix's ids begin and end.
        guids: int64 (pieces, prefixes + 1) likewise.

    Raises:
        HardnessError: two records have one id, or a guid is the id of none.
    """
    for c in range(len(pieces)):
        task.store.create(f"carto-found-{c}", int(guids[c, -1]), np.uint64)
    work = partial(_match_prefix, store=task.store, ids=ids, guids=guids)
    lost = task.cluster.map(
        "matching guids",
        work,
        range(guids.shape[1] - 1),
        sizes=[int(n) for n in np.diff(guids).sum(axis=0)],
        unit="observations",
        store=task.store,
    )
    for found in filter(None, lost):
        _refuse(task, pieces, found)


def _refuse(task: Run, pieces: Sequence[Piece], found: dict[str, Any]) -> None:
    """Raise HardnessError for an id that was found twice or a guid that was not found."""
    column = task.dataset.columns.id
    if "rows" in found:
        raise HardnessError(
            f"id must be different in every record, got the same in rows {found['rows'][0]:,} and "
            f"{found['rows'][1]:,} of column {column!r}; name another with --id"
        )
    piece = pieces[found["piece"]]
    guids = dynamics_jsonl.read(piece).guids
    assert guids is not None
    index = int(np.flatnonzero(hashes(guids) == np.uint64(found["key"]))[0])
    raise HardnessError(
        f"{dynamics_jsonl.where(piece, index)} must have the id of a record as guid, got "
        f"{guids[index].as_py()!r}, which is not in column {column!r} of the data; name the data "
        "that the model was trained on, and the column of the guids with --id"
    )


def _match_prefix(
    p: int, *, store: Store, ids: np.ndarray, guids: np.ndarray
) -> dict[str, Any] | None:
    keys = _gather(store, "carto-ids", ids, p)
    rows = _gather(store, "carto-id-rows", ids, p)
    order = np.argsort(keys, kind="stable")
    keys, rows = keys[order], rows[order]
    twice = np.flatnonzero(keys[1:] == keys[:-1])
    if twice.size:
        return {"rows": rows[twice[0] : twice[0] + 2].tolist()}
    for c in range(len(guids)):
        start, stop = (int(end) for end in guids[c, p : p + 2])
        wanted = np.empty(stop - start, dtype=np.uint64)
        store.read(f"carto-keys-{c}", start, wanted)
        at = np.searchsorted(keys, wanted)
        known = np.append(keys, 0)[at] == wanted
        if not known.all():
            return {"piece": c, "key": int(wanted[np.flatnonzero(~known)[0]])}
        store.write(f"carto-found-{c}", start, rows[at])
    return None


def _gather(store: Store, name: str, ends: np.ndarray, p: int) -> np.ndarray:
    """The values of a prefix, of all partitions."""
    sizes = ends[:, p + 1] - ends[:, p]
    found = np.empty(int(sizes.sum()), dtype=np.uint64)
    start = 0
    for i, size in enumerate(sizes.tolist()):
        store.read(f"{name}-{i}", int(ends[i, p]), found[start : start + size])
        start += size
    return found
