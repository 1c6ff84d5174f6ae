"""Whether a shard is the file that the manifest lists, and what is wrong with it if it is not."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from hardness.curriculum.manifest import MANIFEST_NAME, Manifest, ShardEntry
from hardness.curriculum.plan import build_id
from hardness.errors import HardnessError
from hardness.io.digest import file_digest
from hardness.io.remote import RemotePath
from hardness.io.storage import (
    Location,
    Signature,
    fetch,
    find_size,
    open_parquet,
    read_metadata,
    signature,
)

BUILD_KEY = b"hardness.build"
"""Key of the Parquet footer under which a shard names the build that it belongs to."""


def check_shard(
    folder: Location, manifest: Manifest, index: int, *, digest: bool, size: bool = True
) -> None:
    """Check that shard `index` is the file that the manifest lists.

    Args:
        folder: where the shards are.
        manifest: the manifest.
        index: which shard, from 0.
        digest: compare the digest too, which reads the file once.
        size: compare the size.

    Raises:
        HardnessError: the shard is missing, truncated, altered or of another build.
    """
    shard = manifest.shards[index]
    path = folder / shard.name
    found = find_size(path)
    if found is None:
        raise HardnessError(
            f"{path} must be there, got a missing shard; restore it or build the shards again"
        )
    same = not size or found == shard.bytes
    if same and (not digest or file_digest(path) == shard.xxh3_128):
        return
    raise _mistake(folder, manifest, index, found)


def fetch_shard(folder: RemotePath, manifest: Manifest, index: int, target: Path) -> Signature:
    """Copy a remote shard into a local file that is what the manifest lists.

    Returns:
        What tells whether the shard changes from now on.

    Raises:
        HardnessError: the shard is missing, truncated, altered or of another build, or there is no
            room for it.
    """
    shard = manifest.shards[index]
    check_shard(folder, manifest, index, digest=False)
    path = folder / shard.name
    before = signature(path)
    try:
        digest = fetch(path, target)
    except OSError as error:
        raise HardnessError(
            f"{target.parent} must have room for a shard of {shard.bytes} bytes, got {error}; free "
            "some space, or set TMPDIR to another folder"
        ) from error
    if digest != shard.xxh3_128 or signature(path) != before:
        raise _mistake(folder, manifest, index, before.bytes)
    return before


def _mistake(folder: Location, manifest: Manifest, index: int, found: int) -> HardnessError:
    """What is wrong with a shard of `found` bytes that is not what the manifest lists."""
    shard = manifest.shards[index]
    path = folder / shard.name
    again = "build the shards again, or use --no-verify if you changed it on purpose"
    own, other = build_id(manifest), _build_of(path)
    if other not in (None, own):
        return HardnessError(
            f"{path} must belong to this build, got a shard of another build ({other} instead of "
            f"{own}); restore it or build the shards again"
        )
    if found < shard.bytes and not _readable(path):
        return HardnessError(
            f"{path} must have {shard.bytes} bytes, got {found}: the shard is truncated; {again}"
        )
    same = found == shard.bytes
    detail = "another digest" if same else f"{found} bytes instead of {shard.bytes}"
    return HardnessError(
        f"{path} must be as the build wrote it, got {detail}: the shard was altered; {again}"
    )


def check_build(folder: Location, manifest: Manifest, index: int) -> None:
    """Check that a shard was built by what the manifest says.

    Raises:
        HardnessError: the shard says otherwise; it has the bytes that are listed, so the manifest
            was altered.
    """
    path = folder / manifest.shards[index].name
    own, other = build_id(manifest), _build_of(path)
    if other not in (None, own):
        raise HardnessError(
            f"{folder / MANIFEST_NAME} must be as the build wrote it, got what stands for the "
            f"build {own} instead of {other}, of which {path.name} is: the manifest was altered; "
            "restore it or build the shards again"
        )


def unlisted(folder: Location, names: Iterable[str], manifest: Manifest) -> list[HardnessError]:
    """What is wrong with Parquet files in the folder that are not part of the build.

    Args:
        folder: where the shards are.
        names: of the files there.
        manifest: the manifest.
    """
    listed = {shard.name for shard in manifest.shards}
    return [
        HardnessError(
            f"{folder / name} must be listed in {MANIFEST_NAME}, got a shard that is not "
            "part of this build; move it out of the folder"
        )
        for name in sorted(names)
        if name.endswith(".parquet") and name not in listed
    ]


def open_shard_file(path: Location, shard: ShardEntry) -> pq.ParquetFile:
    """The Parquet file of a shard.

    Raises:
        HardnessError: it cannot be read as Parquet or has another number of rows.
    """
    try:
        file = open_parquet(path, memory_map=True)
    except (OSError, pa.ArrowInvalid) as error:
        reason = str(error).splitlines()[0]
        raise HardnessError(
            f"{path} must be a readable Parquet file, got {reason}; build the shards again"
        ) from None
    if file.metadata.num_rows != shard.rows:
        raise HardnessError(
            f"{path} must have {shard.rows} rows, got {file.metadata.num_rows}; "
            "build the shards again"
        )
    return file


def _readable(path: Location) -> bool:
    try:
        read_metadata(path)
    except (OSError, pa.ArrowInvalid):
        return False
    return True


def _build_of(path: Location) -> str | None:
    try:
        metadata = read_metadata(path).metadata or {}
    except (OSError, pa.ArrowInvalid):
        return None
    return metadata[BUILD_KEY].decode() if BUILD_KEY in metadata else None
