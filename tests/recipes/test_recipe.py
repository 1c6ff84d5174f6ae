"""Recipes as they are written in YAML, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from hardness.errors import HardnessError
from hardness.recipes.recipe import Recipe, read_recipe

WHOLE = """
settings:
  data: data.jsonl
  epochs: 2
  output: out
steps:
  - score: {data: "{data}", output: "{output}/t"}
  - name: shards
    build: {table: "{output}/t", epochs: "{epochs}", output: "{output}/s-{epochs}"}
"""


def read(folder: Path, text: str, **changes: str) -> Recipe:
    path = folder / "recipe.yaml"
    path.write_text(text, encoding="utf-8")
    return read_recipe(path, {key.replace("__", "."): value for key, value in changes.items()})


def test_settings_are_filled_in_and_keep_their_type(tmp_path: Path) -> None:
    found = read(tmp_path, WHOLE)
    score, build = found.steps
    assert (score.name, score.command) == ("score", "score")
    assert score.options == {"data": "data.jsonl", "output": "out/t"}
    assert (build.name, build.command) == ("shards", "build")
    assert build.options == {"table": "out/t", "epochs": 2, "output": "out/s-2"}
    assert found.output == Path("out")


def test_settings_and_options_can_be_changed(tmp_path: Path) -> None:
    found = read(tmp_path, WHOLE, epochs="5", shards__order="descending", score__text="[a, b]")
    score, build = found.steps
    assert score.options["text"] == ["a", "b"]
    assert build.options["epochs"] == 5
    assert build.options["order"] == "descending"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("score.ordr", "set must name an option of score, .*got 'score.ordr'; .*'score.order'"),
        ("score.zz", "set must name an option of score, one of .*, got 'score.zz'; leave"),
        ("shards.ordr", "set must name an option of shards, .*; did you mean 'shards.order'"),
    ],
)
def test_change_of_an_unknown_option_is_refused(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(HardnessError, match=message):
        read(tmp_path, WHOLE, **{name.replace(".", "__"): "1"})


def test_options_of_score_are_those_of_its_metric(tmp_path: Path) -> None:
    changes = {"score__metric": "lm", "score__model": "m"}
    assert read(tmp_path, WHOLE, **changes).steps[0].options["model"] == "m"
    metric = WHOLE.replace('"{data}",', '"{data}", metric: "{metric}",')
    metric = metric.replace("  output: out", "  output: out\n  metric: column:length")
    found = read(tmp_path, metric, score__higher="harder")
    assert found.steps[0].options["metric"] == "column:length"


def test_option_of_another_metric_may_stay_empty(tmp_path: Path) -> None:
    assert read(tmp_path, WHOLE, score__model="null").steps[0].options["model"] is None


def test_all_mistakes_are_told_together(tmp_path: Path) -> None:
    text = WHOLE.replace('data: "{data}",', 'data: "{data}", ordr: 2, metrc: surface,')
    text = text.replace('epochs: "', 'epoch: "')
    text += '  - train: {shards: "{output}/s", output: "{output}/r", leraning_rate: 1}\n'
    with pytest.raises(HardnessError) as caught:
        read(tmp_path, text, nothing="1", shards__ordr="x")
    told = [line.strip() for line in str(caught.value).splitlines()]
    assert told[0] == "6 settings are wrong:"
    assert [line.rpartition("got ")[2].partition(";")[0] for line in told[1:]] == [
        *("'shards.ordr'", "'nothing'", "'metrc'", "'ordr'", "'epoch'", "'leraning_rate'"),
    ]
    lines = [line.split("recipe.yaml:")[1].split(":")[0] for line in told[3:]]
    assert lines == ["7", "7", "9", "10"]


@pytest.mark.parametrize("name", ["epoch", "build.order", "nothing.order"])
def test_change_of_what_is_not_there_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(HardnessError, match=r"set must name one of .*shards\.OPTION.*, got"):
        read(tmp_path, WHOLE, **{name.replace(".", "__"): "1"})


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("  output: out\n", "", r"settings must name the folder `output`"),
        ("  - score:", "  - scor:", r":7: key must be one of .*did you mean 'score'"),
        ("- score: {", "- score: {metric: perplexty, ", r":7: metric must be .*'perplexity'"),
        ("- score: {", "- score: {folds: 3, ", r":7: key must be one of .*, got 'folds'; leave"),
        ("table:", "tabel:", r":9: key must be one of .*did you mean 'table'"),
        ('table: "{output}/t", ', "", r":9: build must have the option table, got none"),
        ('"{data}"', '"{date}"', r":7: setting must be one of data, epochs, output, got {date}"),
        ("    build: {", "    build: 7 #", r":9: build must have options, got 7"),
        ("name: shards", "name: score", r":8: step must have a name of its own, got 'score'"),
        (
            "    build:",
            "    train: {}\n    build:",
            r":8: step must be one of .*, got train and build",
        ),
        ('"{output}/t"}\n  - name', '"elsewhere"}\n  - name', r":7: output of score must lie in"),
        (
            '"{output}/t"}\n  - name',
            '"{output}/../t"}\n  - name',
            r":7: output of score must lie in",
        ),
        ("output: out\n", "output:\n", r":5: output must be the name of a folder, got None"),
        ("steps:", "zteps:", r"key must be one of settings, steps, got 'zteps'"),
    ],
    ids=lambda value: None,
)
def test_mistakes_are_told_with_their_line(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    assert old in WHOLE
    with pytest.raises(HardnessError, match=message):
        read(tmp_path, WHOLE.replace(old, new))


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ("build: {table: out/t, order: up, output: out/s}", "order must be one of .*, got 'up'"),
        ("build: {table: out/t, curriculum: none, output: out/s}", "curriculum must be a YAML fi"),
        ("build: {table: out/t, select: 'between:1,0', output: out/s}", "a must be below b"),
        ("train: {shards: out/s, lr: -1, output: out/r}", "lr must be a number above 0, got -1"),
        ("train: {shards: out/s, model: none, output: out/r}", "model must be 'tiny' or the fol"),
        ("score: {data: a.jsonl, order: 9, output: out/t}", "order must be 1 to 5, got 9"),
        ("score: {data: a.jsonl, metric: pvi, output: out/t}", "model must be the folder of a l"),
    ],
)
def test_values_that_no_data_could_suit_are_told_with_their_line(
    tmp_path: Path, step: str, message: str
) -> None:
    with pytest.raises(HardnessError, match=rf"recipe\.yaml:10: {message}"):
        read(tmp_path, f"{WHOLE}  - {{name: last, {step}}}\n")


@pytest.mark.parametrize(
    "step",
    [
        "train: {shards: out/s, model: out/run/model, output: out/r}",
        "score: {data: a.jsonl, metric: pvi, model: out/run/model, output: out/t}",
        "score: {data: a.jsonl, tokenizer: 'hf:out/run/model', output: out/t}",
        "build: {table: out/t, order: null, epochs: null, output: out/s}",
    ],
)
def test_what_another_step_makes_need_not_be_there(tmp_path: Path, step: str) -> None:
    assert len(read(tmp_path, f"{WHOLE}  - {{name: last, {step}}}\n").steps) == 3
