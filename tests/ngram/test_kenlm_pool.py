"""Scores from processes that share a model are kenlm's own."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from hardness.errors import HardnessError
from hardness.ngram.kenlm_pool import LocalScorer, Scorer, Scores, open_pool
from hardness.ngram.kenlm_worker import receive, send
from hardness.ngram.spell import spell
from hardness.ngram.tokenize import tokenizers

kenlm: Any = pytest.importorskip("kenlm")

ARPA = """\\data\\
ngram 1=5
ngram 2=3

\\1-grams:
-1.2	<unk>	0
0	<s>	-0.3
-0.7	</s>	0
-0.5	a	-0.25
-0.9	é	-0.125

\\2-grams:
-0.1	<s> a
-0.2	a é
-0.4	é </s>

\\end\\
"""
TEXTS = ["a é", "a", "", "é é nowhere a", "nowhere elsewhere nowhere", "a é a é a é"]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "lm.arpa"
    path.write_text(ARPA, encoding="utf-8")
    return path


def score(scorer: Scorer, texts: list[str]) -> Scores:
    spelled = spell(pa.array(texts, pa.string()), tokenizers.get("whitespace"))
    return scorer.score(spelled.data, spelled.starts)


def test_scores_by_hand(model: Path) -> None:
    # "a é": <s> a -0.1, a é -0.2, é </s> -0.4. "a": -0.1, then back-off of a and P(</s>).
    with open_pool(model, 1) as pool:
        got = score(pool, ["a é", "a"])
    assert got.log10.tolist() == pytest.approx([-0.7, -0.1 - 0.25 - 0.7])


def test_scores_are_kenlms(model: Path) -> None:
    loaded = kenlm.Model(str(model))
    with open_pool(model, 2) as pool:
        for scorer in (pool, LocalScorer(path=str(model))):
            got = score(scorer, TEXTS)
            assert got.log10.tolist() == [loaded.score(text) for text in TEXTS]
            assert got.n_tokens.tolist() == [len(text.split()) for text in TEXTS]
            assert got.n_oov.tolist() == [
                sum(oov for _, _, oov in loaded.full_scores(text)) for text in TEXTS
            ]


def test_no_records_have_no_scores(model: Path) -> None:
    with open_pool(model, 1) as pool:
        assert len(score(pool, []).log10) == 0


def test_more_threads_than_processes_take_turns(model: Path) -> None:
    expected = [score(LocalScorer(path=str(model)), [text] * 50).log10 for text in TEXTS]
    with open_pool(model, 2) as pool, ThreadPoolExecutor(6) as threads:
        got = threads.map(lambda text: score(pool, [text] * 50).log10, TEXTS * 5)
        for found, wanted in zip(got, expected * 5, strict=True):
            np.testing.assert_array_equal(found, wanted)


DAMAGE = {
    "cut short": ARPA[: len(ARPA) // 2],
    "no numbers": ARPA.replace("-0.9", "minus"),
    "too few n-grams": ARPA.replace("ngram 1=5", "ngram 1=6"),
    "empty": "",
    "other text": "not a model\n" * 10,
    "order 1": ARPA.replace("ngram 2=3\n", ""),
}


@pytest.mark.parametrize("text", DAMAGE.values(), ids=DAMAGE.keys())
def test_damaged_model_is_an_error_that_says_why(tmp_path: Path, text: str) -> None:
    path = tmp_path / "lm.arpa"
    path.write_text(text)
    message = r"model must be an ARPA or binary file that kenlm loads, got .*lm\.arpa \(.+\); make"
    with pytest.raises(HardnessError, match=message), open_pool(path, 1):
        pass
    with pytest.raises(HardnessError, match=message):
        score(LocalScorer(path=str(path)), ["a"])


def test_missing_model_is_an_error(tmp_path: Path) -> None:
    message = r"model must be an ARPA or KenLM binary file, got .*none\.arpa, which is none; make"
    with pytest.raises(HardnessError, match=message), open_pool(tmp_path / "none.arpa", 1):
        pass


def test_process_that_dies_is_noticed(model: Path) -> None:
    with open_pool(model, 1) as pool:
        connection = pool._idle.get()
        send(connection, b"no request")
        assert receive(connection) is None
        pool._idle.put(connection)
        with pytest.raises(RuntimeError, match="a kenlm process ended"):
            score(pool, ["a"])
