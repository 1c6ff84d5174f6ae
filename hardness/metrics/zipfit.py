"""Likeness to a target corpus, by how well both compress together."""

from __future__ import annotations

from dataclasses import dataclass

from hardness.errors import HardnessError
from hardness.metrics.base import Column, Metric


@dataclass(frozen=True, kw_only=True)
class ZipfitConfig:
    """Options of `zipfit`.

    Attributes:
        reference: files of the target. They must be given.
        targets: compare with at most so many of its texts, at least 1, drawn evenly by their row
            and always the same; the time grows with their number times that of the records.
    """

    reference: tuple[str, ...] = ()
    targets: int = 100

    def __post_init__(self) -> None:
        if not self.reference:
            raise HardnessError(
                "reference must be text like that which is wanted for metric zipfit, got none; "
                "name it with --reference"
            )
        if self.targets < 1:
            raise HardnessError(f"targets must be at least 1, got {self.targets}; 100 is usual")


ZIPFIT = Metric(
    name="zipfit",
    summary="How well the text and texts of a target corpus compress together.",
    needs="text; --reference, the target",
    nulls="a record whose text is null, empty or white space",
    source="Obbad et al. 2024, ZIP-FIT: Embedding-Free Data Selection via Compression-Based "
    "Alignment; without gzip's header, and with a sample of the target's texts",
    columns=(
        Column(
            name="alignment",
            summary="mean over the target's texts of 1 - normalised compression distance, at most "
            "1; the lower, the less like the target",
            harder="lower",
        ),
    ),
    config=ZipfitConfig,
    stage="hardness.stages.zipfit",
)
