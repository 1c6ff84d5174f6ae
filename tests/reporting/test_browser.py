"""The page in a browser: nothing fails, nothing is fetched, and what is clicked follows."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import hardness
from tests.reporting.scored import make_table, map_columns, plain_texts
from tests.reporting.test_curves import make_run
from tests.reporting.test_report import EVIL

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
COUNT = 400
PATIENCE_MS = 60_000
MARKED = 7
"""A row whose text would be a script."""


@dataclass
class Opened:
    """A page that is drawn, and what it said and asked for on the way."""

    page: Page
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    @property
    def status(self) -> str:
        return self.page.locator(".status").inner_text()

    @property
    def rows(self) -> list[int]:
        cells = self.page.locator(".records tbody tr td:first-child").all_inner_texts()
        return [int(cell.replace(",", "")) for cell in cells]

    def says(self, words: str) -> None:
        """Wait until the status does."""
        from playwright.sync_api import expect

        expect(self.page.locator(".status")).to_contain_text(words, timeout=PATIENCE_MS)

    def point(self, index: int) -> tuple[float, float]:
        """Where the middle of a point of the map is on the screen."""
        box = self.page.locator("#map-0 .points_marks path").nth(index).bounding_box()
        assert box is not None
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    path = os.environ.get("HARDNESS_TEST_CHROMIUM") or next(
        filter(None, map(shutil.which, NAMES)), ""
    )
    if not path:
        pytest.skip(f"needs one of {', '.join(NAMES)}; or set HARDNESS_TEST_CHROMIUM")
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    texts = plain_texts(COUNT)
    texts[MARKED] = EVIL
    table = make_table(folder, texts, label=["</select><img src=x>", "no", "perhaps"])
    make_run(folder / EVIL.replace("/", "_"))
    hardness.report(table.path, runs=[folder], output=folder / "report.html")
    return folder / "report.html"


def open_page(browser: Browser, path: Path, **options: Any) -> Opened:
    page = browser.new_page(reduced_motion="reduce", **options)
    opened = Opened(page)
    page.on("console", lambda message: opened.said.append(message.text))
    page.on("pageerror", lambda error: opened.said.append(str(error)))
    page.on("request", lambda request: opened.asked.append(request.url))
    page.goto(path.as_uri())
    page.wait_for_function("document.documentElement.dataset.state", timeout=PATIENCE_MS)
    return opened


@pytest.fixture(scope="module")
def shared(browser: Browser, report: Path) -> Iterator[Opened]:
    opened = open_page(browser, report, viewport={"width": 1200, "height": 1000})
    yield opened
    opened.page.close()


@pytest.fixture
def opened(shared: Opened) -> Opened:
    """The page with its map in sight and its filters reset."""
    # So that what the status says is what it says after the reset, which comes a little later.
    shared.page.evaluate("document.querySelector('.status').textContent = ''")
    shared.page.get_by_role("button", name="Reset filters").click()
    shared.page.evaluate("document.getElementById('map').scrollIntoView()")
    shared.says(f"{COUNT} of {COUNT} records.")
    return shared


def test_the_page_is_drawn_without_an_error_or_a_request(shared: Opened, report: Path) -> None:
    assert shared.said == []
    assert shared.asked == [report.as_uri()]
    assert shared.page.evaluate("document.documentElement.dataset.state") == "drawn"
    charts = shared.page.locator(".chart").count()
    assert shared.page.locator(".chart svg").count() == charts > 10


def test_texts_that_would_be_scripts_are_shown(opened: Opened) -> None:
    opened.page.get_by_label("Find").fill("window.hacked")
    assert opened.rows == [MARKED]
    assert "onerror=" in opened.page.locator(".records td.text").inner_text()
    assert opened.page.evaluate("window.hacked") is None
    assert opened.page.locator("img").count() == 0


def test_hovering_over_a_point_tells_its_text_label_and_scores(opened: Opened) -> None:
    opened.page.mouse.move(*opened.point(MARKED))
    tip = opened.page.locator("#vg-tooltip-element.visible")
    tip.wait_for(timeout=PATIENCE_MS)
    said = tip.inner_text()
    for expected in ("window.hacked", "no", "confidence", "variability", "perplexity"):
        assert expected in said
    assert opened.page.evaluate("window.hacked") is None
    assert opened.page.locator("#vg-tooltip-element img").count() == 0


def test_a_click_keeps_the_records_nearby_and_reset_brings_all_back(opened: Opened) -> None:
    opened.page.mouse.click(*opened.point(30))
    opened.says("near the place")
    kept = opened.rows
    row = [row for row, value in enumerate(map_columns(COUNT)["confidence"]) if value][30]
    assert row in kept
    assert len(kept) < 20
    opened.page.get_by_role("button", name="Reset filters").click()
    opened.says(f"{COUNT} of {COUNT} records.")


def test_a_drag_keeps_the_records_of_the_area(opened: Opened) -> None:
    # The lower half of the map, from one side to the other.
    view = "document.querySelector('#map-0 .background').getBoundingClientRect()"
    left, top, width, height = opened.page.evaluate(f"(r => [r.x, r.y, r.width, r.height])({view})")
    mouse = opened.page.mouse
    mouse.move(left + 1, top + height / 2)
    mouse.down()
    mouse.move(left + width - 1, top + height - 1, steps=4)
    mouse.up()
    opened.says("in the area")
    count = int(opened.status.split(" ")[0])
    confidence = map_columns(COUNT)["confidence"]
    assert abs(count - sum(value is not None and value < 0.5 for value in confidence)) <= 3
    mouse.click(left + width - 3, top + 3)
    opened.says(f"{COUNT} of {COUNT} records.")


def test_controls_filter_and_sort(opened: Opened) -> None:
    page = opened.page
    confidence = map_columns(COUNT)["confidence"]
    known = [row for row, value in enumerate(confidence) if value is not None]
    assert opened.rows == sorted(known, key=lambda row: confidence[row])[:20]
    page.locator("select[name=label]").select_option("no")
    assert opened.rows == sorted((r for r in known if r % 3 == 1), key=lambda r: confidence[r])[:20]
    page.locator("select[name=region]").select_option("easy to learn")
    assert {row for row in opened.rows if confidence[row] < 0.6} == set()
    page.locator("select[name=label]").select_option("all")
    assert 0.3 * COUNT < int(opened.status.split(" ")[0]) < 0.35 * COUNT
    page.locator("select[name=region]").select_option("all")
    page.locator("select[name=sort]").select_option("place in the data")
    assert opened.rows == list(range(20))
    page.get_by_role("button", name="Show more").click()
    assert opened.rows == list(range(40))


def test_the_table_is_used_by_keyboard(opened: Opened) -> None:
    page = opened.page
    page.locator("select[name=sort]").select_option("place in the data")
    page.get_by_role("button", name="Reset filters").focus()
    page.keyboard.press("Tab")
    active = "document.activeElement.cells?.[0].innerText"
    first = page.evaluate(active)
    assert first == "0"
    page.locator("#map-0 .layer_1_marks path").wait_for(timeout=PATIENCE_MS)  # the ring, just one
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert page.evaluate(active) == "2"
    page.keyboard.press("End")
    assert page.evaluate(active) == "19"
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    assert "near the place" in opened.status
    assert 0 in opened.rows
    assert page.evaluate("document.activeElement.tagName") == "TR"


def test_controls_have_names_and_figures_descriptions(shared: Opened) -> None:
    page = shared.page
    nameless = page.evaluate(
        "[...document.querySelectorAll('input, select, button')]"
        ".filter((e) => !e.labels?.length && !e.innerText.trim()).length"
    )
    assert nameless == 0
    labels = page.locator(".chart svg").evaluate_all(
        "(all) => all.map((svg) => svg.querySelector('[aria-label]')?.ariaLabel ?? svg.ariaLabel)"
    )
    assert labels
    assert all(labels)
    assert page.locator("h1").count() == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_and_ground_follow_the_theme(browser: Browser, report: Path, scheme: str) -> None:
    opened = open_page(browser, report, color_scheme=scheme)
    style = "getComputedStyle(document.querySelector('%s'))"
    ground = opened.page.evaluate(f"{style % 'body'}.backgroundColor")
    text = opened.page.evaluate(f"{style % '#map-0 .role-axis-label text'}.fill")
    assert (_light(ground), _light(text)) == ((True, False) if scheme == "light" else (False, True))
    opened.page.emulate_media(media="print")
    assert _light(opened.page.evaluate(f"{style % 'body'}.backgroundColor"))
    opened.page.emulate_media(media="screen")
    button = opened.page.get_by_role("button", name="Theme")
    for expected in ("light", "dark", "system"):
        button.click()
        assert button.inner_text() == f"Theme: {expected}"
        light = _light(opened.page.evaluate(f"{style % 'body'}.backgroundColor"))
        assert light == ((expected if expected != "system" else scheme) == "light")
    opened.page.close()


def _light(colour: str) -> bool:
    red, green, blue = (int(part) for part in colour[4:-1].split(",")[:3])
    return red + green + blue > 3 * 127


@pytest.mark.parametrize("width", [340, 760, 1900])
def test_no_width_makes_the_page_scroll_sideways(
    browser: Browser, report: Path, width: int
) -> None:
    opened = open_page(browser, report, viewport={"width": width, "height": 800})
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
    assert opened.said == []
    opened.page.close()


@pytest.mark.parametrize("width", [420, 770, 800, 1030, 1280])
def test_no_width_puts_what_a_column_is_out_of_sight(
    browser: Browser, report: Path, width: int
) -> None:
    page = open_page(browser, report, viewport={"width": width, "height": 800}).page
    told = page.locator(".described td.text").all()
    assert told
    for cell in told:
        box = cell.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        assert box["width"] > 200
    page.close()


@pytest.mark.parametrize("tables", [1, 3])
@pytest.mark.parametrize("width", [400, 800, 1200])
def test_no_width_cuts_a_link_and_links_lead_to_titles_in_sight(
    browser: Browser, tmp_path: Path, width: int, tables: int
) -> None:
    table = make_table(tmp_path, plain_texts(20), cartography=False)
    hardness.report([table.path] * tables, output=tmp_path / "report.html")
    viewport = {"width": width, "height": 900}
    page = open_page(browser, tmp_path / "report.html", viewport=viewport).page
    bars = "[...document.querySelectorAll('.top, .top nav')]"
    fits = "(bar) => bar.scrollWidth <= bar.clientWidth && bar.scrollHeight <= bar.clientHeight"
    assert page.evaluate(f"{bars}.every({fits})")
    assert page.locator("nav .of").count() == (tables + 1 if tables > 1 else 0)
    for link in page.locator("nav a").all():
        link.click()
        page.wait_for_timeout(50)
        title = page.locator(f"{link.get_attribute('href')}-title").bounding_box()
        header = page.locator(".top").bounding_box()
        assert title is not None
        assert header is not None
        assert max(0, header["y"] + header["height"]) <= title["y"] < 850
    page.close()
