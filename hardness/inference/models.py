"""Models ready to score with, each loaded once in a process."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from hardness.errors import HardnessError
from hardness.inference.halving import Ceiling
from hardness.stages.place import worker_number
from hardness.training.config import CAUSAL_LM, CLASSIFICATION
from hardness.training.models import load_model, load_tokenizer, model_config
from hardness.training.parallel import choose_device

_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
_CLASSIFIER = "ForSequenceClassification"
_NO_LANGUAGE_MODEL = ("Classification", "ForQuestionAnswering", "ForMultipleChoice", "ForMaskedLM")
"""How the classes of models end that have another head, or see what they are to predict."""


@dataclass(frozen=True, kw_only=True)
class ModelSpec:
    """Which model, for what, and where it is to run."""

    path: str
    """A local folder in Hugging Face form."""
    option: str
    """The option that names it, for messages."""
    task: str
    """`causal-lm` or `classification`."""
    device: str
    """`auto`, `cpu` or `cuda`."""
    precision: str
    """`fp32` or `bf16`: of the parameters and of what is computed, but for the losses."""


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """A model on its device, and its tokenizer."""

    model: Any
    tokenizer: Any
    device: torch.device
    ceiling: Ceiling = field(default_factory=Ceiling)
    """How large its batches may be."""

    @property
    def labels(self) -> dict[str, int]:
        """Name of each class to its id."""
        return {str(name): int(index) for name, index in self.model.config.label2id.items()}


_models: dict[ModelSpec, Loaded] = {}
_loading = threading.Lock()


def loaded(spec: ModelSpec) -> Loaded:
    """The model, from memory if this process has it already.

    Raises:
        HardnessError: it cannot be loaded, or a part that its task needs was never trained.
    """
    with _loading:
        if spec not in _models:
            _models[spec] = _load(spec)
        return _models[spec]


def forget() -> None:
    """Let go of all models that this process has."""
    with _loading:
        _models.clear()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Torch on at most so many threads of a CPU."""
    before = torch.get_num_threads()
    torch.set_num_threads(max(1, min(before, count)))
    try:
        yield
    finally:
        torch.set_num_threads(before)


def check_folder(option: str, path: str) -> None:
    """Raises HardnessError unless the folder holds a model."""
    folder = Path(path)
    if not (folder / "config.json").is_file():
        found = "a folder without config.json" if folder.is_dir() else "no such folder"
        raise HardnessError(
            f"{option} must be the folder of a local Hugging Face model, got {path!r}, {found}; "
            "save one there with save_pretrained, or train one with `hardness train`"
        )


def check_task(option: str, path: str, task: str) -> None:
    """Refuse a model whose config.json tells that it was made for something else.

    Its weights need not tell: where embeddings are tied, a classifier has all that a language model
    needs, and would give every token nearly the same loss.

    Raises:
        HardnessError: it was.
    """
    made_for = _made_for(path)
    if task == CLASSIFICATION:
        fits = any(name.endswith(_CLASSIFIER) for name in made_for)
    else:
        fits = not all(name.endswith(_NO_LANGUAGE_MODEL) for name in made_for)
    if made_for and not fits:
        raise HardnessError(
            f"{option} must be a model that was trained for {task}, got {path!r}, a "
            f"{', '.join(made_for)}; fine-tune it with `hardness train --task {task}` first, or "
            "name another"
        )


def task_of(path: str) -> str:
    """What the model in a folder was made for: `classification` or `causal-lm`."""
    classifies = any(name.endswith(_CLASSIFIER) for name in _made_for(path))
    return CLASSIFICATION if classifies else CAUSAL_LM


def _made_for(path: str) -> tuple[str, ...]:
    """The classes that a model in a folder was saved from; none where it does not tell."""
    return tuple(model_config(path).architectures or ())


@contextmanager
def _without_report() -> Iterator[None]:
    """No table of weights from transformers inside the block: what is lacking is told here."""
    # A filter, as transformers has more to say where the level of this logger is another.
    logger = logging.getLogger("transformers.modeling_utils")
    logger.addFilter(_is_error)
    try:
        yield
    finally:
        logger.removeFilter(_is_error)


def _is_error(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.ERROR


def _load(spec: ModelSpec) -> Loaded:
    check_folder(spec.option, spec.path)
    device = choose_device(spec.device)
    if device.type == "cuda":
        device = torch.device("cuda", worker_number() % torch.cuda.device_count())
    tokenizer = load_tokenizer(spec.path)
    # Longer texts are cut off here; the tokenizer would warn of them first.
    tokenizer.model_max_length = 10**9
    with _without_report():
        model, info = load_model(
            spec.path,
            spec.task,
            dtype=_DTYPES[spec.precision],
            output_loading_info=True,
            ignore_mismatched_sizes=True,
        )
    lacking = {*info["missing_keys"], *(key for key, *_ in info["mismatched_keys"])}
    if lacking:
        raise HardnessError(
            f"{spec.option} must be a model that was trained for {spec.task}, got {spec.path!r} "
            f"without {', '.join(sorted(lacking))}; fine-tune it first, or name another"
        )
    if model.config.pad_token_id is None:
        model.config.pad_token_id = tokenizer.pad_token_id
    model.config.use_cache = False
    # Only what follows a layer that is asked for its gradient is ever differentiated.
    model.eval().requires_grad_(False)
    return Loaded(model=model.to(device), tokenizer=tokenizer, device=device)
