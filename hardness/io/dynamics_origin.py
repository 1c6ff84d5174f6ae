"""Which run dynamics are from, and which data the run was trained on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hardness.errors import HardnessError
from hardness.io.atomic import read_json
from hardness.io.digest import file_digest, object_digest
from hardness.io.dynamics import Dynamics
from hardness.io.records import Columns
from hardness.io.storage import Location, find_size, join, locate

_CONFIG, _KIND = "config.json", "hardness-run"
_MANIFEST = "manifest.json"


@dataclass(frozen=True, kw_only=True)
class Origin:
    """What is known of where dynamics are from.

    Attributes:
        classes: name of each class, by its number; empty where unknown.
        shards: folder of the observed shards, where they are still those of the run.
        dataset: digest of the data that the shards were built of.
        files: the data's files, as the manifest of the shards describes them.
        columns: which columns hold text, label, id and group.
    """

    classes: tuple[str, ...] = ()
    shards: Location | None = None
    dataset: str | None = None
    files: tuple[Mapping[str, Any], ...] = ()
    columns: Columns | None = None


def find_origin(dynamics: Dynamics) -> Origin | None:
    """The run that dynamics are of; None where they do not lie in the folder of one."""
    inner = dynamics.folder
    outer = inner.parent if isinstance(inner, Path) else next(_parents(inner), inner)
    for folder in (inner, outer):
        path = folder / _CONFIG
        if path.is_file():
            config = read_json(path)
            if isinstance(config, dict) and config.get("kind") == _KIND:
                return _origin(config, folder)
    return None


def _origin(config: Mapping[str, Any], run: Location) -> Origin:
    ids: dict[str, int] = config["resolved"].get("labels") or {}
    classes = tuple(sorted(ids, key=lambda name: ids[name]))
    # A relative path is as seen from where the run was started, mostly here or beside the run.
    # Of records that were observed in place of those trained on, theirs.
    observed: str | None = config["options"].get("observe")
    named = observed or config["options"]["shards"]
    digest = config["data"]["manifest_digest" if observed is None else "observed_digest"]
    for place in dict.fromkeys([named, *(join(folder, named) for folder in _parents(run))]):
        shards = locate(place)
        path = shards / _MANIFEST
        manifest = read_json(path) if path.is_file() else None
        if object_digest(manifest) == digest:
            return _of_manifest(manifest, shards, classes)
    return Origin(classes=classes)


def _parents(folder: Location) -> Iterator[Location]:
    """The folders that a folder lies in, the nearest first."""
    if isinstance(folder, Path):
        yield from folder.resolve().parents
        return
    while "/" in folder.key:
        folder = folder.parent
        yield folder


def _of_manifest(manifest: Any, shards: Location, classes: tuple[str, ...]) -> Origin:
    columns = manifest["columns"]
    return Origin(
        classes=classes,
        shards=shards,
        dataset=manifest["dataset"]["digest"],
        files=tuple(manifest["dataset"]["files"]),
        columns=Columns(**columns | {"text": tuple(columns["text"])}),
    )


def find_data(origin: Origin) -> list[str]:
    """The files that the run's shards were built of.

    Their places are known relative to the hardness table, which mostly lies beside the shards; so
    they are looked for from there, and told by their contents.

    Raises:
        HardnessError: a file is not found, or the shards are gone.
    """
    if origin.shards is None:
        raise HardnessError(
            "data must be named where the shards of the run are gone or were built again, "
            "got none; give the files that were scored"
        )
    return [_find(file, origin.shards) for file in origin.files]


def _find(file: Mapping[str, Any], shards: Location) -> str:
    near = [shards, shards.parent] if isinstance(shards, Path) else [shards]
    folders = [*near, Path(), Path("table")]
    for place in dict.fromkeys(join(folder, file["path"]) for folder in folders):
        if find_size(place) == file["bytes"] and file_digest(place) == file["xxh3_128"]:
            return place
    raise HardnessError(
        f"data must be found beside the shards in {shards} or be named, got no {file['path']} "
        "there; give the files that were scored"
    )
