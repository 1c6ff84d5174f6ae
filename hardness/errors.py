"""The one exception that is the user's to mend."""

from __future__ import annotations


class HardnessError(Exception):
    """A mistake in the input, the options or the environment that the user can mend.

    The message is one line of the form `<name> must be <rule>, got <value>; <fix>`. The command
    line prints it without a traceback and exits with code 2. Anything else that escapes is a bug.
    """
