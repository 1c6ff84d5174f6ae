"""The YAML files that come with hardness, by name: in a checkout and in an installed wheel."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path

from hardness.errors import HardnessError

SUFFIX = ".yaml"


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """Shipped files of one kind.

    Attributes:
        kind: what one is called, as it reads in messages.
        folder: of the checkout, and under `_shipped` of the wheel.
    """

    kind: str
    folder: str

    def files(self) -> dict[str, Path]:
        """The files by name."""
        package = Path(__file__).parents[1]
        # Inside a wheel they lie under the package; in a checkout beside it.
        for folder in (package / "_shipped" / self.folder, package.parent / self.folder):
            if folder.is_dir():
                return {path.stem: path for path in sorted(folder.glob(f"*{SUFFIX}"))}
        return {}

    def find(self, name: str | Path) -> Path:
        """The file that a shipped name or a path means.

        Raises:
            HardnessError: neither.
        """
        files = self.files()
        if str(name) in files:
            return files[str(name)]
        path = Path(name)
        if path.is_file():
            return path
        nearest = difflib.get_close_matches(str(name), list(files), n=1)
        hint = f"did you mean {nearest[0]!r}?" if nearest else f"see `hardness {self.folder} list`"
        raise HardnessError(
            f"{self.kind} must be a YAML file or one of {', '.join(files)}, got {str(name)!r}; "
            f"{hint}"
        )


CURRICULA = Shelf(kind="curriculum", folder="curricula")
PIPELINES = Shelf(kind="pipeline", folder="pipelines")


def header(path: Path) -> dict[str, str]:
    """What the comment at the head of a file says under its title and under `What`, `When`, …."""
    said: dict[str, str] = {}
    heading = "title"
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            break
        words = line.removeprefix("#").strip()
        name, colon, rest = words.partition(":")
        if colon and name.isidentifier() and name[0].isupper():
            heading, words = name.lower(), rest.strip()
        said[heading] = f"{said.get(heading, '')} {words}".strip()
    return said
