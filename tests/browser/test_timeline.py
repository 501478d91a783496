"""The timeline in a real browser, from a file: no server, no network.

The pass is the small one of `export.small`, of 3 us: each of its times was chosen by hand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from export.small import small_view

from accsim.pass_view import OpView, PassView
from accsim.report.timeline_canvas import timeline_element

from .conftest import Opened, PageAt

if TYPE_CHECKING:
    from playwright.sync_api import Page

HOSTILE = "</script><img src=x onerror=\"document.title='broken'\">"

Open = Callable[..., Opened]
Show = Callable[..., "Page"]


@pytest.fixture
def opened(page_at: PageAt, tmp_path: Path) -> Open:
    """Opens a page that is nothing but a timeline of some views."""

    def open_page(*views: PassView, **options: Any) -> Opened:
        path = tmp_path / "page.html"
        path.write_text(
            '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>timeline</title>'
            f'<body style="margin:0">{timeline_element(views, "passes")}',
            encoding="utf-8",
        )
        made = page_at(path, width=1000, height=700, **options)
        made.page.wait_for_function("!document.querySelector('figure').inert")
        return made

    return open_page


@pytest.fixture
def show(opened: Open) -> Show:
    """The same, and gives the page alone."""
    return lambda *views, **options: opened(*views, **options).page


def window(page: Page) -> tuple[int, int]:
    """The visible picoseconds."""
    seen = page.locator("canvas").evaluate("canvas => ({...canvas.dataset})")
    return int(seen["from"]), int(seen["to"])


def place(page: Page, lane: int, time_ps: int) -> tuple[float, float]:
    """Where a time is on a lane, with all 3 us in sight: lanes are 20 px high, 4 px apart."""
    canvas = page.locator("canvas")
    x, y, width = canvas.evaluate(
        "(canvas, names) => names.map(name => canvas.getBoundingClientRect()[name])",
        ["x", "y", "width"],
    )
    left = int(canvas.get_attribute("data-left") or 0)
    return x + left + (width - left) * time_ps / 3_000_000, y + 22 + 4 + 24 * lane + 10


def colour(page: Page, lane: int, time_ps: int) -> list[int]:
    """Red, green, blue and opacity of a point of the picture, once it is drawn."""
    page.wait_for_timeout(50)
    found: list[int] = page.locator("canvas").evaluate(
        """(canvas, [x, y]) => {
             const box = canvas.getBoundingClientRect();
             return [...canvas.getContext("2d").getImageData(x - box.x, y - box.y, 1, 1).data];
           }""",
        place(page, lane, time_ps),
    )
    return found


def text(page: Page, selector: str) -> str:
    """The text of an element."""
    return page.locator(selector).text_content() or ""


def facts(page: Page, panel: str) -> dict[str, str]:
    """What the tooltip (``.tip``) or the details (``.details``) say of a slice."""
    return dict(
        page.locator(panel).evaluate(
            """panel => [...panel.querySelectorAll("dt")].map(
                 term => [term.textContent, term.nextSibling.textContent])"""
        )
    )


def ask_for(page: Page, run: str, op: str) -> None:
    """Dispatch the event by which other parts of a page lead to an operator."""
    page.evaluate(
        """([run, op]) => document.dispatchEvent(
             new CustomEvent("accsim:show-operator", {detail: {run, op}}))""",
        [run, op],
    )


def test_a_page_opens_from_a_file_without_requests_and_errors(opened: Open) -> None:
    made = opened(small_view())
    assert (made.requests, made.faults) == ([], [])
    assert window(made.page) == (0, 3_000_000)


def test_something_is_drawn_on_every_lane(show: Show) -> None:
    """In the middle of a slice of each of the six lanes; nothing before the first tile."""
    page = show(small_view())
    times = (1_250_000, 2_600_000, 500_000, 2_800_000, 500_000, 500_000)
    assert [colour(page, lane, at)[3] for lane, at in enumerate(times)] == [255] * 6
    assert colour(page, 0, 550_000) == [0, 0, 0, 0]


def test_the_wheel_zooms_about_the_pointer(show: Show) -> None:
    page = show(small_view())
    page.mouse.move(*place(page, 0, 1_500_000))
    page.mouse.wheel(0, -300)
    page.wait_for_function("document.querySelector('canvas').dataset.to < 3000000")
    start, end = window(page)
    assert end - start == pytest.approx(3_000_000 / np.e, abs=2)
    assert (start + end) / 2 == pytest.approx(1_500_000, abs=10_000)


def test_dragging_moves_the_window(show: Show) -> None:
    page = show(small_view())
    page.locator("canvas").press("+")
    page.mouse.move(*place(page, 0, 1_500_000))
    page.mouse.down()
    page.mouse.move(*place(page, 0, 2_000_000), steps=4)
    page.mouse.up()
    start, end = window(page)
    assert end - start == 1_500_000
    assert start == pytest.approx(500_000, abs=10_000)


def test_keys_zoom_and_move(show: Show) -> None:
    """In to the middle half, right by 15 % of it, out again to its double, and home."""
    page = show(small_view())
    canvas = page.locator("canvas")
    seen = []
    for key in ("+", "ArrowRight", "ArrowLeft", "-", "0"):
        canvas.press(key)
        seen.append(window(page))
    assert seen == [
        (750_000, 2_250_000),
        (975_000, 2_475_000),
        (750_000, 2_250_000),
        (0, 3_000_000),
        (0, 3_000_000),
    ]


def test_zooming_in_ends_at_a_nanosecond(show: Show) -> None:
    page = show(small_view())
    for _ in range(15):
        page.locator("canvas").press("+")
    start, end = window(page)
    assert end - start == 1000


def test_hovering_tells_the_exact_picoseconds(show: Show) -> None:
    """The third load: issued at 1500 ns, served from 2000 to 2500.7 ns."""
    page = show(small_view())
    page.mouse.move(*place(page, 2, 2_250_000))
    assert text(page, ".tip .title") == "norm"
    assert facts(page, ".tip") == {
        "tile": "whole",
        "group": "norm",
        "lane": "load",
        "start": "2 us (2,000,000 ps)",
        "lasts": "500.7 ns (500,700 ps)",
        "issued": "1.5 us (1,500,000 ps)",
        "DRAM bytes": "1.2 kB (1,200 B)",
        "address": "0x10000",
        "waited for": "SRAM room: layer0.up, tile 1/2",
    }


def test_hovering_a_counter_tells_its_value(show: Show) -> None:
    """From 1500 ns on 6200 B are in use; the first counter lies under six lanes."""
    page = show(small_view())
    page.mouse.move(*place(page, 6, 1_600_000))
    assert text(page, ".tip").startswith("SRAM in use: 6.055 KiB at 1.")


def test_a_click_tells_what_a_tile_waited_for_and_leads_there(show: Show) -> None:
    page = show(small_view())
    page.mouse.click(*place(page, 0, 2_200_000))
    details = facts(page, ".details")
    assert details["start"] == "2 us (2,000,000 ps)"
    assert details["waited for"].startswith("load: layer0.up, tile 2/2")
    assert "array: layer0.up, tile 2/2" in text(page, ".spoken")
    page.locator(".details button").click()
    assert facts(page, ".details")["lane"] == "load"
    assert facts(page, ".details")["DRAM bytes"] == "4 kB (4,000 B)"


def test_keys_walk_through_slices_and_back_to_what_they_waited_for(show: Show) -> None:
    page = show(small_view())
    canvas = page.locator("canvas")
    walked = []
    for key in ("n", "n", "b", "ArrowUp", "p"):
        canvas.press(key)
        told = facts(page, ".details")
        walked.append((told["lane"], told["tile"]))
    assert walked == [
        ("array", "tile 1/2"),
        ("array", "tile 2/2"),
        ("load", "tile 2/2"),
        ("vector", "whole"),
        ("vector", "whole"),
    ]
    canvas.press("Enter")
    assert page.evaluate("document.activeElement.className") == "details"
    canvas.press("Escape")
    assert page.locator(".details dl").count() == 0


def test_search_counts_marks_and_jumps_through_matches(show: Show) -> None:
    """Two tiles and two loads of ``layer0.up``; there is one operator of that name."""
    page = show(small_view())
    page.locator("canvas").press("/")
    page.keyboard.type("UP")
    assert text(page, ".found") == "1 operator"
    page.keyboard.press("Enter")
    assert facts(page, ".details")["tile"] == "tile 1/2"
    page.keyboard.press("Enter")
    assert facts(page, ".details")["tile"] == "tile 2/2"
    page.keyboard.press("Enter")
    assert text(page, ".spoken") == "no further match in this lane"
    page.keyboard.press("Shift+Enter")
    assert facts(page, ".details")["tile"] == "tile 1/2"


def test_a_search_without_matches_says_so(show: Show) -> None:
    page = show(small_view())
    page.locator("input").fill(".*")
    assert text(page, ".found") == "0 operators"


def test_the_event_leads_to_an_operator_of_a_run(show: Show) -> None:
    """``norm`` is on lanes from 1900 (channel 0) to 2700 ns (vector), with a tenth on each side."""
    page = show(small_view(), replace(small_view(), run="two_heads"))
    ask_for(page, "two_heads", "norm")
    page.wait_for_selector(".details dl")
    assert page.locator("canvas").get_attribute("data-run") == "two_heads"
    assert page.locator("select").input_value() == "1"
    assert facts(page, ".details")["lane"] == "vector"
    assert window(page) == (1_820_000, 2_780_000)


def test_the_event_leads_to_the_first_operator_of_a_group(show: Show) -> None:
    page = show(small_view())
    ask_for(page, "ordinary", "up")
    page.wait_for_selector(".details dl")
    assert text(page, ".details .title") == "layer0.up"


def test_an_event_for_another_run_changes_nothing(show: Show) -> None:
    page = show(small_view())
    ask_for(page, "no such run", "norm")
    page.wait_for_timeout(50)
    assert page.locator(".details dl").count() == 0
    assert window(page) == (0, 3_000_000)


def test_a_reader_chooses_the_run(show: Show) -> None:
    other = replace(small_view(), run="two_heads", elapsed_ps=6_000_000)
    page = show(small_view(), other)
    page.locator("select").select_option("1")
    page.wait_for_function("document.querySelector('canvas').dataset.run === 'two_heads'")
    assert window(page) == (0, 6_000_000)
    shown = page.locator("figcaption p:visible").all_text_contents()
    assert [text.split(",")[0] for text in shown] == ["two_heads"]


def test_hostile_names_stay_text(opened: Open) -> None:
    view = small_view()
    op = OpView(HOSTILE, HOSTILE, None)
    lane = replace(view.lanes[0], name=HOSTILE)
    view = replace(
        view,
        run=HOSTILE,
        chip=HOSTILE,
        ops=(op, op),
        labels=(HOSTILE,) * 3,
        lanes=(lane, *view.lanes[1:]),
    )
    made = opened(view, replace(view, run=HOSTILE + "2"))
    page = made.page
    page.locator("canvas").press("n")
    assert text(page, ".details .title") == HOSTILE
    assert page.locator("img").count() == 0
    assert page.title() == "timeline"
    assert (made.requests, made.faults) == ([], [])


def test_nothing_is_wider_than_a_telephone(show: Show) -> None:
    page = show(small_view(), replace(small_view(), run="a_run_of_a_rather_long_name" * 3))
    page.set_viewport_size({"width": 390, "height": 800})
    page.locator("canvas").press("n")
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_colours_follow_the_scheme(show: Show) -> None:
    """The blue of the first group, over the whole of the first load."""

    page = show(small_view(), color_scheme="light")
    assert colour(page, 2, 500_000) == [0x00, 0x72, 0xB2, 255]
    page.emulate_media(color_scheme="dark")
    assert colour(page, 2, 500_000) == [0x3B, 0x97, 0xD3, 255]


def test_the_picture_is_as_sharp_as_the_screen(show: Show) -> None:
    page = show(small_view(), device_scale_factor=2)
    page.wait_for_timeout(50)
    sizes = page.locator("canvas").evaluate("canvas => [canvas.width, canvas.clientWidth]")
    assert sizes == [2000, 1000]


def test_two_fingers_zoom(show: Show) -> None:
    """From 200 px to 400 px apart, the left finger stays: half the time is seen."""
    page = show(small_view())
    page.locator("canvas").evaluate(
        """canvas => {
             canvas.setPointerCapture = () => {};
             const send = (type, id, x) => canvas.dispatchEvent(new PointerEvent(
               type, {pointerId: id, pointerType: "touch", clientX: x, clientY: 100}));
             send("pointerdown", 1, 300);
             send("pointerdown", 2, 500);
             send("pointermove", 2, 700);
             send("pointerup", 2, 700);
             send("pointerup", 1, 300);
           }"""
    )
    start, end = window(page)
    assert end - start == 1_500_000
    assert page.locator(".details dl").count() == 0
