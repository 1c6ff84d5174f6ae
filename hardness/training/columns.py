"""Which columns a causal LM is given, and which it has to continue them with."""

from __future__ import annotations

from collections.abc import Sequence

from hardness.errors import HardnessError


def prompt_and_response(
    text: Sequence[str],
    prompt: Sequence[str] | None,
    response: Sequence[str] | None,
    *,
    known: Sequence[str],
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The columns before and after the point where the model is judged.

    Args:
        text: the text columns of the data.
        prompt: as asked for; None takes all text columns but those of the response.
        response: as asked for; None takes all text columns but those of the prompt, or but for the
            last where that is None, too.
        known: all columns of the data.

    Raises:
        HardnessError: a column that the data does not have, or no or the same columns on both
            sides.
    """
    if response is None:
        response = [name for name in text if name not in (text[:-1] if prompt is None else prompt)]
    if prompt is None:
        prompt = [name for name in text if name not in response]
    for option, names in (("prompt", prompt), ("response", response)):
        unknown = [name for name in names if name not in known]
        if unknown:
            raise HardnessError(
                f"{option} must be among the columns {', '.join(known)}, got "
                f"{', '.join(unknown)}; check the names"
            )
    if not response or set(prompt) & set(response):
        raise HardnessError(
            f"response must be columns that are not in the prompt, got {list(response)} beside "
            f"{list(prompt)}; give both --prompt and --response"
        )
    return tuple(prompt), tuple(response)
