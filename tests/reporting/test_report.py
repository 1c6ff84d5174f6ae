"""The page and the files of figures: what is in them, and what is refused."""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hardness
from hardness.errors import HardnessError
from hardness.io.atomic import atomic_path
from hardness.io.dataset import open_dataset
from hardness.io.digest import file_digest
from hardness.io.storage import locate
from hardness.io.table import create_table
from hardness.reporting.page import embedded
from hardness.reporting.records import LABEL_CHARACTERS, MOST_SCORES, TEXT_CHARACTERS
from tests.paths import local
from tests.reporting.scored import (
    make_table,
    map_columns,
    perplexities,
    plain_texts,
    write_data,
    write_metric,
)
from tests.reporting.test_curves import make_run
from tests.reporting.test_figures import shards_of

COUNT = 120
EVIL = (
    "</script><script>window.hacked = 1</script>"
    '<img src=x onerror="window.hacked = 1"> &amp; \u2028'
)


class Page(HTMLParser):
    """The sections of a page with what stands in them, and its data."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.sections: dict[str, str] = {}
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._section = self._script = ""
        self.scripts: dict[str, str] = {}
        self.feed(path.read_text(encoding="utf-8"))
        self.data = json.loads(self.scripts["report-data"])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append((tag, found))
        if tag == "section":
            self._section = str(found["id"])
        if tag == "script":
            self._script = found.get("id") or f"script-{len(self.scripts)}"

    def handle_endtag(self, tag: str) -> None:
        if tag == "section":
            self._section = ""
        if tag == "script":
            self._script = ""

    def handle_data(self, data: str) -> None:
        if self._script:
            self.scripts[self._script] = self.scripts.get(self._script, "") + data
        elif self._section:
            self.sections[self._section] = self.sections.get(self._section, "") + data


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return local(make_table(tmp_path, plain_texts(COUNT)).path)


def page_of(tmp_path: Path, *arguments: Any, **options: Any) -> Page:
    hardness.report(*arguments, output=tmp_path / "report.html", **options)
    return Page(tmp_path / "report.html")


def test_a_page_has_every_section(tmp_path: Path, table: Path) -> None:
    make_run(tmp_path / "runs" / "a")
    shards = shards_of(tmp_path / "shards", np.linspace(0, 1, 90))
    page = page_of(tmp_path, table, runs=[tmp_path / "runs"], shards=[shards.path])
    written = (tmp_path / "report.html").read_bytes()
    same = tmp_path / "same.html"
    hardness.report([table], runs=str(tmp_path / "runs"), shards=str(shards.path), output=same)
    assert same.read_bytes() == written
    assert list(page.sections) == [
        "scores", "map", "records", "histograms", "correlation", "examples", "suspects",
        "curriculum", "weights", "curves",
    ]  # fmt: skip
    assert "hardness train shards -o run" not in page.sections["curves"]
    drawn = [figure["id"] for figure in page.data["figures"]]
    assert drawn == [
        attrs["id"] for tag, attrs in page.tags if "chart" in (attrs.get("class") or "")
    ]
    assert {"map-0", "correlation-0", "curriculum-0", "weights-0", "curves-0"} <= set(drawn)


def test_what_is_not_there_is_a_line_with_its_command(tmp_path: Path) -> None:
    table = make_table(tmp_path, plain_texts(COUNT), cartography=False)
    page = page_of(tmp_path, table.path)
    score = "hardness score data.jsonl --metric"
    assert f"{score} cartography --proxy linear" in page.sections["map"]
    assert f"{score} cartography --proxy linear" in page.sections["examples"]
    assert f"{score} cartography --proxy linear" in page.sections["suspects"]
    assert f"{score} ngram-pvi" in page.sections["correlation"]
    assert "hardness build data.hardness --order ascending -o shards" in page.sections["curriculum"]
    assert "hardness train shards -o run" in page.sections["curves"]
    assert "map-0" not in [figure["id"] for figure in page.data["figures"]]
    assert page.data["explorers"][0]["map"] is None


def test_records_have_their_own_texts_labels_and_scores(tmp_path: Path, table: Path) -> None:
    (explorer,) = page_of(tmp_path, table).data["explorers"]
    data = explorer["data"]
    fields = {column["title"]: column["field"] for column in explorer["columns"]}
    assert data["row"] == list(range(COUNT))
    assert data["text"] == plain_texts(COUNT)
    assert data["label"][:4] == ["yes", "no", "perhaps", "yes"]
    assert data["suggested"] == map_columns(COUNT)["suggested"]
    for title, expected in (
        ("perplexity", perplexities(COUNT)["perplexity"]),
        ("cartography.variability", map_columns(COUNT)["variability"]),
    ):
        found = data[fields[title]]
        assert [value is None for value in found] == [value is None for value in expected]
        known = [(a, b) for a, b in zip(found, expected, strict=True) if b is not None]
        assert all(a == pytest.approx(b, rel=1e-3) for a, b in known)


def test_examples_are_those_at_the_ends(tmp_path: Path, table: Path) -> None:
    page = page_of(tmp_path, table, by="perplexity")
    scores = perplexities(COUNT)["perplexity"]
    known = sorted((row for row, score in enumerate(scores) if score), key=lambda row: scores[row])
    said = re.findall(r"record (\d+)", page.sections["examples"])
    variable = map_columns(COUNT)["variability"]
    ambiguous = sorted((row for row, v in enumerate(variable) if v), key=lambda row: -variable[row])
    assert [int(row) for row in said] == [*known[:10], *ambiguous[:10], *known[:-11:-1]]


def test_suspects_are_those_of_the_command(tmp_path: Path, table: Path) -> None:
    page = page_of(tmp_path, table)
    found = hardness.suspects(table, top=20)
    said = re.findall(r"record (\d+)", page.sections["suspects"])
    assert [int(row) for row in said] == found.rows[:20].tolist()
    assert f"{found.disagreeing} of {len(found.rows)} records" in page.sections["suspects"]


def test_without_labels_nothing_is_suspected(tmp_path: Path) -> None:
    table = make_table(tmp_path, plain_texts(30), label=None)
    page = page_of(tmp_path, table.path)
    assert "--label NAME" in page.sections["suspects"]
    assert "label" not in page.data["explorers"][0]["data"]


def test_tables_and_pages_may_be_in_stores(tmp_path: Path, table: Path, memory: str) -> None:
    for path in sorted(path for path in table.rglob("*") if path.is_file()):
        target = locate(f"{memory}/data.hardness/{path.relative_to(table).as_posix()}")
        with atomic_path(target) as temporary:
            temporary.write_bytes(path.read_bytes())
    for source, target in (
        (table, tmp_path / "a.html"),
        (f"{memory}/data.hardness", f"{memory}/a.html"),
    ):
        for _ in range(2):  # a report may be replaced
            hardness.report(source, output=target, text=False)
    stored = locate(f"{memory}/a.html").read_text(encoding="utf-8")
    assert stored == (tmp_path / "a.html").read_text(encoding="utf-8")


def test_the_same_table_gives_the_same_bytes(tmp_path: Path, table: Path) -> None:
    hardness.report(table, output=tmp_path / "one.html")
    hardness.report(table, output=tmp_path / "one.html")  # a report may be replaced
    code = (
        f"import hardness; hardness.report({str(table)!r}, output={str(tmp_path / 'two.html')!r})"
    )
    env = {**os.environ, "POLARS_MAX_THREADS": "1", "PYTHONHASHSEED": "7"}
    subprocess.run([sys.executable, "-c", code], check=True, env=env, timeout=120)
    assert (tmp_path / "one.html").read_bytes() == (tmp_path / "two.html").read_bytes()


def test_no_text_of_the_data_is_markup(tmp_path: Path) -> None:
    table = make_table(tmp_path, [EVIL] * 30, label=[EVIL])
    page = page_of(tmp_path, table.path)
    assert [attrs for tag, attrs in page.tags if tag == "img"] == []
    assert sum(tag == "script" for tag, _ in page.tags) == 3
    assert page.data["explorers"][0]["data"]["text"][0] == " ".join(EVIL.split())
    assert "window.hacked" in page.sections["examples"]


def test_embedded_json_is_the_value_and_nothing_else() -> None:
    value = {EVIL: [EVIL, "<!--", "]]>", None, 1.5]}
    text = str(embedded(value))
    assert json.loads(text) == value
    assert not set("<>&\u2028") & set(text)


def test_nothing_is_fetched_and_only_the_own_scripts_may_run(tmp_path: Path, table: Path) -> None:
    page = page_of(tmp_path, table)
    (policy,) = [a["content"] for tag, a in page.tags if a.get("http-equiv")]
    assert policy is not None
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe-eval" not in policy
    for _, attrs in page.tags:
        assert not (attrs.get("src") or "").startswith(("http", "//"))
        assert not (attrs.get("href") or "").startswith(("http", "//"))


def test_pages_stay_small_however_long_the_texts(tmp_path: Path) -> None:
    texts: list[str | None] = ["<" * 5_000 for _ in range(4_000)]
    table = make_table(tmp_path, texts, label=["&" * 500])
    page = page_of(tmp_path, table.path)
    assert (tmp_path / "report.html").stat().st_size < 10_000_000
    data = page.data["explorers"][0]["data"]
    assert 2_500 < len(data["row"]) < 3_200
    assert {len(text) for text in data["text"]} == {TEXT_CHARACTERS}
    assert {len(label) for label in data["label"]} == {LABEL_CHARACTERS}


def test_scores_may_be_infinite_or_missing(tmp_path: Path) -> None:
    path = write_data(tmp_path / "d.jsonl", ["a", "b", "c", None], None)
    with open_dataset(path) as dataset:
        table = create_table(tmp_path / "d.hardness", dataset)
        columns = {"m": [math.inf, 1.0, None, 2.0], "gone": [None, None, None, -math.inf]}
        write_metric(table, dataset, "m", columns, dict.fromkeys(columns, "higher"))
    page = page_of(tmp_path, table.path)
    assert page.data["explorers"][0]["data"]["c0"] == [None, 1.0, None, 2.0]
    assert "∞" in page.sections["examples"]


def test_a_single_record_makes_a_page(tmp_path: Path) -> None:
    page = page_of(tmp_path, make_table(tmp_path, ["only"]).path)
    assert page.data["explorers"][0]["data"]["text"] == ["only"]


def test_several_tables_have_a_chapter_each(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        make_table(tmp_path / name, plain_texts(40), cartography=name == "a")
    page = page_of(tmp_path, [tmp_path / name / "data.hardness" for name in ("a", "b")])
    ids = [attrs["id"] for _, attrs in page.tags if attrs.get("id")]
    assert len(ids) == len(set(ids))
    assert {"t1-map", "t2-map", "curves"} <= page.sections.keys()
    assert [e["name"] for e in page.data["explorers"]] == ["t1-records", "t2-records"]
    assert page.data["explorers"][0]["map"]["figure"] == "t1-map-0"


def test_without_texts_the_data_need_not_be_there(tmp_path: Path, table: Path) -> None:
    (tmp_path / "data.jsonl").unlink()
    page = page_of(tmp_path, table, text=False)
    assert "text" not in page.data["explorers"][0]["data"]
    assert "record 1" not in page.sections["examples"]
    with pytest.raises(HardnessError, match="data must be where it was scored"):
        hardness.report(table, output=tmp_path / "report.html")


def test_runs_alone_make_a_page(tmp_path: Path) -> None:
    make_run(tmp_path / "run")
    assert list(page_of(tmp_path, runs=[tmp_path / "run"]).sections)[-1] == "curves"


@pytest.mark.parametrize(("format", "start"), [("svg", b"<svg"), ("png", b"\x89PNG")])
def test_figures_are_files(tmp_path: Path, table: Path, format: str, start: bytes) -> None:
    result = hardness.report(table, output=tmp_path / "figures", format=format)
    files = {path.name: path.read_bytes() for path in (tmp_path / "figures").iterdir()}
    assert set(result.files) == files.keys()
    assert {f"data-map.{format}", f"correlation.{format}", f"weights-s-loss.{format}"} <= set(files)
    assert all(content.startswith(start) for content in files.values())
    assert sum(map(len, files.values())) == result.bytes
    if format == "svg":
        points = re.findall(
            r'<path[^>]*aria-hidden="true"[^>]*fill="rgb', files["data-map.svg"].decode()
        )
        assert len(points) == COUNT - len(range(19, COUNT, 19))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"format": "pdf"}, r"format must be one of html, png, svg, got 'pdf'"),
        ({"output": "data.jsonl"}, r"output must be a new file or a report, got data.jsonl"),
        ({"output": "data.hardness"}, r"output must be a file for html, got the folder"),
        (
            {"output": "data.jsonl", "format": "png"},
            r"output must be a folder for png, got the file",
        ),
        ({"by": "perplexity.n_tokens"}, r"column must be a score of perplexity"),
        ({"by": "nothing"}, r"metric must be one of cartography, perplexity"),
        ({"runs": ["."]}, r"folder must hold runs"),
        ({"shards": ["data.hardness"]}, r"shards must be a folder that `hardness build` wrote"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, dict) else "",
)
def test_what_cannot_be_is_refused(
    table: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], message: str
) -> None:
    monkeypatch.chdir(table.parent)
    before = sorted(table.parent.rglob("*"))
    with pytest.raises(HardnessError, match=message):
        hardness.report("data.hardness", **options)
    assert sorted(table.parent.rglob("*")) == before


def test_nothing_to_show_is_refused() -> None:
    with pytest.raises(HardnessError, match="report must be given a table, runs or shards"):
        hardness.report()


def test_a_map_is_drawn_of_tables_with_many_columns(tmp_path: Path) -> None:
    table = make_table(tmp_path, plain_texts(40))
    with table.dataset() as dataset:
        columns: dict[str, list[Any]] = {f"a{i:02}": list(range(40)) for i in range(30)}
        write_metric(table, dataset, "a", columns, dict.fromkeys(columns, "higher"))
    page = page_of(tmp_path, table.path)
    (explorer,) = page.data["explorers"]
    assert len(explorer["columns"]) == MOST_SCORES
    titles = {column["field"]: column["title"] for column in explorer["columns"]}
    assert titles[explorer["map"]["x"]] == "cartography.variability"
    assert titles[explorer["map"]["y"]] == "cartography.confidence"


def test_scores_of_a_reference_are_told_from_leave_one_out(tmp_path: Path) -> None:
    data = write_data(tmp_path / "data.jsonl", plain_texts(30), None)
    (tmp_path / "other.jsonl").write_text(data.read_text() + '{"text": "one more"}\n')
    reference = str(tmp_path / "other.jsonl")
    tables = [
        hardness.score(data, output=tmp_path / "alone").table,
        hardness.score(data, output=tmp_path / "against", reference=reference).table,
    ]
    page = page_of(tmp_path, [table.path for table in tables])
    alone, against = (" ".join(page.sections[f"t{i}-scores"].split()) for i in (1, 2))
    digest = file_digest(reference)[:8]
    assert "perplexity order 3, tokenizer words, holdout record" in alone
    assert f"perplexity order 3, tokenizer words, reference {digest}" in against
    assert digest not in alone
    assert str(tmp_path) not in against
