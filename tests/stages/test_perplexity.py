"""Perplexity through the stages: against the oracle, and the same whatever runs it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hardness.errors import HardnessError
from hardness.io.dataset import open_dataset
from hardness.io.records import Columns
from hardness.metrics.perplexity import PERPLEXITY, PerplexityConfig
from hardness.stages.cluster import open_cluster
from hardness.stages.perplexity import parameters, run
from hardness.stages.run import Run
from hardness.stages.store import DiskStore, MemoryStore
from tests.ngram import oracle

PHRASE = (
    "the a dog cat runs sleeps in on park street , . ! café naïve Straße ÉLAN Ünïcode "
    "日本 語 👍🏽 e\u0301te\u0301 ΟΔΟΣ İs it's 3.14 x_y <s> </s>"
)
WORDS = PHRASE.split(" ")


class Parts:
    """Keeps parts in memory."""

    def __init__(self, n_parts: int) -> None:
        self.missing = list(range(n_parts))
        self.tables: dict[int, pa.Table] = {}

    def begin(self) -> None:
        pass

    def write(self, index: int, rows: np.ndarray, columns: Any, *, ids: Any = None) -> None:
        named = {"row": rows} | ({} if ids is None else {"id": ids}) | dict(columns)
        self.tables[index] = pa.table(named)

    def table(self) -> pa.Table:
        return pa.concat_tables([self.tables[i] for i in sorted(self.tables)])


def records(n: int = 300) -> list[dict[str, Any]]:
    rng = np.random.default_rng(7)
    rows = []
    for i in range(n):
        words = rng.choice(WORDS, size=int(rng.integers(0, 18)))
        text = None if i == 11 else "".join(w + rng.choice([" ", "  ", "\t", ""]) for w in words)
        group = None if i % 17 == 0 else int(rng.integers(0, n // 4))
        rows.append({"id": f"r{i}", "text": text, "g": group})
    long = rng.choice(WORDS, size=700)
    rows[5]["text"] = " ".join(long)
    rows[6]["text"] = rows[7]["text"] = "exactly the same , twice"
    return rows


def write(path: Path, rows: list[dict[str, Any]]) -> str:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    return str(path)


def score(data: str, *, partitions: int = 1, threads: int = 2, store=None, **options) -> pa.Table:
    group = options.pop("group", None)
    size = Path(data).stat().st_size // partitions + 1
    config = PerplexityConfig(**options)
    with (
        open_dataset(data, group=group, partition_bytes=size) as dataset,
        open_cluster(threads=threads) as cluster,
    ):
        store = store or MemoryStore()
        parts = Parts(len(dataset.partitions))
        run(
            Run(metric=PERPLEXITY, dataset=dataset, cluster=cluster, store=store, writer=parts),
            config,
        )
    return parts.table()


def assert_equals_oracle(table: pa.Table, expected: list[tuple[float | None, int]]) -> None:
    nll, n_oov = table.column("nll").to_pylist(), table.column("n_oov").to_pylist()
    assert [value is None for value in nll] == [value is None for value, _ in expected]
    assert [n for n, v in zip(n_oov, nll, strict=True) if v is not None] == [
        n for v, n in expected if v is not None
    ]
    defined = [
        (got, want) for got, (want, _) in zip(nll, expected, strict=True) if want is not None
    ]
    got, want = np.array(defined).T
    np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("tokenizer", ["words", "whitespace", "nltk"])
@pytest.mark.parametrize("order", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("holdout", ["record", "group", "none", "reference"])
def test_scores_equal_the_oracles(tmp_path: Path, holdout: str, order: int, tokenizer: str) -> None:
    rows = records()
    data = write(tmp_path / "data.jsonl", rows)
    tokens = oracle.sequences([row["text"] for row in rows], tokenizer)
    options: dict[str, Any] = {"order": order, "tokenizer": tokenizer}
    if holdout == "reference":
        others = rows[100:]
        options["reference"] = (write(tmp_path / "reference.jsonl", others),)
        expected = oracle.scores(tokens, order, "none", reference=tokens[100:])
    else:
        options["holdout"] = holdout
        options["group"] = "g" if holdout == "group" else None
        expected = oracle.scores(tokens, order, holdout, groups=[row["g"] for row in rows])
    table = score(data, partitions=3, **options)
    assert_equals_oracle(table, expected)
    assert table.column("id").to_pylist() == [row["id"] for row in rows]
    assert table.column("row").to_pylist() == list(range(len(rows)))
    assert table.column("n_tokens").to_pylist() == [len(record) for record in tokens]
    np.testing.assert_array_equal(
        np.exp(table.column("nll").drop_null().to_numpy()),
        table.column("perplexity").drop_null().to_numpy(),
    )


@pytest.mark.parametrize("holdout", ["record", "group", "none"])
def test_results_do_not_depend_on_what_runs_them(tmp_path: Path, holdout: str) -> None:
    data = write(tmp_path / "data.jsonl", records())
    group = "g" if holdout == "group" else None
    first = score(data, holdout=holdout, group=group)
    for partitions, threads in ((1, 4), (3, 1), (3, 4), (7, 1), (7, 4)):
        other = score(data, partitions=partitions, threads=threads, holdout=holdout, group=group)
        assert other.equals(first), (partitions, threads)
    store = DiskStore(tmp_path / "work")
    spilled = score(data, partitions=7, store=store, holdout=holdout, group=group)
    assert spilled.equals(first)


LITTLE_TEXTS = st.lists(st.text("ab é.", max_size=12), min_size=2, max_size=7)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(texts=LITTLE_TEXTS, order=st.integers(1, 5), data=st.data())
def test_leave_one_out_equals_fitting_on_the_others_to_the_bit(
    tmp_path: Path, texts: list[str], order: int, data: st.DataObject
) -> None:
    rows = [{"text": text} for text in texts]
    i = data.draw(st.integers(0, len(rows) - 1))
    held = score(write(tmp_path / "all.jsonl", rows), order=order).slice(i, 1)
    others = write(tmp_path / "others.jsonl", rows[:i] + rows[i + 1 :])
    one = write(tmp_path / "one.jsonl", [rows[i]])
    alone = score(one, order=order, reference=(others,))
    for column in ("perplexity", "nll", "n_tokens", "n_oov"):
        assert held.column(column).to_pylist() == alone.column(column).to_pylist()


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(texts=LITTLE_TEXTS, order=st.integers(1, 5), data=st.data())
def test_group_holdout_equals_fitting_on_the_other_groups_to_the_bit(
    tmp_path: Path, texts: list[str], order: int, data: st.DataObject
) -> None:
    groups = data.draw(
        st.lists(st.sampled_from(["x", "y", "z", None]), min_size=len(texts), max_size=len(texts))
    )
    rows = [{"text": text, "g": group} for text, group in zip(texts, groups, strict=True)]
    rows.append({"text": "of another group", "g": "w"})
    i = data.draw(st.integers(0, len(texts) - 1))
    everything = write(tmp_path / "all.jsonl", rows)
    held = score(everything, order=order, holdout="group", group="g").slice(i, 1)
    same = [i] if groups[i] is None else [j for j, g in enumerate(groups) if g == groups[i]]
    others = write(tmp_path / "others.jsonl", [r for j, r in enumerate(rows) if j not in same])
    alone = score(write(tmp_path / "one.jsonl", [rows[i]]), order=order, reference=(others,))
    for column in ("perplexity", "nll", "n_tokens", "n_oov"):
        assert held.column(column).to_pylist() == alone.column(column).to_pylist()


def test_a_record_without_tokens_has_a_null_score_and_is_not_counted(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"text": t} for t in ("a b", "", None, " \t", "a c")]
    table = score(write(tmp_path / "data.jsonl", rows))
    assert [v is None for v in table.column("perplexity").to_pylist()] == [
        False,
        True,
        True,
        True,
        False,
    ]
    without = score(write(tmp_path / "two.jsonl", [rows[0], rows[4]]))
    assert table.column("nll").drop_null().to_pylist() == without.column("nll").to_pylist()


def test_a_lone_record_has_nothing_to_be_compared_with(tmp_path: Path) -> None:
    table = score(write(tmp_path / "data.jsonl", [{"text": "all alone"}]))
    assert table.column("perplexity").to_pylist() == [None]


def test_group_holdout_needs_a_group() -> None:
    with pytest.raises(
        HardnessError, match=r"group must be a column for --holdout group, got none"
    ):
        parameters(PerplexityConfig(holdout="group"), Columns(text=("text",)))


def test_parameters_hold_what_decides_the_scores(tmp_path: Path) -> None:
    columns = Columns(text=("text",), group="g")
    record = parameters(PerplexityConfig(), columns)
    assert record == {"order": 3, "tokenizer": "words", "holdout": "record"}
    group = parameters(PerplexityConfig(holdout="group"), columns)
    assert (group["holdout"], group["group"]) == ("group", "g")
    reference = write(tmp_path / "reference.jsonl", records(40))
    before = parameters(PerplexityConfig(reference=(reference,)), columns)
    write(tmp_path / "reference.jsonl", records(41))
    assert before != parameters(PerplexityConfig(reference=(reference,)), columns)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"order": 6}, "order must be 1 to 5, got 6"),
        ({"order": 0}, "order must be 1 to 5, got 0"),
        ({"holdout": "all"}, "holdout must be one of record, group, none, got 'all'"),
        ({"tokenizer": "bpe"}, "tokenizer must be one of .*, got 'bpe'"),
    ],
    ids=["order above", "order below", "holdout", "tokenizer"],
)
def test_options_out_of_range_are_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(HardnessError, match=message):
        PerplexityConfig(**options)
