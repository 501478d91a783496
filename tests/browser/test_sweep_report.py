"""The page of a sweep in a browser, from a file: it is whole, and its parts know of each other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from sweep.found import STUDY, write_found

from accsim.cli.main import cli
from accsim.study import Axis

from .conftest import Opened, PageAt, open_page

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator

EVIL = "<img src=x onerror=alert(1)>"
"""As the name of an axis."""

REPORT = "point-1-00000001.html"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the small sweep, beside something that goes by the name of a full report."""
    folder = tmp_path_factory.mktemp("folder_of_somebody")
    evil = Axis(EVIL, ("chip.array.rows", "chip.array.columns"), ((16, 16), (32, 32)))
    store = write_found(folder / "s.sqlite", replace(STUDY, axes=(*STUDY.axes[:2], evil)))
    (folder / REPORT).write_text("a full report")
    words = ["sweep", "report", str(store), "-o", str(folder / "r.html")]
    done = CliRunner().invoke(cli, words)
    assert done.exit_code == 0, done.output
    return folder / "r.html"


@pytest.fixture(scope="module")
def opened(browser: Browser, report: Path) -> Iterator[Opened]:
    """One page for all tests, since it takes a second to open: each chooses what it looks at."""
    made = open_page(browser, report)
    made.page.wait_for_selector("#lines-chart svg")
    yield made
    made.page.context.close()


def marks(opened: Opened) -> Locator:
    return opened.page.locator("#pareto-chart .point")


def listed(opened: Opened) -> list[str]:
    """The points in the table, from above."""
    found: list[str] = opened.page.locator("#points-table tbody th").all_text_contents()
    return found


def chosen(opened: Opened) -> str:
    return opened.page.locator("#chosen h3").first.text_content() or ""


def test_a_page_asks_for_nothing_and_complains_of_nothing(opened: Opened) -> None:
    assert opened.requests == []
    assert opened.faults == []


def test_names_are_text(opened: Opened) -> None:
    assert opened.page.locator("img").count() == 0
    assert opened.page.locator("#plane-x option").all_text_contents()[1] == EVIL
    assert opened.page.locator("#points-table thead").get_by_text(EVIL).count() == 1


def test_all_charts_have_marks(opened: Opened) -> None:
    # Four points, and the ring around the chosen one.
    assert marks(opened).count() == 5
    assert opened.page.locator("#lines-chart path").count() == 4
    assert opened.page.locator("#lines-chart path.front").count() == 3
    assert opened.page.locator("#share-chart .point").count() == 4
    for number in range(4):
        assert opened.page.locator(f"#level-chart-{number} .point").count() >= 2


def test_first_the_best_point_is_chosen(opened: Opened) -> None:
    opened.page.reload()
    assert chosen(opened) == "Point #3, on the Pareto front"


def test_a_click_on_a_mark_shows_its_point_everywhere(opened: Opened) -> None:
    # Of the other points, drawn first, there is one.
    marks(opened).first.click(force=True)
    assert chosen(opened) == "Point #2"
    told = opened.page.locator("#chosen").inner_text()
    for text in ("chip.memory.channels\n2", "ordinary.bound\narray", "key 00000002beef"):
        assert text in told
    command = "accsim sweep report s.sqlite -o reports --point 2"
    assert opened.page.locator("#chosen pre").text_content() == command
    assert opened.page.locator("#lines-chart .chosen-line").get_attribute("data-place") == "2"


def test_a_row_of_the_table_shows_its_point_with_a_link_to_its_report(opened: Opened) -> None:
    opened.page.select_option("#points-which", "all")
    opened.page.get_by_role("button", name="#1", exact=True).click()
    assert chosen(opened) == "Point #1, on the Pareto front"
    assert opened.page.locator("#points-table .chosen-row th").text_content() == "#1"
    link = opened.page.get_by_role("link", name="Full report of this point")
    assert link.get_attribute("href") == REPORT
    opened.page.get_by_role("button", name="#0", exact=True).click()
    assert link.count() == 0


def test_a_line_shows_its_point(opened: Opened) -> None:
    opened.page.locator("#lines-chart path[data-place='0']").dispatch_event("click")
    assert chosen(opened) == "Point #0, on the Pareto front"


def test_the_table_has_the_front_or_all_and_sorts_and_filters(opened: Opened) -> None:
    page = opened.page
    page.reload()
    assert listed(opened) == ["#3", "#1", "#0"]
    page.select_option("#points-which", "all")
    assert listed(opened) == ["#3", "#1", "#2", "#0"]
    head = page.locator("#points-table th", has_text="area_mm2")
    head.get_by_role("button").click()
    assert (head.get_attribute("aria-sort"), listed(opened)) == (
        "descending",
        ["#3", "#2", "#1", "#0"],
    )
    head.get_by_role("button").click()
    assert listed(opened) == ["#0", "#1", "#2", "#3"]
    page.fill("#points-filter", "ARRAY")
    assert listed(opened) == ["#2"]
    assert page.locator("#points-count").text_content() == "1 of 4"
    page.fill("#points-filter", "")


def test_levels_choose_the_lines_and_the_rows(opened: Opened) -> None:
    page = opened.page
    page.select_option("#points-which", "all")
    page.get_by_role("button", name="memory.channels 2", exact=True).click()
    assert page.locator("#lines-chart path").count() == 2
    assert sorted(listed(opened)) == ["#2", "#3"]
    assert page.locator("#lines-count").text_content() == "2 of 4 points"
    # The keyboard takes the level away again, and stays where it is.
    page.get_by_role("button", name="memory.channels 2", exact=True).press("Enter")
    assert page.locator("#lines-chart path").count() == 4
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "memory.channels 2"
    page.get_by_role("button", name="memory.channels 1", exact=True).click()
    page.get_by_role("button", name="all levels").click()
    assert page.locator("#lines-chart path").count() == 4


def test_the_chart_turns_to_other_figures(opened: Opened) -> None:
    page = opened.page
    page.select_option("#plane-x", label="memory.channels")
    page.select_option("#plane-y", label="ordinary.bound")
    axes = "() => { const l = document.getElementById('pareto-chart').layout;"
    axes += " return [l.xaxis.title.text, l.xaxis.type, l.yaxis.title.text, l.yaxis.type]; }"
    expected = ["memory.channels", "linear", "ordinary.bound", "category"]
    assert page.evaluate(axes) == expected
    placed = "() => document.getElementById('pareto-chart').data.map((one) => [...one.x])"
    marks(opened).first.click(force=True)
    assert page.evaluate(placed) == [[2], [1, 1, 2], [2]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_narrow_page_scrolls_down_only(page_at: PageAt, report: Path, scheme: str) -> None:
    narrow = page_at(report, width=390, height=800, color_scheme=scheme)
    narrow.page.wait_for_selector("#lines-chart svg")
    assert narrow.page.evaluate("document.documentElement.scrollWidth") == 390
    # Axes lie below each other.
    heights = narrow.page.locator("#lines-chart .axis").evaluate_all(
        "lines => lines.map((line) => line.getAttribute('y1') === line.getAttribute('y2'))"
    )
    assert heights == 4 * [True]
    marks(narrow).first.click(force=True)
    assert chosen(narrow) == "Point #2"
    assert narrow.faults == []
