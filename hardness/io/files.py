"""Finding input files, and the plain contents of compressed ones."""

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
from hardness.io.remote import RemotePath
from hardness.io.storage import AnyPath, Location, join, locate, open_file
from hardness.io.stores import is_url

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

Paths = AnyPath | Sequence[AnyPath]
_CHUNK_BYTES = 1 << 20


def expand(paths: Paths) -> list[str]:
    """The files that paths, globs and `save_to_disk` folders stand for, in order.

    Args:
        paths: one or more, URLs too; the matches of a glob are sorted.

    Raises:
        HardnessError: nothing was given, or a path or glob leads nowhere.
    """
    given = _given(paths)
    if not given:
        raise HardnessError("data must be one or more files, got none; name a file or a glob")
    return [file for path in given for file in _expand_one(path)]


def _given(paths: Paths) -> list[str]:
    """Each as it was written."""
    one = isinstance(paths, str | os.PathLike | RemotePath)
    return [
        str(path) if isinstance(path, RemotePath) else os.fspath(path)
        for path in ([paths] if one else paths)
    ]


def _expand_one(path: str) -> list[str]:
    location = locate(path)
    if location.is_file():
        return [path]
    if location.is_dir():
        return _saved_dataset(location)
    if glob.has_magic(path):
        matches = (
            location.matches()
            if isinstance(location, RemotePath)
            else sorted(name for name in glob.glob(path, recursive=True) if os.path.isfile(name))
        )
        if not matches:
            raise HardnessError(f"data must match at least one file, got {path!r}; check the glob")
        return matches
    kind = "object" if is_url(path) else "file"
    raise HardnessError(f"data must be an existing {kind}, got {path!r}; check the path")


def _saved_dataset(folder: Location) -> list[str]:
    state = folder / "state.json"
    if not state.is_file():
        if (folder / "dataset_dict.json").is_file():
            splits = read_json(folder / "dataset_dict.json").get("splits", [])
            raise HardnessError(
                f"data must be one split, got {str(folder)!r} with {', '.join(splits)}; "
                f"name one, for example {'/'.join([str(folder), *splits[:1]])!r}"
            )
        raise HardnessError(
            "data must be files or a folder written by save_to_disk, got the folder "
            f"{str(folder)!r}; name its files, for example {str(folder / '*.jsonl')!r}"
        )
    content = read_json(state)
    if content.get("_indices_files"):
        raise HardnessError(
            f"data must be stored in its own order, got {str(folder)!r} with an indices mapping; "
            "call flatten_indices() before save_to_disk"
        )
    return [join(folder, entry["filename"]) for entry in content["_data_files"]]


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


def default_folder(paths: Paths) -> Location:
    """Where the table of some inputs goes if nothing else is said: beside the first of them.

    `data.jsonl.gz` gives `data.hardness`, a saved dataset `corpus/` gives `corpus.hardness`, and
    several files are named after the first: `a.jsonl b.jsonl c.jsonl` give `a-and-2-more.hardness`.

    Raises:
        HardnessError: a path or glob leads nowhere.
    """
    given = _given(paths)
    only = locate(given[0]) if len(given) == 1 else None
    if only is not None and only.is_dir():
        folder = Path(os.path.normpath(only)) if isinstance(only, Path) else only
        if isinstance(folder, Path) and folder.name in ("", ".."):  # `.` and `..` are no names
            folder = folder.resolve()
        return folder.parent / (folder.name + TABLE_SUFFIX)
    found = [locate(name) for name in expand(paths)]
    stem = found[0].name
    if stem.lower().endswith(COMPRESSIONS):
        stem = os.path.splitext(stem)[0]
    stem = os.path.splitext(stem)[0]
    more = f"-and-{len(found) - 1}-more" if len(found) > 1 else ""
    return found[0].with_name(f"{stem}{more}{TABLE_SUFFIX}")


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
