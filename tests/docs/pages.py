r"""The commands that the pages of the docs show, and what they say comes out.

Of the blocks of a page these count:

- ``sh``: commands. A ``\`` at the end of a line and a here-document continue a command.
- one of no kind whose first line starts with ``$ ``: each such line is a command (``> ``
  continues it), and what follows is what it prints. ``...`` stands for any rest of a
  line; alone, for any lines.
- ``python``: a program.

A comment behind a command may say ``# exit code N``, where that is not 0; ``# slow: REASON``, for
what only ``make slow-commands`` runs; or ``# not tested: REASON``, for what needs more than this
machine. On a line of its own each is for all commands below it in the block. Any other comment is
for the reader.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).parents[2]

FAST = "SLOW_COMMANDS" not in os.environ
"""Whether commands that are slow are left out."""

FENCE = re.compile(r"^(?P<indent> *)```(?P<kind>\w*)")
HERE_DOCUMENT = re.compile(r"<<'?(?P<end>\w+)'?")
EXIT_CODE = re.compile(r"# exit code (\d+)\b")
NUMBER = re.compile(r"\d+\.\d+")
NOT_RUN = re.compile(r"# (?:not tested|slow): *(.*)" if FAST else r"# not tested: *(.*)")
WRITES = ("-o", "--out", "--plot")
SETTING_UP = ("make", "pip", "python", "python3", "git", "cd", "source", ".")
"""What brings accsim to a machine: continuous integration does it, on an empty one."""


@dataclass(frozen=True)
class Step:
    """A command of a page.

    place  page and line, as editors understand them
    text   for the shell, or a Python program
    shown  lines that the page says are printed; None where it shows none
    why    it is not run; None if it is
    """

    place: str
    text: str
    is_python: bool = False
    shown: tuple[str, ...] | None = None
    exit_code: int = 0
    why: str | None = None

    @property
    def is_alone(self) -> bool:
        """Whether it neither needs files of a page nor leaves any, so once is enough for all pages.

        Paths have a dot or a slash; names of shipped files have none.
        """
        if self.is_python or not self.text.startswith("accsim "):
            return False
        words = [word for word in self.words if not NUMBER.fullmatch(word)]
        return not any(word in WRITES or set(word) & set("./<>|&;$*") for word in words)

    @property
    def words(self) -> list[str]:
        """What a command is made of, without the comment behind it."""
        return shlex.split(self.text, comments=True)


def pages() -> list[Path]:
    """The README and all pages of the docs, by name."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def steps(text: str, name: str) -> list[Step]:
    """The commands of a page, from top to bottom.

    Args:
        text: the page, in Markdown.
        name: what to call it in places.
    """
    found: list[Step] = []
    for kind, first, lines in _blocks(text):
        if kind == "python":
            found.append(Step(f"{name}:{first}", "\n".join(lines), is_python=True))
        elif kind == "sh":
            found += _commands(lines, name, first)
        elif not kind and lines and lines[0].startswith("$ "):
            found += _session(lines, name, first)
    return found


def missing(shown: Sequence[str], printed: Sequence[str]) -> str | None:
    """Tell which lines of a page are not printed where they should be, and what is.

    Blank lines at both ends do not count, nor blanks at the ends of lines. None if all is well.
    """
    rest = _trimmed(printed)
    parts: list[list[str]] = [[]]
    for line in _trimmed(shown):
        if line.strip() == "...":
            parts.append([])
        else:
            parts[-1].append(line)
    for number, part in enumerate(parts):
        spare = len(rest) - len(part)
        # Between lines left out, the first place that fits leaves most for those behind it.
        places = [0] if number == 0 else range(spare + 1)
        if number == len(parts) - 1:
            places = [place for place in places if place == spare]
        found = next((place for place in places if _fits(part, rest[place:])), None)
        if found is None:
            return "\n".join(["the page shows", *part, "and what is printed there is", *rest])
        rest = rest[found + len(part) :]
    return None


def _trimmed(lines: Sequence[str]) -> list[str]:
    return "\n".join(line.rstrip() for line in lines).strip("\n").splitlines()


def _fits(part: list[str], lines: list[str]) -> bool:
    """Whether lines begin with those of a part."""
    patterns = (".*".join(map(re.escape, line.split("..."))) for line in part)
    return len(lines) >= len(part) and all(
        re.fullmatch(pattern, line) for pattern, line in zip(patterns, lines, strict=False)
    )


def _blocks(text: str) -> Iterator[tuple[str, int, list[str]]]:
    """Kind, number of the first line and lines of each fenced block."""
    kind, indent, first = "", 0, 0
    lines: list[str] | None = None
    for number, line in enumerate(text.splitlines(), 1):
        fence = FENCE.match(line)
        if lines is None:
            if fence:
                kind, indent, first, lines = fence["kind"], len(fence["indent"]), number + 1, []
        elif fence:
            yield kind, first, lines
            lines = None
        else:
            lines.append(line[indent:])


def _commands(lines: list[str], name: str, first: int) -> list[Step]:
    found: list[Step] = []
    why: str | None = None
    number = 0
    while number < len(lines):
        start = number
        here = HERE_DOCUMENT.search(lines[number])
        if here:
            while lines[number] != here["end"]:
                number += 1
        while lines[number].endswith("\\"):
            number += 1
        number += 1
        text = "\n".join(lines[start:number]).strip()
        if text.startswith("#"):
            not_run = NOT_RUN.match(text)
            why = not_run[1] if not_run else why
        elif text:
            step = _step(text, f"{name}:{first + start}")
            found.append(replace(step, why=why or step.why))
    return found


def _session(lines: list[str], name: str, first: int) -> list[Step]:
    found: list[Step] = []
    for number, line in enumerate(lines):
        if line.startswith("$ "):
            found.append(replace(_step(line[2:], f"{name}:{first + number}"), shown=()))
        else:
            last = found[-1]
            if line.startswith("> ") and not last.shown:
                found[-1] = replace(last, text=f"{last.text}\n{line[2:]}")
            else:
                found[-1] = replace(last, shown=(*(last.shown or ()), line))
    return found


def _step(text: str, place: str) -> Step:
    code, not_run = EXIT_CODE.search(text), NOT_RUN.search(text)
    why = not_run[1] if not_run else None
    if text.split()[0] in SETTING_UP:
        why = "it sets up accsim"
    return Step(place, text, exit_code=int(code[1]) if code else 0, why=why)
