"""Metrics: what each is called, needs, writes and means."""

from hardness.metrics.base import Column, Metric, metrics
from hardness.metrics.column import column_metric
from hardness.metrics.kenlm import KENLM
from hardness.metrics.ngram_pvi import NGRAM_PVI
from hardness.metrics.perplexity import PERPLEXITY

__all__ = ["Column", "Metric", "metrics"]

for _metric in (PERPLEXITY, NGRAM_PVI, KENLM):
    metrics.add(_metric.name, _metric)
metrics.add_family("column", "NAME", column_metric)
