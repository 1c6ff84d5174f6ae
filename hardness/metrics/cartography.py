"""Dataset cartography: what a model made of each record from epoch to epoch."""

from __future__ import annotations

import re
from dataclasses import dataclass

from hardness.errors import HardnessError
from hardness.metrics.base import Column, Metric

_EPOCHS = re.compile(r"(\d+)(?:\.\.(\d+))?")


@dataclass(frozen=True, kw_only=True)
class CartographyConfig:
    """Options of `cartography` and of the metrics that are one of its columns.

    Attributes:
        dynamics: folder of recorded training dynamics: a run, its `dynamics`, what
            `DynamicsCallback` wrote, or `dynamics_epoch_N.jsonl` files of allenai/cartography; a
            URL too.
        proxy: a model to train and observe instead: `linear`, `tiny` or a Hugging Face model.
        epochs: which epochs count, "A..B" or "A", from 1 and with both ends; all where None.
        folds: how many parts of the data are held out in turn from the proxy that observes them.
        proxy_epochs: passes of the proxy over the data.
        seed: of the proxy and of the folds.
    """

    dynamics: str | None = None
    proxy: str | None = None
    epochs: str | None = None
    folds: int | None = None
    proxy_epochs: int | None = None
    seed: int | None = None

    def __post_init__(self) -> None:
        if (self.dynamics is None) == (self.proxy is None):
            got = "neither" if self.dynamics is None else "both"
            raise HardnessError(
                f"dynamics or proxy must be given, got {got}; name recorded dynamics with "
                "--dynamics DIR, or have a model trained and observed with --proxy linear"
            )
        for name in ("folds", "proxy_epochs", "seed"):
            if self.dynamics is not None and getattr(self, name) is not None:
                raise HardnessError(
                    f"{name} must be left out with dynamics, got {getattr(self, name)}; "
                    "no proxy is trained"
                )
        for name, least in (("folds", 1), ("proxy_epochs", 1), ("seed", 0)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise HardnessError(
                    f"{name} must be at least {least}, got {value}; leave it out for the default"
                )
        _ = self.first_and_last

    @property
    def first_and_last(self) -> tuple[int, int] | None:
        """The first and the last epoch that counts, from 1; None for all.

        Raises:
            HardnessError: `epochs` is no range of epochs.
        """
        if self.epochs is None:
            return None
        match = _EPOCHS.fullmatch(self.epochs.strip())
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if not 1 <= first <= last:
            raise HardnessError(
                f"epochs must be A..B with 1 <= A <= B, got {self.epochs!r}; 2..5 leaves the "
                "first out of five"
            )
        return first, last


_COLUMNS = (
    Column(
        name="confidence",
        summary="mean over the epochs of p, the probability of the gold label, 0 to 1; of a "
        "language model the geometric mean of its target tokens' probabilities",
        harder="lower",
    ),
    Column(
        name="variability",
        summary="population standard deviation of p over the epochs, 0 to 0.5",
        harder="higher",
    ),
    Column(
        name="correctness",
        summary="share of the epochs that predicted the gold label, 0 to 1; of a language model "
        "the mean share of target tokens that were the likeliest; of equal logits the first is "
        "predicted",
        harder="lower",
    ),
    Column(
        name="forgetting",
        summary="how often right in an epoch and wrong in the next one observed; null where never "
        "right; a language model is right with at least half of the target tokens",
        type="uint32",
        harder="higher",
    ),
    Column(
        name="never_learnt",
        summary="whether no epoch was right",
        type="bool",
        harder="higher",
    ),
    Column(
        name="threshold_closeness",
        summary="confidence (1 - confidence), 0 to 0.25",
        harder="higher",
    ),
    Column(
        name="aum",
        summary="mean of the gold logit minus the greatest other one; below 0 the model is for "
        "another label",
        harder="lower",
    ),
    Column(
        name="el2n",
        summary="mean Euclidean distance of the predicted distribution from the gold label, 0 to "
        "the root of 2",
        harder="higher",
    ),
    Column(name="mean_loss", summary="mean of -ln p, nats, at least 0", harder="higher"),
    Column(name="n_epochs", summary="epochs in which the record was observed", type="uint32"),
    Column(
        name="suggested",
        summary="the label predicted most often, the later one of equals; null where unknown",
        type="string",
    ),
)

_NEEDS = (
    "--dynamics DIR, the recorded dynamics of a training run; or --proxy, which trains and "
    "observes a model by itself and needs a label (--label)"
)
_NULLS = "a record that no epoch observed"
_CARTOGRAPHY = "Swayamdipta et al. 2020, Dataset Cartography, section 2"
_MARGIN = "Pleiss et al. 2020, Identifying Mislabeled Data using the Area Under the Margin Ranking"
_ERROR_NORM = "Paul et al. 2021, Deep Learning on a Data Diet, definition 2.3"
_FORGETTING = "Toneva et al. 2019, An Empirical Study of Example Forgetting, section 3"

CARTOGRAPHY = Metric(
    name="cartography",
    summary="Where each record lies on the map of a model's training: easy, ambiguous or hard to "
    "learn.",
    needs=_NEEDS,
    nulls=_NULLS + "; forgetting also of one that was never right",
    source=f"{_CARTOGRAPHY}; {_FORGETTING}; {_MARGIN}; {_ERROR_NORM}",
    columns=_COLUMNS,
    config=CartographyConfig,
    stage="hardness.stages.cartography",
)


def _one_column(name: str, *, summary: str, source: str, nulls: str = _NULLS) -> Metric:
    """The metric that is one column of cartography."""
    return Metric(
        name=name,
        summary=summary,
        needs=_NEEDS,
        nulls=nulls,
        source=source,
        columns=tuple(column for column in _COLUMNS if column.name == name),
        config=CartographyConfig,
        stage="hardness.stages.cartography",
    )


CONFIDENCE = _one_column(
    "confidence",
    summary="How sure the model was of the gold label, over its training; a column of cartography.",
    source=_CARTOGRAPHY,
)
VARIABILITY = _one_column(
    "variability",
    summary="How much that confidence moved from epoch to epoch; a column of cartography.",
    source=_CARTOGRAPHY,
)
CORRECTNESS = _one_column(
    "correctness",
    summary="How often the model predicted the gold label; a column of cartography.",
    source=_CARTOGRAPHY,
)
FORGETTING = _one_column(
    "forgetting",
    summary="How often the model lost what it had right; a column of cartography.",
    source=_FORGETTING,
    nulls=_NULLS + ", or that was never right",
)
AUM = _one_column(
    "aum",
    summary="Area under the margin: how far the gold logit was ahead; a column of cartography.",
    source=_MARGIN,
)
EL2N = _one_column(
    "el2n",
    summary="Norm of the error of the predicted distribution; a column of cartography.",
    source=_ERROR_NORM,
)
