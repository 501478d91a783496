"""Charts as one HTML file that needs nothing else: no network, no other file.

The page follows the reader's choice of light or dark. Charts are as wide as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from accsim.files import whole_file


@dataclass(frozen=True)
class Chart:
    """A figure with a heading, and a note on how to read it; both are plain text."""

    heading: str
    note: str
    figure: go.Figure


# What plotly draws as text or line of its own gets the page's colours; those of data stay.
_STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --faint: #59636e; --line: #d5dae0; --page: #fff }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e9ed; --faint: #a4adb8; --line: #3a424c; --page: #14181d }
}
body { margin: 0 auto; max-width: 68rem; padding: 1rem; background: var(--page); color: var(--ink);
  font: 16px/1.45 system-ui, sans-serif }
h1 { font-size: 1.4rem; overflow-wrap: anywhere }
h2 { font-size: 1.1rem; margin: 2rem 0 0; overflow-wrap: anywhere }
p { color: var(--faint); margin: .3rem 0 .6rem; overflow-wrap: anywhere }
.xtick text, .ytick text, .legendtext, .xtitle, .ytitle, .annotation-text
  { fill: var(--ink) !important }
.gridlayer path, .zerolinelayer path { stroke: var(--line) !important }
"""


def write_page(path: Path, title: str, charts: Sequence[Chart]) -> None:
    """Write charts below each other, whole or not at all.

    Raises:
        OSError: the file cannot be written.
    """
    parts = [
        f"<section><h2>{escape(chart.heading)}</h2><p>{escape(chart.note)}</p>"
        f"{_drawn(chart.figure, f'chart-{number}')}</section>"
        for number, chart in enumerate(charts, 1)
    ]
    page = (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style>"
        f"<script>{get_plotlyjs()}</script></head>\n"
        f"<body><h1>{escape(title)}</h1>\n" + "\n".join(parts) + "\n</body></html>\n"
    )
    with whole_file(path) as temporary:
        temporary.write_text(page, encoding="utf-8")


def _drawn(figure: go.Figure, name: str) -> str:
    """The element of a figure, and the script that draws it."""
    html: str = figure.to_html(
        full_html=False,
        include_plotlyjs=False,
        div_id=name,
        config={"responsive": True, "displayModeBar": False},
    )
    return html
