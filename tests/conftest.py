"""What every test relies on: the same terminal, no network for models, the data of real text."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from tests.s3 import S3

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

# A shared machine may stall at any moment, which says nothing about the code. To look for more
# examples: --hypothesis-profile=explore
settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("explore", settings.get_profile("default"), max_examples=1000)
settings.load_profile("default")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of SNLI and GSM8K samples, from HARDNESS_TEST_DATA or beside the repository."""
    folder = Path(os.environ.get("HARDNESS_TEST_DATA", ROOT.parent / "shared" / "data"))
    if not (folder / "snli_train.jsonl").is_file():
        pytest.skip(f"needs real text in {folder}; set HARDNESS_TEST_DATA")
    return folder


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3]:
    """One S3 server for all tests of a process."""
    from tests.s3 import serve  # takes a second

    yield from serve()


@pytest.fixture
def s3(s3_server: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> S3:
    """The server, with credentials in the environment, nothing noted and nothing failing."""
    settings = {
        "AWS_ENDPOINT_URL": s3_server.url,
        "AWS_ACCESS_KEY_ID": "tests",
        "AWS_SECRET_ACCESS_KEY": "tests",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_MAX_ATTEMPTS": "1",  # waiting between attempts is botocore's to test
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    s3_server.requests.clear()
    s3_server.fails = lambda method, key: False
    s3_server.status = "500 InternalError"
    return s3_server


@pytest.fixture
def bucket(s3: S3) -> str:
    """The URL of a new bucket."""
    name = f"bucket-{uuid4().hex[:12]}"
    s3.client.create_bucket(Bucket=name)
    return f"s3://{name}"


@pytest.fixture
def memory() -> Iterator[str]:
    """The URL of a new folder in this process's memory."""
    from fsspec.implementations.memory import MemoryFileSystem

    name = f"/tests-{uuid4().hex[:12]}"
    yield f"memory:/{name}"
    for key in [key for key in MemoryFileSystem.store if key.startswith(f"{name}/")]:
        del MemoryFileSystem.store[key]
