"""`hardness demo`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hardness.cli.options import output_option


def demo(
    output: Annotated[Path, output_option("Folder for everything it makes.", True)] = Path("demo"),
    seed: Annotated[int, typer.Option(help="Seed of the sample, the orders and the models.")] = 0,
    epochs: Annotated[int, typer.Option(help="Passes of each of the four trainings.")] = 3,
) -> None:
    """See it all on a generated sample: score, build, train, compare. A few minutes, no network.

    The sample is made of premise/hypothesis pairs whose difficulty tier is known
    and of whose labels a tenth is wrong. Needs the `train` extra.

        hardness demo -o demo
    """
    from hardness.cli.console import progress
    from hardness.cli.demo_report import announce, print_demo
    from hardness.demo.run import demo as run
    from hardness.demo.sample import SampleConfig

    sample = SampleConfig(seed=seed)
    with progress() as bars:

        def on_step(command: str) -> None:
            bars.end()
            announce(command)

        result = run(output, sample=sample, epochs=epochs, on_step=on_step, progress=bars)
    print_demo(result)
