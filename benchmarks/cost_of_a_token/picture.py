"""A plotly figure as an SVG file, drawn by a headless Chromium.

The browser loads a page that asks plotly for the SVG and puts it into the document, and prints the
document when nothing is left to do.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import unquote

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from accsim.files import whole_file

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
WIDTH_PX, HEIGHT_PX = 1000, 440

_PAGE = """<!DOCTYPE html><html><head><meta charset="utf-8"><script>{plotly}</script></head>
<body><div id="svg"></div><script>
Plotly.toImage({figure}, {{format: "svg", width: {width}, height: {height}}}).then(
  text => document.getElementById("svg").textContent = text);
</script></body></html>
"""


def browser() -> str:
    """The first browser that is installed.

    Raises:
        SystemExit: none is.
    """
    for name in BROWSERS:
        found = shutil.which(name)
        if found:
            return found
    raise SystemExit(f"the picture needs a browser, one of: {', '.join(BROWSERS)}")


def write_svg(path: Path, figure: go.Figure, program: str) -> None:
    """Draw a figure on white, whole or not at all; equal figures make equal files.

    Raises:
        RuntimeError: the browser printed no picture.
    """
    # A picture in a Markdown page cannot follow the reader's choice of dark or light.
    on_white = go.Figure(figure)
    on_white.update_layout(paper_bgcolor="white", plot_bgcolor="white", margin={"l": 24})
    on_white.update_xaxes(gridcolor="#e3e6ea")
    on_white.update_yaxes(gridcolor="#e3e6ea")
    page = _PAGE.format(
        plotly=get_plotlyjs(), figure=on_white.to_json(), width=WIDTH_PX, height=HEIGHT_PX
    )
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "page.html"
        source.write_text(page, encoding="utf-8")
        command = [program, "--headless", "--no-sandbox", "--disable-gpu"]
        command += [f"--user-data-dir={folder}/profile", "--virtual-time-budget=20000"]
        command += ["--dump-dom", source.as_uri()]
        printed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    found = re.search(r'<div id="svg">data:image/svg\+xml,(.*?)</div>', printed.stdout, re.DOTALL)
    if found is None:
        raise RuntimeError(f"{program} drew nothing: {printed.stderr[-500:]}")
    with whole_file(path) as temporary:
        temporary.write_text(_named_alike(unquote(found[1])) + "\n", encoding="utf-8")


def _named_alike(svg: str) -> str:
    """The same picture with names that do not change from one drawing to the next."""
    drawn = re.search(r'id="defs-([0-9a-f]+)"', svg)
    if drawn:
        svg = svg.replace(drawn[1], "cost")
    return re.sub(r"(class=\"trace scatter) trace[0-9a-f]+", r"\1", svg)
