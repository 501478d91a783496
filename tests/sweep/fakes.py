"""Studies of points that simulate nothing: they count, wait, or misbehave as they are told.

A point is ``n`` and ``does``, which its task carries as names of metrics. As a script, this is a
driver for tests to kill: ``python -m sweep.fakes STORE POINTS SECONDS``.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

import accsim
from accsim.errors import InputError, Problem
from accsim.study import Outcome, Sampler, SamplerKind, Settings, Study, Task
from accsim.sweep.driver import Rounds, drive
from accsim.sweep.executors import crew
from accsim.sweep.store import open_store

if TYPE_CHECKING:
    from accsim.chip import Chip
    from accsim.workload import Workload


def study(sampler: SamplerKind = "grid", name: str = "fakes") -> Study:
    return Study(name, ("chip",), ("work",), (), (), (), ("n",), Sampler(sampler, None, 7), 60.0)


def point(number: int, does: str = "count") -> Settings:
    return (("does", does), ("n", number))


def one_round(points: Iterable[Settings]) -> Rounds:
    """A grid: all points at once, and no interest in what becomes of them."""
    yield points


def task_of(_study: Study, settings: Settings) -> Task:
    """The task of a point; none for a point that ``is no chip``."""
    does, number = (str(value) for _, value in settings)
    if does == "is no chip":
        raise InputError(Problem("chip.yaml", "has no rows", line=3, key="array.rows"))
    return task(number, does)


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


def run(
    path: Path,
    points: Iterable[Settings],
    workers: int = 2,
    resume: bool = False,
    executor: str = "process",
    timeout_s: float = 60.0,
    the_study: Study | None = None,
) -> list[tuple[Outcome, bool]]:
    """Run points into a store; give what was told of them, in the order in which they finished."""
    told: list[tuple[Outcome, bool]] = []
    of = the_study or study()
    with (
        crew(executor, workers, evaluate, timeout_s) as found,
        open_store(path, of, "text of the file", resume) as store,
    ):
        drive(of, one_round(points), task_of, store, found, lambda *one: told.append(one))
    return told


def python(
    *arguments: str, quiet: bool = False, folders: Sequence[str] = ()
) -> subprocess.Popen[str]:
    """A Python process that finds this module, and before it what is in `folders`."""
    here = (str(Path(accsim.__file__).parents[1]), str(Path(__file__).parents[1]))
    out = subprocess.DEVNULL if quiet else subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, *arguments],
        stdout=out,
        stderr=out,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join((*folders, *here))},
    )


def driver(path: Path, points: int, seconds: float) -> subprocess.Popen[str]:
    """A process that runs so many points, each of which waits, into a store."""
    return python("-m", "sweep.fakes", str(path), str(points), str(seconds))


def main(arguments: Sequence[str]) -> None:
    """Run points that wait, until killed or done."""
    store, count, seconds = arguments
    run(Path(store), (point(n, f"wait {seconds}") for n in range(int(count))), resume=True)


if __name__ == "__main__":
    main(sys.argv[1:])
