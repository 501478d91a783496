"""One point, simulated where it can do no harm: what becomes of it is an outcome, always."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from accsim.errors import InputError
from accsim.lanes import LaneDiedError, Lanes, LanesClosedError, LaneTooLateError
from accsim.study import Outcome, Status, Task

DEATHS = 2
"""So many processes a point may cost. The first death may have been somebody else's doing."""

Evaluate = Callable[[Task], Outcome]
"""Simulates a point: a pure function, importable by name."""


def guarded(lanes: Lanes, evaluate: Evaluate, task: Task, timeout_s: float) -> Outcome:
    """Simulate a point in a process that is given up if it dies, hangs, or lacks memory.

    Raises:
        LanesClosedError: the sweep is over.
    """
    began = time.monotonic()

    def gave_up(status: Status, reason: str) -> Outcome:
        return Outcome(status, (), reason, time.monotonic() - began)

    reason = ""
    for _ in range(DEATHS):
        try:
            # Loading what simulates takes a new process a second, and is no fault of the point.
            lanes.call(_load, evaluate)
            outcome = lanes.call(evaluate, task, timeout_s)
        except LanesClosedError:
            raise
        except LaneDiedError as error:
            reason = str(error)
        except LaneTooLateError as error:
            return gave_up("timed_out", str(error))
        except MemoryError:
            return gave_up("failed", "needs more memory than a worker may have")
        except InputError as error:
            return gave_up("excluded", why(error))
        except Exception as error:
            return gave_up("failed", f"{type(error).__name__}: {error}")
        else:
            wrong = [name for name, value in outcome.metrics if _is_no_number(value)]
            return gave_up("failed", f"{wrong[0]} is no number") if wrong else outcome
    return gave_up("failed", f"{reason}, {DEATHS} times")


def _load(_: Evaluate) -> None:
    """Nothing: a function that has arrived has been imported."""


def why(error: InputError) -> str:
    """What is wrong with a point, without the files that it was made from."""
    return "; ".join(
        f"{problem.key}: {problem.message}" if problem.key else problem.message
        for problem in error.problems
    )


def _is_no_number(value: float | int | str) -> bool:
    return isinstance(value, float) and not math.isfinite(value)
