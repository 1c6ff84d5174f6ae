"""Which columns hold the text, the label, the id and the group."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from hardness.arguments import as_names
from hardness.errors import HardnessError
from hardness.io.records import KEY_KINDS, NULL, NUMBER, OTHER, STRING, TEXT_KINDS, Columns

# Tried in this order; the first whose columns are all there and hold text is taken.
TEXT_CANDIDATES: tuple[tuple[str, ...], ...] = (
    ("text",),
    ("premise", "hypothesis"),
    ("sentence1", "sentence2"),
    ("question", "answer"),
    ("instruction", "input", "output"),
    ("prompt", "completion"),
    ("prompt", "response"),
    ("prompt", "chosen"),
    ("messages",),
)
LABEL_CANDIDATES = ("label", "labels", "gold_label")
ID_CANDIDATES = ("id",)
_OTHER_SEPARATORS = (";", "\t", "|")


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What the user asked for; None is to be detected (a group never is)."""

    text: tuple[str, ...] | None
    label: str | None
    id: str | None
    group: str | None
    whole: str | None = None
    """`text` as it was written, which may be the name of one column, commas and all."""

    def named_text(self, known: Collection[str]) -> tuple[str, ...] | None:
        """The columns that `text` names, where these are those that there are."""
        return (self.whole,) if self.whole is not None and self.whole in known else self.text


def parse_wanted(
    text: str | Sequence[str] | None, label: str | None, id: str | None, group: str | None
) -> Wanted:
    """The options as given: `text` may be "a,b", which is one column where there is such a one.

    Raises:
        HardnessError: a column is named twice in `text`, or a name is empty.
    """
    names = None
    if text is not None:
        names = as_names(text)
        if not names or "" in names or len(set(names)) < len(names):
            raise HardnessError(
                f"text must be different column names, got {text!r}; "
                "write them like --text premise,hypothesis"
            )
    return Wanted(
        text=names,
        label=label or None,
        id=id or None,
        group=group or None,
        whole=text if isinstance(text, str) else None,
    )


def detect(kinds: Mapping[str, str], written: Mapping[str, str], wanted: Wanted) -> Columns:
    """The columns' parts.

    Args:
        kinds: column name to kind, of one file.
        written: the same where only the way it is written counts, as for text: CSV is all strings,
            and so is a column of JSON that has some beside other values.
        wanted: names that are given are taken as they are; `check` judges them.

    Raises:
        HardnessError: no text column is known by its name; the message lists the string columns.
    """
    text = wanted.named_text(written) or _detect_text(written)
    free = {name: kind for name, kind in kinds.items() if name not in text}
    return Columns(
        text=text,
        label=wanted.label or _first(free, LABEL_CANDIDATES),
        id=wanted.id or _first(free, ID_CANDIDATES),
        group=wanted.group,
    )


def _detect_text(kinds: Mapping[str, str]) -> tuple[str, ...]:
    for names in TEXT_CANDIDATES:
        found = [kinds.get(name) for name in names]
        if all(kind in (*TEXT_KINDS, NULL) for kind in found) and set(found) != {NULL}:
            return names
    raise HardnessError(
        "text must be among the columns text, premise+hypothesis, sentence1+sentence2, "
        "question+answer, instruction+input+output, prompt+completion, prompt+response, "
        f"prompt+chosen or messages, got {strings_of(kinds)}; name yours with --text"
    )


def text_names(wanted: Wanted, kinds: Mapping[str, str]) -> list[str]:
    """The columns there are that are text or would be, if they held such."""
    named = wanted.named_text(kinds)
    candidates = (named,) if named else TEXT_CANDIDATES
    return [name for name in dict.fromkeys(chain(*candidates)) if name in kinds]


def unfit_label(kinds: Mapping[str, str], columns: Columns) -> str | None:
    """Which column would be the label by its name, and why it is none; None if there is no such."""
    for name in LABEL_CANDIDATES:
        if name in kinds and name not in columns.named and kinds[name] in _UNFIT:
            return f"the column {name!r} is no label, as it has {_values(kinds[name])}: {_MEND}"
    return None


_UNFIT = {
    NUMBER: "numbers with a point (as pandas writes integers with gaps)",
    OTHER: "objects, lists or the like",
}
_MEND = "write integers or strings"


def _values(kind: str) -> str:
    return _UNFIT.get(kind, f"values of kind {kind}")


def _first(kinds: Mapping[str, str], names: Sequence[str]) -> str | None:
    return next((name for name in names if kinds.get(name) in KEY_KINDS), None)


def strings_of(kinds: Mapping[str, str]) -> str:
    """The columns that could be text, in words."""
    names = [name for name, kind in kinds.items() if kind in TEXT_KINDS]
    if names:
        return f"the string columns {_quoted(names)}{_separated(names)}"
    return f"no string column among {_quoted(kinds) or 'none'}"


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(map(repr, names))


def _separated(names: Sequence[str]) -> str:
    """What to say of a header that seems to be separated by something else."""
    if len(names) == 1 and any(separator in names[0] for separator in _OTHER_SEPARATORS):
        return " (one column: commas separate those of a .csv, tabs those of a .tsv)"
    return ""


def check(file: str, kinds: Mapping[str, str], columns: Columns, asked: Wanted) -> None:
    """Refuse a file whose columns cannot play their parts.

    Args:
        file: what messages call it.
        kinds: its columns' kinds.
        columns: the parts.
        asked: which were asked for; a detected label or id may be missing in further files.

    Raises:
        HardnessError: a column is missing or of the wrong kind.
    """
    for name in columns.text:
        _check_one(file, kinds, "text", name, (*TEXT_KINDS, NULL), "strings or chat messages")
    for part in ("label", "id", "group"):
        name = getattr(columns, part)
        if name is None or (name not in kinds and getattr(asked, part) is None):
            continue
        allowed = (*KEY_KINDS, NULL)
        _check_one(file, kinds, part, name, allowed, "strings, integers or booleans")


def _check_one(
    file: str,
    kinds: Mapping[str, str],
    part: str,
    name: str,
    allowed: Sequence[str],
    rule: str,
) -> None:
    if name not in kinds:
        nested = kinds.get(name.partition(".")[0]) == OTHER
        raise HardnessError(
            f"{part} must be a column of {file}, got {name!r}, which no record has"
            f"{' at its top level' if nested else ''}; it has {_listing(kinds, part)}"
        )
    if kinds[name] not in allowed:
        mend = f"{_MEND}, or name another: " if part != "text" and kinds[name] == NUMBER else ""
        raise HardnessError(
            f"{part} must be a column of {rule}, got {name!r} with {_values(kinds[name])} in "
            f"{file}; {mend}it has {_listing(kinds, part)}"
        )


def _listing(kinds: Mapping[str, str], part: str) -> str:
    return strings_of(kinds) if part == "text" else f"the columns {_quoted(kinds)}"


def merge(file: str, known: dict[str, str], kinds: Mapping[str, str], columns: Columns) -> None:
    """Add a file's kinds of the columns in use to `known`.

    Raises:
        HardnessError: a column is of another kind than in the files before.
    """
    for name in columns.named:
        kind = kinds.get(name, NULL)
        if known.get(name, NULL) == NULL:
            known[name] = kind
        elif kind not in (NULL, known[name]):
            raise HardnessError(
                f"column {name!r} must be of one kind in all files, got {known[name]} and, in "
                f"{file}, {kind}; convert the files to one kind or run them apart"
            )


def resolved(known: Mapping[str, str]) -> dict[str, str]:
    """The kinds with strings for columns that have no value anywhere."""
    return {name: STRING if kind == NULL else kind for name, kind in known.items()}
