"""The options of metrics that models compute."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from hardness.arguments import as_names
from hardness.errors import HardnessError

PARTITION_BYTES = 1 << 18
"""Of input that a task reads: models are slow, and progress should be seen and kept."""
N_TOKENS, N_CUT = "n_tokens", "n_cut"
"""Columns of counts that several of these metrics have."""
DEVICES = ("auto", "cpu", "cuda")
PRECISIONS = ("fp32", "bf16")


@dataclass(frozen=True, kw_only=True)
class ModelScoreConfig:
    """Options of every metric that a model computes.

    Attributes:
        model: folder of a local model in Hugging Face form, as `save_pretrained` and
            `hardness train` write it.
        max_length: tokens of the longest example, at least 8; what is longer is cut off and
            counted. None takes 512, or what the model can take if that is less.
        batch_tokens: tokens of a batch, padding included, at least 1; None takes 512 on a CPU and
            16,384 on a GPU. Where memory runs out, batches are halved. Scores depend on it by
            rounding alone.
        device: `cpu`, `cuda`, or `auto`, a GPU where there is one.
        precision: `fp32` or `bf16`, of the model and what it computes; losses are taken in float32
            and summed in float64.
    """

    model: str | None = None
    max_length: int | None = None
    batch_tokens: int | None = None
    device: str = "auto"
    precision: str = "fp32"

    REQUIRED: ClassVar[tuple[str, ...]] = ("model",)
    """The options that name a model and cannot be left out."""

    def __post_init__(self) -> None:
        for name in self.REQUIRED:
            if getattr(self, name) is None:
                option = f"--{name.replace('_', '-')}"
                raise HardnessError(
                    f"{name} must be the folder of a local Hugging Face model, got none; "
                    f"name it with {option}"
                )
        for name, least in (("max_length", 8), ("batch_tokens", 1)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise HardnessError(
                    f"{name} must be at least {least}, got {value}; leave it out for the default"
                )
        for name, allowed in (("device", DEVICES), ("precision", PRECISIONS)):
            if getattr(self, name) not in allowed:
                raise HardnessError(
                    f"{name} must be one of {', '.join(allowed)}, got {getattr(self, name)!r}; "
                    "choose one of them"
                )

    @property
    def models(self) -> dict[str, str]:
        """The options that name models, and the folders."""
        return {name: str(getattr(self, name)) for name in self.REQUIRED}


@dataclass(frozen=True, kw_only=True)
class LanguageConfig(ModelScoreConfig):
    """Options of metrics that a causal language model computes.

    Attributes:
        prompt: columns that the model is given, comma-separated.
        response: columns that it is scored on. Where one of the two is left out, it is the other
            text columns.
    """

    prompt: str | tuple[str, ...] | None = None
    response: str | tuple[str, ...] | None = None

    @property
    def prompt_columns(self) -> tuple[str, ...] | None:
        """`prompt` as column names."""
        return None if self.prompt is None else as_names(self.prompt)

    @property
    def response_columns(self) -> tuple[str, ...] | None:
        """`response` as column names."""
        return None if self.response is None else as_names(self.response)


@dataclass(frozen=True, kw_only=True)
class PairConfig(LanguageConfig):
    """Options of metrics that compare two causal language models of one tokenizer.

    Attributes:
        base_model: folder of the model that `model` is compared with.
    """

    base_model: str | None = None

    REQUIRED: ClassVar[tuple[str, ...]] = ("model", "base_model")
