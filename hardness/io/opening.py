"""A hardness table that is about to be written to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hardness.io.atomic import read_json, write_json
from hardness.io.digest import object_digest
from hardness.io.storage import Location

DATASET = "dataset.json"


@dataclass(frozen=True, kw_only=True)
class Opening:
    """A table as it will be once one of its metrics is begun."""

    path: Location
    content: dict[str, Any]
    """All of dataset.json."""
    stale: bool
    """The folder holds scores of other data, which will be removed."""

    def claim(self) -> None:
        """Write dataset.json where there is none, so that a folder begun is known as a table."""
        if not (self.path / DATASET).is_file():
            self.write()

    def write(self) -> None:
        """Write dataset.json unless it says the same already."""
        path = self.path / DATASET
        if not path.is_file() or object_digest(read_json(path)) != object_digest(self.content):
            write_json(path, self.content)
