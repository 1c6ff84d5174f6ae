"""What is done to a model before it is trained: what learns, how it is spread over ranks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.nn.parallel import DistributedDataParallel

from hardness.errors import HardnessError
from hardness.training.config import CLASSIFICATION, TrainConfig
from hardness.training.parallel import World

LORA_ALPHA = 2
"""The adapters' scale is this many times their rank over their rank, as is usual."""


def choose_trainable(model: nn.Module, pattern: str) -> list[str]:
    """Let only the parameters learn whose name `pattern` finds.

    Returns:
        Their names.

    Raises:
        HardnessError: it finds none.
    """
    chosen = found_by(pattern, [name for name, _ in model.named_parameters()])
    learning = set(chosen)
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name in learning)
    return chosen


def found_by(pattern: str, names: Sequence[str]) -> list[str]:
    """The names of parameters that the option `trainable` finds.

    Raises:
        HardnessError: it finds none.
    """
    found = [name for name in names if re.search(pattern, name) is not None]
    if not found:
        raise HardnessError(
            f"trainable must find at least one parameter, got {pattern!r}; the names are such as "
            f"{names[0]} and {names[-1]}"
        )
    return found


def add_lora(model: nn.Module, rank: int, task: str) -> nn.Module:
    """The model with low-rank adapters on all its linear layers, which alone learn.

    Source: Hu et al. 2021, LoRA, through the package `peft`.
    """
    from peft import LoraConfig, get_peft_model

    settings = LoraConfig(
        r=rank,
        lora_alpha=LORA_ALPHA * rank,
        target_modules="all-linear",
        task_type="SEQ_CLS" if task == CLASSIFICATION else "CAUSAL_LM",
    )
    return get_peft_model(model, settings)  # pyright: ignore[reportArgumentType]


def merged(model: nn.Module) -> nn.Module:
    """The plain model, with any adapters added into its weights."""
    merge = getattr(model, "merge_and_unload", None)
    return model if merge is None else merge()


def spread(
    model: nn.Module, config: TrainConfig, world: World, probe: Mapping[str, Tensor]
) -> nn.Module:
    """The model on the device of this rank, checkpointed, compiled and shared as the options say.

    On one rank it is the model itself, whatever `parallel` is.

    Args:
        model: the whole model, on the CPU.
        config: the options.
        world: the ranks.
        probe: inputs of any batch.
    """
    if config.activation_checkpointing:
        # Renamed in transformers 5, where the old name warns.
        new = getattr(model, "activation_checkpointing_enable", None)
        old: Any = getattr(model, "gradient_checkpointing_enable", None)
        (new or old)({"use_reentrant": False})
    if world.size > 1 and config.parallel == "fsdp":
        model = _shard(model, world)
    else:
        model = model.to(world.device)
    if config.compile:
        model.compile(dynamic=True)
    if world.size > 1 and config.parallel == "ddp":
        model = _copied(model, world, probe)
    return model


def _copied(model: nn.Module, world: World, probe: Mapping[str, Tensor]) -> nn.Module:
    """DDP that adds up in the same order from the first step on.

    Torch cuts its buckets anew after the first backward pass it sees. Unless that is over before
    training begins, a resumed run would add gradients in another order than one that was not
    disturbed, and differ from it in the last bits.
    """
    inputs = {name: tensor.to(world.device) for name, tensor in probe.items()}
    (model(**inputs).logits.sum() * 0).backward()
    unused = [p for p in model.parameters() if p.requires_grad and p.grad is None]
    model.zero_grad()
    wrapped = DistributedDataParallel(
        model,
        device_ids=[world.device] if world.device.type == "cuda" else None,
        find_unused_parameters=bool(unused),
        gradient_as_bucket_view=True,
    )
    (wrapped(**inputs).logits.sum() * 0).backward()
    wrapped.zero_grad()
    return wrapped


def _shard(model: nn.Module, world: World) -> nn.Module:
    """FSDP2: one group for each block of the model, one for the rest."""
    from torch.distributed.device_mesh import init_device_mesh

    mesh = init_device_mesh(world.device.type, (world.size,))
    model = model.to(world.device)
    names = set(getattr(model, "_no_split_modules", None) or ())
    for module in list(model.modules()):
        if type(module).__name__ in names:
            fully_shard(module, mesh=mesh)
    fully_shard(model, mesh=mesh)
    return model


def unwrapped(model: nn.Module) -> nn.Module:
    """The model inside DDP, or the model itself."""
    return model.module if isinstance(model, DistributedDataParallel) else model


@contextmanager
def gradient_sync(model: nn.Module, *, last: bool) -> Iterator[None]:
    """A backward pass whose gradients are shared among ranks only if it is the step's last."""
    if isinstance(model, FSDPModule):
        model.set_requires_gradient_sync(last)
        yield
    elif isinstance(model, DistributedDataParallel) and not last:
        with model.no_sync():
            yield
    else:
        yield


def clip(model: nn.Module, limit: float) -> torch.Tensor:
    """Scale the gradient down to a global norm of at most `limit`, 0 for none.

    Returns:
        The global norm before.
    """
    norm = torch.nn.utils.clip_grad_norm_(model.parameters(), limit or float("inf"))
    full = getattr(norm, "full_tensor", None)
    return norm if full is None else full()
