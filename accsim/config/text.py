"""Reading a small text file that may be anything at all, and quoting what it held."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from accsim.errors import InputError, Problem
from accsim.units import MIB

MAX_BYTES = MIB
"""No file that a person writes by hand is larger."""


def read_text(file: str, max_bytes: int = MAX_BYTES) -> str:
    """The text of `file`, a path as the user gave it; a byte order mark is dropped.

    Raises:
        InputError: missing, a directory, unreadable, over `max_bytes`, or not UTF-8 text.
    """
    try:
        with open(file, "rb") as stream:
            # One byte over the limit is enough to know, whatever the file (a device, say) holds.
            raw = stream.read(max_bytes + 1)
    except FileNotFoundError:
        raise InputError(Problem(file, "no such file")) from None
    except IsADirectoryError:
        raise InputError(Problem(file, "is a directory, expected a file")) from None
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL character
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise InputError(Problem(file, f"cannot be read: {reason}")) from None
    if len(raw) > max_bytes:
        raise InputError(Problem(file, f"is larger than {max_bytes // MIB} MiB"))
    if b"\0" in raw:
        raise InputError(Problem(file, "is a binary file, expected UTF-8 text"))
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"is not UTF-8 text: byte 0x{raw[error.start]:02x} at offset {error.start}"
        raise InputError(Problem(file, message)) from None


def show(value: object) -> str:
    """A value of a file in a few words, spelled as the file spells it."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def suggest(word: str, allowed: Iterable[str]) -> str:
    """The tail of a message about an unknown word: the nearest allowed one, then all of them."""
    words = list(allowed)
    # Compared without case: `ddr4-3200` should find `DDR4-3200`.
    by_lower = {known.lower(): known for known in words}
    close = difflib.get_close_matches(word.lower(), by_lower, n=1)
    hint = f", did you mean {by_lower[close[0]]!r}?" if close else ""
    return f"{hint} (allowed: {', '.join(words)})"


def near(word: str, known: Iterable[str]) -> str:
    """The tail of a message about a word of too large a vocabulary: the two nearest words."""
    close = difflib.get_close_matches(word, list(known), n=2, cutoff=0.5)
    return f", did you mean {' or '.join(map(repr, close))}?" if close else ""
