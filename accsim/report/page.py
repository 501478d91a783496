"""Pages as one HTML file that needs nothing else: no network, no other file.

A page follows the reader's choice of light or dark. Charts are as wide as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from accsim.files import whole_file
from accsim.report.elements import asset


@dataclass(frozen=True)
class Chart:
    """A figure with a heading, and a note on how to read it; both are plain text."""

    heading: str
    note: str
    figure: go.Figure


def write_page(path: Path, title: str, charts: Sequence[Chart]) -> None:
    """Write charts below each other, whole or not at all.

    Raises:
        OSError: the file cannot be written.
    """
    parts = [
        f"<section><h2>{escape(chart.heading)}</h2><p>{escape(chart.note)}</p>"
        f"{drawn(chart.figure, f'chart-{number}')}</section>"
        for number, chart in enumerate(charts, 1)
    ]
    write_html(path, title, f"<h1>{escape(title)}</h1>\n" + "\n".join(parts))


def write_html(path: Path, title: str, body: str, style: str = "") -> None:
    """Write a page with this body (HTML) and title (text), whole or not at all.

    Args:
        path: the file.
        title: of the window.
        body: what the page holds.
        style: CSS beside that which all pages share.

    Raises:
        OSError: the file cannot be written.
    """
    page = (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{asset('page.css')}{style}</style>"
        f"<script>{get_plotlyjs()}</script><script>{asset('page.js')}</script></head>\n"
        f"<body>{body}\n</body></html>\n"
    )
    with whole_file(path) as temporary:
        temporary.write_text(page, encoding="utf-8")


def drawn(figure: go.Figure, name: str) -> str:
    """The element of a figure, and the script that draws it; `name` is its id on the page."""
    html: str = figure.to_html(
        full_html=False,
        include_plotlyjs=False,
        div_id=name,
        config={"responsive": True, "displayModeBar": False},
    )
    return html
