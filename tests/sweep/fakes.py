"""Studies of points that simulate nothing: they count, wait, or misbehave as they are told.

A point is ``n`` and ``does``, which its task carries as names of metrics.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import accsim
from accsim.errors import InputError, Problem
from accsim.study import Outcome, Sampler, SamplerKind, Settings, Study, Task
from accsim.sweep.driver import drive
from accsim.sweep.executors import crew
from accsim.sweep.space import Points
from accsim.sweep.store import open_store

from .points import evaluate, task

MIXED = ("count", "count", "raise", "count", "is no chip", "refuse", "infinite", "die")
"""What points do in a study where much goes wrong."""

# For mpiexec, where tests run as root in a container with few cores.
OPEN_MPI = {
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "OMPI_MCA_rmaps_base_oversubscribe": "1",
}


def study(sampler: SamplerKind = "grid", name: str = "fakes") -> Study:
    return Study(name, ("chip",), ("work",), (), (), (), ("n",), Sampler(sampler, None, 7), 60.0)


def point(number: int, does: str = "count") -> Settings:
    return (("does", does), ("n", number))


def one_round(points: Iterable[Settings]) -> Points:
    """A grid: all points at once, and no interest in what becomes of them."""
    yield points


def task_of(_study: Study, settings: Settings) -> Task:
    """The task of a point; none for a point that ``is no chip``."""
    does, number = (str(value) for _, value in settings)
    if does == "is no chip":
        raise InputError(Problem("chip.yaml", "has no rows", line=3, key="array.rows"))
    return task(number, does)


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
    *arguments: str,
    quiet: bool = False,
    folders: Sequence[str] = (),
    program: str = sys.executable,
) -> subprocess.Popen[str]:
    """A process of Python, or of `program`, that finds this module after what is in `folders`."""
    here = (str(Path(accsim.__file__).parents[1]), str(Path(__file__).parents[1]))
    out = subprocess.DEVNULL if quiet else subprocess.PIPE
    return subprocess.Popen(
        [program, *arguments],
        stdout=out,
        stderr=out,
        text=True,
        env=os.environ | OPEN_MPI | {"PYTHONPATH": os.pathsep.join((*folders, *here))},
    )


def driver(path: Path, points: int, seconds: float) -> subprocess.Popen[str]:
    """A process that runs so many points, each of which waits, into a store."""
    return python(
        "-c", f"from sweep.fakes import drive_waiting as it; it(*{(str(path), points, seconds)})"
    )


def drive_waiting(path: str, points: int, seconds: float) -> None:
    """Run points that wait, until killed or done."""
    run(Path(path), (point(n, f"wait {seconds}") for n in range(points)), resume=True)
