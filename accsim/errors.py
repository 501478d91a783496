"""The one exception tree of accsim, and the exit code of each branch.

::

    AccsimError                   exit 1
    +-- InputError                exit 2   a file or option that the user can mend; holds Problems
    +-- SimulationError           exit 1   the simulator refuses its own outcome
        +-- Deadlock              nothing can happen any more, yet work is left
        +-- InvariantError        a conservation law, a bound or a check between stages failed

An `InputError` is expected and printed without a traceback. An `InvariantError` is a bug in accsim
(or in an edited file that slipped through), never something to catch and go on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in one input.

    `file` is the path as the user gave it; `line` and `column` count from 1 and are None where the
    file as a whole is meant; `key` is the dotted path of the value (``memory.channels``), or "".
    `source` is the offending line of text, for the caret; None where there is none to show.
    """

    file: str
    message: str
    line: int | None = None
    column: int | None = None
    key: str = ""
    source: str | None = None

    def __str__(self) -> str:
        place = self.file
        if self.line is not None:
            place += f":{self.line}:{self.column or 1}"
        head = f"{place}: {self.key}: {self.message}" if self.key else f"{place}: {self.message}"
        if self.source is None or self.column is None:
            return head
        text = self.source.rstrip("\r\n").replace("\t", " ")
        # A caret far to the right of a very long line helps nobody: show a window of it.
        start = max(0, self.column - 60)
        return f"{head}\n    {text[start : start + 100]}\n    {' ' * (self.column - 1 - start)}^"


class AccsimError(Exception):
    """Base of every error that accsim raises on purpose."""

    exit_code = 1


class InputError(AccsimError):
    """Input that the user can mend: every problem found, in file order."""

    exit_code = 2

    def __init__(self, problems: Problem | Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = (
            (problems,) if isinstance(problems, Problem) else tuple(problems)
        )
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[type[InputError], tuple[tuple[Problem, ...]]]:
        return type(self), (self.problems,)


def missing_extra(where: str, extra: str, what: str = "") -> InputError:
    """What to say where the packages of an extra are not installed.

    Args:
        where: what needs them, as the user called it.
        extra: its name in pyproject.toml.
        what: a part of `where` that needs them, to begin the sentence with.
    """
    message = f"{what} needs the extra: pip install 'accsim[{extra}]'".lstrip()
    return InputError(Problem(where, message))


class SimulationError(AccsimError):
    """The simulation cannot be trusted or cannot go on."""


class Deadlock(SimulationError):
    """No event is left, yet some unit still has commands: the message says who waits for what."""


class InvariantError(SimulationError):
    """A check between two stages failed: the message names the law and both numbers."""
