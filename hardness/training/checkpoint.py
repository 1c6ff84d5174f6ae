"""Checkpoints: complete or absent, checked before they are trusted.

A checkpoint is the folder `checkpoints/step-00000042`: the tensors as
`torch.distributed.checkpoint` writes them, which any number of ranks can read, and `state.json`
with the rest and the digest of every file. The folder has a temporary name until it is complete.
"""

from __future__ import annotations

import logging
import os
import shutil
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_model_state_dict,
    get_state_dict,
    set_state_dict,
)
from torch.distributed.checkpoint.state_dict_loader import load
from torch.distributed.checkpoint.state_dict_saver import save

from hardness.errors import HardnessError
from hardness.io.atomic import read_json, write_json
from hardness.io.digest import file_digest
from hardness.training.parallel import World
from hardness.training.saving import saving

STATE_NAME = "state.json"
TRAINED = StateDictOptions(ignore_frozen_params=True, strict=False)
"""What does not learn is made again from the model's start."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Checkpoints:
    """The checkpoints of a run."""

    folder: Path
    """`checkpoints` in the folder of the run."""
    world: World
    keep: int
    """How many to keep, the newest ones."""

    def save(
        self,
        step: int,
        model: torch.nn.Module,
        optimizer: torch.optim.Optimizer,
        state: Mapping[str, Any],
        *,
        also: Callable[[Path], None] | None = None,
    ) -> Path:
        """Save a checkpoint of `step` steps; every rank must call it.

        Args:
            step: optimiser steps taken.
            model: the model.
            optimizer: its optimizer.
            state: plain values to get back from `load`.
            also: writes this rank's further files into the folder it is given.

        Raises:
            HardnessError: the disk is full or may not be written to.
        """
        final = self.folder / f"step-{step:08d}"
        temporary = self.folder / f".{final.name}.tmp-"
        try:
            with saving(final):
                self._write(temporary, step, model, optimizer, state, also)
                self._publish(temporary, final)
        except BaseException:
            if self.world.first:
                shutil.rmtree(temporary, ignore_errors=True)
            raise
        self.world.barrier()
        return final

    def _write(
        self,
        temporary: Path,
        step: int,
        model: torch.nn.Module,
        optimizer: torch.optim.Optimizer,
        state: Mapping[str, Any],
        also: Callable[[Path], None] | None,
    ) -> None:
        if self.world.first:
            shutil.rmtree(temporary, ignore_errors=True)
            temporary.mkdir(parents=True)
        self.world.barrier()
        tensors, moments = get_state_dict(model, optimizer, options=TRAINED)
        with _quiet():
            save(
                {"model": tensors, "optimizer": moments},
                checkpoint_id=temporary,
                no_dist=self.world.size == 1,
            )
        if also is not None:
            also(temporary)
        self.world.barrier()
        if self.world.first:
            digests = {path.name: file_digest(path) for path in sorted(temporary.iterdir())}
            write_json(temporary / STATE_NAME, {"step": step, **state, "files": digests})

    def _publish(self, temporary: Path, final: Path) -> None:
        if self.world.first:
            shutil.rmtree(final, ignore_errors=True)
            os.replace(temporary, final)
            for old in self._found()[self.keep :]:
                shutil.rmtree(old)

    def latest(self) -> tuple[Path, dict[str, Any]] | None:
        """The newest whole checkpoint and its state, past damaged ones with a warning."""
        found = None
        if self.world.first:
            for path in self._found():
                state, problem = _checked(path)
                if state is not None:
                    found = path, state
                    break
                logger.warning(
                    "checkpoint %s is damaged (%s), trying the one before", path, problem
                )
        return self.world.agree(found)

    def load(self, path: Path, model: torch.nn.Module, optimizer: torch.optim.Optimizer) -> None:
        """Put model and optimizer back as they were in the checkpoint at `path`."""
        tensors, moments = get_state_dict(model, optimizer, options=TRAINED)
        with _quiet():
            load(
                {"model": tensors, "optimizer": moments},
                checkpoint_id=path,
                no_dist=self.world.size == 1,
            )
        set_state_dict(
            model,
            optimizer,
            model_state_dict=tensors,
            optim_state_dict=moments,
            options=TRAINED,
        )

    def _found(self) -> list[Path]:
        """Finished checkpoints, the newest first."""
        return sorted(self.folder.glob("step-*"), reverse=True)


def full_state(model: torch.nn.Module) -> dict[str, Any]:
    """All parameters on the first rank's CPU; every rank must call it."""
    return get_model_state_dict(
        model, options=StateDictOptions(full_state_dict=True, cpu_offload=True)
    )


def _checked(path: Path) -> tuple[dict[str, Any] | None, str]:
    """The state of the checkpoint at `path` if every file is as it was written, else the reason."""
    try:
        state = read_json(path / STATE_NAME)
        for name, digest in state["files"].items():
            if file_digest(path / name) != digest:
                return None, f"{name} was altered"
    except FileNotFoundError as error:
        return None, f"{Path(error.filename).name} is missing"
    except (HardnessError, KeyError, TypeError) as error:
        return None, str(error)
    return state, ""


@contextmanager
def _quiet() -> Iterator[None]:
    """Without torch's warnings that one process needs no process group."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="torch.distributed")
        yield
