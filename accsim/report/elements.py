"""Pieces of HTML pages: what is given as text stays text, whatever it holds."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files


class Html(str):
    """Text that is HTML already; all other text is escaped."""

    __slots__ = ()


Text = str | Html


def html(text: Text) -> Html:
    """As HTML."""
    return text if isinstance(text, Html) else Html(escape(text))


def join(parts: Iterable[Text], between: str = "") -> Html:
    """Parts as one piece of HTML."""
    return Html(between.join(map(html, parts)))


def tag(name: str, *parts: Text, **attributes: str) -> Html:
    """An element; ``class_`` is the attribute class, and ``data_x`` is data-x."""
    words = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for key, value in attributes.items()
    )
    return Html(f"<{name}{words}>{join(parts)}</{name}>")


def section(name: str, heading: str, *parts: Text) -> Html:
    """A part of the page that links lead to."""
    return tag("section", tag("h2", heading), *parts, id=name)


def table(
    caption: str, headings: Sequence[Text], groups: Iterable[tuple[str, Iterable[Sequence[Text]]]]
) -> Html:
    """A table that scrolls within itself where the page is too narrow.

    The first cell of a row is its heading; a group of rows has a title, or none ("").
    """
    head = tag("tr", *(tag("th", heading, scope="col") for heading in headings))
    bodies = []
    for title, rows in groups:
        lines = [
            tag("tr", tag("th", first, scope="row"), *(tag("td", cell) for cell in cells))
            for first, *cells in rows
        ]
        if title:
            span = str(len(headings))
            title_cell = tag("th", title, scope="rowgroup", colspan=span, class_="group")
            lines.insert(0, tag("tr", title_cell))
        bodies.append(tag("tbody", *lines))
    whole = tag("table", tag("caption", caption), tag("thead", head), *bodies)
    return scrolling(caption, whole)


def scrolling(name: str, inner: Html) -> Html:
    """Something wide in a frame that scrolls; the keyboard can scroll it too."""
    return tag("div", inner, class_="scroll", tabindex="0", role="region", aria_label=name)


def folded(summary: Text, *parts: Text, open_: bool = False, long: bool = False) -> Html:
    """Something that the reader may unfold; on paper it is unfolded, but for what is `long`."""
    shown = {"open": ""} if open_ else {}
    shown |= {"class_": "long"} if long else {}
    return tag("details", tag("summary", summary), *parts, **shown)


def json_script(name: str, value: object) -> Html:
    """A value for the scripts of the page, in an element of this id.

    No text in it can end the element: what HTML looks at is written as JSON escapes.
    """
    text = json.dumps(value, allow_nan=False)
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Html(f'<script type="application/json" id="{escape(name)}">{text}</script>')


def asset(name: str) -> str:
    """The text of a style sheet or script from the folder beside this module."""
    return files("accsim.report").joinpath("assets", name).read_text(encoding="utf-8")
