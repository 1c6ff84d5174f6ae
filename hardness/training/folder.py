"""The folder of a run: what is in it and whether this run may have it."""

from __future__ import annotations

import platform
import shutil
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from hardness.errors import HardnessError, OutputExistsError
from hardness.io.atomic import read_json, write_json
from hardness.training import names
from hardness.training.models import quiet_transformers
from hardness.training.parallel import World
from hardness.training.saving import saving

FREE_OPTIONS = (
    "shards",
    "output",
    "eval",
    "observe",
    "model",
    "overwrite",
    "verify",
    "device",
    "nproc",
    "parallel",
    "keep",
    "checkpoint_every",
)
"""Options that do not change what a run computes but for rounding; data and model are compared by
their digests."""

PACKAGES = (
    "hardness",
    "torch",
    "transformers",
    "tokenizers",
    "numpy",
    "pyarrow",
)


def versions() -> dict[str, str]:
    """The versions of Python and of the packages that decide the numbers."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:  # run from a source tree that is not installed
            continue
    import hardness

    return {**found, "hardness": hardness.__version__}


def config_of(described: Mapping[str, Any], world: World) -> dict[str, Any]:
    """The contents of config.json: what decides the result, and where it is computed."""
    return {
        "schema_version": names.SCHEMA_VERSION,
        "kind": names.KIND,
        **described,
        "environment": {
            "device": str(world.device),
            "world_size": world.size,
            "threads": torch.get_num_threads(),
            "machine": platform.machine(),
        },
        "versions": versions(),
    }


def finished(folder: Path, config: Mapping[str, Any], overwrite: bool) -> bool:
    """Whether `folder` holds the run that `config` describes, complete. Nothing is written.

    Where its model is gone or is not what was saved, it is not, and what is left of the run is what
    it goes on from.

    Raises:
        OutputExistsError: it holds another run.
        HardnessError: it holds files that are no run.
    """
    path = folder / names.CONFIG
    if path.exists():
        found = read_json(path)
        if found.get("kind") != names.KIND:
            raise HardnessError(
                f"output must be a new folder or one of a run, got {str(folder)!r} with another "
                f"{names.CONFIG}; choose another -o"
            )
        changed = _changes(found, config)
        if changed and not overwrite:
            raise OutputExistsError(
                f"output must be a new folder or one of the same run, got {str(folder)!r} of a run "
                f"with {changed[0]}; choose another -o or use --overwrite"
            )
        return not overwrite and (folder / names.RESULT).exists() and not _lost(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise HardnessError(
            f"output must be a new folder, got {str(folder)!r}, which holds something else; "
            "choose another -o"
        )
    return False


def claim(folder: Path, config: Mapping[str, Any], overwrite: bool) -> None:
    """Take `folder`, which does not hold the finished run, and write config.json."""
    if overwrite and (folder / names.CONFIG).exists():
        shutil.rmtree(folder)
    result = folder / names.RESULT
    if result.exists():
        lost = _lost(folder)
        result.unlink()
        if any(name.startswith(f"{names.BEST}/") for name in lost):
            # A checkpoint after the best evaluation does not lead to its model again.
            shutil.rmtree(folder / names.CHECKPOINTS, ignore_errors=True)
    if not (folder / names.CONFIG).exists():
        write_json(folder / names.CONFIG, dict(config))


def final_files(folder: Path) -> dict[str, int]:
    """The files of the run's models, as path in the folder to size in bytes."""
    return {
        path.relative_to(folder).as_posix(): path.stat().st_size
        for name in (names.MODEL, names.BEST)
        for path in sorted((folder / name).rglob("*"))
        if path.is_file()
    }


def _lost(folder: Path) -> list[str]:
    """The files of a finished run's models that are gone or are not what was saved."""
    result = read_json(folder / names.RESULT)
    expected = result.get("files") or {f"{names.MODEL}/{names.CONFIG}": None}
    found = final_files(folder)
    return [name for name, size in expected.items() if found.get(name) != size]


def _changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """What a run of the config `new` would compute differently, in words."""
    changes = []
    for key in ("options", "data", "resolved"):
        before, after = old.get(key, {}), new[key]
        for name in sorted({*before, *after} - set(FREE_OPTIONS)):
            if before.get(name) != after.get(name):
                changes.append(f"{name} {before.get(name)!r} instead of {after.get(name)!r}")
    return changes


def save_model(final: Path, model: Any, tokenizer: Any) -> None:
    """Save model and tokenizer in `save_pretrained` form; the folder appears when complete.

    Raises:
        HardnessError: the disk is full or may not be written to; nothing is left behind.
    """
    temporary = final.with_name(f".{final.name}.tmp-")
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        with saving(final), quiet_transformers():
            model.save_pretrained(temporary)
            tokenizer.save_pretrained(temporary)
            shutil.rmtree(final, ignore_errors=True)
            temporary.rename(final)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
