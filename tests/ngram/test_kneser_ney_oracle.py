"""The plain Python estimate is KenLM's, so that it can stand in for KenLM on any corpus."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ngram import kneser_ney_oracle as oracle

GOLDEN = {"o2": (2, [0]), "o3": (3, [0]), "o5": (5, [0]), "o3-prune011": (3, [0, 1, 1])}


@pytest.mark.parametrize("name", GOLDEN)
def test_oracle_equals_kenlm(real_data: Path, name: str) -> None:
    order, prune = GOLDEN[name]
    corpus = (real_data / "kenlm_golden" / "corpus.txt").read_text(encoding="utf-8").splitlines()
    model = oracle.estimate([line.split() for line in corpus], order, prune)
    expected = oracle.read_arpa(real_data / "kenlm_golden" / f"{name}.arpa.gz")
    oracle.assert_same(model.arpa, expected, 2e-6)
