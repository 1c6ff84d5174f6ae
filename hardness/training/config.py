"""The options of a training run, checked all at once."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from hardness.errors import HardnessError
from hardness.weighting import resolve

TASKS = ("classification", "causal-lm")
TINY = "tiny"
SCHEDULES = ("linear", "cosine", "constant")
DEVICES = ("auto", "cpu", "cuda")

MAX_LENGTH = 512
"""Tokens of the longest example where neither the user nor the model says otherwise."""

LEARNING_RATE_TINY = 1e-3
"""For a million parameters from a random start."""
LEARNING_RATE_PRETRAINED = 2e-5
"""For fine-tuning; the usual choice since BERT (Devlin et al. 2019, appendix A.3)."""


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """The options of `hardness.train` and `hardness train`, with the same names."""

    shards: str | Path
    """Folder that `hardness build` wrote."""
    output: str | Path
    """Folder of the run."""
    task: str | None = None
    """`classification` or `causal-lm`; None chooses by whether the data has a label column."""
    model: str | Path = TINY
    """`tiny`, a Llama of about a million parameters from a seeded random start, or the path of a
    local model in Hugging Face form."""
    weighting: str = "uniform"
    """Name of the weighting, with its number after a colon where it takes one."""
    eval: str | Path | Sequence[str | Path] | None = None
    """Dataset files or a folder of shards to evaluate on."""
    prompt: str | Sequence[str] | None = None
    """Columns that a causal LM is given but not trained on; None takes all text columns but the
    last."""
    response: str | Sequence[str] | None = None
    """Columns that a causal LM is trained on; None takes the last text column."""
    epochs: int = 3
    """Passes over the shards, at least 1."""
    batch_size: int = 32
    """Records in a global batch, at least 1."""
    lr: float | None = None
    """Peak learning rate, above 0; None takes 1e-3 for `tiny` and 2e-5 for other models."""
    schedule: str = "linear"
    """How the learning rate goes from its peak: `linear` or `cosine` to 0, or `constant`."""
    warmup: float = 0.06
    """Share of the steps in which the learning rate rises from 0 to its peak, in [0, 1)."""
    weight_decay: float = 0.01
    """AdamW's decoupled weight decay of matrices, at least 0."""
    clip: float = 1.0
    """Largest global norm of the gradient; 0 does not clip."""
    max_length: int | None = None
    """Longest example in tokens, at least 8; longer ones are cut off. None takes 512, or what the
    model can take if that is less."""
    seed: int = 0
    """Seed of the model's start, its head and its dropout, at least 0."""
    device: str = "auto"
    """`cpu`, `cuda`, or `auto`: a GPU where there is one."""
    log_every: int = 10
    """Steps between two lines of metrics.jsonl, at least 1."""
    verify: bool = True
    """Check the digest of each shard before its first row is used."""
    overwrite: bool = False
    """Start again where the output already holds a run with other options."""

    def __post_init__(self) -> None:
        problems = [problem for problem in _problems(self) if problem]
        if len(problems) == 1:
            raise HardnessError(problems[0])
        if problems:
            raise HardnessError("\n  ".join([f"{len(problems)} options are wrong:", *problems]))

    @classmethod
    def of(cls, **options: Any) -> TrainConfig:
        """The configuration with these options and the defaults for the others.

        Raises:
            HardnessError: an unknown option, or options out of range, all in one message.
        """
        known = [item.name for item in fields(cls)]
        for name in options:
            if name not in known:
                nearest = difflib.get_close_matches(name, known, n=1)
                hint = f"; did you mean {nearest[0]!r}?" if nearest else ""
                raise HardnessError(f"option must be one of {', '.join(known)}, got {name!r}{hint}")
        return cls(**options)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form: paths as strings."""
        return {name: _plain(value) for name, value in asdict(self).items()}

    @property
    def prompt_columns(self) -> tuple[str, ...] | None:
        """`prompt` as column names."""
        return _names(self.prompt)

    @property
    def response_columns(self) -> tuple[str, ...] | None:
        """`response` as column names."""
        return _names(self.response)

    @property
    def peak_lr(self) -> float:
        """`lr`, or the default of the model."""
        if self.lr is not None:
            return self.lr
        return LEARNING_RATE_TINY if self.is_tiny else LEARNING_RATE_PRETRAINED

    @property
    def is_tiny(self) -> bool:
        """Whether the model is the built-in one."""
        return str(self.model) == TINY


def _problems(config: TrainConfig) -> list[str | None]:
    whole = _whole_number
    return [
        _one_of("task", config.task, (None, *TASKS)),
        _one_of("schedule", config.schedule, SCHEDULES),
        _one_of("device", config.device, DEVICES),
        _model_problem(config.model),
        _message_of(lambda: resolve(config.weighting)),
        whole("epochs", config.epochs, least=1),
        whole("batch_size", config.batch_size, least=1),
        None if config.max_length is None else whole("max_length", config.max_length, least=8),
        whole("seed", config.seed, least=0),
        whole("log_every", config.log_every, least=1),
        _number("lr", config.peak_lr, "a number above 0", lambda x: 0 < x < math.inf),
        _number("warmup", config.warmup, "in [0, 1)", lambda x: 0 <= x < 1),
        _number("weight_decay", config.weight_decay, "at least 0", lambda x: 0 <= x < math.inf),
        _number("clip", config.clip, "at least 0", lambda x: 0 <= x < math.inf),
    ]


def _one_of(name: str, value: object, allowed: Sequence[object]) -> str | None:
    if value in allowed:
        return None
    words = ", ".join(str(item) for item in allowed if item is not None)
    nearest = difflib.get_close_matches(str(value), words.split(", "), n=1)
    hint = f"did you mean {nearest[0]!r}?" if nearest else "choose one of them"
    return f"{name} must be one of {words}, got {value!r}; {hint}"


def _whole_number(name: str, value: object, *, least: int) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool) and value >= least:
        return None
    fix = f"give {least} or more"
    return f"{name} must be a whole number from {least}, got {value!r}; {fix}"


def _number(name: str, value: Any, rule: str, accepts: Callable[[float], bool]) -> str | None:
    if isinstance(value, int | float) and not isinstance(value, bool) and accepts(value):
        return None
    return f"{name} must be {rule}, got {value!r}; the default works for most data"


def _model_problem(model: str | Path) -> str | None:
    if str(model) == TINY or (Path(model) / "config.json").is_file():
        return None
    found = "a folder without config.json" if Path(model).is_dir() else "no such folder"
    return (
        f"model must be 'tiny' or the folder of a local Hugging Face model, got {str(model)!r}, "
        f"{found}; save one there with save_pretrained"
    )


def _message_of(check: Callable[[], object]) -> str | None:
    try:
        check()
    except HardnessError as error:
        return str(error)
    return None


def _names(value: str | Sequence[str] | None) -> tuple[str, ...] | None:
    if value is None:
        return None
    parts = value.split(",") if isinstance(value, str) else value
    return tuple(part.strip() for part in parts)


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
