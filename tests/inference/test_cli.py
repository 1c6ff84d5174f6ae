"""Scores by models as a user meets them: one line for a mistake, and going on after Ctrl-C."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.cli.program import INTERRUPT_AFTER, hardness, one_line
from tests.inference.conftest import records, save_classifier, write
from tests.stages.test_score import contents

WITHOUT_TORCH = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "torch":
            raise ModuleNotFoundError("No module named 'torch'", name="torch")
sys.meta_path.insert(0, Missing())
"""


def test_interrupted_run_goes_on_to_the_same_bytes(tmp_path: Path, model: Path) -> None:
    write(tmp_path / "data.jsonl", records(200))
    command = ["score", "data.jsonl", "--metric", "lm", "--model", str(model)]
    command += ["--partition-bytes", "4000", "-o"]
    whole = hardness(*command, "whole", cwd=tmp_path)
    assert whole.returncode == 0, whole.stderr
    assert "lm" in whole.stdout
    assert whole.stderr == ""
    where = ["hardness.io.metric_writer", "MetricWriter.write", "2"]
    stopped = hardness(*where, *command, "cut", cwd=tmp_path, before=INTERRUPT_AFTER)
    message = "interrupted; the same command goes on where it was"
    assert (stopped.returncode, one_line(stopped.stderr)) == (130, message)
    assert 2 <= len(list((tmp_path / "cut" / "lm").glob("part-*"))) < 6
    again = hardness(*command, "cut", cwd=tmp_path)
    assert "went on from an interrupted run" in again.stdout
    assert contents(tmp_path / "cut") == contents(tmp_path / "whole")


def test_missing_package_and_missing_model_are_one_line(tmp_path: Path, model: Path) -> None:
    write(tmp_path / "data.jsonl", records(2))
    command = ["score", "data.jsonl", "--metric", "lm", "--model"]
    bare = hardness(*command, model, cwd=tmp_path, before=WITHOUT_TORCH)
    assert (bare.returncode, one_line(bare.stderr)) == (
        2,
        "error: models must have the packages of the extra `train`, got no torch; "
        "pip install 'hardness[train]'",
    )
    absent = hardness(*command, "absent", cwd=tmp_path)
    assert absent.returncode == 2
    assert "got 'absent', no such folder" in one_line(absent.stderr)
    assert not (tmp_path / "data.hardness").exists()


def test_a_model_of_another_task_is_one_line(tmp_path: Path, model: Path) -> None:
    write(tmp_path / "data.jsonl", records(2))
    classifier = save_classifier(tmp_path / "classifier", model, "llama")
    done = hardness("score", "data.jsonl", "--metric", "lm", "--model", classifier, cwd=tmp_path)
    assert done.returncode == 2
    assert "trained for causal-lm" in one_line(done.stderr)
    # One that only its weights tell from a classifier.
    shutil.copy(model / "model.safetensors", classifier)
    options = ["--label", "label", "--text", "answer", "--model", classifier]
    done = hardness("score", "data.jsonl", "--metric", "pvi", *options, cwd=tmp_path)
    assert done.returncode == 2
    assert "without " in one_line(done.stderr)
    assert not (tmp_path / "data.hardness" / "pvi" / "metric.json").exists()
