"""Writing shards: whole files in training order, with their digests.

For the columns of a shard see `hardness.curriculum.shards`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from hardness.curriculum.check import BUILD_KEY
from hardness.curriculum.manifest import (
    HARDNESS,
    POSITION,
    ROW,
    WEIGHT,
    Manifest,
    ShardEntry,
    shard_name,
    write_manifest,
)
from hardness.curriculum.plan import build_id
from hardness.curriculum.positions import occurrences
from hardness.io.atomic import atomic_path
from hardness.io.digest import file_digest
from hardness.io.storage import AnyPath, Location, locate

DICTIONARY_BYTES = 32 * 1024
"""A column whose distinct values in a row group outgrow this is written plain: labels stay small,
and little time goes into hashing texts that never repeat."""


def write_shard(
    path: Location,
    schema: pa.Schema,
    tables: Iterable[pa.Table],
    *,
    row_group_rows: int,
    build: str,
) -> ShardEntry:
    """Write one shard, which is there when it is complete.

    Equal records give equal bytes whatever way they are cut into tables, as long as every table
    but the last holds a multiple of `row_group_rows` records.

    Args:
        path: where the shard goes.
        schema: of every table.
        tables: the records in training order.
        row_group_rows: records in each row group but the last.
        build: digest of the build that the shard belongs to, kept in its footer.
    """
    schema = schema.with_metadata({BUILD_KEY: build.encode()})
    added = [name for name in (ROW, HARDNESS, POSITION, WEIGHT) if name in schema.names]
    rows = 0
    with atomic_path(path) as temporary:
        options: dict[str, Any] = {
            "compression": "zstd",
            "compression_level": 1,
            "use_dictionary": [name for name in schema.names if name not in added],
            "write_statistics": added,  # nobody looks for the smallest text
            "dictionary_pagesize_limit": DICTIONARY_BYTES,
            # Of positions, which count up, next to nothing is left; of rows, the bits they need.
            "column_encoding": dict.fromkeys((ROW, POSITION), "DELTA_BINARY_PACKED"),
        }
        with pq.ParquetWriter(temporary, schema, **options) as writer:
            for table in tables:
                writer.write_table(
                    table.replace_schema_metadata(schema.metadata), row_group_size=row_group_rows
                )
                rows += table.num_rows
        digest = file_digest(temporary)
        size = temporary.stat().st_size
    return ShardEntry(name=path.name, rows=rows, bytes=size, xxh3_128=digest)


def write_shards(
    folder: AnyPath,
    table: pa.Table,
    manifest: Manifest,
    *,
    row_group_rows: int = 16_384,
) -> Manifest:
    """Write records that are in memory and in training order as a folder of shards.

    Args:
        folder: created if it is not there; must hold no shards.
        table: every original column, then `row`, `hardness`, `position` and perhaps `weight`.
        manifest: what the manifest shall say; its `rows`, `occurrences` and `shards` are filled in
            here.
        row_group_rows: records in each row group.

    Returns:
        The manifest as written.
    """
    folder = locate(folder)
    times = table.column(ROW).value_counts().field("counts").to_numpy()
    manifest = replace(
        manifest,
        rows=table.num_rows,
        occurrences=occurrences(times, records=len(times)),
    )
    build = build_id(manifest)
    entries = []
    for index, start in enumerate(range(0, table.num_rows, manifest.shard_rows)):
        part = table.slice(start, manifest.shard_rows)
        path = folder / shard_name(index)
        entries.append(
            write_shard(path, table.schema, [part], row_group_rows=row_group_rows, build=build)
        )
    manifest = replace(manifest, shards=tuple(entries))
    write_manifest(folder, manifest)
    return manifest
