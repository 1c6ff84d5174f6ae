"""How a build is cut: shards and row groups by the data alone, buckets by the memory."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hardness.curriculum.manifest import Manifest
from hardness.io.digest import object_digest
from hardness.io.metric import full_name
from hardness.io.storage import Location

SHARD_BYTES = 64 * 2**20
"""Input bytes that a shard holds unless told otherwise; small enough that all cores have some."""
SHARD_ROWS = (1024, 2**18)
ROW_GROUP_BYTES = 8 * 2**20
"""Input bytes in a row group: what a reader of the shards holds in memory at a time."""
ROW_GROUP_ROWS = (1024, 2**16)

COMPRESSED = (".parquet", ".pq", ".gz", ".zst")
COMPRESSED_GROWTH = 5.0
"""Arrow bytes in memory per byte of a compressed input file, by rule of thumb."""
PLAIN_GROWTH = 1.5
"""The same per byte of an uncompressed one: the text once, and offsets."""
BUCKET_BYTES = 16 * 2**20
"""Size of a bucket in memory where neither the memory nor `BUCKETS` says otherwise: sorting is
fastest where the caches help."""
BUCKETS = 1024
"""More buckets than this cut partitions into crumbs."""
PARTITION_BYTES = 8 * 2**20
"""Size of a partition of the data, while it makes no more than `PARTITIONS` of them."""
PARTITIONS = 256
COPIES = 8
"""Times a bucket is in memory while it is read, combined, sorted and encoded, and a partition while
it is decoded and cut, with some room for those of long records: hard records often are."""

LONGEST_NAME = 100
"""Characters of the curriculum in the name of a folder."""


def default_shard_rows(*, rows: int, input_bytes: int) -> int:
    """Records in a shard, a power of two, so that a shard holds about `SHARD_BYTES` of input."""
    return _power_of_two(SHARD_BYTES, rows, input_bytes, SHARD_ROWS)


def row_group_rows(*, rows: int, input_bytes: int) -> int:
    """Records in a row group, a power of two, about `ROW_GROUP_BYTES` of input."""
    return _power_of_two(ROW_GROUP_BYTES, rows, input_bytes, ROW_GROUP_ROWS)


def arrow_bytes(files: Mapping[str, int]) -> int:
    """Estimated size in memory of input files, given as path to bytes."""
    return int(
        sum(
            size * (COMPRESSED_GROWTH if path.lower().endswith(COMPRESSED) else PLAIN_GROWTH)
            for path, size in files.items()
        )
    )


def bucket_edges(
    *, rows: int, shard_rows: int, group_rows: int, data_bytes: int, memory: int, threads: int
) -> np.ndarray:
    """Cut positions into buckets that can be sorted in memory, `threads` of them at a time.

    A bucket lies within one shard and, unless it is the shard's last, holds whole row groups, so
    that the bytes of the shards do not depend on the buckets.

    Args:
        rows: number of positions.
        shard_rows: positions in a shard.
        group_rows: positions in a row group.
        data_bytes: estimated size of the records at all positions in memory.
        memory: bytes to stay below.
        threads: buckets sorted at the same time.

    Returns:
        (buckets + 1,) int64, increasing, from 0 to `rows`.
    """
    wanted = min(memory / (COPIES * threads), max(BUCKET_BYTES, data_bytes / BUCKETS))
    bucket = max(int(wanted * rows / max(data_bytes, 1)) // group_rows, 1) * group_rows
    starts = [
        start
        for shard in range(0, rows, shard_rows)
        for start in range(shard, min(shard + shard_rows, rows), bucket)
    ]
    return np.array([*starts, rows], dtype=np.int64)


def partition_bytes(*, data_bytes: int, memory: int, threads: int) -> int:
    """Most bytes of a partition of the data, of which `threads` are cut at a time."""
    return min(memory // (COPIES * threads), max(PARTITION_BYTES, data_bytes // PARTITIONS))


def identity(manifest: Manifest) -> dict[str, Any]:
    """What decides the shards: the manifest without what follows from it and without paths."""
    known = manifest.to_dict()
    derived = ("schema_version", "kind", "code_version", "hardness", "occurrences", "shards")
    return {name: value for name, value in known.items() if name not in derived} | {
        "dataset": manifest.dataset["digest"]
    }


def build_id(manifest: Manifest) -> str:
    """Digest of what decides the shards, which each of them carries in its footer."""
    return object_digest(identity(manifest))


def differences(old: Manifest, new: Manifest) -> list[str]:
    """What differs between two builds, as `name: old, now new`."""
    before, after = _flat(identity(old)), _flat(identity(new))
    return [
        f"{name}: {before.get(name)!r}, now {after.get(name)!r}"
        for name in dict.fromkeys([*before, *after])
        if before.get(name) != after.get(name)
    ]


def default_output(table: Location, manifest: Manifest) -> Location:
    """Beside the table: `data.hardness` → `data.perplexity-ascending.shards`."""
    metric = full_name(manifest.metric["name"], manifest.metric["column"])
    curriculum = manifest.curriculum
    parts = [metric, curriculum["order"] or curriculum["admit"]]
    if curriculum.get("select"):
        parts.append(curriculum["select"])
    if manifest.weighting is not None:
        parts.append(manifest.weighting["name"])
    table = table.resolve() if isinstance(table, Path) else table
    name = re.sub(r"[^\w.,=]*[^\w.,+=-][^\w.,=]*", "-", "-".join(parts)).strip("-")
    if len(name) > LONGEST_NAME:  # file systems allow 255 bytes
        name = f"{name[:LONGEST_NAME]}-{object_digest(name)[:8]}"
    return table.with_name(f"{table.name.removesuffix('.hardness')}.{name}.shards")


def _power_of_two(target: int, rows: int, input_bytes: int, limits: tuple[int, int]) -> int:
    fitting = max(target * rows // max(input_bytes, 1), 1)
    return min(max(1 << (fitting.bit_length() - 1), limits[0]), limits[1])


def _flat(value: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, item in value.items():
        if isinstance(item, Mapping):
            flat |= _flat(item, f"{prefix}{name}.")
        else:
            flat[prefix + name] = item
    return flat
