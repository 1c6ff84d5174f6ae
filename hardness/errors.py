"""The one exception that is the user's to mend."""

from __future__ import annotations


class HardnessError(Exception):
    """A mistake in the input, the options or the environment that the user can mend.

    The message is one line of the form `<name> must be <rule>, got <value>; <fix>`. The command
    line prints it without a traceback and exits with code 2. Anything else that escapes is a bug.
    """


_TRAIN_EXTRA = ("torch", "transformers", "tokenizers", "safetensors")


def explain_missing(error: ModuleNotFoundError) -> HardnessError | None:
    """What to install for a module that only training needs; None for any other module."""
    module = (error.name or "").partition(".")[0]
    if module not in _TRAIN_EXTRA:
        return None
    return HardnessError(
        f"training must have the packages of the extra `train`, got no {module}; "
        "pip install 'hardness[train]'"
    )
