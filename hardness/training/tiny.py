"""The built-in model: about a million parameters and a tokenizer, made here from the data."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

VOCABULARY = 4096
HIDDEN = 128
LAYERS = 2
HEADS = 4
MLP = 512

PAD, START, END, SEPARATOR = "<pad>", "<s>", "</s>", "<sep>"


def train_bpe(texts: Iterable[str]) -> str:
    """A byte-level BPE tokenizer trained on `texts`, which their order does not change, as JSON.

    Pairs are encoded as `<s> first <sep> second </s>`.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[PAD, START, END, SEPARATOR],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    ids = {token: tokenizer.token_to_id(token) for token in (START, END, SEPARATOR)}
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{START} $A {END}",
        pair=f"{START} $A {SEPARATOR} $B {END}",
        special_tokens=list(ids.items()),
    )
    return tokenizer.to_str()


def tiny_tokenizer(trained: str, *, max_length: int) -> Any:
    """The Hugging Face tokenizer of what `train_bpe` returned.

    Args:
        trained: its JSON.
        max_length: longest example in tokens.
    """
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(trained),
        pad_token=PAD,
        bos_token=START,
        eos_token=END,
        sep_token=SEPARATOR,
        model_max_length=max_length,
        padding_side="right",
        model_input_names=["input_ids", "attention_mask"],
    )


def tiny_config(tokenizer: Any, *, max_length: int) -> Any:
    """The configuration of the tiny Llama for that tokenizer."""
    from transformers import LlamaConfig

    return LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=HIDDEN,
        intermediate_size=MLP,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        max_position_embeddings=max_length,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        tie_word_embeddings=True,
        use_cache=False,
    )
