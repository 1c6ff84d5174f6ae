"""Hugging Face tokenizers: the ids of the library itself, hashed in order."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tokenizers import Tokenizer as Encoder
from tokenizers import models, normalizers, pre_tokenizers, processors, trainers

from hardness.errors import HardnessError
from hardness.metrics.perplexity import PerplexityConfig
from hardness.ngram import hugging_face
from hardness.ngram.hashing import EOS
from hardness.ngram.tokenize import identity, tokenize, tokenizers
from hardness.stages.score import score
from tests.ngram.test_tokenize import TEXTS, token_hash

CORPUS = ["the dog runs in the park .", "a naïve café , isn't it ?", "dogs and the dogs' parks"]
SPECIAL = ["[UNK]", "[CLS]", "[SEP]"]


def bpe() -> Encoder:
    encoder = Encoder(models.BPE())
    encoder.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=300, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False
    )
    encoder.train_from_iterator(CORPUS, trainer)
    return encoder


def word_piece() -> Encoder:
    encoder = Encoder(models.WordPiece(unk_token="[UNK]"))
    encoder.normalizer = normalizers.BertNormalizer()
    encoder.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(vocab_size=80, special_tokens=SPECIAL, show_progress=False)
    encoder.train_from_iterator(CORPUS, trainer)
    encoder.post_processor = processors.BertProcessing(("[SEP]", 2), ("[CLS]", 1))
    encoder.enable_truncation(4)
    encoder.enable_padding(length=6, pad_id=0, pad_token="[UNK]")
    return encoder


def unigram() -> Encoder:
    encoder = Encoder(models.Unigram())
    encoder.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=60, special_tokens=["<unk>"], unk_token="<unk>", show_progress=False
    )
    encoder.train_from_iterator(CORPUS, trainer)
    return encoder


def spaced() -> Encoder:
    vocabulary = {"[UNK]": 0, "the dog": 1, "a\tb": 2, "x": 3}
    encoder = Encoder(models.WordLevel(vocabulary, unk_token="[UNK]"))
    encoder.pre_tokenizer = pre_tokenizers.Split(",", "removed")
    return encoder


MAKERS = {"bpe": bpe, "word piece": word_piece, "unigram": unigram, "spaced": spaced}


@pytest.fixture(params=MAKERS.values(), ids=list(MAKERS))
def saved(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "tokenizer.json"
    request.param().save(str(path))
    return path


def library_ids(path: Path, text: str | None) -> list[int]:
    encoder = Encoder.from_file(str(path))
    encoder.no_truncation()
    encoder.no_padding()
    return encoder.encode(text or "", add_special_tokens=False).ids


def test_tokens_are_the_librarys_ids(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hugging_face, "_BATCH_BYTES", 100)
    texts = [*TEXTS.values(), None, *CORPUS, "the dog,x,zzz,a\tb,x,x", "[CLS] the dog [SEP]"]
    tokens = tokenize(pa.array(texts), tokenizers.get(f"hf:{saved}"))
    got = [
        tokens.ids[a:b].tolist() for a, b in zip(tokens.starts[:-1], tokens.starts[1:], strict=True)
    ]
    wanted = [library_ids(saved, text) for text in texts]
    assert any(len(ids) > 4 for ids in wanted), "what the file truncates to"
    assert got == [
        [token_hash(chr(token)) for token in ids] + [int(EOS)] * bool(ids) for ids in wanted
    ]


def test_names_of_tokens_can_be_told_apart_in_text(saved: Path) -> None:
    prepare = tokenizers.get(f"hf:{saved}").prepare
    assert prepare is not None
    texts = [*TEXTS.values(), None, *CORPUS, "the dog,x,zzz,a\tb"]
    names = [text.split() for text in prepare(pa.array(texts)).to_pylist()]
    ids = [library_ids(saved, text) for text in texts]
    assert [len(line) for line in names] == [len(line) for line in ids]
    pairs = {pair for a, b in zip(names, ids, strict=True) for pair in zip(a, b, strict=True)}
    assert len(pairs) == len({name for name, _ in pairs}) == len({token for _, token in pairs})


def test_folder_stands_for_the_file_in_it(saved: Path) -> None:
    assert tokenizers.get(f"hf:{saved.parent}") is tokenizers.get(f"hf:{saved}")
    assert PerplexityConfig(tokenizer=f"hf:{saved.parent}").tokenizer == f"hf:{saved.parent}"


def test_identity_is_of_the_content(saved: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.json"
    copy.write_bytes(saved.read_bytes())
    before = identity(f"hf:{saved}")
    assert identity(f"hf:{copy}") == before
    assert before.startswith("hf:")
    bpe_with_more = bpe()
    bpe_with_more.add_tokens(["park ."])
    bpe_with_more.save(str(saved))
    assert identity(f"hf:{saved}") != before
    assert identity("words") == "words"


def test_changed_tokenizer_is_noticed(tmp_path: Path) -> None:
    data, file = tmp_path / "data.jsonl", tmp_path / "tokenizer.json"
    data.write_text("".join(json.dumps({"text": text}) + "\n" for text in CORPUS))
    bpe().save(str(file))
    options: dict[str, Any] = {"tokenizer": f"hf:{file}"}
    first = score(data, **options)
    assert first.info.parameters["tokenizer"] == identity(f"hf:{file}")
    assert score(data, **options).cached
    unigram().save(str(file))
    with pytest.raises(HardnessError, match=r"tokenizer was hf:.*, is hf:.*--overwrite"):
        score(data, **options)


def test_missing_file_is_named(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "absent.json"):
        with pytest.raises(
            HardnessError, match=r"tokenizer hf:PATH must name a tokenizer.json .*, got .*No such"
        ):
            tokenizers.get(f"hf:{path}")


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"\xff\xfe", b'{"model": {"type": "BPE"'], ids=repr
)
def test_damaged_file_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "tokenizer.json").write_bytes(content)
    with pytest.raises(
        HardnessError, match=r"tokenizer hf:PATH must be a tokenizer.json .*, got .*save_pretrained"
    ):
        tokenizers.get(f"hf:{tmp_path}")


def test_missing_package_names_the_extra(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    hugging_face._load.cache_clear()
    with pytest.raises(HardnessError, match=r"pip install 'hardness\[hf\]'"):
        tokenizers.get(f"hf:{saved}")
