"""Which training examples are hard, in what order or with what weight to train on them.

The functions behind the commands, with the same names as the options:

    hardness.score("data.jsonl", metric="perplexity")
    hardness.open_table("data.hardness")
    hardness.suspects("data.hardness", top=20)
    hardness.combine("data.hardness", name="mixed", expr="0.5 * rank(lm) + 0.5 * rank(perplexity)")
    hardness.build("data.hardness", by="perplexity", order="ascending", output="shards")
    hardness.verify("shards").intact
    hardness.lm("corpus.jsonl", output="lm.arpa", order=3)
    hardness.train("shards", output="run", task="causal-lm")
    hardness.report("data.hardness", runs=["run"], output="report.html")
    hardness.compare("experiment.yaml")

Importing `hardness` loads none of torch, transformers, dask or numba; each function loads what it
needs when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from hardness.errors import HardnessError, explain_missing

if TYPE_CHECKING:
    from hardness.curriculum.build import build
    from hardness.curriculum.verify import verify
    from hardness.experiments.compare import compare
    from hardness.io.table import open_table
    from hardness.reporting.report import report
    from hardness.stages.combine import combine
    from hardness.stages.lm import lm
    from hardness.stages.score import score
    from hardness.stages.suspects import suspects
    from hardness.training.run import train

__version__ = "0.1.0"
__all__ = [
    "HardnessError",
    "__version__",
    "build",
    "combine",
    "compare",
    "lm",
    "open_table",
    "report",
    "score",
    "suspects",
    "train",
    "verify",
]

_HOMES = {
    "build": "hardness.curriculum.build",
    "combine": "hardness.stages.combine",
    "compare": "hardness.experiments.compare",
    "lm": "hardness.stages.lm",
    "open_table": "hardness.io.table",
    "report": "hardness.reporting.report",
    "score": "hardness.stages.score",
    "suspects": "hardness.stages.suspects",
    "train": "hardness.training.run",
    "verify": "hardness.curriculum.verify",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        try:
            return getattr(importlib.import_module(_HOMES[name]), name)
        except ModuleNotFoundError as error:
            raise explain_missing(error) or error from None
    raise AttributeError(f"module 'hardness' has no attribute {name!r}")
