"""Models through the stages: against KenLM, the oracle and themselves."""

from __future__ import annotations

import itertools
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hardness.errors import HardnessError
from hardness.io.dataset import open_dataset
from hardness.ngram.discounts import FALLBACK
from hardness.ngram.model_config import ModelConfig
from hardness.stages.cluster import open_cluster
from hardness.stages.kneser_ney import Estimate
from hardness.stages.model import Appender, write_model
from hardness.stages.store import DiskStore, MemoryStore, Store
from tests.ngram import kneser_ney_oracle as oracle
from tests.ngram.test_kneser_ney_oracle import GOLDEN

kenlm: Any = pytest.importorskip("kenlm")

LINES = (
    "the cat sat on the mat\nthe dog sat on the cat\na cat saw the dog on the mat\n\n"
    "  \nthe the the the cat\na\na\nthe café, the mat!\nnever seen but once\n"
) * 2 + "a dog sat\nthe dog saw a café\nthe mat sat on the dog\n"


def build(
    text: str | Path,
    path: Path,
    *,
    partitions: int = 1,
    threads: int = 2,
    store: Store | None = None,
    **options: Any,
) -> Estimate:
    data = text if isinstance(text, Path) else path.with_suffix(".txt")
    if not isinstance(text, Path):
        data.write_text(text, encoding="utf-8")
    options.setdefault("tokenizer", "whitespace")
    config = ModelConfig(**options)
    size = data.stat().st_size // partitions + 1
    with (
        open_dataset(str(data), partition_bytes=size) as dataset,
        open_cluster(threads=threads) as cluster,
    ):
        return write_model(cluster, store or MemoryStore(), dataset, config, path)[1]


def load(path: Path) -> Any:
    config = kenlm.Config()
    config.show_progress = False
    return kenlm.Model(str(path), config)


@pytest.mark.parametrize("partitions", [1, 5])
@pytest.mark.parametrize("name", GOLDEN)
def test_model_equals_kenlms(real_data: Path, tmp_path: Path, name: str, partitions: int) -> None:
    order, prune = GOLDEN[name]
    corpus = real_data / "kenlm_golden" / "corpus.txt"
    path = tmp_path / "lm.arpa"
    build(corpus, path, order=order, prune=tuple(prune), partitions=partitions)
    expected = oracle.read_arpa(real_data / "kenlm_golden" / f"{name}.arpa.gz")
    oracle.assert_same(oracle.read_arpa(path), expected, 2e-6)


def test_model_of_two_records_by_hand(tmp_path: Path) -> None:
    # Records "a b" and "a". No order has n-grams with counts 1, 2 and 3: D = 1/2, 1, 3/2.
    # Tokens to the left: a {<s>}, b {a}, </s> {a, b}; 4 in all.
    # gamma() = (2·1/2 + 1·1) / 4 = 1/2, shared by a, b, </s> and <unk>: 1/8 each.
    # P(a) = P(b) = (1 - 1/2) / 4 + 1/8 = 1/4, P(</s>) = (2 - 1) / 4 + 1/8 = 3/8
    # After <s>: a twice. gamma = 1/2, P(a|<s>) = (2 - 1) / 2 + 1/2 · 1/4 = 5/8
    # After a: b, </s>. gamma = (1/2 + 1/2) / 2 = 1/2
    # P(b|a) = (1 - 1/2) / 2 + 1/2 · 1/4 = 3/8, P(</s>|a) = 1/4 + 1/2 · 3/8 = 7/16
    # After b: </s>. gamma = 1/2, P(</s>|b) = (1 - 1/2) / 1 + 1/2 · 3/8 = 11/16
    path = tmp_path / "lm.arpa"
    estimate = build("a b\na\n", path, order=2)
    assert [found.amounts for found in estimate.discounts] == [FALLBACK, FALLBACK]
    got = [{n: (10**p, 10**w) for n, (p, w) in order.items()} for order in oracle.read_arpa(path)]
    assert got[0] == {
        ("<unk>",): (pytest.approx(1 / 8), 1),
        ("<s>",): (1, pytest.approx(1 / 2)),
        ("a",): (pytest.approx(1 / 4), pytest.approx(1 / 2)),
        ("b",): (pytest.approx(1 / 4), pytest.approx(1 / 2)),
        ("</s>",): (pytest.approx(3 / 8), 1),
    }
    assert got[1] == {
        ("<s>", "a"): (pytest.approx(5 / 8), 1),
        ("a", "b"): (pytest.approx(3 / 8), 1),
        ("a", "</s>"): (pytest.approx(7 / 16), 1),
        ("b", "</s>"): (pytest.approx(11 / 16), 1),
    }


class Lines(MemoryStore):
    """Knows how many pieces of the file it held at a time, and whether tokens were left then."""

    def __init__(self) -> None:
        super().__init__()
        self.most = 0
        self.with_tokens = False

    def put(self, name: str, array: Any) -> None:
        super().put(name, array)
        if name.startswith("arpa-"):
            self.most = max(self.most, sum(held.startswith("arpa-") for held in self._values))
            self.with_tokens |= any(held.startswith("ids-") for held in self._values)


def test_lines_are_in_the_file_before_all_are_made(tmp_path: Path) -> None:
    store = Lines()
    build(LINES, tmp_path / "lm.arpa", partitions=5, threads=1, store=store)
    assert store.most == 1
    assert not store.with_tokens


@pytest.mark.parametrize("ends", list(itertools.permutations(range(3))))
def test_lines_are_in_the_order_of_the_blocks_whichever_ends_first(ends: tuple[int, ...]) -> None:
    store, file = MemoryStore(), BytesIO()
    append = Appender(store, file, ["x", "y", "z"])
    for index in ends:
        store.put("xyz"[index], np.frombuffer(b"123"[index : index + 1], dtype=np.uint8))
        append(index)
    assert file.getvalue() == b"123"


CORPORA = st.lists(st.text("aabbbc d", max_size=14), min_size=1, max_size=40).filter(
    lambda lines: any(line.strip() for line in lines)
)
PRUNES = st.lists(st.integers(0, 3), max_size=4).map(lambda rest: (0, *sorted(rest)))


@pytest.mark.parametrize("order", [2, 3, 4, 5])
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(lines=CORPORA, prune=PRUNES, partitions=st.integers(1, 3))
def test_model_equals_the_oracles(
    tmp_path: Path, order: int, lines: list[str], prune: tuple[int, ...], partitions: int
) -> None:
    path = tmp_path / "lm.arpa"
    prune = prune[:order]
    estimate = build("\n".join(lines), path, order=order, prune=prune, partitions=partitions)
    expected = oracle.estimate([line.split() for line in lines], order, prune)
    oracle.assert_same(oracle.read_arpa(path), expected.arpa, 1e-6)
    for found, amounts in zip(estimate.discounts, expected.discounts, strict=True):
        assert found.amounts == pytest.approx(amounts)
    fallbacks = [k for k, found in enumerate(estimate.discounts, 1) if found.fallback]
    assert fallbacks == expected.fallbacks


@pytest.mark.parametrize(
    "options",
    [{"order": 2}, {"order": 3}, {"order": 3, "prune": (0, 1, 1)}, {"order": 5}],
    ids=["2", "3", "3 pruned", "5"],
)
@pytest.mark.parametrize("interpolated", [False, True], ids=["kneser-ney", "even"])
def test_probabilities_sum_to_one_after_any_context(
    tmp_path: Path, interpolated: bool, options: dict
) -> None:
    if interpolated and "prune" in options:
        options = {"order": 4}
    path = tmp_path / "lm.arpa"
    build(LINES, path, interpolated=interpolated, **options)
    arpa = oracle.read_arpa(path)
    words = [word for (word,) in arpa[0] if word != oracle.BOS]
    contexts = [
        (),
        ("<s>",),
        ("the",),
        ("sat", "on"),
        ("on", "sat"),
        ("unheard",),
        ("<s>", "the", "cat"),
        ("unheard", "the"),
        ("on", "the", "cat", "cat"),
        ("cat", "sat", "on", "the"),
    ]
    for context in contexts:
        total = sum(oracle.probability_of(arpa, word, context) for word in words)
        assert total == pytest.approx(1, abs=2e-6), context


@pytest.mark.parametrize("interpolated", [False, True], ids=["kneser-ney", "even"])
@pytest.mark.parametrize("order", [2, 3, 5])
def test_kenlm_scores_every_ngram_as_it_is_written(
    tmp_path: Path, order: int, interpolated: bool
) -> None:
    path = tmp_path / "lm.arpa"
    build(LINES, path, order=order, interpolated=interpolated)
    model = load(path)
    assert model.order == order
    for ngram, (p, _) in itertools.chain(*(ngrams.items() for ngrams in oracle.read_arpa(path))):
        if ngram == (oracle.BOS,):
            continue
        state, out = kenlm.State(), kenlm.State()
        if ngram[0] == oracle.BOS:
            model.BeginSentenceWrite(state)
        else:
            model.NullContextWrite(state)
        got = None
        for word in ngram[1:] if ngram[0] == oracle.BOS else ngram:
            got = model.BaseScore(state, word, out)
            state, out = out, state
        assert got == pytest.approx(p, abs=1e-6), ngram


@pytest.mark.parametrize("interpolated", [False, True], ids=["kneser-ney", "even"])
@pytest.mark.parametrize("order", [2, 3, 5])
def test_files_do_not_depend_on_what_makes_them(
    tmp_path: Path, order: int, interpolated: bool
) -> None:
    options: dict[str, Any] = {"order": order, "interpolated": interpolated}
    first = tmp_path / "first.arpa"
    build(LINES, first, **options)
    for partitions, threads in ((1, 4), (3, 1), (3, 4), (7, 1), (7, 4)):
        path = tmp_path / f"{partitions}-{threads}.arpa"
        build(LINES, path, partitions=partitions, threads=threads, **options)
        assert path.read_bytes() == first.read_bytes(), (partitions, threads)
    path = tmp_path / "spilled.arpa"
    build(LINES, path, partitions=7, store=DiskStore(tmp_path / "work"), **options)
    assert path.read_bytes() == first.read_bytes()


@pytest.mark.parametrize("order", [2, 3, 4, 5])
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(lines=CORPORA, partitions=st.integers(1, 3))
def test_even_model_equals_the_oracles(
    tmp_path: Path, order: int, lines: list[str], partitions: int
) -> None:
    path = tmp_path / "lm.arpa"
    build("\n".join(lines), path, order=order, partitions=partitions, interpolated=True)
    expected = oracle.even([line.split() for line in lines], order)
    oracle.assert_same(oracle.read_arpa(path), expected, 1e-6)


def test_empty_records_leave_no_trace(tmp_path: Path) -> None:
    build("a b\n\n  \nb\n", tmp_path / "with.arpa")
    build("a b\nb\n", tmp_path / "without.arpa")
    assert (tmp_path / "with.arpa").read_bytes() == (tmp_path / "without.arpa").read_bytes()


@pytest.mark.parametrize("text", ["\n\n", "  \n \n"], ids=["empty lines", "blank lines"])
def test_data_without_tokens_has_no_model(tmp_path: Path, text: str) -> None:
    with pytest.raises(HardnessError, match=r"data must have a (token|record).* got "):
        build(text, tmp_path / "lm.arpa")
    assert not (tmp_path / "lm.arpa").exists()
