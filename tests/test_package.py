"""What a wheel built from the tree holds."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from email import message_from_string
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.skipif(
    not (ROOT / "pyproject.toml").is_file(), reason="needs the source tree"
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of the tree, built without the network."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT],
        capture_output=True,
        check=True,
        timeout=300,
    )
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def names(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def _metadata(wheel: Path, file: str) -> str:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(f".dist-info/{file}")]
        return archive.read(name).decode()


def test_hardness_is_the_only_top_level_import_name(names: list[str]) -> None:
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"hardness"}
    assert len(tops) == 2


def test_every_module_is_in_the_wheel(names: list[str]) -> None:
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "hardness").rglob("*.py")}
    assert modules == {name for name in names if name.endswith(".py")}


@pytest.mark.parametrize("folder", ["pipelines", "curricula"])
def test_recipes_are_in_the_wheel(names: list[str], folder: str, wheel: Path) -> None:
    recipes = sorted((ROOT / folder).glob("*.yaml"))
    assert recipes
    with zipfile.ZipFile(wheel) as archive:
        for recipe in recipes:
            shipped = archive.read(f"hardness/_shipped/{folder}/{recipe.name}")
            assert shipped == recipe.read_bytes()
            assert isinstance(yaml.safe_load(shipped), dict)


def test_wheel_holds_nothing_but_code_recipes_and_the_page(names: list[str]) -> None:
    others = {
        name
        for name in names
        if not name.endswith(".py") and not re.match(r"hardness-[^/]+\.dist-info/", name)
    }
    assert {Path(name).suffix for name in others} == {".yaml", ".html", ".css", ".js"}


def test_wheel_installs_the_command_and_the_licence(wheel: Path) -> None:
    assert "hardness = hardness.cli.app:main" in _metadata(wheel, "entry_points.txt")
    assert "Apache License" in _metadata(wheel, "licenses/LICENSE")


def test_scoring_needs_no_extra(wheel: Path) -> None:
    metadata = message_from_string(_metadata(wheel, "METADATA"))
    always = [item for item in metadata.get_all("Requires-Dist", []) if "extra ==" not in item]
    names = {re.split(r"[\s\[<>=!~;]", item)[0] for item in always}
    assert "numba" in names
    assert names.isdisjoint({"torch", "transformers", "tokenizers", "safetensors"})


def test_package_imports_from_the_wheel(wheel: Path, tmp_path: Path) -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(wheel)!r}); import hardness; print(hardness.__file__)"
    )
    process = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert process.stdout.startswith(str(wheel))


def test_constraints_pin_every_dependency() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    wanted = [*project["dependencies"], *(item for extra in extras for item in extra)]
    pinned = {
        line.split("==")[0].lower()
        for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
        if "==" in line and not line.startswith("#")
    }
    names = {re.split(r"[\[<>=]", item)[0].lower() for item in wanted} - {"hardness"}
    assert names <= pinned
