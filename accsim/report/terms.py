"""Labels of a page that lead to the glossary, and the glossary of those that it used."""

from __future__ import annotations

from collections.abc import Iterator

from accsim.report.elements import Html, Text, html, join, tag
from accsim.report.glossary import GLOSSARY, Entry


class Terms:
    """Which entries a page has linked to so far."""

    def __init__(self) -> None:
        self._entries = [(chapter.title, one) for chapter in GLOSSARY for one in chapter.entries]
        self._used: set[int] = set()

    def link(self, label: str, chapter: str = "") -> Text:
        """The label, as a link that shows its meaning if the glossary has it by that name.

        Some labels mean different things in different chapters; that of the title given goes
        before others.
        """
        places = [place for place, (_, one) in enumerate(self._entries) if label in one.names]
        if not places:
            return html(label)
        place = min(places, key=lambda place: self._entries[place][0] != chapter)
        self._used.add(place)
        meaning = self._entries[place][1].meaning
        title = meaning.replace("`", "")
        return tag("a", label, href=f"#term-{place}", title=title, class_="term")

    def glossary(self) -> Html:
        """The entries linked to, in the order of the glossary."""
        return tag("dl", *(_told(place, self._entries[place][1]) for place in sorted(self._used)))


def _told(place: int, entry: Entry) -> Html:
    names = tag("dt", "; ".join(entry.names), id=f"term-{place}", tabindex="-1")
    return join((names, tag("dd", *_marked(entry.meaning))))


def _marked(meaning: str) -> Iterator[Text]:
    """A meaning with what stands between backticks, names of keys, as code."""
    for number, part in enumerate(meaning.split("`")):
        yield tag("code", part) if number % 2 else part
