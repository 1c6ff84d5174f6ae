"""Exceptions that are the user's to mend."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec


class HardnessError(Exception):
    """A mistake in the input, the options or the environment that the user can mend.

    The message is one line of the form `<name> must be <rule>, got <value>; <fix>`. The command
    line prints it without a traceback and exits with code 2. Anything else that escapes is a bug.
    """


class OutputExistsError(HardnessError):
    """The output holds another result, which gives way only where it is to be overwritten."""


class UnlabelledError(HardnessError):
    """What is asked for needs labels, and none are named nor found."""


_EXTRAS = {
    "torch": "train",
    "transformers": "train",
    "tokenizers": "train",
    "safetensors": "train",
    "peft": "lora",
    "tensorboard": "tensorboard",
    "kenlm": "kenlm",
    "altair": "report",
    "vl_convert": "report",
    "jinja2": "report",
    "markupsafe": "report",
    "scipy": "compare",
}
"""Which extra installs a module that scoring n-grams and building need not have."""

_REQUIRED = (
    "dask", "distributed", "fsspec", "nltk", "numba", "numpy", "orjson", "polars", "pyarrow",
    "rich", "typer", "xxhash", "yaml", "zstandard",
)  # fmt: skip

_CALLED = {"yaml": "pyyaml"}
"""Packages that are not called as their module is."""

_MENDS = {
    errno.ENOSPC: "free some space or choose another folder",
    errno.EDQUOT: "free some space or choose another folder",
    errno.EFBIG: "raise the limit on the size of files or choose another folder",
    errno.EACCES: "choose one that you may use",
    errno.EPERM: "choose one that you may use",
    errno.EROFS: "choose one that you may use",
    errno.EIO: "check the disk",
}


def explain_missing(error: ModuleNotFoundError) -> HardnessError | None:
    """What to install for a module that is missing; None for one that is none of ours."""
    module = (error.name or "").partition(".")[0]
    extra = _EXTRAS.get(module)
    if extra == "train":
        return HardnessError(
            f"models must have the packages of the extra `train`, got no {module}; "
            "pip install 'hardness[train]'"
        )
    if extra is None and module not in _REQUIRED:
        return None
    fix = f"'hardness[{extra}]'" if extra else _CALLED.get(module, module)
    return HardnessError(f"{module} must be installed, got no such package; pip install {fix}")


def require(*modules: str) -> None:
    """Find out that packages are there before the work that needs them at its end; loads none.

    Raises:
        HardnessError: one is missing; what `explain_missing` says of it.
    """
    for module in modules:
        if find_spec(module) is None:
            missing = ModuleNotFoundError(f"No module named {module!r}", name=module)
            raise explain_missing(missing) or missing


def errno_of(error: OSError) -> int | None:
    """The system's number of an error, which polars and other Rust tell in the message alone."""
    if error.errno is not None:
        return error.errno
    number = re.search(r"\(os error (\d+)\)", str(error))
    return int(number[1]) if number else None


def explain_os_error(error: OSError, name: str | None = None) -> HardnessError | None:
    """A full disk or a lack of permission as the user's to mend; None for any other error.

    Args:
        error: what the system said.
        name: what it is about, where the error itself does not know.
    """
    number = errno_of(error)
    if number not in _MENDS:
        return None
    return HardnessError(
        f"{error.filename or name or 'output'} must be writable, got "
        f"{os.strerror(number)!r}; {_MENDS[number]}"
    )


@contextmanager
def mended_by_the_user(name: str) -> Iterator[None]:
    """Raises a HardnessError for a full disk or a lack of permission inside the block."""
    try:
        yield
    except OSError as error:
        raise explain_os_error(error, name) or error from error
