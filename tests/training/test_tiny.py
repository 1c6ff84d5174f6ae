"""The built-in model and tokenizer."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hardness.training.config import TrainConfig
from hardness.training.models import load_tokenizer, make_model
from hardness.training.tiny import VOCABULARY, tiny_tokenizer, train_bpe

WORDS = ["dog", "cat", "runs", "sleeps", "über", "狗", "🙂", "the"]


def texts(count: int = 200) -> list[str]:
    generator = np.random.default_rng(0)
    return [" ".join(generator.choice(WORDS, size=6)) for _ in range(count)]


def test_the_tokenizer_does_not_depend_on_the_order_of_the_texts() -> None:
    there = tiny_tokenizer(train_bpe(texts()), max_length=32)
    back = tiny_tokenizer(train_bpe(texts()[::-1]), max_length=32)
    assert there.get_vocab() == back.get_vocab()
    assert there("the dog sleeps").input_ids == back("the dog sleeps").input_ids


def test_every_text_survives_the_tokenizer(tmp_path: Path) -> None:
    tokenizer = tiny_tokenizer(train_bpe(texts()), max_length=32)
    tokenizer.save_pretrained(tmp_path)
    again = load_tokenizer(tmp_path)
    text = "unseen: ñandú\t狗\x00 🙂\r\n"
    ids = again(text, add_special_tokens=False).input_ids
    assert again.decode(ids, clean_up_tokenization_spaces=False).removeprefix(" ") == text
    assert again("a", "b").input_ids == tokenizer("a", "b").input_ids


def test_the_model_has_about_a_million_parameters() -> None:
    tokenizer = tiny_tokenizer(train_bpe(texts()), max_length=32)
    config = TrainConfig(shards="s", output="o")
    model = make_model(config, "causal-lm", tokenizer, {}, 32)
    body = sum(p.numel() for p in model.parameters()) - model.get_input_embeddings().weight.numel()
    assert 0.5e6 < body + VOCABULARY * model.config.hidden_size < 1.5e6


def test_the_models_start_depends_on_the_seed_alone() -> None:
    import torch

    tokenizer = tiny_tokenizer(train_bpe(texts()), max_length=32)

    def start(seed: int) -> torch.Tensor:
        config = TrainConfig(shards="s", output="o", seed=seed)
        model = make_model(config, "classification", tokenizer, {"a": 0, "b": 1}, 32)
        return torch.cat([parameter.flatten() for parameter in model.parameters()])

    torch.manual_seed(1)
    before = torch.random.get_rng_state()
    first = start(0)
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.manual_seed(2)
    assert torch.equal(first, start(0))
    assert not torch.equal(first, start(1))
