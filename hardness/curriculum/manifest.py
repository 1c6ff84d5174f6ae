"""What a folder of shards says about itself: `manifest.json`, written last."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from hardness.errors import HardnessError
from hardness.io.added import HARDNESS as HARDNESS
from hardness.io.added import POSITION as POSITION
from hardness.io.added import ROW as ROW
from hardness.io.added import WEIGHT as WEIGHT
from hardness.io.atomic import read_json, write_json
from hardness.io.digest import object_digest
from hardness.io.records import Columns
from hardness.io.storage import AnyPath, Location, locate

MANIFEST_NAME = "manifest.json"
SCHEMA_VERSION = 1
KIND = "hardness-shards"


@dataclass(frozen=True, kw_only=True)
class ShardEntry:
    """One shard as the manifest lists it."""

    name: str
    """File name inside the folder, `shard-00000.parquet` onwards."""
    rows: int
    """Number of positions, at least 1."""
    bytes: int
    """Size of the file."""
    xxh3_128: str
    """Digest of the file, 32 hexadecimal digits."""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """Everything that decides the bytes of the shards, and the shards themselves."""

    dataset: Mapping[str, Any]
    """`digest` and `files` (path, bytes, rows, xxh3_128 of each) of the data that was ordered."""
    columns: Columns
    """Which columns hold the text, the label, the id and the group."""
    metric: Mapping[str, Any]
    """`name`, `column`, `direction` (`higher` or `lower`: which way is harder), `parameters`,
    `records`, how many of them were scored, null or not, `digest`. Of an expression, name and
    column are its text, and the parameters are those of each column."""
    curriculum: Mapping[str, Any]
    """`order`, `admit`, `select`, `keep_random`, `normalize`, `nulls`, and `parameters`, those of
    each; `columns`, the digests of further columns that were read."""
    weighting: Mapping[str, Any] | None = None
    """`name` of the weighting whose factor the column `weight` holds; null without that column."""
    seed: int = 0
    """Seed of the order."""
    epochs: int = 1
    """Passes over the data that the sequence holds."""
    hardness: Mapping[str, Any]
    """`min`, `mean` and `max` over the positions (null if no record has one) and `nulls`, the
    number of records of the table without a score, which `curriculum.nulls` dropped or kept."""
    rows: int
    """Number of positions, which run from 0 to rows - 1: the length of all shards together."""
    occurrences: Mapping[str, Any] = field(default_factory=dict)
    """How often records occur: `records`, how many do; `never`, how many records of the table do
    not; `most`, the most often that one does; `times`, the number of records by how often they
    occur."""
    shard_rows: int
    """Positions in each shard but the last."""
    shards: tuple[ShardEntry, ...] = ()
    """The shards in training order."""
    code_version: str = ""
    """Version of hardness that wrote the shards."""
    schema_version: int = SCHEMA_VERSION
    kind: str = field(default=KIND)

    @property
    def repeats(self) -> bool:
        """Whether a record occurs more than once."""
        return self.occurrences.get("most", 1) > 1

    @property
    def digest(self) -> str:
        """xxh3-128 of the whole manifest: two equal digests mean the same shards."""
        return object_digest(self.to_dict())

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, keys in the documented order."""
        return {
            "schema_version": self.schema_version,
            "kind": self.kind,
            "code_version": self.code_version,
            "dataset": dict(self.dataset),
            "columns": {**asdict(self.columns), "text": list(self.columns.text)},
            "metric": dict(self.metric),
            "curriculum": dict(self.curriculum),
            "weighting": None if self.weighting is None else dict(self.weighting),
            "seed": self.seed,
            "epochs": self.epochs,
            "hardness": dict(self.hardness),
            "rows": self.rows,
            "occurrences": dict(self.occurrences),
            "shard_rows": self.shard_rows,
            "shards": [asdict(shard) for shard in self.shards],
        }


def parse_manifest(obj: Any, *, source: str) -> Manifest:
    """The manifest in `obj`, as read from JSON.

    Args:
        obj: the parsed JSON.
        source: what the messages call it, usually the path.

    Raises:
        HardnessError: not a manifest of shards, of another schema version, or keys are missing,
            unknown or of the wrong type; all of them in one message.
    """
    if not isinstance(obj, dict) or obj.get("kind") != KIND:
        raise HardnessError(
            f"{source} must be the manifest of a folder of shards (kind {KIND!r}), got "
            f"{_brief(obj)}; give the folder that `hardness build` wrote"
        )
    if obj.get("schema_version") != SCHEMA_VERSION:
        raise HardnessError(
            f"{source} must have schema_version {SCHEMA_VERSION}, got "
            f"{obj.get('schema_version')!r}; build the shards again with this version of hardness"
        )
    problems = _key_problems(obj, Manifest)
    if not problems:
        problems += _type_problems(obj)
    if problems:
        raise HardnessError(
            f"{source} must be a complete manifest, got {'; '.join(problems)}; "
            "build the shards again"
        )
    columns = obj["columns"]
    return Manifest(
        **{
            **obj,
            "columns": Columns(
                text=tuple(columns["text"]),
                label=columns["label"],
                id=columns["id"],
                group=columns["group"],
            ),
            "shards": tuple(ShardEntry(**shard) for shard in obj["shards"]),
        }
    )


def read_manifest(folder: AnyPath) -> Manifest:
    """The manifest of the shards in `folder`.

    Raises:
        HardnessError: no such folder, the build did not finish, or the manifest is damaged.
    """
    folder = locate(folder)
    if not folder.is_dir():
        raise HardnessError(
            f"shards must be a folder that `hardness build` wrote, got {str(folder)!r}, which is "
            f"{'a file' if folder.exists() else 'not there'}; check the path"
        )
    path = folder / MANIFEST_NAME
    if not path.is_file() and _is_table(folder):
        raise HardnessError(
            f"shards must be a folder that `hardness build` wrote, got {str(folder)!r}, which is "
            f"a hardness table; build shards of it first: hardness build {shlex.quote(str(folder))}"
        )
    if not path.is_file():
        raise HardnessError(
            f"shards must be a finished build, got {str(folder)!r} without {MANIFEST_NAME}: "
            "the build did not finish; run the same `hardness build` command again to complete it"
        )
    return parse_manifest(read_json(path), source=str(path))


def _is_table(folder: Location) -> bool:
    from hardness.io.table import DATASET  # with polars, which training does not need

    return (folder / DATASET).is_file()


def write_manifest(folder: AnyPath, manifest: Manifest) -> None:
    """Write `manifest` into `folder`; from then on the folder counts as finished."""
    write_json(locate(folder) / MANIFEST_NAME, manifest.to_dict())


def shard_name(index: int) -> str:
    """File name of shard `index`, counted from 0."""
    return f"shard-{index:05d}.parquet"


def _brief(obj: Any) -> str:
    return f"kind {obj.get('kind')!r}" if isinstance(obj, dict) else f"a {type(obj).__name__}"


def _key_problems(obj: Mapping[str, Any], cls: type) -> list[str]:
    known = {item.name for item in fields(cls)}
    missing = sorted(known - obj.keys())
    unknown = sorted(obj.keys() - known)
    return [f"no {name!r}" for name in missing] + [f"unknown key {name!r}" for name in unknown]


def _type_problems(obj: Mapping[str, Any]) -> list[str]:
    problems = []
    for name in ("seed", "epochs", "rows", "shard_rows"):
        if type(obj[name]) is not int or obj[name] < 0:
            problems.append(f"{name} = {obj[name]!r}, not a whole number from 0")
    for name in ("dataset", "metric", "curriculum", "hardness", "occurrences"):
        if not isinstance(obj[name], dict):
            problems.append(f"{name} = {obj[name]!r}, not an object")
    columns = obj["columns"]
    if not isinstance(columns, dict) or columns.keys() != {"text", "label", "id", "group"}:
        problems.append(f"columns = {columns!r}, not an object of text, label, id and group")
    if not isinstance(obj["shards"], list):
        return [*problems, f"shards = {obj['shards']!r}, not a list"]
    for index, shard in enumerate(obj["shards"]):
        wrong = _key_problems(shard, ShardEntry) if isinstance(shard, dict) else ["not an object"]
        problems += [f"shard {index}: {problem}" for problem in wrong]
        if not wrong and shard["name"] != shard_name(index):
            problems.append(f"shard {index}: {shard['name']!r}, not {shard_name(index)!r}")
    if not problems:
        total = sum(shard["rows"] for shard in obj["shards"])
        if total != obj["rows"]:
            problems.append(f"rows = {obj['rows']}, but the shards sum to {total}")
    return problems
