"""The options of a training run, checked all at once."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from hardness.arguments import as_names
from hardness.errors import HardnessError
from hardness.metrics.model_options import DEVICES, PRECISIONS
from hardness.training import checks
from hardness.weighting import resolve
from hardness.weighting.ramps import RAMPS

CLASSIFICATION, CAUSAL_LM = "classification", "causal-lm"
TASKS = (CLASSIFICATION, CAUSAL_LM)
TINY = "tiny"
SCHEDULES = ("linear", "cosine", "constant")
WEIGHT_NORMS = ("none", "dataset", "batch")
PARALLEL = ("ddp", "fsdp")
RECORDING = ("during", "after")

EPOCHS = 3
"""Passes over shards that hold one pass over the data, unless told otherwise."""

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
    """Folder that `hardness build` wrote; a URL too."""
    output: str | Path
    """Folder of the run, a local one."""
    task: str | None = None
    """`classification` or `causal-lm`; None chooses by whether the data has a label column."""
    model: str | Path = TINY
    """`tiny`, a Llama of about a million parameters from a seeded random start, or the path of a
    local model in Hugging Face form."""
    weighting: str = "uniform"
    """Name of the weighting, with its number after a colon where it takes one."""
    ramp: str = "linear"
    """How fast a weighting that follows progress moves: `linear`, `sqrt`, `square` or `cosine`."""
    weight_norm: str = "none"
    """Divide ω by its mean over the `dataset` or the `batch`, or `none`."""
    r_start: float = 100.0
    """Temperature of `linupper`, `quadratic` and `extremes` in their warm-up, above 0."""
    r_end: float = 1.0
    """Their temperature after it, above 0."""
    r_warmup: float = 0.1
    """Share of the steps of that warm-up, in [0, 1)."""
    eval: str | Path | Sequence[str | Path] | None = None
    """Dataset files or a folder of shards to evaluate on; URLs too."""
    prompt: str | Sequence[str] | None = None
    """Columns that a causal LM is given but not trained on; None takes all text columns but the
    last."""
    response: str | Sequence[str] | None = None
    """Columns that a causal LM is trained on; None takes the last text column."""
    epochs: int | None = None
    """Passes over the shards, at least 1; None makes 3, or 1 over shards that hold several passes
    over the data themselves or repeat records."""
    batch_size: int = 32
    """Records in a global batch, all ranks together, at least 1."""
    accumulate: int = 1
    """Micro-batches that a global batch is cut into, in [1, batch_size]; each is shared by the
    ranks, and is what an online weighting compares losses within."""
    shuffle: bool = False
    """Draw a new order each epoch instead of keeping that of the shards."""
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
    trainable: str | None = None
    """Regular expression; only parameters whose name it finds are trained. None trains all."""
    lora: int | None = None
    """Rank of the low-rank adapters to train instead of the model, at least 1."""
    seed: int = 0
    """Seed of the model's start, its head, its dropout and of `shuffle`, at least 0."""
    device: str = "auto"
    """`cpu`, `cuda`, or `auto`: a GPU where there is one."""
    nproc: int = 1
    """Processes to start on this machine; `torchrun` decides by itself."""
    parallel: str = "ddp"
    """How several processes share a model: `ddp` copies it, `fsdp` shards it."""
    precision: str = "fp32"
    """`fp32`, or `bf16`: autocast with parameters kept in float32."""
    activation_checkpointing: bool = False
    """Compute activations again in the backward pass instead of keeping them."""
    compile: bool = False
    """Compile the model with torch.compile."""
    eval_every: int | None = None
    """Steps between evaluations, at least 1; None evaluates after each epoch, those that the shards
    hold themselves too. The last step always is evaluated."""
    checkpoint_every: int | None = None
    """Steps between checkpoints; None saves one after each epoch, those that the shards hold
    themselves too, 0 none. After the last step there is the model, and no checkpoint."""
    keep: int = 2
    """Checkpoints to keep, at least 1."""
    record_dynamics: str | None = None
    """Record each sample's dynamics `during` the steps, or by a look at all `after` each pass over
    the shards, which those that repeat records need."""
    observe: str | Path | None = None
    """Folder of shards whose records are observed after each pass instead of those that are
    trained on; a URL too."""
    record_logits: bool = False
    """Record the logits of each class too, where dynamics are recorded."""
    tensorboard: bool = False
    """Write TensorBoard events beside metrics.jsonl."""
    log_every: int = 10
    """Steps between two lines of metrics.jsonl, at least 1."""
    verify: bool = True
    """Check the digest of each shard before its first row is used."""
    overwrite: bool = False
    """Train again and replace what an earlier run left in the output."""

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
                hint = f"; did you mean {nearest[0]!r}?" if nearest else "; choose one of them"
                raise HardnessError(f"option must be one of {', '.join(known)}, got {name!r}{hint}")
        return cls(**options)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form: paths as strings."""
        return {name: _plain(value) for name, value in asdict(self).items()}

    @property
    def prompt_columns(self) -> tuple[str, ...] | None:
        """`prompt` as column names."""
        return None if self.prompt is None else as_names(self.prompt)

    @property
    def response_columns(self) -> tuple[str, ...] | None:
        """`response` as column names."""
        return None if self.response is None else as_names(self.response)

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
    whole, number, one_of = checks.whole_number, checks.number, checks.one_of
    return [
        checks.local("output", config.output),
        one_of("task", config.task, (None, *TASKS)),
        one_of("schedule", config.schedule, SCHEDULES),
        one_of("device", config.device, DEVICES),
        one_of("ramp", config.ramp, tuple(RAMPS)),
        one_of("weight_norm", config.weight_norm, WEIGHT_NORMS),
        one_of("parallel", config.parallel, PARALLEL),
        one_of("precision", config.precision, PRECISIONS),
        one_of("record_dynamics", config.record_dynamics, (None, *RECORDING)),
        checks.model_folder(config.model, builtin=TINY),
        checks.pattern("trainable", config.trainable),
        checks.message_of(lambda: resolve(config.weighting)),
        _norm_problem(config),
        _observe_problem(config),
        _logits_problem(config),
        whole("epochs", config.epochs, least=1, optional=True),
        whole("batch_size", config.batch_size, least=1),
        whole("accumulate", config.accumulate, least=1),
        _accumulate_problem(config),
        whole("nproc", config.nproc, least=1),
        whole("max_length", config.max_length, least=8, optional=True),
        whole("lora", config.lora, least=1, optional=True),
        whole("seed", config.seed, least=0),
        whole("log_every", config.log_every, least=1),
        whole("eval_every", config.eval_every, least=1, optional=True),
        whole("checkpoint_every", config.checkpoint_every, least=0, optional=True),
        whole("keep", config.keep, least=1),
        number("lr", config.peak_lr, above=0),
        number("warmup", config.warmup, least=0, below=1),
        number("weight_decay", config.weight_decay, least=0),
        number("clip", config.clip, least=0),
        number("r_start", config.r_start, above=0),
        number("r_end", config.r_end, above=0),
        number("r_warmup", config.r_warmup, least=0, below=1),
    ]


def _norm_problem(config: TrainConfig) -> str | None:
    if config.weight_norm != "dataset":
        return None
    try:
        online = resolve(config.weighting).online
    except HardnessError:
        return None  # reported by itself
    if not online:
        return None
    return (
        f"weight_norm must be batch or none for {config.weighting!r}, whose weights follow from "
        "the losses of each step, got 'dataset'; use --weight-norm batch"
    )


def _observe_problem(config: TrainConfig) -> str | None:
    if config.observe is None or config.record_dynamics == "after":
        return None
    return (
        "record_dynamics must be 'after' with observe, whose records are in no step, got "
        f"{config.record_dynamics!r}; use --record-dynamics after"
    )


def _logits_problem(config: TrainConfig) -> str | None:
    if not config.record_logits or config.record_dynamics is not None:
        return None
    return (
        "record_dynamics must be 'during' or 'after' with record_logits, which are recorded with "
        "the dynamics, got None; use --record-dynamics or leave out --record-logits"
    )


def _accumulate_problem(config: TrainConfig) -> str | None:
    counts = (config.accumulate, config.batch_size)
    if not all(isinstance(count, int) and count >= 1 for count in counts):
        return None  # reported by itself
    if config.accumulate <= config.batch_size:
        return None
    return (
        f"accumulate must be at most the batch size of {config.batch_size}, got "
        f"{config.accumulate}; use a larger --batch-size"
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
