"""How large a timeline in a page is, how long a browser takes to open it and to draw it again.

Synthetic passes on eight lanes, drawn by a real Chromium at 1280 x 800.

    python benchmarks/timeline.py [--slices 100000 1000000]
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, sync_playwright

from accsim.pass_view import LANE_COLUMNS, NOTHING, CounterView, LaneView, OpView, PassView
from accsim.report.timeline_canvas import timeline_element

LANES = ("array", "vector", "load", "store", *(f"channel {number}" for number in range(4)))
OPS = 400
ARGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
REDRAWS = 20

# The picture is complete when a pixel of it has been read.
REDRAW = """canvas => {
  const started = performance.now();
  canvas.accsimDraw();
  canvas.getContext("2d").getImageData(0, 0, 1, 1);
  return performance.now() - started;
}"""


def synthetic(slices: int) -> PassView:
    """Random slices of about 10 us, with gaps, on all lanes alike."""
    draw = np.random.default_rng(1)
    each = slices // len(LANES)

    def lane(name: str) -> LaneView:
        steps = draw.integers(100_000, 20_000_000, 2 * each)
        edges = np.cumsum(steps)
        columns = dict.fromkeys(LANE_COLUMNS, np.zeros(each, dtype=np.int64))
        columns |= {"start_ps": edges[::2], "end_ps": edges[1::2]}
        columns |= {"issued_ps": edges[::2], "done_ps": edges[1::2]}
        columns["op"] = np.arange(each) * OPS // each
        columns["label"] = np.arange(each) % 96
        for empty in ("after_lane", "after", "fed_by"):
            columns[empty] = np.full(each, NOTHING)
        figures = {"bytes": draw.integers(1, 2**20, each)}
        return LaneView(name, "", "", **columns, figures=figures)

    lanes = tuple(map(lane, LANES))
    elapsed = max(int(one.end_ps[-1]) for one in lanes)
    times = np.linspace(0, elapsed, 501).astype(np.int64)
    counter = CounterView("bandwidth", "", "", "GB/s", 51.2, times, draw.random(501) * 51.2)
    ops = tuple(OpView(f"layers.{i // 10}.op{i % 10}", f"op{i % 10}", i // 10) for i in range(OPS))
    labels = tuple(f"tile {number + 1}/96" for number in range(96))
    return PassView(
        "chip", "run", 1, "decode", (0,), elapsed, ops, labels, lanes, (counter,)
    )  # fmt: skip


def measure(browser: Browser, view: PassView, folder: Path) -> str:
    """Sizes and times of one view."""
    started = time.perf_counter()
    html = "<!DOCTYPE html><meta charset=utf-8>" + timeline_element([view], "passes")
    made = time.perf_counter() - started
    path = folder / "page.html"
    path.write_text(html, encoding="utf-8")
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    started = time.perf_counter()
    page.goto(path.as_uri())
    page.wait_for_function("!document.querySelector('figure').inert")
    opened = time.perf_counter() - started
    canvas = page.locator("canvas")
    whole = [canvas.evaluate(REDRAW) for _ in range(REDRAWS)]
    for _ in range(8):
        canvas.press("+")
    close = [canvas.evaluate(REDRAW) for _ in range(REDRAWS)]
    page.close()
    return (
        f"{view.slices:9,} slices: {len(html) / 1e6:6.2f} MB, made in {made:.2f} s, opened in "
        f"{opened:.2f} s, redrawn in {np.median(whole):.1f} ms (worst {max(whole):.1f}), "
        f"zoomed in {np.median(close):.1f} ms"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slices", type=int, nargs="+", default=[100_000, 1_000_000])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGS)
        for count in options.slices:
            print(measure(browser, synthetic(count), Path(folder)))
        browser.close()


if __name__ == "__main__":
    main()
