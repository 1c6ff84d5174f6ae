"""The layers of the package, and how little `import hardness` and `hardness --help` load."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import hardness

PACKAGE = Path(hardness.__file__).parent

# From the bottom up. A module may import from its own layer and from those below.
LAYERS = [
    {
        "direction",
        "errors",
        "registry",
        "progress",
        "memory",
        "arguments",
        "chunks",
        "sort",
        "normalize",
    },
    {"io", "ngram", "expression"},
    {"metrics", "proxy", "weighting"},
    {"stages", "curriculum", "training", "inference", "integrations", "reporting"},
    {"demo", "experiments"},
    {"recipes"},
    {"cli"},
]
LAYER = {name: height for height, names in enumerate(LAYERS) for name in names}
ENTRY_POINTS = {"__init__", "__main__"}

# Where each heavy or noisy third-party module may be imported.
HOMES = {
    "dask": {"stages"},
    "distributed": {"stages"},
    "torch": {"training", "inference", "integrations"},
    "transformers": {"training", "inference", "integrations"},
    "tokenizers": {"training", "integrations", "ngram"},
    "safetensors": {"training", "integrations"},
    "rich": {"cli"},
    "typer": {"cli"},
    "scipy": {"experiments"},
    "altair": {"reporting", "experiments"},
    "vl_convert": {"reporting"},
    "jinja2": {"reporting"},
}
HEAVY = ["torch", "transformers", "dask", "distributed", "numba"]
HELP_SECONDS = 0.5


def _modules() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if "__pycache__" not in path.parts)


def _part(path: Path) -> str:
    """The module or subpackage of `hardness` that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def _is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def _imports(node: ast.AST) -> Iterator[str]:
    """Every module that code under `node` imports when it runs, in functions too."""
    for child in ast.iter_child_nodes(node):
        if _is_type_checking(child):
            continue
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, "imports are absolute"
            yield from (f"{child.module}.{alias.name}" for alias in child.names)
        else:
            yield from _imports(child)


def _imports_of(path: Path) -> list[str]:
    return list(_imports(ast.parse(path.read_text(encoding="utf-8"))))


def _inner_parts(path: Path) -> set[str]:
    """The parts of `hardness` that a file imports, its own excepted."""
    names = [name.split(".") for name in _imports_of(path) if name.split(".")[0] == "hardness"]
    parts = {name[1] for name in names if len(name) > 1 and name[1] in LAYER}
    return parts - {_part(path)}


def _climbs(path: Path) -> list[str]:
    if _part(path) in ENTRY_POINTS:
        return []
    return [part for part in _inner_parts(path) if LAYER[part] > LAYER[_part(path)]]


def test_every_part_has_a_layer() -> None:
    parts = {_part(path) for path in _modules()} - ENTRY_POINTS
    assert parts <= LAYER.keys()


def test_imports_point_down() -> None:
    climbing = {str(path.relative_to(PACKAGE)): _climbs(path) for path in _modules()}
    assert {path: parts for path, parts in climbing.items() if parts} == {}


def test_parts_do_not_import_each_other_in_circles() -> None:
    needs: dict[str, set[str]] = {}
    for path in _modules():
        if _part(path) not in ENTRY_POINTS:
            needs.setdefault(_part(path), set()).update(_inner_parts(path))
    while free := [part for part, others in needs.items() if not others & needs.keys()]:
        for part in free:
            del needs[part]
    assert needs == {}


@pytest.mark.parametrize("library", HOMES)
def test_library_is_imported_only_at_home(library: str) -> None:
    guests = {
        str(path.relative_to(PACKAGE))
        for path in _modules()
        if _part(path) not in HOMES[library]
        and any(name.split(".")[0] == library for name in _imports_of(path))
    }
    assert guests == set()


def test_only_the_command_line_prints() -> None:
    printing = set()
    for path in _modules():
        calls = [
            node
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Call)
            and ast.unparse(node.func) in {"print", "sys.stdout.write"}
        ]
        if calls:
            printing.add(_part(path))
    assert printing <= {"cli"}


def test_climbing_import_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = tmp_path / "io" / "wrong.py"
    module.parent.mkdir()
    module.write_text("def f():\n    from hardness.cli.app import main\n    import torch.nn\n")
    monkeypatch.setitem(globals(), "PACKAGE", tmp_path)
    assert _climbs(module) == ["cli"]
    assert "torch.nn" in _imports_of(module)


def _python(code: str) -> str:
    process = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True
    )
    return process.stdout


def test_importing_the_package_is_light() -> None:
    out = _python(
        "import json, sys; before = set(sys.modules); import hardness; "
        "print(json.dumps(sorted({m.split('.')[0] for m in set(sys.modules) - before})))"
    )
    loaded = json.loads(out)
    assert "hardness" in loaded
    assert set(loaded) & {*HEAVY, "numpy", "polars", "pyarrow", "nltk", "typer", "rich"} == set()


def test_help_loads_no_heavy_module() -> None:
    out = _python(
        "import json, sys; sys.argv = ['hardness', '--help']; from hardness.cli.app import main\n"
        "try: main()\n"
        "except SystemExit as stop: assert not stop.code\n"
        "print(); print(json.dumps(sorted({m.split('.')[0] for m in sys.modules})))"
    )
    text, modules = out.rsplit("\n", 2)[0], json.loads(out.splitlines()[-1])
    assert "Usage" in text
    assert set(modules) & {*HEAVY, "numpy", "polars", "pyarrow", "nltk"} == set()


def _processor_seconds(*arguments: str) -> float:
    """What a program costs, whatever else the machine does meanwhile: the least of several runs."""
    seconds = []
    for _ in range(5):
        process = subprocess.Popen([sys.executable, *arguments], stdout=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0
        seconds.append(used.ru_utime + used.ru_stime)
    return min(seconds)


@pytest.mark.skipif(not hasattr(os, "wait4"), reason="needs the processor time of a process")
def test_help_answers_within_half_a_second() -> None:
    assert _processor_seconds("-m", "hardness", "--help") < HELP_SECONDS


def test_scoring_ngrams_loads_no_library_that_it_has_no_need_of(tmp_path: Path) -> None:
    (tmp_path / "data.jsonl").write_text('{"a": "x y", "b": "z", "id": 1}\n{"a": "é", "b": null}\n')
    arguments = ["score", str(tmp_path / "data.jsonl"), "--text", "a,b"]
    out = _python(
        f"import json, sys; sys.argv[1:] = {arguments}; from hardness.cli.app import main\n"
        "try: main()\n"
        "except SystemExit as stop: assert not stop.code\n"
        "print(json.dumps(sorted({m.split('.')[0] for m in sys.modules})))"
    )
    # Each takes a tenth of a second, and Arrow imports pandas at the sight of an array of NumPy's.
    unneeded = {"pandas", "polars", "torch", "distributed", "nltk"}
    assert set(json.loads(out.splitlines()[-1])) & unneeded == set()
