"""Labels of a page that lead to the glossary, and the glossary of those that it used."""

from __future__ import annotations

from accsim.report.elements import Html, Text, html, join, tag
from accsim.report.glossary import GLOSSARY, Entry


class Terms:
    """Which entries a page has linked to so far."""

    def __init__(self) -> None:
        self._entries = [entry for chapter in GLOSSARY for entry in chapter.entries]
        self._places: dict[str, int] = {}
        for place, entry in enumerate(self._entries):
            for name in entry.names:
                self._places.setdefault(name.casefold(), place)
        self._used: set[int] = set()

    def link(self, label: str) -> Text:
        """The label, as a link that shows its meaning if the glossary has it by that name."""
        place = self._places.get(label.strip().casefold())
        if place is None:
            return html(label)
        self._used.add(place)
        meaning = self._entries[place].meaning
        return tag("a", label, href=f"#term-{place}", title=meaning, class_="term")

    def glossary(self) -> Html:
        """The entries linked to, in the order of the glossary."""
        found = ((place, self._entries[place]) for place in sorted(self._used))
        return tag("dl", join(_told(place, entry) for place, entry in found))


def _told(place: int, entry: Entry) -> Html:
    names = tag("dt", "; ".join(entry.names), id=f"term-{place}", tabindex="-1")
    return join((names, tag("dd", entry.meaning)))
