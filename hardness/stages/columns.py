"""The columns that an expression names, in one or several hardness tables of the same data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike

from hardness.errors import HardnessError
from hardness.io.digest import object_digest
from hardness.io.metric import MetricInfo
from hardness.io.remote import RemotePath
from hardness.io.storage import AnyPath
from hardness.io.table import HardnessTable, open_table

Tables = AnyPath | Sequence[AnyPath] | Mapping[str, AnyPath]
"""One table, several as "name=path", or several by name."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """A column that an expression names."""

    reference: str
    """As the expression has it."""
    info: MetricInfo
    column: str

    @property
    def identity(self) -> str:
        """Digest of what decides its numbers, beside the data."""
        return object_digest([self.info.name, self.column, self.info.content["parameters"]])


def open_tables(tables: Tables) -> dict[str, HardnessTable]:
    """The tables by name; a single one may have the empty name.

    Raises:
        HardnessError: one is no table, has no name among several or another's, or is of other data.
    """
    if isinstance(tables, Mapping):
        named = [(str(name), path) for name, path in tables.items()]
    else:
        single = isinstance(tables, str | PathLike | RemotePath)
        named = [_named(table) for table in ([tables] if single else tables)]
    if len(named) > 1 and not all(name for name, _ in named):
        raise HardnessError(
            "tables must each have a name where there are several, got one without; write "
            "name=folder"
        )
    opened: dict[str, HardnessTable] = {}
    for name, path in named:
        if name in opened:
            raise HardnessError(
                f"tables must have a name each, got {name!r} twice; rename one of them"
            )
        opened[name] = open_table(path)
    if not opened:
        raise HardnessError("tables must be one or more hardness tables, got none; name one")
    first = next(iter(opened.values()))
    for table in opened.values():
        if table.digest != first.digest:
            raise HardnessError(
                f"tables must be of the same data, got {table.path} of other data than "
                f"{first.path}; score the same files into both"
            )
    return opened


def _named(table: AnyPath) -> tuple[str, AnyPath]:
    name, equals, path = str(table).partition("=")
    if equals and name.isidentifier():
        return name, path
    return "", table


def find_source(opened: Mapping[str, HardnessTable], reference: str) -> Source:
    """The column that a reference names, of the only table or of the one that it names.

    Raises:
        HardnessError: there is none; the message lists those there are.
    """
    name, dot, rest = reference.partition(".")
    if name in opened:
        table = opened[name]
        if not dot:
            raise HardnessError(
                f"expr must name columns, got the table {name!r}; write {name}.METRIC, one of "
                f"{', '.join(f'{name}.{metric}' for metric in table.metrics) or 'none yet'}"
            )
        info, column = table.resolve(rest)
    elif len(opened) == 1:
        info, column = next(iter(opened.values())).resolve(reference)
    else:
        raise HardnessError(
            f"expr must name columns by their table, one of {', '.join(opened)}, got "
            f"{reference!r}; write table.metric"
        )
    return Source(reference=reference, info=info, column=column)
