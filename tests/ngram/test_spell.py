"""Spelled texts are the tokens, a space after each, and hash to the same tokens."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hardness.errors import HardnessError
from hardness.ngram.hashing import EOS
from hardness.ngram.spell import spell, token_starts
from hardness.ngram.tokenize import tokenize, tokenizers
from tests.ngram.oracle import TOKENIZERS
from tests.ngram.test_tokenize import TEXTS

MARKS = {"<s>", "</s>", "<unk>"}


def expected(text: str | None, tokenizer: str) -> str:
    # NUL is white space to KenLM.
    tokens = TOKENIZERS[tokenizer]((text or "").replace("\0", " "))
    return "".join(token + " " for token in tokens if token not in MARKS)


def spelled(texts: list[str | None], tokenizer: str, type_=None) -> list[str]:
    array = pa.array(texts, type_ or pa.string())
    return spell(array, tokenizers.get(tokenizer), skip_symbols=True).texts().to_pylist()


@pytest.mark.parametrize("tokenizer", ["words", "whitespace", "nltk"])
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_texts_are_spelled_as_python_splits_them(text: str, tokenizer: str) -> None:
    assert spelled([text], tokenizer) == [expected(text, tokenizer)]


@pytest.mark.parametrize("tokenizer", ["words", "whitespace"])
@settings(max_examples=200, deadline=None)
@given(st.lists(st.none() | st.text(max_size=30), max_size=6))
@example(["Σ", "AΣ", "İΣa", None, "x", "ȺȺȺ", "<s>a </s>"])
def test_any_texts_are_spelled_as_python_splits_them(
    tokenizer: str, texts: list[str | None]
) -> None:
    assert spelled(texts, tokenizer) == [expected(text, tokenizer) for text in texts]


@pytest.mark.parametrize("type_", [pa.string(), pa.large_string()], ids=str)
def test_slices_and_offset_widths_do_not_matter(type_: pa.DataType) -> None:
    texts = pa.array(["skipped ü", "One two", None, "Ünï", "skipped"], type_)
    got = spell(texts[1:4], tokenizers.get("words")).texts().to_pylist()
    assert got == ["one two ", "", "ünï "]


@pytest.mark.parametrize("tokenizer", ["words", "whitespace", "nltk"])
def test_tokens_of_spelled_texts_are_those_of_the_texts(tokenizer: str) -> None:
    texts = pa.array([text for text in TEXTS.values() if "\0" not in text and "<s>" not in text])
    tokens = tokenize(texts, tokenizers.get(tokenizer))
    got = spell(texts, tokenizers.get(tokenizer)).tokens()
    assert got.ids.tolist() == tokens.ids.tolist()
    assert got.starts.tolist() == tokens.starts.tolist()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text("aé .", max_size=12), max_size=6))
def test_every_position_has_its_token(texts: list[str]) -> None:
    result = spell(pa.array(texts, pa.string()), tokenizers.get("words"))
    tokens = result.tokens()
    bounds = token_starts(result.data, tokens.starts).tolist()
    data = result.data.tobytes()
    found = [
        "" if tokens.ids[t] == EOS else data[bounds[t] : bounds[t + 1] - 1].decode()
        for t in range(len(tokens.ids))
    ]
    wanted = [TOKENIZERS["words"](text) for text in texts]
    assert found == [token for record in wanted if record for token in [*record, ""]]


def test_no_more_is_kept_than_is_there() -> None:
    result = spell(pa.array(["a  b", "", "c"]), tokenizers.get("words"))
    assert result.data.base is None
    assert result.tokens().ids.base is None


@pytest.mark.parametrize("mark", sorted(MARKS))
def test_a_token_that_is_a_mark_of_the_model_is_an_error(mark: str) -> None:
    with pytest.raises(HardnessError, match=r"tokens must not be <s>.*got 2 that are; pass --skip"):
        spell(pa.array([f"a {mark} b", f"{mark}"]), tokenizers.get("whitespace"))
    got = spell(
        pa.array([f"a {mark} b {mark}c", mark]), tokenizers.get("whitespace"), skip_symbols=True
    )
    assert got.texts().to_pylist() == [f"a b {mark}c ", ""]
    assert got.tokens().starts.tolist() == [0, 4, 4]
