"""What stores refuse, in one line."""

from __future__ import annotations

import pytest
from s3fs import S3FileSystem

from hardness.errors import HardnessError
from hardness.io import stores
from hardness.io.remote import RemotePath
from hardness.io.stores import file_system, is_url, refusal
from tests.s3 import S3


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("s3://bucket/a.jsonl", True),
        ("memory://a", True),
        ("a.jsonl", False),
        ("/a://b", False),
        ("C://a", False),
        ("s3:/bucket/a.jsonl", False),
    ],
)
def test_urls_are_told_from_paths(path: str, expected: bool) -> None:
    assert is_url(path) is expected


@pytest.mark.parametrize(
    ("protocol", "package"), [("s3", r"s3fs \(or 'hardness\[s3\]'\)"), ("gs", r"gcsfs \(or")]
)
def test_missing_package_is_named(
    monkeypatch: pytest.MonkeyPatch, protocol: str, package: str
) -> None:
    def missing(url: str, **options: object) -> None:
        raise ImportError(f"Please install it to access {url}")

    monkeypatch.setattr("fsspec.core.url_to_fs", missing)
    with pytest.raises(
        HardnessError, match=rf"package is installed, got .*; pip install {package}"
    ):
        RemotePath.of(f"{protocol}://bucket/a.jsonl").is_file()


def test_unknown_store_is_refused() -> None:
    with pytest.raises(HardnessError, match="such as s3:// or gs://, got nowhere://; check"):
        RemotePath.of("nowhere://bucket/a.jsonl").is_file()


def test_file_system_is_made_once_for_all_threads(memory: str) -> None:
    assert file_system(f"{memory}/a") is file_system(f"{memory}/b")


def test_missing_credentials_are_told(s3: S3, bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setattr(stores, "_file_systems", {})
    S3FileSystem.clear_instance_cache()
    with pytest.raises(HardnessError, match=r"must be readable, got .*; check the credentials"):
        RemotePath.of(f"{bucket}/a").is_file()
    S3FileSystem.clear_instance_cache()


def test_denied_access_is_told(s3: S3, bucket: str) -> None:
    s3.fails, s3.status = lambda method, key: True, "403 AccessDenied"
    with pytest.raises(HardnessError, match=r"must be readable, got .*; check the credentials"):
        RemotePath.of(f"{bucket}/a").is_file()


@pytest.mark.parametrize(
    ("error", "fix"),
    [
        (PermissionError("no"), "credentials"),
        (OSError("Forbidden: https://storage/b"), "credentials"),
        (RuntimeError("Anonymous caller does not have storage.objects.get access"), "credentials"),
        (RuntimeError("Cannot connect to host storage"), "address and the network"),
        (FileNotFoundError("no such bucket"), "bucket's name"),
        (TimeoutError(), "address and the network"),
    ],
    ids=["permission", "forbidden", "anonymous", "network", "bucket", "no-text"],
)
def test_error_says_what_to_check(error: Exception, fix: str) -> None:
    message = str(refusal("gs://b/a", "readable", error))
    assert message.startswith("gs://b/a must be readable, got '")
    assert f"; check the {fix}" in message


def test_unreachable_store_is_told(s3: S3, bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    s3.fails = lambda method, key: True
    with pytest.raises(HardnessError, match=r"must be readable, got .*; check the address"):
        RemotePath.of(f"{bucket}/a").read_range(0, 1)
