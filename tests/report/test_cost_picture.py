"""The picture of docs/cost-of-a-token.md: an SVG that a browser draws."""

from __future__ import annotations

from pathlib import Path

import pytest
from cost_of_a_token.picture import browser, write_svg

from accsim.report.charts import cost_figure

FIGURE = cost_figure({"fp16": {"npu": {1: 1.0, 2: 1.1}}})


def fake_browser(folder: Path, drawing: str) -> str:
    """A program that answers every page with the same document."""
    program = folder / "browser"
    program.write_text(f"#!/bin/sh\ncat <<'END'\n<html>{drawing}</html>\nEND\n")
    program.chmod(0o755)
    return str(program)


def test_names_that_plotly_draws_by_lot_are_replaced(tmp_path: Path) -> None:
    drawing = (
        '<div id="svg">data:image/svg+xml,%3Cdefs id="defs-a1b2c3"/%3E'
        '%3Cg clip="url(#clipa1b2c3xy)" class="trace scatter trace9f8e7d"/%3E</div>'
    )
    write_svg(tmp_path / "picture.svg", FIGURE, fake_browser(tmp_path, drawing))
    assert (tmp_path / "picture.svg").read_text(encoding="utf-8") == (
        '<defs id="defs-cost"/><g clip="url(#clipcostxy)" class="trace scatter"/>\n'
    )


def test_a_browser_that_draws_nothing_leaves_the_old_picture(tmp_path: Path) -> None:
    picture = tmp_path / "picture.svg"
    picture.write_text("old")
    with pytest.raises(RuntimeError, match=r"browser drew nothing: $"):
        write_svg(picture, FIGURE, fake_browser(tmp_path, '<div id="svg"></div>'))
    assert picture.read_text() == "old"


def test_without_a_browser_nothing_is_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    message = (
        "the picture needs a browser, one of: chromium, chromium-browser, google-chrome, chrome"
    )
    with pytest.raises(SystemExit, match=f"^{message}$"):
        browser()
    (tmp_path / "chrome").write_text("")
    (tmp_path / "chrome").chmod(0o755)
    assert browser() == str(tmp_path / "chrome")
