"""Models asked for one record at a time, without padding, masks or batches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch


def load(path: Path) -> tuple[Any, Any]:
    """A causal language model and its tokenizer."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    return AutoModelForCausalLM.from_pretrained(path).eval(), AutoTokenizer.from_pretrained(path)


def tokens(tokenizer: Any, text: str) -> list[int]:
    """Ids without special ones."""
    return tokenizer(text, add_special_tokens=False)["input_ids"] if text else []


def nats(model: Any, given: list[int], scored: list[int]) -> list[float]:
    """-ln p of each scored token, the ones before it given; the first needs one before."""
    ids = [*given, *scored]
    with torch.no_grad():
        logits = model(input_ids=torch.tensor([ids])).logits[0].double()
    log_p = torch.log_softmax(logits, -1)
    start = max(len(given), 1)
    return [-float(log_p[at - 1, ids[at]]) for at in range(start, len(ids))]


def response_nats(
    path: Path, prompt: str | None, response: str | None, *, length: int = 64
) -> list[float]:
    """Losses of the tokens of a response, and of its end token, given its prompt."""
    model, tokenizer = load(path)
    if not response:
        return []
    start = [] if tokenizer.bos_token_id is None else [tokenizer.bos_token_id]
    given = start + ([] if prompt is None else tokens(tokenizer, f"{prompt}\n"))
    scored = [*tokens(tokenizer, response), tokenizer.eos_token_id]
    return nats(model, given, scored[: max(0, length - len(given))])
