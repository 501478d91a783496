"""Tables and numbers as the page writes them."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence

from accsim.report.wording import CAUSE_NAMES

LINE = 110
"""Characters in a line of prose."""


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, left: int = 1) -> str:
    """A table whose first `left` columns hold words; the others hold numbers."""
    rule = ["---"] * left + ["---:"] * (len(headings) - left)
    return "\n".join(f"| {' | '.join(row)} |" for row in (headings, rule, *rows))


def flowed(text: str) -> str:
    """Paragraphs and items of lists broken anew into lines of at most `LINE` characters."""
    return "\n\n".join(
        part if part.startswith(("|", "#", "!")) else "\n".join(map(_filled, _items(part)))
        for part in text.split("\n\n")
    )


def _items(part: str) -> list[str]:
    """The items of a list, or the one paragraph."""
    return part.replace("\n- ", "\0- ").split("\0")


def _filled(text: str) -> str:
    indent = "  " if text.startswith("- ") else ""
    return textwrap.fill(
        " ".join(text.split()),
        LINE,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def ms(ps: float) -> str:
    """A time in milliseconds with four digits: ``293.6 ms``."""
    return f"{four(ps / 1e9)} ms"


def four(value: float) -> str:
    """Four digits, never in powers of ten: ``14322``, ``293.6``, ``20.10``."""
    digits = max(0, 3 - len(str(int(abs(value)))) + 1)
    return f"{value:.{digits}f}"


def percent(part: float, whole: float) -> str:
    """``91.6 %``."""
    return f"{100 * part / whole:.1f} %"


def share(causes: Mapping[str, int], cause: str) -> str:
    """The share of a cause of the critical path."""
    return percent(causes.get(cause, 0), sum(causes.values()))


def cause_name(cause: str) -> str:
    """The name that the report gives a cause."""
    return CAUSE_NAMES[cause]


def subject(cause: str) -> str:
    """The name of a cause at the head of a sentence's verb: ``the array``, ``DRAM``."""
    return f"the {cause_name(cause)}" if cause in ("array", "vector") else cause_name(cause)


def largest(causes: Mapping[str, int]) -> str:
    """The cause with the largest share."""
    return max(causes, key=lambda cause: causes[cause])


def listed(words: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1]))) if words else "none"
