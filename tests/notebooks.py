"""Runs the notebooks, one cell after the other, and keeps what they show.

To store the outputs of all of them anew: python -m tests.notebooks
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
EXECUTED = "executed.json"
"""Where a run leaves the notebook, in the folder that it runs in."""
SHOWN = ("text/plain", "image/png")
"""What is kept of what a cell shows: GitHub draws it, and it is small."""


def executed(path: Path, folder: Path) -> dict[str, Any]:
    """The notebook with the outputs of its cells, run in a process of its own.

    Args:
        path: of the notebook.
        folder: where it runs, empty.

    Raises:
        subprocess.CalledProcessError: a cell fails; its traceback is on stderr.
    """
    target = folder / EXECUTED
    search = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    told = {"PYTHONPATH": search, "OMP_WAIT_POLICY": "passive", "COLUMNS": "100"}
    subprocess.run(
        [sys.executable, "-m", "tests.notebooks", str(path), str(target)],
        cwd=folder,
        env=os.environ | told,
        check=True,
        timeout=300,
    )
    return json.loads(target.read_text(encoding="utf-8"))


def _run(notebook: dict[str, Any]) -> dict[str, Any]:
    """Run every cell of code in this process."""
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.utils.capture import capture_output

    shell = InteractiveShell.instance(colors="nocolor", history_length=0)
    hook = shell.displayhook
    # What a cell comes to is kept as such and need not be printed, too.
    for name in ("write_output_prompt", "write_format_data", "finish_displayhook"):
        setattr(hook, name, lambda *_: None)
    count = 0
    for cell in notebook["cells"]:
        if cell["cell_type"] != "code":
            continue
        count += 1
        with capture_output() as captured:
            result = shell.run_cell("".join(cell["source"]), store_history=False)
        result.raise_error()
        cell["execution_count"] = count
        cell["outputs"] = _streams(captured.stdout) + [
            {"output_type": "display_data", "metadata": {}, "data": _kept(item.data)}
            for item in captured.outputs
        ]
        if result.result is not None:
            formatter: Any = shell.display_formatter
            data, _ = formatter.format(result.result, include=SHOWN)
            shown = {"data": _kept(data), "execution_count": count, "metadata": {}}
            cell["outputs"].append({"output_type": "execute_result", **shown})
    return notebook


def _streams(text: str) -> list[dict[str, Any]]:
    if not text:
        return []
    return [{"name": "stdout", "output_type": "stream", "text": text.splitlines(keepends=True)}]


def _kept(data: dict[str, Any]) -> dict[str, Any]:
    """The kinds that are kept, as notebooks store them; no words beside a picture."""
    if "image/png" in data:
        image = data["image/png"]
        return {"image/png": image if isinstance(image, str) else base64.b64encode(image).decode()}
    return {"text/plain": data["text/plain"].splitlines(keepends=True)}


def main() -> None:
    """Run one notebook into a file, or store the outputs of all."""
    if len(sys.argv) == 3:
        source, target = map(Path, sys.argv[1:])
        notebook = _run(json.loads(source.read_text(encoding="utf-8")))
        target.write_text(json.dumps(notebook), encoding="utf-8")
        return
    for path in NOTEBOOKS:
        with tempfile.TemporaryDirectory() as folder:
            notebook = executed(path, Path(folder))
        text = json.dumps(notebook, indent=1, ensure_ascii=False)
        path.write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
