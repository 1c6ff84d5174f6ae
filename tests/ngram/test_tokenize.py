"""The tokenising kernel gives the tokens that Python, or the library, gives."""

from __future__ import annotations

import sys

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hardness.errors import HardnessError
from hardness.ngram.hashing import EOS
from hardness.ngram.tokenize import tokenize, tokenizers
from tests.ngram.oracle import TOKENIZERS

_MASK = (1 << 64) - 1


def token_hash(token: str) -> int:
    """The hash of one token, in Python's integers."""
    state = 0x243F6A8885A308D3
    for character in token:
        state = ((state ^ ord(character)) * 0x9E3779B97F4A7C15) & _MASK
        state ^= state >> 29
    state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
    return state ^ (state >> 31)


def expected(text: str | None, tokenizer: str) -> list[int]:
    tokens = TOKENIZERS[tokenizer](text or "")
    return [token_hash(token) for token in tokens] + [int(EOS)] * bool(tokens)


def hashes(texts: list[str | None], tokenizer: str, type_=None) -> list[list[int]]:
    tokens = tokenize(pa.array(texts, type_ or pa.string()), tokenizers.get(tokenizer))
    bounds = zip(tokens.starts[:-1], tokens.starts[1:], strict=True)
    return [tokens.ids[a:b].tolist() for a, b in bounds]


TEXTS = {
    "plain": "Two women are embracing, while holding to-go packages .",
    "accents": "Élan naïve façade Ærøskøbing ŒUVRE Straße ẞ",
    "combining": "e\u0301le\u0300ve A\u030angstro\u0308m \u0301 alone",
    "turkish": "İSTANBUL Iğdır ıI İ İ",
    "final sigma": "ΟΔΥΣΣΕΥΣ ΣΑΣ Σ ΑΣ. ΑΣ'Α ΑΣ\u0301 Σ",
    "emoji": "ok 👍🏽 👩‍👩‍👧 🇫🇷! 1️⃣",
    "cjk": "北京大学 the カタカナ한국어 ，。",
    "digits": "x² ½ ٣٤ Ⅷ ① 3.14 1_000 _",
    "titlecase": "ǅ ǆ Ǆ ǈ ŉ ﬁn ΐ",
    "georgian": "ᲐᲑ აბ Ა Ꭰ ꭰ",
    "supplementary": "𐐀𐐨 𝔘𝔫𝔦 𞤀 𠜎",
    "spaces": "a\u00a0b\u2003c\u3000d\u2028e\x85f\x1cg\x1fh\u200bi\ufeffj",
    "controls": "a\tb\x00c\r\nd\x0be\x0cf\x7fg\x01",
    "marks": "<s> </s> <unk> a<s>b",
    "empty": "",
    "only spaces": " \t\n\u3000",
    "only punctuation": "!?…—",
}


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_tokens_equal_pythons(text: str, tokenizer: str) -> None:
    assert hashes([text], tokenizer) == [expected(text, tokenizer)]


@pytest.mark.parametrize("tokenizer", ["words", "whitespace", "chars"])
@settings(max_examples=200, deadline=None)
@given(st.lists(st.none() | st.text(max_size=30), max_size=6))
@example(["Σ", "AΣ", "İΣa", None, "x"])
def test_tokens_of_any_text_equal_pythons(tokenizer: str, texts: list[str | None]) -> None:
    assert hashes(texts, tokenizer) == [expected(text, tokenizer) for text in texts]


def test_every_code_point_is_classed_and_lowered_as_python_does() -> None:
    points = [i for i in range(sys.maxunicode + 1) if not 0xD800 <= i < 0xE000]
    chunks = [points[i : i + 4096] for i in range(0, len(points), 4096)]
    # Between letters, so that it shows whether the character joins or parts them.
    texts = [" ".join(f"a{chr(i)}b {chr(i)}" for i in chunk) for chunk in chunks]
    assert hashes(list(texts), "words") == [expected(text, "words") for text in texts]


def test_every_code_point_but_white_space_is_its_own_character() -> None:
    points = [i for i in range(sys.maxunicode + 1) if not 0xD800 <= i < 0xE000]
    text = "".join(map(chr, points))
    assert hashes([text], "chars") == [expected(text, "chars")]
    assert sum(character.isspace() for character in text) > 20


def test_ascii_and_unicode_paths_give_the_same_tokens() -> None:
    ascii_only = hashes(["The cat, the CAT's hat."], "words")[0]
    with_more = hashes(["The cat, the CAT's hat. 北"], "words")[0]
    assert with_more[: len(ascii_only) - 1] == ascii_only[:-1]


def test_sentence_marks_in_the_text_are_ordinary_tokens() -> None:
    assert hashes(["</s>"], "whitespace")[0] == [token_hash("</s>"), int(EOS)]
    assert token_hash("</s>") != int(EOS)


@pytest.mark.parametrize("type_", [pa.string(), pa.large_string()], ids=str)
def test_slices_and_offset_widths_do_not_matter(type_: pa.DataType) -> None:
    texts = pa.array(["skipped ü", "one two", None, "Ünï three", "skipped"], type_)
    tokens = tokenize(texts[1:4], tokenizers.get("words"))
    assert tokens.starts.tolist() == [0, 3, 3, 6]
    assert tokens.ids.tolist() == expected("one two", "words") + expected("ünï three", "words")


def test_an_array_without_texts_has_no_tokens() -> None:
    tokens = tokenize(pa.array([], pa.string()), tokenizers.get("words"))
    assert (tokens.ids.tolist(), tokens.starts.tolist()) == ([], [0])


def test_unknown_tokenizer_names_the_nearest() -> None:
    with pytest.raises(
        HardnessError, match=r"tokenizer must be one of .*words.*did you mean 'words'"
    ):
        tokenizers.get("wrods")


def test_token_hashes_do_not_collide_on_a_large_vocabulary() -> None:
    words = [f"{stem}{i}" for i in range(100_000) for stem in ("w", "aa", "é")]
    tokens = tokenize(pa.array([" ".join(words)]), tokenizers.get("whitespace"))
    assert len(set(tokens.ids.tolist())) == len(words) + 1
