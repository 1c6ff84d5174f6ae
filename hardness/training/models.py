"""Models and tokenizers: the built-in tiny one, or any local one in Hugging Face form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hardness.errors import HardnessError
from hardness.io.digest import file_digest, object_digest
from hardness.training.config import CLASSIFICATION, MAX_LENGTH, TrainConfig
from hardness.training.parallel import World
from hardness.training.tiny import tiny_config, tiny_tokenizer, train_bpe


@contextmanager
def quiet_transformers() -> Iterator[None]:
    """No progress bars of transformers inside the block: a run has its own."""
    from transformers.utils import logging

    enabled = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if enabled:
            logging.enable_progress_bar()


def model_digest(config: TrainConfig) -> str | None:
    """Digest of every file in a local model's folder, None for the tiny model."""
    return None if config.is_tiny else folder_digest(Path(config.model))


def model_config(path: str | Path) -> Any:
    """The configuration of a local model.

    Raises:
        HardnessError: the folder holds none.
    """
    from transformers import AutoConfig

    try:
        return AutoConfig.from_pretrained(str(path), local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        inside = Path(path) / "model"
        fix = f"name {inside}" if inside.is_dir() else "save one there with save_pretrained"
        raise HardnessError(
            f"model must be the folder of a local Hugging Face model, got {str(path)!r} "
            f"({str(error).splitlines()[0]}); {fix}"
        ) from None


def folder_digest(folder: Path) -> str:
    """Digest of every file in a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return object_digest({str(path.relative_to(folder)): file_digest(path) for path in files})


def make_tokenizer(config: TrainConfig, texts: Iterable[str], max_length: int, world: World) -> Any:
    """The model's tokenizer, with a padding token.

    Args:
        config: the options.
        texts: the training texts, which only the tiny model's tokenizer is trained on.
        max_length: longest example in tokens.
        world: the ranks, of which the first trains the tiny tokenizer for all.

    Raises:
        HardnessError: the model's folder holds no tokenizer.
    """
    if config.is_tiny:
        trained = world.agree(train_bpe(texts) if world.first else None)
        return tiny_tokenizer(trained, max_length=max_length)
    return load_tokenizer(config.model)


def load_tokenizer(path: str | Path) -> Any:
    """The tokenizer saved in the folder `path`."""
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(str(path), local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).splitlines()[0]
        raise HardnessError(
            f"model must be a folder with a tokenizer, got {str(path)!r} ({reason}); "
            "save one there with save_pretrained"
        ) from None
    if tokenizer.pad_token_id is None:
        if tokenizer.eos_token_id is None:
            raise HardnessError(
                f"tokenizer of the model must have a padding or an end token, got neither in "
                f"{str(path)!r}; set tokenizer.pad_token and save it again"
            )
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def model_labels(config: TrainConfig) -> dict[str, int] | None:
    """`label2id` of a local model's head, None for the tiny model."""
    if config.is_tiny:
        return None
    found = model_config(config.model)
    return {str(name): int(index) for name, index in (found.label2id or {}).items()}


def make_model(
    config: TrainConfig, task: str, tokenizer: Any, labels: Mapping[str, int], max_length: int
) -> Any:
    """The model to train, in float32 on the CPU, its random parts drawn with the run's seed.

    Args:
        config: the options.
        task: `classification` or `causal-lm`.
        tokenizer: gives the vocabulary and the padding token.
        labels: name → class id; empty for `causal-lm`.
        max_length: longest example in tokens.

    Raises:
        HardnessError: the model cannot be loaded for this task.
    """
    import torch
    from transformers import LlamaForCausalLM, LlamaForSequenceClassification

    classify = task == CLASSIFICATION
    names: dict[str, Any] = {}
    if classify:
        names = {
            "num_labels": len(labels),
            "id2label": {index: name for name, index in labels.items()},
            "label2id": dict(labels),
        }
    with torch.random.fork_rng():
        torch.manual_seed(config.seed)
        if config.is_tiny:
            settings = tiny_config(tokenizer, max_length=max_length)
            settings.update(names)
            return (
                LlamaForSequenceClassification(settings) if classify else LlamaForCausalLM(settings)
            )
        model = load_model(
            config.model, task, dtype=torch.float32, ignore_mismatched_sizes=classify, **names
        )
    if model.config.pad_token_id is None:
        model.config.pad_token_id = tokenizer.pad_token_id
    return model


def parameter_names(config: TrainConfig, task: str) -> list[str]:
    """What the parameters of the model to train are called; no weights are read or made.

    Args:
        config: the options.
        task: `classification` or `causal-lm`.

    Raises:
        HardnessError: the model cannot be one for this task.
    """
    import torch

    with torch.device("meta"):
        if config.is_tiny:
            tokenizer = tiny_tokenizer(train_bpe([]), max_length=MAX_LENGTH)
            model = make_model(config, task, tokenizer, {"0": 0, "1": 1}, MAX_LENGTH)
        else:
            loader = _loader(task)
            with _for_task(config.model, task):
                model = loader.from_config(model_config(config.model))
    return [name for name, _ in model.named_parameters()]


def load_model(path: str | Path, task: str, **options: Any) -> Any:
    """What `from_pretrained` of the model for a task returns, given the options.

    Raises:
        HardnessError: the model cannot be loaded for this task.
    """
    with _for_task(path, task), quiet_transformers():
        return _loader(task).from_pretrained(str(path), local_files_only=True, **options)


def _loader(task: str) -> Any:
    from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification

    return AutoModelForSequenceClassification if task == CLASSIFICATION else AutoModelForCausalLM


@contextmanager
def _for_task(path: str | Path, task: str) -> Iterator[None]:
    """Raises a HardnessError where a model cannot be made for a task inside the block."""
    try:
        yield
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise HardnessError(
            f"model must be one that can do {task}, got {str(path)!r} ({reason}); "
            "choose another model or task"
        ) from None


def longest_input(config: TrainConfig) -> int:
    """The longest example in tokens: the option, or the default within what the model can take.

    Raises:
        HardnessError: the option is more than the model can take.
    """
    if config.is_tiny:
        return config.max_length or MAX_LENGTH
    return longest_of(config.model, config.max_length)


def longest_of(path: str | Path, max_length: int | None) -> int:
    """The longest example in tokens of a local model; see `longest_input`."""
    longest = getattr(model_config(path), "max_position_embeddings", None)
    if not isinstance(longest, int) or longest < 1:
        return max_length or MAX_LENGTH
    if max_length is not None and max_length > longest:
        raise HardnessError(
            f"max_length must be at most {longest}, the longest input of {str(path)!r}, "
            f"got {max_length}; use --max-length {longest}"
        )
    return max_length or min(MAX_LENGTH, longest)
