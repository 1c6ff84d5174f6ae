"""Metrics: what each is called, needs, writes and means."""

from hardness.metrics.base import Column, Metric, metrics
from hardness.metrics.cartography import (
    AUM,
    CARTOGRAPHY,
    CONFIDENCE,
    CORRECTNESS,
    EL2N,
    FORGETTING,
    VARIABILITY,
)
from hardness.metrics.column import column_metric
from hardness.metrics.conditional import CONDITIONAL
from hardness.metrics.dsir import DSIR
from hardness.metrics.grand import GRAND
from hardness.metrics.ifd import IFD
from hardness.metrics.imported import IMPORT
from hardness.metrics.kenlm import KENLM
from hardness.metrics.learnability import LEARNABILITY
from hardness.metrics.lm import LM
from hardness.metrics.ngram_pvi import NGRAM_PVI
from hardness.metrics.perplexity import PERPLEXITY
from hardness.metrics.pvi import PVI
from hardness.metrics.surface import SURFACE
from hardness.metrics.zipfit import ZIPFIT

__all__ = ["Column", "Metric", "metrics"]

for _metric in (
    PERPLEXITY,
    NGRAM_PVI,
    KENLM,
    CARTOGRAPHY,
    CONFIDENCE,
    VARIABILITY,
    CORRECTNESS,
    FORGETTING,
    AUM,
    EL2N,
    SURFACE,
    IMPORT,
    DSIR,
    ZIPFIT,
    LM,
    IFD,
    PVI,
    LEARNABILITY,
    CONDITIONAL,
    GRAND,
):
    metrics.add(_metric.name, _metric)
metrics.add_family("column", "NAME", column_metric)
