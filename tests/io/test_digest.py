"""Fingerprints."""

from __future__ import annotations

from pathlib import Path

import pytest
import xxhash

from hardness.io import digest
from hardness.io.digest import file_digest, object_digest


@pytest.mark.parametrize("size", [0, 1, 7, 8, 9, 100])
def test_file_digest_is_that_of_the_whole_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(digest, "_CHUNK_BYTES", 8)
    data = bytes(range(size))
    (tmp_path / "a").write_bytes(data)
    assert file_digest(tmp_path / "a") == xxhash.xxh3_128_hexdigest(data)


def test_object_digest_ignores_the_order_of_keys_and_the_kind_of_sequence() -> None:
    assert object_digest({"a": 1, "b": [1, 2]}) == object_digest({"b": (1, 2), "a": 1})


@pytest.mark.parametrize(
    ("one", "other"),
    [({"a": 1}, {"a": "1"}), ([1, 2], [2, 1]), ({"a": None}, {}), (1, 1.5), (True, 1)],
    ids=["type", "order", "null", "number", "boolean"],
)
def test_object_digest_tells_values_apart(one: object, other: object) -> None:
    assert object_digest(one) != object_digest(other)


def test_object_digest_is_stable() -> None:
    # xxh3-128 of the canonical text, written down so that tables stay recognised.
    assert object_digest({"b": 1, "a": "é"}) == xxhash.xxh3_128_hexdigest(b'{"a":"\\u00e9","b":1}')


@pytest.mark.parametrize("value", [float("nan"), {1, 2}], ids=["nan", "set"])
def test_object_digest_refuses_what_has_no_canonical_form(value: object) -> None:
    with pytest.raises((TypeError, ValueError), match="JSON"):
        object_digest(value)
