"""What the tests of n-gram models share."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def kenlm_golden() -> Path:
    """KenLM's own estimates of a small corpus, where the checkout has them beside it."""
    root = Path(__file__).resolve().parents[2]
    for parent in root.parents:
        folder = parent / "shared" / "data" / "kenlm_golden"
        if folder.is_dir():
            return folder
    pytest.skip("no shared/data/kenlm_golden beside the checkout")
