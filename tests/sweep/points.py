"""What points do that simulate nothing; loads little, so that processes start soon."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, cast

from accsim.errors import InputError, Problem
from accsim.study import Outcome, Task

if TYPE_CHECKING:
    from accsim.chip import Chip
    from accsim.workload import Workload


def task(number: int | str, does: str = "count") -> Task:
    nothing = (cast("Chip", None), cast("Workload", None))
    return Task(f"key of {number} {does}", *nothing, (str(number), does), ())


def evaluate(task: Task) -> Outcome:
    """Do what the point says; a point that counts has its number over seven as a metric."""
    number, does = task.metrics
    did: tuple[tuple[str, float | int | str], ...] = ()
    match does.split():
        case ["raise"]:
            raise ZeroDivisionError("of all things")
        case ["refuse"]:
            raise InputError(Problem("chip.yaml", "does not fit", key="memory.channels"))
        case ["hang"]:
            time.sleep(600)
        case ["die"]:
            os.kill(os.getpid(), signal.SIGKILL)
        case ["exit"]:
            os._exit(9)
        case ["die-once", flag]:
            if not Path(flag).exists():
                Path(flag).touch()
                os.kill(os.getpid(), signal.SIGKILL)
        case ["fail-unless", flag]:
            if not Path(flag).exists():
                raise FileNotFoundError("no flag")
        case ["eat"]:
            eaten = []
            while True:
                eaten.append(bytearray(64 << 20))
        case ["infinite"]:
            did = (("speed", float("inf")),)
        case ["wait", seconds]:
            time.sleep(float(seconds))
        case ["process"]:
            did = (("process", os.getpid()),)
    found = (("n", int(number)), ("seventh", int(number) / 7), ("bound", "DRAM"))
    metrics: tuple[tuple[str, float | int | str], ...] = (*found, *did)
    return Outcome("done", metrics, "", 0.5)
