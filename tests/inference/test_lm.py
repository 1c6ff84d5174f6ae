"""The lm metric: a record's own loss, whatever it is batched with and wherever it runs."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import hardness
from tests.inference.conftest import Score, records, write
from tests.inference.oracle import load, nats, response_nats, tokens

FIRST = 40
"""Records that the oracle looks at."""


def check(frame: pl.DataFrame, expected: list[list[float]]) -> None:
    for row, losses in zip(frame.to_dicts(), expected, strict=False):
        nll = sum(losses) / len(losses) if losses else None
        assert row["nll"] == (None if nll is None else pytest.approx(nll, rel=1e-5))
        perplexity = None if nll is None else pytest.approx(math.exp(nll), rel=1e-4)
        assert row["perplexity"] == perplexity
        assert row["n_tokens"] == len(losses)


def test_response_is_scored_given_its_prompt(score: Score, model: Path) -> None:
    frame = score("lm", model=str(model), prompt="question", response="answer")
    rows = records(300)
    # A null prompt is empty, and its line end is there all the same.
    expected = [response_nats(model, r["question"] or "", r["answer"]) for r in rows[:FIRST]]
    check(frame, expected)
    assert frame["row"].to_list() == list(range(300))
    assert frame["id"].to_list() == [row["id"] for row in rows]
    assert frame["nll"].null_count() == 2


def test_prompt_and_response_complete_each_other(score: Score, model: Path) -> None:
    both = score("lm", model=str(model), prompt="question", response="answer")
    assert score("lm", "b", model=str(model), response="answer").equals(both)
    assert score("lm", "c", model=str(model), prompt="question").equals(both)


def test_all_text_is_scored_where_nothing_else_is_said(score: Score, model: Path) -> None:
    frame = score("lm", model=str(model))
    # Columns are lines; a null is left out.
    texts = [
        "\n".join(text for text in (row["question"], row["answer"]) if text is not None)
        for row in records(300)[:FIRST]
    ]
    check(frame, [response_nats(model, None, text) for text in texts])
    alone = score("lm", "alone", model=str(model), text="answer")
    check(alone, [response_nats(model, None, row["answer"]) for row in records(300)[:FIRST]])


def test_first_token_has_no_loss_without_a_start_token(score: Score, startless: Path) -> None:
    frame = score("lm", model=str(startless), text="answer")
    check(frame, [response_nats(startless, None, r["answer"]) for r in records(300)[:FIRST]])


def test_what_is_too_long_is_cut_off_and_counted(score: Score, model: Path, data: Path) -> None:
    frame = score("lm", model=str(model), response="answer", max_length=24)
    rows = records(300)
    whole = [response_nats(model, r["question"] or "", r["answer"], length=99) for r in rows]
    kept = [response_nats(model, r["question"] or "", r["answer"], length=24) for r in rows[:FIRST]]
    check(frame, kept)
    lost = [len(w) - n for w, n in zip(whole, frame["n_tokens"].to_list(), strict=True)]
    assert frame["n_cut"].to_list() == lost
    count = sum(n > 0 for n in lost)
    assert 0 < count < 300
    content = json.loads((data.parent / "table" / "lm" / "metric.json").read_text())
    assert content["cut_records"] == count
    assert content["notes"][0].startswith(f"{count} records were longer than 24 tokens")
    prompt_alone = frame.filter((pl.col("n_tokens") == 0) & (pl.col("n_cut") > 0))
    assert prompt_alone["nll"].null_count() == len(prompt_alone)


@pytest.mark.parametrize("parts", [2, 3, 40])
def test_bits_do_not_depend_on_partitions(
    score: Score, data: Path, model: Path, parts: int
) -> None:
    first = score("lm", model=str(model), partition_bytes=10**9)
    size = data.stat().st_size // parts + 1
    other = score("lm", "other", model=str(model), partition_bytes=size, threads=2)
    assert len(list((data.parent / "other" / "lm").glob("part-*"))) >= parts - 4
    assert other.equals(first)


def test_batches_change_scores_by_rounding_alone(score: Score, model: Path) -> None:
    first = score("lm", model=str(model))
    for tokens_of_a_batch in (1, 300, 100_000):
        other = score(
            "lm", f"b{tokens_of_a_batch}", model=str(model), batch_tokens=tokens_of_a_batch
        )
        assert other["n_tokens"].equals(first["n_tokens"])
        assert other["nll"].null_count() == first["nll"].null_count()
        assert (other["nll"] / first["nll"] - 1).abs().max() < 1e-5  # pyright: ignore[reportOperatorIssue]


def test_bits_are_the_same_on_two_workers(score: Score, data: Path, model: Path) -> None:
    first = score("lm", model=str(model))
    size = data.stat().st_size // 4 + 1
    other = score("lm", "other", model=str(model), partition_bytes=size, workers=2)
    assert other.equals(first)


def test_resumed_run_makes_only_the_missing_parts(score: Score, data: Path, model: Path) -> None:
    options: dict[str, Any] = {
        "model": str(model),
        "partition_bytes": data.stat().st_size // 3 + 1,
    }
    whole = score("lm", **options)
    folder = data.parent / "table" / "lm"
    content = json.loads((folder / "metric.json").read_text())
    (folder / "metric.json").unlink()
    (folder / content["parts"][1]["name"]).unlink()
    kept = (folder / content["parts"][0]["name"]).stat().st_mtime_ns
    result = hardness.score(data, metric="lm", output=data.parent / "table", **options)
    assert result.resumed
    assert result.table.frame("lm").collect().equals(whole)
    assert (folder / content["parts"][0]["name"]).stat().st_mtime_ns == kept


def test_bad_records_leave_the_others_as_they_are(tmp_path: Path, model: Path) -> None:
    lines = [json.dumps(row) for row in records(200)]
    bad = [*lines[:60], "{", *lines[60:], '{"question": 3}']
    data = tmp_path / "bad.jsonl"
    data.write_text("\n".join(bad) + "\n")
    frames = []
    for parts in (1, 5):
        result = hardness.score(
            data,
            metric="lm",
            output=tmp_path / f"t{parts}",
            on_error="skip",
            partition_bytes=data.stat().st_size // parts + 1,
            model=str(model),
        )
        frames.append(result.table.frame("lm").collect())
        assert result.info.content["rejects"] == 2
    assert frames[0].equals(frames[1])
    assert frames[0]["row"].to_list() == [*range(60), *range(61, 201)]


def test_a_part_may_hold_no_record_that_can_be_scored(tmp_path: Path, model: Path) -> None:
    data = tmp_path / "sparse.jsonl"
    data.write_text('{"text": "the dog"}\n{\n{"text": ""}\n')
    result = hardness.score(data, metric="lm", model=str(model), on_error="skip", partition_bytes=1)
    frame = result.table.frame("lm").collect()
    assert frame["row"].to_list() == [0, 2]
    assert frame["nll"].is_null().to_list() == [False, True]
    assert result.info.content["tokens"] == frame["n_tokens"][0] > 0


def test_chats_are_scored_on_the_turns_of_the_assistant(tmp_path: Path, model: Path) -> None:
    turns = [("user", "the dog"), ("assistant", "runs in park"), ("user", "a"), ("assistant", "b")]
    chats = [[{"role": role, "content": text} for role, text in turns[: 1 + k]] for k in range(4)]
    data = write(tmp_path / "chats.jsonl", [{"messages": chat} for chat in chats])
    result = hardness.score(data, metric="lm", model=str(model))
    lm, tokenizer = load(model)
    expected = []
    for chat in chats:
        ids, losses = [tokenizer.bos_token_id], []
        for message in chat:
            head = tokens(tokenizer, f"{message['role']}\n")
            body = [*tokens(tokenizer, message["content"]), tokenizer.eos_token_id]
            if message["role"] == "assistant":
                losses += nats(lm, [*ids, *head], body)
            ids += [*head, *body]
        expected.append(losses)
    check(result.table.frame("lm").collect(), expected)


def test_same_command_finds_the_result_and_another_model_is_another(
    score: Score, data: Path, model: Path, tuned: Path
) -> None:
    score("lm", model=str(model))
    again = hardness.score(
        data, metric="lm", output=data.parent / "table", model=str(model), batch_tokens=99
    )
    assert again.cached
    with pytest.raises(hardness.HardnessError, match=r"lm must be of the same options.*model was"):
        score("lm", model=str(tuned))
