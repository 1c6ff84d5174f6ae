"""Weightings: pure functions that give each sample's loss a factor ω, without torch at import."""

from __future__ import annotations

from hardness.weighting import online, plain, s_loss, superloss
from hardness.weighting.base import Weighting, resolve, weightings

__all__ = ["Weighting", "online", "plain", "resolve", "s_loss", "superloss", "weightings"]
