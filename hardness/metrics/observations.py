"""From what models made of records, epoch by epoch, to the numbers of cartography: pure functions.

Source: Swayamdipta et al. 2020, Dataset Cartography, section 2 (confidence, variability,
correctness); Toneva et al. 2019 (forgetting); Pleiss et al. 2020 (margin); Paul et al. 2021 (error
norm); Chang et al. 2017, Active Bias (closeness to the threshold).

Legend: n records, m observations of an epoch, C classes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

RIGHT = 0.5
"""A record is right in an epoch with at least this share of its target tokens; a class is all."""
NO_CLASS = -1

_RECORDS_AT_A_TIME = 1 << 16


@dataclass(frozen=True)
class Observed:
    """What a model made of some records, once each.

    Attributes:
        gold_logprob: (m,) ln p of the gold label, nats, at most 0.
        correct: (m,) 1 if the gold label was predicted, else 0; of a language model the share of
            target tokens that were the likeliest.
        margin: (m,) gold logit minus the greatest other one.
        error_norm: (m,) distance of the predicted distribution from the gold label.
        predicted: int32 (m,) number of the predicted class, `NO_CLASS` where unknown.
    """

    gold_logprob: np.ndarray
    correct: np.ndarray
    margin: np.ndarray
    error_norm: np.ndarray
    predicted: np.ndarray


def observe_logits(logits: np.ndarray, gold: np.ndarray) -> Observed:
    """What the logits of a classifier say about each record.

    With p = softmax(logits): ln p_gold; whether the first of the greatest logits is the gold one;
    the gold logit minus the greatest other; ‖p - onehot‖₂.

    Args:
        logits: float64 (m, C), finite, C at least 2.
        gold: integer (m,) in [0, C).
    """
    columns = np.array(logits.T, order="C")  # a copy, to be changed
    records = np.arange(columns.shape[1])
    greatest = columns.max(axis=0)
    predicted = columns.argmax(axis=0).astype(np.int32)
    exponents = np.exp(columns - greatest)
    total = exponents.sum(axis=0)
    own = columns[gold, records]
    exponents[gold, records] = 0
    # Summed up and not taken from 1, which would round away what is nearly learnt.
    missing = exponents.sum(axis=0)
    others = np.sqrt((exponents * exponents).sum(axis=0))
    columns[gold, records] = -np.inf
    return Observed(
        gold_logprob=own - greatest - np.log(total),
        correct=(predicted == gold).astype(np.float64),
        margin=own - columns.max(axis=0),
        error_norm=np.hypot(missing, others) / total,
        predicted=predicted,
    )


class Reduction:
    """Sums over the epochs of some records, one epoch after another.

    Means and the standard deviation are updated as in Welford 1962, in float64 and record by
    record, so that they do not depend on what other records are at hand.

    Args:
        n: how many records.
    """

    def __init__(self, n: int) -> None:
        self.n_epochs = np.zeros(n, dtype=np.uint32)
        self._mean, self._squares = np.zeros((2, n))
        self._correct, self._margin, self._error, self._loss = np.zeros((4, n))
        self._was_right, self._ever_right = np.zeros((2, n), dtype=bool)
        self._forgotten = np.zeros(n, dtype=np.uint32)
        self._predicted: list[np.ndarray] = []

    def add(self, at: np.ndarray | slice, observed: Observed) -> None:
        """Add an epoch.

        Args:
            at: integer (m,) the records that were observed, each at most once; or a slice.
            observed: (m,) what they were observed to be.
        """
        probability = np.exp(np.asarray(observed.gold_logprob, dtype=np.float64))
        count = self.n_epochs[at] + np.uint32(1)
        self.n_epochs[at] = count
        delta = probability - self._mean[at]
        mean = self._mean[at] + delta / count
        self._mean[at] = mean
        self._squares[at] += delta * (probability - mean)
        self._correct[at] += observed.correct
        self._margin[at] += observed.margin
        self._error[at] += observed.error_norm
        self._loss[at] -= observed.gold_logprob
        right = observed.correct >= RIGHT
        self._forgotten[at] += self._was_right[at] & ~right
        self._was_right[at] = right
        self._ever_right[at] |= right
        if np.any(observed.predicted != NO_CLASS):
            predicted = np.full(len(self.n_epochs), NO_CLASS, dtype=np.int32)
            predicted[at] = observed.predicted
            self._predicted.append(predicted)

    def columns(self) -> dict[str, np.ndarray]:
        """The columns of cartography but for `suggested`, each (n,).

        Where `n_epochs` is 0 nothing else is defined, and where `never_learnt` neither is
        `forgetting`.
        """
        count = np.maximum(self.n_epochs, 1)
        return {
            "confidence": self._mean,
            "variability": np.sqrt(np.maximum(self._squares, 0) / count),
            "correctness": self._correct / count,
            "forgetting": self._forgotten,
            "never_learnt": ~self._ever_right,
            "threshold_closeness": self._mean * (1 - self._mean),
            "aum": self._margin / count,
            "el2n": self._error / count,
            "mean_loss": self._loss / count,
            "n_epochs": self.n_epochs,
        }

    def suggested(self) -> np.ndarray:
        """int32 (n,) the class predicted most often; of equals the one predicted last."""
        n = len(self.n_epochs)
        chosen = np.full(n, NO_CLASS, dtype=np.int32)
        for start in range(0, n, _RECORDS_AT_A_TIME):
            part = slice(start, start + _RECORDS_AT_A_TIME)
            chosen[part] = _most_frequent([epoch[part] for epoch in self._predicted], chosen[part])
        return chosen


def _most_frequent(epochs: list[np.ndarray], unknown: np.ndarray) -> np.ndarray:
    """The class that occurs most often in each column, the last of equals, unless unknown."""
    best, most = unknown.copy(), np.zeros(len(unknown), dtype=np.int32)
    for own in epochs:
        times = np.zeros(len(own), dtype=np.int32)
        for other in epochs:
            times += own == other
        better = (times >= most) & (own != NO_CLASS)
        best[better], most[better] = own[better], times[better]
    return best
