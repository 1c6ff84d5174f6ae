"""What the package imports is what it declares, and the extras that it names are there."""

from __future__ import annotations

import ast
import json
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from hardness.errors import explain_missing
from hardness.io.stores import _EXTRAS as STORE_EXTRAS
from tests.notebooks import NOTEBOOKS

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / "hardness").rglob("*.py"))

pytestmark = pytest.mark.skipif(
    not (ROOT / "pyproject.toml").is_file(), reason="needs the source tree"
)

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]

INDIRECT = {"s3fs", "gcsfs", "tensorboard"}
"""Packages that others import: fsspec by the protocol of a URL, torch for its events."""

MODULES = {"ipython": "IPython", "pyyaml": "yaml", "vl-convert-python": "vl_convert"}
"""Packages whose module is called otherwise."""


def _names(requirements: list[str]) -> set[str]:
    """Import names of requirements, with those of the extras that they name."""
    found = set()
    for requirement in requirements:
        name, _, rest = requirement.partition("[")
        if name == "hardness":
            found |= {n for extra in rest.split("]")[0].split(",") for n in _names(EXTRAS[extra])}
            continue
        package = re.split(r"[<>=!~;\[]", requirement)[0].strip()
        found.add(MODULES.get(package, package))
        if name == "dask":
            found |= set(rest.partition("]")[0].split(","))
    return found - {""}


REQUIRED = _names(PROJECT["dependencies"])
AROUND = {"dev", "notebooks"}
"""Extras of what is beside the package."""

OFFERED = {n for extra, listed in EXTRAS.items() if extra not in AROUND for n in _names(listed)}


def _third_party(code: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(code)):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        yield from (
            top
            for top in (name.partition(".")[0] for name in names)
            if top not in sys.stdlib_module_names and top not in ("hardness", "__future__")
        )


IMPORTED = {name for path in FILES for name in _third_party(path.read_text("utf-8"))}


def test_every_import_is_declared() -> None:
    assert IMPORTED <= REQUIRED | OFFERED
    assert {"numba", "polars", "torch", "kenlm"} <= IMPORTED


def test_every_declared_package_is_imported() -> None:
    assert (REQUIRED | OFFERED) - INDIRECT <= IMPORTED


def test_the_extra_of_the_notebooks_has_what_they_import() -> None:
    cells = [cell for path in NOTEBOOKS for cell in json.loads(path.read_text("utf-8"))["cells"]]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    imported = {name for cell in code for name in _third_party(cell)}
    # What computes the statistics of a comparison imports it when it is called.
    assert {"polars", "vl_convert"} <= imported
    assert imported | {"scipy"} <= REQUIRED | _names(EXTRAS["notebooks"])


def test_every_extra_that_is_named_exists() -> None:
    pages = (*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"))
    texts = [path.read_text(encoding="utf-8") for path in (*FILES, *pages)]
    named = {
        extra
        for text in texts
        for extras in re.findall(r"'(?:hardness|\.)\[([a-z][a-z0-9,]*)\]'", text)
        for extra in extras.split(",")
    }
    assert named <= EXTRAS.keys()
    assert {"train", "kenlm", "report"} <= named
    assert set(STORE_EXTRAS.values()) <= EXTRAS.keys()


@pytest.mark.parametrize("module", sorted(IMPORTED | INDIRECT - {"s3fs", "gcsfs"}))
def test_a_missing_package_says_what_installs_it(module: str) -> None:
    """A requirement by itself; what an extra offers by the extra that has it."""
    explained = explain_missing(ModuleNotFoundError("no", name=module))
    assert explained is not None
    _, _, fix = str(explained).rpartition("pip install ")
    if module in REQUIRED:
        assert MODULES.get(fix, fix) == module
    else:
        (extra,) = re.findall(r"\[(\w+)\]", fix)
        assert module in _names(EXTRAS[extra])
