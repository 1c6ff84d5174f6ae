"""Suspected labels: the records whose label is likely wrong, as `hardness suspects` ranks them."""

from __future__ import annotations

from dataclasses import replace

from hardness.io.table import HardnessTable
from hardness.reporting.figure import Words, number
from hardness.reporting.page import Lacking, Section
from hardness.reporting.records import LABEL_CHARACTERS, TEXT_CHARACTERS
from hardness.stages.suspects import Suspects, suspects

COUNT = 20
"""Records that are shown."""
_TELLING = ("cartography", "confidence", "aum", "ngram-pvi")
"""Metrics that tell of labels."""


def suspected_labels(table: HardnessTable, *, text: bool, score: str) -> Section:
    """The section.

    Args:
        table: a hardness table.
        text: the data may be read, which has the labels.
        score: the command that makes cartography of the data.

    Raises:
        HardnessError: the data changed since it was scored.
    """
    section = Section(
        id="suspects",
        title="Suspected labels",
        lead="Records whose label the models doubt most. Read them: correct the labels that are "
        "wrong, and keep the records that are right but hard. `hardness suspects` lists all.",
    )
    lacking = None
    if table.columns.label is None:
        why = "The data was scored without labels. With one named by `--label`, this tells of them:"
        lacking = Lacking(why=why, command=f"{score} --label NAME")
    elif not set(_TELLING) & set(table.metrics):
        why = "No score of the table tells of labels. This adds one that does:"
        lacking = Lacking(why=why, command=score)
    elif not text:
        why = "Labels and texts are left out of this report. This lists them:"
        lacking = Lacking(why=why, command=f"hardness suspects {table.path.name}")
    if lacking is not None:
        return replace(section, lacking=[lacking])
    found = suspects(table.path, top=COUNT)
    lead = " ".join([section.lead, *_notes(found)])
    return replace(section, lead=lead, words=[_words(found)])


def _notes(found: Suspects) -> list[str]:
    notes = []
    if found.disagreeing is not None:
        share = found.disagreeing / max(1, found.count)
        notes.append(
            f"For {number(found.disagreeing)} of {number(found.count)} records ({share:.1%}) "
            "the model suggests another label than the given one."
        )
    if found.in_sample:
        notes.append(
            "These scores are of a model that trained on the labels it judges and has learnt many "
            "of the wrong ones; `--folds` observes records by models that did not."
        )
    return notes


def _words(found: Suspects) -> Words:
    scores = list(found.top[0].scores) if found.top else []
    suggests = any(suspect.suggested is not None for suspect in found.top)
    rows = []
    for suspect in found.top:
        labels = [suspect.given, *([suspect.suggested] if suggests else [])]
        rows.append(
            (
                f"{suspect.row:,}",
                *(number(suspect.scores[name]) for name in scores),
                *(_short(label, LABEL_CHARACTERS) for label in labels),
                _short(suspect.text, TEXT_CHARACTERS),
            )
        )
    return Words(
        headings=("row", *scores, "given", *(["suggested"] if suggests else []), "text"),
        rows=tuple(rows),
        numeric=frozenset(range(1 + len(scores))),
        caption=f"The {len(rows)} most suspicious by {' and '.join(found.by)}",
        kind="suspected",
    )


def _short(text: str | None, length: int) -> str:
    if text is None:
        return "–"
    line = " ".join(text.split())
    return line if len(line) <= length else f"{line[: length - 1]}…"
