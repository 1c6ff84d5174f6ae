"""Estimating a model of a dataset: what is written, said and refused."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hardness
from hardness.errors import HardnessError
from hardness.io.dataset import open_dataset
from hardness.ngram.model_config import ModelConfig
from hardness.stages.cluster import open_cluster
from hardness.stages.lm import lm
from hardness.stages.model import write_model
from hardness.stages.store import DiskStore
from tests.ngram import kneser_ney_oracle as oracle
from tests.ngram.oracle import TOKENIZERS
from tests.stages.test_model import LINES

TEXTS = [line for line in LINES.splitlines() if line.strip()]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "data.jsonl"
    rows = [{"text": text, "other": "unrelated"} for text in TEXTS]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_model_is_of_the_texts_tokens(data: Path, tmp_path: Path) -> None:
    path = tmp_path / "lm.arpa"
    result = lm(data, output=path, order=3, prune=(0, 1))
    tokens = [TOKENIZERS["words"](text) for text in TEXTS]
    expected = oracle.estimate(tokens, 3, (0, 1)).arpa
    oracle.assert_same(oracle.read_arpa(path), expected, 1e-6)
    assert result.path == path
    assert result.sizes == tuple(map(len, expected))
    assert (result.n_records, result.n_tokens) == (len(TEXTS), sum(map(len, tokens)))
    assert (result.n_rejects, result.rejects) == (0, None)
    assert "text: text (detected)" in result.detected


def test_fallback_discounts_are_said_of_the_orders_that_have_them(
    data: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        result = lm(data, output=tmp_path / "lm.arpa", order=4)
    tokens = [TOKENIZERS["words"](text) for text in TEXTS]
    orders = oracle.estimate(tokens, 4).fallbacks
    assert 0 < len(orders) < 4, "the corpus should have both kinds"
    said = f"discounts of order {', '.join(map(str, orders))} are the fallback 0.5 1 1.5: the data"
    assert said in caplog.text
    caplog.clear()
    lm(data, output=tmp_path / "even.arpa", order=4, interpolated=True)
    assert caplog.text == ""
    assert [found.fallback for found in result.discounts] == [k in orders for k in range(1, 5)]


def test_bad_records_are_left_out_and_listed_beside_the_model(tmp_path: Path) -> None:
    data = tmp_path / "data.jsonl"
    data.write_text('{"text": "a b"}\n{"text": \n{"text": "a"}\n')
    with pytest.raises(HardnessError, match=r"data\.jsonl line 2 must be a good record"):
        lm(data, output=tmp_path / "lm.arpa")
    assert not (tmp_path / "lm.arpa").exists()
    result = lm(data, output=tmp_path / "lm.arpa", on_error="skip")
    assert (result.n_records, result.n_rejects) == (2, 1)
    rejects = tmp_path / "lm.arpa.rejects.jsonl"
    assert result.rejects == rejects
    assert [json.loads(line)["line"] for line in rejects.read_text().splitlines()] == [2]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"order": 1}, "order must be 2 to 5, got 1; 3 is usual"),
        ({"order": 6}, "order must be 2 to 5, got 6"),
        ({"prune": (1, 1)}, "prune must begin with 0 and not decrease, got '1 1'; words are never"),
        ({"prune": (0, 2, 1)}, "prune must begin with 0 and not decrease, got '0 2 1'"),
        ({"prune": (0, 0, 0, 1)}, "prune must be 1 to 3 numbers at order 3, got '0 0 0 1'"),
        ({"prune": (0, 1), "interpolated": True}, "prune must be 0 for an evenly interpolated"),
        ({"tokenizer": "bpe"}, "tokenizer must be one of .*, got 'bpe'"),
        ({"output": "lm.gz"}, r"output must end with \.arpa or \.bin, got 'lm\.gz'; name it"),
        ({"text": "none"}, "got 'none'"),
    ],
)
def test_options_out_of_range_are_named(
    data: Path, tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    output = tmp_path / options.pop("output", "lm.arpa")
    with pytest.raises(HardnessError, match=message):
        lm(data, output=output, **options)
    assert list(tmp_path.iterdir()) == [data]


def test_a_folder_is_no_place_for_a_model(data: Path, tmp_path: Path) -> None:
    (tmp_path / "lm.arpa").mkdir()
    with pytest.raises(HardnessError, match=r"output must be a file, got the folder .*lm\.arpa"):
        lm(data, output=tmp_path / "lm.arpa")


def test_marks_of_the_model_among_the_tokens_are_an_error_unless_left_out(tmp_path: Path) -> None:
    data = tmp_path / "data.txt"
    data.write_text("a <unk> b\nb a\n")
    with pytest.raises(HardnessError, match="tokens must not be <s>, </s> or <unk>"):
        lm(data, output=tmp_path / "lm.arpa", tokenizer="whitespace")
    lm(data, output=tmp_path / "lm.arpa", tokenizer="whitespace", skip_symbols=True)
    expected = oracle.estimate([["a", "b"], ["b", "a"]], 3).arpa
    oracle.assert_same(oracle.read_arpa(tmp_path / "lm.arpa"), expected, 1e-6)


def fake_build_binary(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program of that name, first on PATH."""
    folder.mkdir()
    program = folder / "build_binary"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)


def test_binary_is_made_by_build_binary_and_the_arpa_is_gone(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_build_binary(tmp_path / "path", 'echo binary of > "$2"; cat "$1" >> "$2"', monkeypatch)
    lm(data, output=tmp_path / "lm.bin", order=2)
    lm(data, output=tmp_path / "lm.arpa", order=2)
    expected = b"binary of\n" + (tmp_path / "lm.arpa").read_bytes()
    assert (tmp_path / "lm.bin").read_bytes() == expected
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"data.jsonl", "path", "lm.bin", "lm.arpa"}


def test_binary_that_build_binary_refuses_is_an_error(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_build_binary(tmp_path / "path", "echo out of memory >&2; exit 3", monkeypatch)
    message = (
        r"build_binary must convert the model, got exit code 3 \(out of memory\); write lm\.arpa"
    )
    with pytest.raises(HardnessError, match=message):
        lm(data, output=tmp_path / "lm.bin")
    assert {path.name for path in tmp_path.iterdir()} == {"data.jsonl", "path"}


def test_binary_without_build_binary_is_refused_before_any_work(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    message = (
        r"output must end with \.arpa where KenLM's build_binary is not on PATH, got 'lm\.bin'"
    )
    with pytest.raises(HardnessError, match=message):
        lm(data, output=tmp_path / "lm.bin")


class FailingStore(DiskStore):
    """Fails at the n-th array it is given."""

    def __init__(self, folder: Path, n: int) -> None:
        super().__init__(folder)
        self.left = n

    def put(self, name: str, array: Any) -> None:
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt
        super().put(name, array)


@pytest.mark.parametrize("n", [3, 20, 60, 90, 120, 125, 130, 133])
def test_a_run_that_was_cut_short_goes_on_where_it_was(data: Path, tmp_path: Path, n: int) -> None:
    config = ModelConfig(order=3)
    size = data.stat().st_size // 4 + 1
    lm(data, output=tmp_path / "whole.arpa", order=3)
    path = tmp_path / "lm.arpa"
    with open_dataset(data, partition_bytes=size) as dataset, open_cluster(threads=1) as cluster:
        with pytest.raises(KeyboardInterrupt):
            write_model(cluster, FailingStore(tmp_path / "work", n), dataset, config, path)
        assert not path.exists()
        done = DiskStore(tmp_path / "work").result("reading-0")
        write_model(cluster, DiskStore(tmp_path / "work"), dataset, config, path)
    assert path.read_bytes() == (tmp_path / "whole.arpa").read_bytes()
    assert n == 3 or done is not None


def test_what_does_not_fit_in_memory_goes_to_files_that_go_away(tmp_path: Path) -> None:
    data = tmp_path / "data.txt"
    rng = np.random.default_rng(5)
    lines = [" ".join(f"w{i}" for i in rng.zipf(1.3, 12) % 500) for _ in range(2000)]
    data.write_text("\n".join(lines))
    lm(data, output=tmp_path / "memory.arpa", order=3)
    used: list[str] = []

    class Watch:
        """Sees the files while stages run."""

        def start(self, stage: str, total: int, unit: str) -> None:
            used.extend(path.name for path in tmp_path.glob("files.arpa.work/*/*"))

        def advance(self, amount: int) -> None:
            pass

    lm(data, output=tmp_path / "files.arpa", order=3, memory="1MB", progress=Watch())
    assert any(name.startswith("suffix-keys-2-") for name in used)
    assert (tmp_path / "files.arpa").read_bytes() == (tmp_path / "memory.arpa").read_bytes()
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"data.txt", "memory.arpa", "files.arpa"}


def test_workers_make_the_same_model_and_scores(data: Path, tmp_path: Path) -> None:
    lm(data, output=tmp_path / "threads.arpa", order=3)
    size = data.stat().st_size // 3 + 1
    lm(data, output=tmp_path / "workers.arpa", order=3, workers=2, partition_bytes=size)
    assert (tmp_path / "workers.arpa").read_bytes() == (tmp_path / "threads.arpa").read_bytes()
    options = {"metric": "kenlm", "partition_bytes": size}
    first = hardness.score(data, output=tmp_path / "one", **options)
    other = hardness.score(data, output=tmp_path / "other", workers=2, **options)
    assert other.table.frame("kenlm").collect().equals(first.table.frame("kenlm").collect())
