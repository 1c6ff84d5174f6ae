"""The page: sections and their data as one HTML file that asks for nothing else.

Whatever comes from data is escaped: by jinja2 in the text, by `embedded` in the JSON, and as text
nodes by the script. Besides, the page's content security policy names the two scripts that may run
by their digests, so a script that came in with the data would not; and nothing may be fetched.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from typing import Any

import jinja2
import vl_convert
from markupsafe import Markup, escape

from hardness import __version__
from hardness.reporting.figure import Figure, Words, schema_version
from hardness.reporting.theme import AMBIGUOUS, EASY, HARD

MARK = "<!doctype html>\n<!-- hardness report -->\n"
"""How every report begins, so that no other file is replaced by one."""


@dataclass(frozen=True, kw_only=True)
class Lacking:
    """Why something is not there, and the command that makes it."""

    why: str
    command: str


@dataclass(frozen=True, kw_only=True)
class Explorer:
    """The records that can be searched, sorted and filtered; see page.js.

    Attributes:
        name: of their data.
        columns: `field`, `title` and `harder` of each column of scores.
        data: field to values: `row`, perhaps `label` and `text`, and those of `columns`.
        of: how many records they are a sample of.
        map: what ties them to a data map: the names of its fields and the thresholds of its
            regions; None without a map.
    """

    name: str
    columns: Sequence[Mapping[str, Any]]
    data: Mapping[str, Sequence[Any]]
    of: int
    map: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of the page.

    Attributes:
        id: of the element, for links.
        title: a few words.
        lead: what one sees here, and what to do with it.
        figures, words, lacking, explorer: what is in it.
    """

    id: str
    title: str
    lead: str
    figures: Sequence[Figure] = ()
    words: Sequence[Words] = ()
    lacking: Sequence[Lacking] = ()
    explorer: Explorer | None = None


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """The sections of one table, or of what no table has."""

    title: str
    about: str
    sections: Sequence[Section] = field(default_factory=list)


def render(title: str, chapters: Sequence[Chapter]) -> str:
    """The page.

    Args:
        title: of the page.
        chapters: in order; ids of sections and names of figures differ within the page.
    """
    drawn = [
        {"id": f"{section.id}-{index}", "spec": figure.on_page(), "data": figure.data}
        for chapter in chapters
        for section in chapter.sections
        for index, figure in enumerate(section.figures)
    ]
    explorers = [
        {
            "name": section.explorer.name,
            "section": section.id,
            "columns": section.explorer.columns,
            "data": section.explorer.data,
            "of": section.explorer.of,
            "map": section.explorer.map,
        }
        for chapter in chapters
        for section in chapter.sections
        if section.explorer is not None
    ]
    library, own = vega(), _asset("page.js")
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_asset),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["code"] = _with_code
    return MARK + environment.get_template("page.html").render(
        title=title,
        chapters=chapters,
        version=__version__,
        style=Markup(_asset("page.css")),
        library=Markup(library),
        own=Markup(own),
        policy=_policy(library, own),
        data=embedded({"figures": drawn, "explorers": explorers}),
        colours={"easy": EASY, "ambiguous": AMBIGUOUS, "hard": HARD},
    )


def embedded(value: Any) -> Markup:
    """JSON that can stand in a script element: no text of it ends the element or begins another."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


@lru_cache(maxsize=1)
def vega() -> str:
    """The libraries that draw: Vega, Vega-Lite and Vega-Embed, as one script."""
    script = vl_convert.javascript_bundle(
        "window.vegaEmbed = vegaEmbed;", vl_version=schema_version()
    )
    return script.replace("</script", "<\\/script")  # which would end the element


def _with_code(text: str) -> Markup:
    """Words in backticks as code; everything is escaped."""
    pieces = [
        Markup("<code>{}</code>").format(piece) if index % 2 else escape(piece)
        for index, piece in enumerate(text.split("`"))
    ]
    return Markup("").join(pieces)


def _policy(*scripts: str) -> str:
    """A content security policy under which these scripts run and nothing is fetched."""
    digests = [
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
        for script in scripts
    ]
    return (
        f"default-src 'none'; script-src {' '.join(digests)}; style-src 'unsafe-inline'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _asset(name: str) -> str:
    return (resources.files("hardness.reporting") / name).read_text(encoding="utf-8")
