"""The report of a run in a browser, from a file: it is whole, it works, and names are text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cli.conftest import CHIP, MODEL, WORKLOAD
from click.testing import CliRunner

from accsim.cli.main import cli

from .conftest import Opened, PageAt, open_page

if TYPE_CHECKING:
    from playwright.sync_api import Browser

EVIL = "</script><script>alert(1)</script>"
"""As the name of a chip; that of the workload is an image that cannot be loaded."""

CHARTS = ("gain", "causes", "roofline", "time", "energy")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a run on a chip with a hostile name, beside ``out/``."""
    folder = tmp_path_factory.mktemp("folder_of_somebody")
    (folder / "config.json").write_text(json.dumps(MODEL))
    (folder / "chip.yaml").write_text(CHIP.replace("pocket", f'"{EVIL}"'))
    (folder / "work.yaml").write_text(
        WORKLOAD.format(output_tokens=8)
        .replace("pocket_text", '"<img src=x onerror=alert(2)>"')
        .replace("made up", '"<b onclick=alert(3)>made up</b>"')
    )
    files = [str(folder / name) for name in ("chip.yaml", "work.yaml", "out", "report.html")]
    chip, workload, out, page = files
    done = CliRunner().invoke(cli, ["run", chip, workload, "--out", out, "--report", page])
    assert done.exit_code == 0, done.output
    return folder / "report.html"


@pytest.fixture(scope="module")
def text(report: Path) -> str:
    return report.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def opened(browser: Browser, report: Path) -> Iterator[Opened]:
    """One page for all tests, since it takes a second to open: each chooses what it looks at."""
    made = open_page(browser, report)
    made.page.wait_for_function("!document.getElementById('pass-timeline').inert")
    yield made
    made.page.context.close()


def choose(opened: Opened, run: str, text: str = "", table: str = "group") -> None:
    opened.page.select_option(f"#{table}-run", run)
    opened.page.fill(f"#{table}-filter", text)


def shown(opened: Opened, table: str, column: int = 1) -> list[str]:
    """The cells of a column (from 1) in the rows that are to be seen."""
    rows = f"#{table}-table tbody tr:not([hidden])"
    texts: list[str] = opened.page.locator(f"{rows} > :nth-child({column})").all_text_contents()
    return texts


def test_a_report_asks_for_nothing_and_complains_of_nothing(opened: Opened) -> None:
    assert opened.requests == []
    assert opened.faults == []


@pytest.mark.parametrize("chart", CHARTS)
def test_every_chart_has_marks(opened: Opened, chart: str) -> None:
    marks = opened.page.locator(f"[id^='{chart}-chart'] :is(.point, .js-line) ").count()
    assert marks >= 2


def test_the_answer_comes_first(opened: Opened) -> None:
    first = opened.page.locator("main p").first.text_content()
    assert first is not None
    assert first.startswith("two_heads decodes ")
    assert EVIL in first


def test_hostile_names_are_text(opened: Opened, text: str) -> None:
    assert opened.page.title() == f"<img src=x onerror=alert(2)> on {EVIL}"
    assert opened.page.locator("img, b[onclick]").count() == 0
    assert "<script>alert" not in text
    assert "<img" not in text[text.index("<body>") :]


def test_a_report_names_no_folder(report: Path, text: str) -> None:
    body = text[text.index("<body>") :]
    assert [part for part in report.parent.parts[1:] if f"{part}/" in body] == []
    assert "folder_of_somebody" not in text
    assert "accsim run chip.yaml work.yaml" in body


def test_a_column_sorts_falling_then_rising(opened: Opened) -> None:
    choose(opened, "ordinary")
    head = opened.page.locator("#group-table th", has_text="MACs").first
    found = []
    for _ in range(2):
        head.get_by_role("button").click()
        assert opened.page.locator("#group-table th[aria-sort]").count() == 1
        found.append((head.get_attribute("aria-sort"), shown(opened, "group")))
    (falling, down), (rising, up) = found
    assert (falling, rising) == ("descending", "ascending")
    # The widest matrices of the model are those of its 512 words.
    assert down[0] == up[-1] == "gate_up"
    assert down != up


def test_names_sort_from_a_to_z(opened: Opened) -> None:
    choose(opened, "ordinary")
    opened.page.locator("#group-table thead button").first.click()
    names = shown(opened, "group")
    assert names == sorted(names)
    assert len(names) > 5


def test_a_filter_leaves_the_rows_that_hold_its_text(opened: Opened) -> None:
    choose(opened, "ordinary", "NORM")
    assert sorted(shown(opened, "group")) == ["attn_norm", "ffn_norm", "final_norm"]
    assert opened.page.locator("#group-count").text_content() == "3 of 36"


def test_first_the_rows_of_the_answer_are_shown(opened: Opened) -> None:
    first = opened.page.locator("#group-run option").first
    choose(opened, first.get_attribute("value") or "nothing")
    assert set(shown(opened, "group", 2)) == {"two_heads"}
    choose(opened, "")
    assert set(shown(opened, "group", 2)) == {"ordinary", "two_heads"}


def test_every_operator_of_a_chosen_pass_can_be_listed(opened: Opened) -> None:
    opened.page.get_by_text("Operator by operator").click()
    choose(opened, "two_heads", "gate_up", table="operator")
    # The heads take the place of two of the three layers.
    assert shown(opened, "operator") == ["layers.0.gate_up", "heads.1.gate_up", "heads.2.gate_up"]


def test_an_operator_leads_to_its_place_in_the_timeline(opened: Opened) -> None:
    page = opened.page

    def window() -> list[str | None]:
        canvas = page.locator("#pass-timeline canvas")
        return [canvas.get_attribute(f"data-{end}") for end in ("from", "to")]

    choose(opened, "two_heads")
    before = window()
    page.locator("#group-table tr[data-run='two_heads'] button", has_text="lm_head").click()
    page.wait_for_selector("#pass-timeline .details dl")
    assert window() != before
    assert (
        page.locator("#pass-timeline select")
        .first.evaluate("choice => choice.selectedOptions[0].textContent")
        .startswith("two_heads")
    )


def test_the_timeline_is_searched(opened: Opened) -> None:
    opened.page.locator("#pass-timeline input").fill("lm_head")
    assert opened.page.locator("#pass-timeline .found").text_content() != "0 operators"


def test_a_label_leads_to_its_meaning(opened: Opened) -> None:
    term = opened.page.locator("a.term", has_text="TPOT").first
    assert "Time per output token" in (term.get_attribute("title") or "")
    target = opened.page.locator(term.get_attribute("href") or "")
    assert target.text_content() == "tpot_s; TPOT"


def test_everything_is_reached_and_seen_with_the_keyboard(opened: Opened) -> None:
    page = opened.page
    head = page.locator("#group-table thead th", has_text="roofline")
    head.get_by_role("button").focus()
    page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "ascending"
    page.keyboard.press("Tab")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_a_telephone(page_at: PageAt, report: Path, scheme: str) -> None:
    page = page_at(report, width=390, color_scheme=scheme).page
    for folded in page.locator("summary").all():
        folded.click()
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_dark_pages_are_dark_and_paper_is_white(page_at: PageAt, report: Path) -> None:
    page = page_at(report, color_scheme="dark").page
    colour = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(colour) == "rgb(20, 24, 29)"
    page.emulate_media(media="print")
    assert page.evaluate(colour) == "rgb(255, 255, 255)"


def test_the_first_key_skips_what_all_reports_have(page_at: PageAt, report: Path) -> None:
    page = page_at(report).page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"


def test_charts_fit_paper_and_come_back(opened: Opened) -> None:
    width = "document.querySelector('#gain-chart .main-svg').getBoundingClientRect().width"
    before = opened.page.evaluate(width)
    opened.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    opened.page.wait_for_function(f"{width} === 670")
    assert opened.page.locator("details:not(.long):not([open])").count() == 0
    opened.page.evaluate("dispatchEvent(new Event('afterprint'))")
    opened.page.wait_for_function(f"{width} === {before}")


def test_a_saved_run_makes_the_same_page(report: Path) -> None:
    done = CliRunner().invoke(cli, ["report", str(report.parent / "out")])
    assert done.exit_code == 0, done.output
    assert done.stderr == f"wrote {report.parent / 'out' / 'report.html'}\n"
    assert (report.parent / "out" / "report.html").read_bytes() == report.read_bytes()
