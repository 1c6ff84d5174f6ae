"""Amounts of memory as users write them, and memory that is given back."""

from __future__ import annotations

import subprocess
import sys

import pytest

from hardness.errors import HardnessError
from hardness.memory import give_back, parse_memory


@pytest.mark.parametrize(
    ("given_size", "size"),
    [
        (None, 4 * 10**9),
        (2_000_000, 2_000_000),
        ("4GB", 4 * 10**9),
        ("1.5 gb", 1_500_000_000),
        ("512MiB", 512 * 2**20),
        ("2g", 2 * 10**9),
    ],
)
def test_memory_reads_sizes(given_size: int | str | None, size: int) -> None:
    assert parse_memory(given_size) == size


@pytest.mark.parametrize("wrong", ["lots", "-4GB", 1000, "4XB", ""])
def test_memory_refuses_the_rest(wrong: int | str) -> None:
    with pytest.raises(HardnessError, match="memory must be at least 1 MB"):
        parse_memory(wrong)


RESIDENT = """
import sys
from contextlib import suppress

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096
"""
C_LIBRARY = """
import numpy as np

# Too small for the C library to map each by itself, and the last one keeps the heap from shrinking.
arrays = [np.ones(12_000) for _ in range(1000)]
del arrays[:-1]
"""
ARROW = """
from hardness.cli.app import main

sys.argv = ["hardness", "--version"]
with suppress(SystemExit):
    main()
import pyarrow as pa

buffers = [pa.allocate_buffer(1_000_000) for _ in range(100)]
for buffer in buffers:
    memoryview(buffer).cast("B")[::4096] = bytes(245)
del buffers, buffer
"""
FREED = """
from hardness.memory import give_back

before = resident()
give_back()
print(before - resident())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the C library is another")
@pytest.mark.parametrize("use", [C_LIBRARY, ARROW], ids=["the C library", "Arrow, as in a command"])
def test_memory_that_is_free_is_given_back(use: str) -> None:
    command = [sys.executable, "-c", RESIDENT + use + FREED]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(done.stdout.split()[-1]) > 60e6


def test_memory_is_given_back_where_the_c_library_cannot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr("ctypes.CDLL", None)
    give_back()
