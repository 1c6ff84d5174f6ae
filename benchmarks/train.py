"""What a weighting, recording and this loop cost, as ratios within one run.

    python benchmarks/train.py
    python benchmarks/train.py --task classification --steps 60
    python benchmarks/train.py --device cuda --model 1b --precision bf16 --batch-size 8 --length 512

Every variant takes each step on the same batch right after the plain step, in turns, so that a
machine whose speed drifts is fair to all; the ratio is the median over the steps. The whole loop is
timed against the `Trainer` of transformers on the same model, records and order, round by round,
the tokenising of the records included.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch

from hardness.curriculum.manifest import Manifest
from hardness.curriculum.write import write_shards
from hardness.io.dataset import Columns
from hardness.training.assemble import Run, assemble
from hardness.training.config import TrainConfig
from hardness.training.listener import Listener, StepReport
from hardness.training.parallel import World
from hardness.training.run import train
from hardness.training.setup import prepare
from hardness.training.signals import StopRequest

WEIGHTINGS = [
    "shards", "s-loss", "s-loss-descending", "s-loss-swing", "linupper", "quadratic", "extremes",
    "dro-kl", "focal", "superloss", "top-k",
]  # fmt: skip
WARMUP_STEPS = 5
ROUNDS = 3
WORDS = 5000
BILLION = {"hidden_size": 2048, "intermediate_size": 5632, "num_hidden_layers": 22, "heads": 32}


@dataclass(frozen=True, kw_only=True)
class Options:
    """The command line."""

    task: str
    model: str
    device: str
    precision: str
    steps: int
    batch_size: int
    length: int
    folder: Path

    def job(self, output: str, **options: Any) -> dict[str, Any]:
        """Arguments of `hardness.train` for one variant."""
        return {
            "shards": self.folder / "shards",
            "output": self.folder / output,
            "task": self.task,
            "model": self.model if self.model == "tiny" else self.folder / "model",
            "device": self.device,
            "precision": self.precision,
            "batch_size": self.batch_size,
            "max_length": self.length,
            "epochs": 1,
            "checkpoint_every": 0,
            "log_every": 10**9,
            "verify": False,
            **options,
        }


def main() -> None:
    """Make the data, time the variants and print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--task", default="causal-lm", choices=["classification", "causal-lm"])
    parser.add_argument("--model", default="tiny", choices=["tiny", "1b"])
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--precision", default="fp32", choices=["fp32", "bf16"])
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--length", type=int, default=128, help="tokens of an example")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        options = Options(folder=Path(folder), **vars(arguments))
        make_shards(options)
        if options.model == "1b":
            make_billion(options)
        compare_variants(options)
        compare_trainers(options)


def make_shards(options: Options) -> None:
    """Records of about `length` made-up words."""
    generator = np.random.default_rng(0)
    rows = (options.steps + WARMUP_STEPS) * options.batch_size
    words = np.array([f"{word:x}" for word in generator.integers(2**40, size=WORDS)])
    ranks = np.minimum(generator.zipf(1.3, size=(rows, max(4, options.length // 4))), WORDS) - 1
    texts = [" ".join(words[row]) for row in ranks]
    table = pa.table(
        {
            "text": texts,
            "label": [["no", "yes"][bit] for bit in generator.integers(2, size=rows)],
            "row": pa.array(range(rows), pa.uint64()),
            "hardness": pa.array(np.linspace(0, 1, rows), pa.float32()),
            "position": pa.array(range(rows), pa.uint64()),
            "weight": pa.array(generator.uniform(0, 2, rows), pa.float32()),
        }
    )
    manifest = Manifest(
        dataset={"digest": "0" * 32, "files": []},
        columns=Columns(text=("text",), label="label", id=None, group=None),
        metric={"name": "made", "column": "made", "direction": "higher", "parameters": {}},
        curriculum={"order": "ascending", "normalize": "rank", "nulls": "error"},
        hardness={"min": 0.0, "mean": 0.5, "max": 1.0, "nulls": 0},
        rows=rows,
        shard_rows=rows,
    )
    write_shards(options.folder / "shards", table, manifest)


def make_billion(options: Options) -> None:
    """A Llama-shaped model of about a billion parameters, random, with the tiny tokenizer."""
    from transformers import LlamaForCausalLM

    from hardness.training.tiny import tiny_config

    setup = prepare(TrainConfig(**options.job("unused", model="tiny")), Listener(), world(options))
    config = tiny_config(setup.tokenizer, max_length=options.length)
    heads = BILLION["heads"]
    config.update({k: v for k, v in BILLION.items() if k != "heads"})
    config.update({"num_attention_heads": heads, "num_key_value_heads": heads})
    config.update({"head_dim": BILLION["hidden_size"] // heads, "tie_word_embeddings": False})
    with torch.device(options.device):
        model = LlamaForCausalLM(config)
    print(f"model: {sum(p.numel() for p in model.parameters()) / 1e9:.2f} G parameters")
    model.save_pretrained(options.folder / "model")
    setup.tokenizer.save_pretrained(options.folder / "model")


def world(options: Options) -> World:
    """One process."""
    return World(device=torch.device(options.device))


def compare_variants(options: Options) -> None:
    """Time one model's steps under each weighting and under recording, in turns."""
    variants: dict[str, dict[str, Any]] = {"plain": {}, "plain again": {}}
    variants |= {name: {"weighting": name, "r_warmup": 0.0} for name in WEIGHTINGS}
    variants["recording"] = {"record_dynamics": "during"}
    # One model and optimizer for all: copies of a large one would not fit, and caches differ.
    with ExitStack() as stack:
        runs = list(_runs(options, variants, stack))
        times = {name: [] for name in variants}
        named = list(zip(variants, runs, strict=True))
        for batch in runs[0].steps:
            _timed(options, runs[0], batch)  # whoever is first finds the batch out of the cache
            turn = batch.step % len(named)
            for name, run in [*named[turn:], *named[:turn]]:
                seconds = _timed(options, run, batch)
                if batch.step >= WARMUP_STEPS:
                    times[name].append(seconds)
    print(f"\n{options.task}, {options.model}, {options.device}, {options.precision}: step times")
    for name, seconds in times.items():
        ratios = [one / plain for one, plain in zip(seconds, times["plain"], strict=True)]
        low, middle, high = statistics.quantiles(ratios, n=4)
        median = statistics.median(seconds) * 1000
        print(f"  {name:18} {median:9.2f} ms   {middle:6.3f}  (quartiles {low:.3f} to {high:.3f})")


def _runs(options: Options, variants: dict[str, Any], stack: ExitStack) -> Iterator[Run]:
    from dataclasses import replace

    first: Run | None = None
    for name, changed in variants.items():
        config = TrainConfig(**options.job(f"step-{name}", **changed))
        setup = prepare(config, Listener(), world(options))
        if first is not None:
            # Only the parts that differ are made again.
            weigher = setup.make_weigher(first.world)
            observe = _recorder(options) if "record_dynamics" in changed else None
            loop = replace(first.loop, config=config, weigher=weigher, observe=observe)
            yield replace(first, setup=setup, loop=loop)
            continue
        first = stack.enter_context(assemble(setup, world(options), Listener(), StopRequest()))
        first.model.train()
        yield first


def _recorder(options: Options) -> Any:
    from hardness.training.dynamics import Recorder

    return Recorder(options.folder / "dynamics", rank=0, with_logits=False).observe


def _timed(options: Options, run: Run, batch: Any) -> float:
    if options.device == "cuda":
        torch.cuda.synchronize()
    started = time.perf_counter()
    run.loop.step(batch)
    if options.device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - started


class Clock(Listener):
    """Seconds from the end of the warm-up to the last step."""

    def __init__(self) -> None:
        self.started = self.ended = 0.0

    def step(self, report: StepReport) -> None:
        """Note the time."""
        if report.step == WARMUP_STEPS:
            self.started = time.perf_counter()
        self.ended = time.perf_counter()


def compare_trainers(options: Options) -> None:
    """Time whole loops: this one and the `Trainer` of transformers."""
    ours, theirs = [], []
    for _ in range(ROUNDS):
        clock = Clock()
        train(listener=clock, **options.job("whole"))
        shutil.rmtree(options.folder / "whole")
        ours.append(clock.ended - clock.started)
        theirs.append(_time_transformers(options))
    best, other = min(ours), min(theirs)
    samples = options.steps * options.batch_size
    print(f"\nwhole loop, best of {ROUNDS} rounds")
    print(f"  hardness           {samples / best:9.1f} samples/s")
    print(f"  transformers       {samples / other:9.1f} samples/s")
    print(f"  hardness takes {best / other:.3f} of the time of the Trainer")


def _time_transformers(options: Options) -> float:
    from transformers import Trainer, TrainerCallback, TrainingArguments

    setup = prepare(TrainConfig(**options.job("theirs")), Listener(), world(options))
    table = pa.concat_tables(setup.shards.tables(setup.columns))
    started = time.perf_counter()
    examples = setup.task.encode(table)
    encoding = (time.perf_counter() - started) * options.steps * options.batch_size / len(examples)

    class Records(torch.utils.data.Dataset):
        def __len__(self) -> int:
            return len(examples)

        def __getitem__(self, index: int) -> Any:
            return examples[index]

    def collate(records: list[Any]) -> dict[str, Any]:
        inputs, targets = setup.task.collate(records)
        if targets.ndim == 2:  # transformers shifts by itself
            targets = torch.nn.functional.pad(targets[:, :-1], (1, 0), value=-100)
        return {**inputs, "labels": targets}

    class Watch(TrainerCallback):
        started = ended = 0.0

        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            if state.global_step == WARMUP_STEPS:
                self.started = time.perf_counter()
            self.ended = time.perf_counter()

    watch = Watch()
    trainer = Trainer(
        model=setup.make_model(),
        args=TrainingArguments(
            output_dir=str(options.folder / "theirs"),
            per_device_train_batch_size=options.batch_size,
            num_train_epochs=1,
            learning_rate=setup.config.peak_lr,
            bf16=options.precision == "bf16",
            use_cpu=options.device == "cpu",
            train_sampling_strategy="sequential",
            remove_unused_columns=False,
            save_strategy="no",
            logging_steps=10**9,
            report_to=[],
            disable_tqdm=True,
        ),
        train_dataset=Records(),
        data_collator=collate,
        callbacks=[watch],
    )
    trainer.train()
    return watch.ended - watch.started + encoding


if __name__ == "__main__":
    main()
