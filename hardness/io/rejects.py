"""Keeping the records that were skipped."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict

from hardness.io.atomic import atomic_path
from hardness.io.records import Reject
from hardness.io.storage import AnyPath


def write_rejects(path: AnyPath, rejects: Iterable[Reject]) -> int:
    """Write rejects as JSONL in order of row; how many they are.

    Each line has file, line, row, reason and the raw record.
    """
    ordered = sorted(rejects, key=lambda reject: reject.row)
    with atomic_path(path) as temporary, open(temporary, "w", encoding="utf-8") as out:
        for reject in ordered:
            out.write(json.dumps(asdict(reject), ensure_ascii=False) + "\n")
    return len(ordered)
