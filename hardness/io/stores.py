"""The stores that fsspec reaches: their file systems, and their errors in one line."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hardness.errors import HardnessError

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")  # one letter would be a drive of Windows
_PACKAGES = {
    "s3": "s3fs",
    "s3a": "s3fs",
    "gs": "gcsfs",
    "gcs": "gcsfs",
    "az": "adlfs",
    "abfs": "adlfs",
    "http": "aiohttp",
    "https": "aiohttp",
}
_EXTRAS = {"s3fs": "s3", "gcsfs": "gcs"}
_REFUSED = re.compile("credential|auth|token|forbidden|denied|anonymous", re.IGNORECASE)
"""In the errors of clients that find no credentials or bad ones."""
_file_systems: dict[tuple[int, str], Any] = {}
_lock = threading.Lock()


def is_url(path: object) -> bool:
    """Whether a path is a URL, such as `s3://bucket/data.jsonl`."""
    return _URL.match(str(path)) is not None


def file_system(url: str) -> Any:
    """The file system of a URL, one in each process, which remembers no listings.

    Raises:
        HardnessError: the store is unknown or its package is not installed.
    """
    from fsspec.core import url_to_fs

    protocol, _, rest = url.partition("://")
    store = f"{protocol}://{rest.split('/')[0]}"
    try:
        with _lock:
            if (os.getpid(), store) not in _file_systems:
                # fsspec's own cache makes one a thread, and threads come and go.
                made, _ = url_to_fs(store, use_listings_cache=False)
                _file_systems[os.getpid(), store] = made
            return _file_systems[os.getpid(), store]
    except ImportError as error:
        package = _PACKAGES.get(protocol)
        if package is None:
            fix = "install the package that the message names"
        else:
            extra = f" (or 'hardness[{_EXTRAS[package]}]')" if package in _EXTRAS else ""
            fix = f"pip install {package}{extra}"
        raise HardnessError(
            f"{url} must be in a store whose package is installed, got {_line(error)!r}; {fix}"
        ) from error
    except ValueError as error:
        raise HardnessError(
            f"{url} must be a path or a URL of a store that fsspec knows, such as s3:// or gs://, "
            f"got {protocol}://; check the URL"
        ) from error


@contextmanager
def asking(url: str, rule: str = "readable") -> Iterator[None]:
    """Around requests to a store, whose clients raise what they like.

    Raises:
        FileNotFoundError: there is no such object or bucket.
        HardnessError: anything else that goes wrong.
    """
    try:
        yield
    except (HardnessError, FileNotFoundError):
        raise
    except Exception as error:  # no base class is common to what stores raise
        raise refusal(url, rule, error) from error


def refusal(url: str, rule: str, error: Exception) -> HardnessError:
    """The error for a store that does not do what it is asked to."""
    if isinstance(error, FileNotFoundError):
        fix = "check the bucket's name"
    elif isinstance(error, PermissionError) or _REFUSED.search(f"{type(error).__name__} {error}"):
        fix = "check the credentials and what they allow"
    else:
        fix = "check the address and the network and run the same command again"
    return HardnessError(f"{url} must be {rule}, got {_line(error)!r}; {fix}")


def _line(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0] or type(error).__name__
