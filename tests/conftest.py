"""What every test relies on: the same terminal, no network for models, the data of real text."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).parents[1]

# Set before anything reads them, and inherited by the processes that tests start.
os.environ["COLUMNS"] = "120"
os.environ["TERM"] = "dumb"
os.environ["NO_COLOR"] = "1"
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ.pop("FORCE_COLOR", None)
os.environ.pop("GITHUB_ACTIONS", None)  # rich takes it for a colour terminal
if "PYTEST_XDIST_WORKER" in os.environ:
    # The workers fill the cores already.
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# A shared machine may stall at any moment, which says nothing about the code.
settings.register_profile("default", deadline=None)
settings.load_profile("default")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of SNLI and GSM8K samples, from HARDNESS_TEST_DATA or beside the repository."""
    folder = Path(os.environ.get("HARDNESS_TEST_DATA", ROOT.parent / "shared" / "data"))
    if not (folder / "snli_train.jsonl").is_file():
        pytest.skip(f"needs real text in {folder}; set HARDNESS_TEST_DATA")
    return folder
