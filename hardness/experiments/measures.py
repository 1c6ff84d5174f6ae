"""What an evaluation tells of a model, by task."""

from __future__ import annotations

MEASURES = {"accuracy_fraction": "higher", "loss_nats": "lower", "perplexity": "lower"}
"""Which way is better."""
OF_TASK = {
    "classification": ("accuracy_fraction", "loss_nats"),
    "causal-lm": ("loss_nats", "perplexity"),
}
"""The measures of each task, the one that is compared unless another is named first."""
