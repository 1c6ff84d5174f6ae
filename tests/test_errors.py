"""What a missing extra says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from hardness.errors import explain_missing
from tests.cli.program import hardness, one_line

# Stands before the installed packages and makes torch as if it were not there.
WITHOUT_TORCH = "import sys; sys.modules['torch'] = None; "
MESSAGE = (
    "models must have the packages of the extra `train`, got no torch; "
    "pip install 'hardness[train]'"
)


def _python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", WITHOUT_TORCH + code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("command", ["train shards -o run", "demo -o new"], ids=["train", "demo"])
def test_command_names_the_extra_it_needs(command: str, tmp_path: Path) -> None:
    words = [word if word != "new" else str(tmp_path / "new") for word in command.split()]
    process = _python("from hardness.cli.app import main; main()", *words)
    assert process.returncode == 2
    assert process.stderr == f"error: {MESSAGE}\n"
    assert not (tmp_path / "new").exists()


TRAIN = "train shards -o run --epochs 1 --max-length 8"


@pytest.mark.parametrize(
    ("module", "command", "fix"),
    [
        ("torch", TRAIN, "'hardness[train]'"),
        ("transformers", TRAIN, "'hardness[train]'"),
        ("tokenizers", TRAIN, "'hardness[train]'"),
        ("peft", f"{TRAIN} --lora 2", "'hardness[lora]'"),
        ("tensorboard", f"{TRAIN} --tensorboard", "'hardness[tensorboard]'"),
        ("tokenizers", "score data.jsonl --tokenizer hf:tokenizer.json", "'hardness[hf]'"),
        ("kenlm", "score data.jsonl --metric kenlm -o other", "'hardness[kenlm]'"),
        ("distributed", "score data.jsonl --workers 1 -o other", "distributed"),
    ],
    ids=lambda value: value.split(" ")[0],
)
def test_command_without_a_package_is_one_line(
    module: str, command: str, fix: str, tmp_path: Path
) -> None:
    (tmp_path / "data.jsonl").write_text('{"text": "the dog"}\n{"text": "a cat"}\n')
    (tmp_path / "tokenizer.json").write_text("{}")
    if "shards" in command:
        for needed in ("score data.jsonl", "build data.hardness -o shards"):
            assert hardness(*needed.split(), cwd=tmp_path).returncode == 0
    blocked = f"import sys; sys.modules[{module!r}] = None\n"
    done = hardness(*command.split(), cwd=tmp_path, before=blocked)
    assert done.returncode == 2, done.stderr
    message = one_line(done.stderr)
    assert message.startswith("error: ")
    assert f"pip install {fix}" in message


def test_function_names_the_extra_it_needs() -> None:
    process = _python(
        "import hardness\ntry: hardness.train\nexcept hardness.HardnessError as e: print(e)"
    )
    assert process.stdout == f"{MESSAGE}\n"


def test_other_missing_modules_are_not_explained() -> None:
    assert explain_missing(ModuleNotFoundError("no", name="torchless")) is None
    assert explain_missing(ModuleNotFoundError("no")) is None
    assert explain_missing(ModuleNotFoundError("no", name="torch.nn")) is not None
