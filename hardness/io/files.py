"""Finding and opening input files: the one place that touches them."""

from __future__ import annotations

import glob
import gzip
import os
import zlib
from collections.abc import Iterator, Sequence
from io import FileIO
from pathlib import Path

import zstandard

from hardness.errors import HardnessError
from hardness.io.atomic import read_json

FORMATS = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".txt": "text",
    ".text": "text",
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
}
COMPRESSIONS = (".gz", ".zst")
TABLE_SUFFIX = ".hardness"

Paths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]
_CHUNK_BYTES = 1 << 20


def expand(paths: Paths) -> list[str]:
    """The files that paths, globs and `save_to_disk` folders stand for, in order.

    Args:
        paths: one or more; the matches of a glob are sorted.

    Raises:
        HardnessError: nothing was given, or a path or glob leads nowhere.
    """
    given = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
    if not given:
        raise HardnessError("data must be one or more files, got none; name a file or a glob")
    return [file for path in given for file in _expand_one(os.fspath(path))]


def _expand_one(path: str) -> list[str]:
    if os.path.isfile(path):
        return [path]
    if os.path.isdir(path):
        return _saved_dataset(path)
    if glob.has_magic(path):
        matches = sorted(name for name in glob.glob(path, recursive=True) if os.path.isfile(name))
        if not matches:
            raise HardnessError(f"data must match at least one file, got {path!r}; check the glob")
        return matches
    raise HardnessError(f"data must be an existing file, got {path!r}; check the path")


def _saved_dataset(folder: str) -> list[str]:
    state = os.path.join(folder, "state.json")
    if not os.path.isfile(state):
        if os.path.isfile(os.path.join(folder, "dataset_dict.json")):
            splits = read_json(os.path.join(folder, "dataset_dict.json")).get("splits", [])
            raise HardnessError(
                f"data must be one split, got {folder!r} with {', '.join(splits)}; "
                f"name one, for example {os.path.join(folder, *splits[:1])!r}"
            )
        raise HardnessError(
            f"data must be files or a folder written by save_to_disk, got the folder {folder!r}; "
            f"name its files, for example {os.path.join(folder, '*.jsonl')!r}"
        )
    content = read_json(state)
    if content.get("_indices_files"):
        raise HardnessError(
            f"data must be stored in its own order, got {folder!r} with an indices mapping; "
            "call flatten_indices() before save_to_disk"
        )
    return [os.path.join(folder, entry["filename"]) for entry in content["_data_files"]]


def format_of(path: str) -> tuple[str, str]:
    """The format and the compression ("", ".gz" or ".zst") that a file's name says.

    Raises:
        HardnessError: the name ends in nothing known.
    """
    stem, compression = path, ""
    if path.lower().endswith(COMPRESSIONS):
        stem, compression = os.path.splitext(path)
    known = FORMATS.get(os.path.splitext(stem)[1].lower())
    if known is None or (compression and known in ("parquet", "arrow")):
        raise HardnessError(
            f"data must end in {', '.join(FORMATS)} (lines and CSV also .gz, .zst), "
            f"got {path!r}; rename or convert it"
        )
    return known, compression.lower()


def default_folder(paths: Paths) -> Path:
    """Where the table of some inputs goes if nothing else is said: beside the first of them.

    `data.jsonl.gz` gives `data.hardness`, a saved dataset `corpus/` gives `corpus.hardness`, and
    several files are named after the first: `a.jsonl b.jsonl c.jsonl` give `a-and-2-more.hardness`.

    Raises:
        HardnessError: a path or glob leads nowhere.
    """
    if isinstance(paths, str | os.PathLike) and os.path.isdir(paths):
        folder = Path(os.path.normpath(paths))
        return folder.with_name(folder.name + TABLE_SUFFIX)
    found = [Path(name) for name in expand(paths)]
    stem = found[0].name
    if stem.lower().endswith(COMPRESSIONS):
        stem = os.path.splitext(stem)[0]
    stem = os.path.splitext(stem)[0]
    more = f"-and-{len(found) - 1}-more" if len(found) > 1 else ""
    return found[0].with_name(f"{stem}{more}{TABLE_SUFFIX}")


def signature(path: str) -> tuple[int, int]:
    """Size in bytes and modification time in nanoseconds: what tells that a file changed.

    Raises:
        HardnessError: the file is gone or may not be read.
    """
    try:
        status = os.stat(path)
    except OSError as error:
        raise HardnessError(
            f"data must stay readable, got {os.strerror(error.errno or 0)!r} for {path}; "
            "put it back and run again"
        ) from error
    return status.st_size, status.st_mtime_ns


def open_file(path: str) -> FileIO:
    """Open an input unbuffered.

    Raises:
        HardnessError: the file is gone or may not be read.
    """
    try:
        return open(path, "rb", buffering=0)
    except OSError as error:
        raise HardnessError(
            f"data must be readable, got {os.strerror(error.errno or 0)!r} for {path}; "
            "check the path and its permissions"
        ) from error


def read_range(path: str, start: int, stop: int) -> bytes:
    """Bytes [start, stop) of a file; fewer where the file has become shorter."""
    with open_file(path) as file:
        file.seek(start)
        parts = []
        while start < stop and (part := file.read(stop - start)):
            parts.append(part)
            start += len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def plain_chunks(path: str, compression: str) -> Iterator[bytes]:
    """The plain contents of a file, in chunks.

    Args:
        path: the file.
        compression: "", ".gz" or ".zst"; several members or frames in a row are one file.

    Raises:
        HardnessError: the file is cut short or is not of this compression.
    """
    try:
        with open_file(path) as file:
            if compression == ".gz":
                with gzip.GzipFile(fileobj=file) as plain:
                    yield from iter(lambda: plain.read(_CHUNK_BYTES), b"")
            elif compression == ".zst":
                yield from _zstd_chunks(file)
            else:
                yield from iter(lambda: file.read(_CHUNK_BYTES), b"")
    except (EOFError, zlib.error, gzip.BadGzipFile, zstandard.ZstdError) as error:
        raise HardnessError(
            f"{path} must be a complete {compression} file, got {error}; download or compress it "
            "again"
        ) from error


def _zstd_chunks(file: FileIO) -> Iterator[bytes]:
    # zstandard's stream reader takes a truncated file for a finished one, so frames are followed
    # by hand.
    frame = None
    while chunk := file.read(_CHUNK_BYTES // 8):
        while chunk:
            frame = frame or zstandard.ZstdDecompressor().decompressobj()
            if plain := frame.decompress(chunk):
                yield plain
            chunk = b""
            if frame.eof:
                chunk, frame = frame.unused_data, None
    if frame is not None:
        raise EOFError("its end is missing")


def stage_plain(path: str, compression: str, folder: str, name: str) -> str:
    """Decompress a file into `folder`; the path of the plain copy."""
    target = Path(folder) / name
    try:
        with open(target, "wb") as out:
            for chunk in plain_chunks(path, compression):
                out.write(chunk)
    except OSError as error:
        raise staging_error(folder, error) from error
    return str(target)


def staging_error(folder: str, error: OSError) -> HardnessError:
    """The error for a staging folder that takes no more."""
    return HardnessError(
        f"work must have room for a plain copy of the data, got {error} in {folder}; "
        "name another folder with work"
    )
