"""Recordings of tokens per pass: text files, one generation a line.

Whole numbers with blanks between, each the tokens that a pass emitted; ``#`` starts a comment, and
lines without numbers count for nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from accsim.config.text import read_text, show
from accsim.errors import InputError, Problem

MAX_PROBLEMS = 20
"""A file of something else altogether has a problem in every line."""

Lines = tuple[tuple[int, ...], ...]
"""Tokens of each pass, by generation."""

_WORD = re.compile(r"\S+")
_MAX_DIGITS = 9


def read_recording(file: str, most: int | None) -> Lines:
    """The generations of a recording, none of them empty.

    Args:
        file: path of the text file.
        most: tokens that a pass can emit at most; None where that is not known.

    Raises:
        InputError: the file cannot be read (see `read_text`) or holds no numbers; or with every
            entry that is no number of tokens, `MAX_PROBLEMS` at most.
    """
    lines: list[tuple[int, ...]] = []
    problems: list[Problem] = []
    for number, text in enumerate(read_text(file).splitlines(), start=1):
        entries: list[int] = []
        for column, word in _words(text):
            fault = _fault(word, most)
            if fault is None:
                entries.append(int(word))
            else:
                problems.append(Problem(file, fault, number, column, source=text))
        if entries:
            lines.append(tuple(entries))
    if len(problems) > MAX_PROBLEMS:
        more = f"{len(problems) - MAX_PROBLEMS} more entries are wrong"
        problems[MAX_PROBLEMS:] = [Problem(file, more)]
    if not lines and not problems:
        problems.append(Problem(file, "holds no numbers, expected the tokens of each pass"))
    if problems:
        raise InputError(problems)
    return tuple(lines)


def _words(text: str) -> Iterator[tuple[int, str]]:
    """Each word of a line before its comment, with the column where it starts, from 1."""
    for found in _WORD.finditer(text.partition("#")[0]):
        yield found.start() + 1, found.group()


def _fault(word: str, most: int | None) -> str | None:
    """What is wrong with an entry."""
    if not (word.isascii() and word.isdecimal()) or len(word) > _MAX_DIGITS:
        return f"expected a whole number of tokens, got {show(word)}"
    if int(word) == 0:
        return "a pass emits at least 1 token, got 0"
    if most is not None and int(word) > most:
        return f"a pass of this run emits at most {most} tokens, got {int(word)}"
    return None
