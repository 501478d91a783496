"""A result as a notebook shows it: the sentence, a line for each run, and what its time goes to.

The colours of the page that it becomes part of are not known, so text keeps theirs.
"""

from __future__ import annotations

from collections.abc import Iterator

from accsim.display import as_html
from accsim.report.elements import Html, Text, html, join, tag
from accsim.report.metrics import percent, show_seconds
from accsim.report.wording import (
    CAUSE_NAMES,
    NOTED_SHARE,
    cut_short,
    headline,
    pass_time,
    speedup_of,
    tokens_of_pass,
    tokens_per_s,
)
from accsim.result import CAUSES, Result, RunResult

HEADINGS = ("run", "tokens/s", "speed-up", "tokens per pass", "pass", "TTFT", "critical path")
BAR_PX, BAR_HEIGHT_PX = 160, 12
CELL = "text-align: left; padding: 0.1em 1.2em 0.1em 0; white-space: nowrap"


@as_html.register
def result_html(result: Result) -> str:
    """The piece of HTML: no script, no style beyond its own elements."""
    heads = (tag("th", heading, scope="col", style=CELL) for heading in HEADINGS)
    table = tag(
        "table",
        tag("thead", tag("tr", *heads)),
        tag("tbody", *(_line(run, result) for run in result.runs)),
        style="background: none; border-collapse: collapse; font-variant-numeric: tabular-nums",
    )
    told = tag("p", tag("strong", headline(result)), cut_short(result))
    parts = (told, tag("div", table, style="overflow-x: auto"), tag("p", *_legend(result)))
    return tag("div", *parts, style="max-width: 60em")


def _line(run: RunResult, result: Result) -> Html:
    base = run.name == result.speedup.baseline
    cells: tuple[Text, ...] = (
        tokens_per_s(run),
        "baseline" if base else f"{speedup_of(run, result):.3f}x",
        tokens_of_pass(run),
        pass_time(run),
        show_seconds(run.ttft_s),
        _bar(run),
    )
    head = tag("th", run.name, scope="row", style=CELL)
    return tag("tr", head, *(tag("td", cell, style=CELL) for cell in cells))


def _bar(run: RunResult) -> Html:
    """Shares of the critical path of decoding by cause, side by side in the order of `CAUSES`."""
    pieces, told, left = [], [], 0.0
    for cause in CAUSES:
        width = BAR_PX * run.bound_share[cause]
        place = {"x": f"{left:.2f}", "width": f"{width:.2f}", "height": str(BAR_HEIGHT_PX)}
        if run.bound_share[cause] > NOTED_SHARE:
            words = f"{CAUSE_NAMES[cause]} {percent(run.bound_share[cause])}"
            pieces.append(tag("rect", tag("title", words), **place, fill=_colour(cause)))
            told.append(words)
        left += width
    size = {"width": str(BAR_PX), "height": str(BAR_HEIGHT_PX)}
    return tag("svg", *pieces, **size, role="img", aria_label=", ".join(told))


def _legend(result: Result) -> Iterator[Html]:
    """The causes that some bar shows."""
    for cause in CAUSES:
        if any(run.bound_share[cause] > NOTED_SHARE for run in result.runs):
            patch = tag("span", html("■ "), style=f"color: {_colour(cause)}", aria_hidden="true")
            yield tag("span", join((patch, CAUSE_NAMES[cause])), style="margin-right: 1.2em")


def _colour(cause: str) -> str:
    # Only now: it comes with plotly.
    from accsim.report.drawing import CAUSE_COLOURS

    return CAUSE_COLOURS[cause]
