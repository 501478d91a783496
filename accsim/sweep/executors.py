"""What executes points: processes of this machine, Dask, or MPI.

All three are a `concurrent.futures.Executor` whose threads or processes only carry the points.
Wherever a point arrives, it is simulated in a process of its own (`accsim.sweep.guard`), which can
be killed without harm to its carrier.
"""

from __future__ import annotations

import multiprocessing
import platform
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import contextmanager
from functools import cache
from typing import Any

from accsim.errors import InputError, Problem, missing_extra
from accsim.lanes import Lanes
from accsim.study import Outcome, Task
from accsim.sweep.driver import Crew
from accsim.sweep.guard import Evaluate, guarded
from accsim.workers import cores, lane_threads, memory_bytes

AHEAD = 2
"""Points under way for each worker: one that it simulates, and the next one."""

PATIENCE_S = 10
"""For a Dask scheduler to answer, and its first worker to be there."""

DASK = "dask:"

Versions = Mapping[str, str]
"""Of Python and libraries that numbers depend on, by name."""


@contextmanager
def crew(executor: str, count: int, evaluate: Evaluate, timeout_s: float) -> Iterator[Crew]:
    """Start what simulates points; it has ended, or let go of them, when the block has.

    Args:
        executor: ``process``, ``mpi``, or ``dask:`` and the address of a scheduler.
        count: of processes; Dask and MPI have as many workers as were started.
        evaluate: simulates a point; importable by name.
        timeout_s: after which a point is given up.

    Raises:
        InputError: an extra is not installed, nobody answers, or a worker has other versions.
    """
    if executor == "process":
        lanes = Lanes(share_of_memory(count))
        with lane_threads(count, lanes) as threads:
            yield Crew(
                lambda task: threads.submit(guarded, lanes, evaluate, task, timeout_s),
                lambda: AHEAD * count,
            )
        return
    wanted = _versions_of()()
    with _mpi() if executor == "mpi" else _dask(executor.removeprefix(DASK)) as (carriers, number):
        yield Crew(
            lambda task: carriers.submit(carried, evaluate, task, timeout_s, wanted),
            lambda: AHEAD * max(number(), 1),
        )


def share_of_memory(count: int) -> int:
    """Bytes that each of so many workers may have: a fifth is left to everything else."""
    return memory_bytes() * 4 // 5 // count


def carried(evaluate: Evaluate, task: Task, timeout_s: float, wanted: Versions) -> Outcome:
    """Simulate a point that has been carried to this machine.

    Raises:
        InputError: this machine has other versions than those wanted.
    """
    check_versions(f"worker {platform.node()}", _versions_of()(), wanted)
    return guarded(_lanes(), evaluate, task, timeout_s)


def check_versions(worker: str, found: Versions, wanted: Versions) -> None:
    """Refuse a worker whose numbers might be others, by name.

    Raises:
        InputError: it is so.
    """
    for name, version in wanted.items():
        if found[name] != version:
            message = f"has {name} {found[name]}, and this is {version}"
            raise InputError(Problem(worker, message))


@cache
def _versions_of() -> Callable[[], Versions]:
    # A function within a function travels to Dask workers as code: they may lack accsim.
    def versions() -> dict[str, str]:
        from importlib.metadata import PackageNotFoundError, version
        from platform import python_version

        found = {"Python": python_version()}
        try:
            found["numpy"] = version("numpy")
        except PackageNotFoundError:
            found["numpy"] = "(none)"
        try:
            from accsim import __version__

            found["accsim"] = __version__
        except ImportError:
            found["accsim"] = "(none)"
        return found

    return versions


@cache
def _lanes() -> Lanes:
    """The lanes of this process: a carrier, of which a machine has one for each core."""
    # Dask's nannies start workers as daemons, which may have no children. Lanes end by themselves.
    multiprocessing.current_process().daemon = False
    return Lanes(share_of_memory(cores()))


@contextmanager
def _dask(address: str) -> Iterator[tuple[Executor, Callable[[], int]]]:
    try:
        import distributed
    except ImportError:
        raise missing_extra("--executor dask", "dask") from None
    # Which is typed in part.
    connect: Any = distributed.Client
    try:
        client: Any = connect(address, timeout=PATIENCE_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise InputError(Problem(address, f"no Dask scheduler answers: {error}")) from None
    with client:
        try:
            client.wait_for_workers(1, timeout=PATIENCE_S)
        except TimeoutError:
            raise InputError(Problem(address, "the Dask scheduler has no workers")) from None
        for worker, versions in sorted(client.run(_versions_of()).items()):
            check_versions(f"worker {worker}", versions, _versions_of()())
        executor = client.get_executor(pure=False)
        try:
            yield executor, lambda: sum(client.nthreads().values())
        finally:
            executor.shutdown(wait=False)


@contextmanager
def _mpi() -> Iterator[tuple[Executor, Callable[[], int]]]:
    try:
        from mpi4py.futures import MPIPoolExecutor
    except ImportError:
        raise missing_extra("--executor mpi", "mpi") from None
    if "mpi4py.futures" not in sys.orig_argv:
        message = (
            "the workers are started with the command: "
            "mpiexec -n 3 python -m mpi4py.futures -m accsim sweep ... --executor mpi"
        )
        raise InputError(Problem("--executor mpi", message))
    # Workers need nothing of the command line.
    executor = MPIPoolExecutor(main=False)
    try:
        yield executor, lambda: executor.num_workers
    finally:
        executor.shutdown(wait=False, cancel_futures=True)
