"""The same function of many values, on several cores at once.

Workers are processes (`accsim.lanes`). Ctrl-C is answered here alone: workers do not hear it, and
are ended with the block that they work for.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from typing import Protocol, TypeVar

from accsim.lanes import Lanes

Given = TypeVar("Given")
Made = TypeVar("Made")

Told = Callable[[int], None]
"""Called with the number of a value whose work is done."""


class Map(Protocol):
    """Does work for each value; gives the results in the order of the values."""

    def __call__(
        self, do: Callable[[Given], Made], each: Iterable[Given], told: Told | None = None
    ) -> list[Made]: ...


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def memory_bytes() -> int:
    """How much memory this machine has, or the container (cgroup 2) that this process is in."""
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    try:
        with open("/sys/fs/cgroup/memory.max", encoding="ascii") as file:
            return min(machine, int(file.read()))
    except (OSError, ValueError):
        # No cgroups here, or "max": no limit.
        return machine


@contextmanager
def workers(count: int) -> Iterator[Map]:
    """A `Map` that works in `count` processes, or with 1 in this one.

    Functions and values travel by pickle, so functions must be importable by name. What a function
    raises, `Map` raises. All workers have ended when the block has, however it ends.
    """
    if count == 1:
        yield _here
        return
    lanes = Lanes()
    with lane_threads(count, lanes) as threads:

        def everywhere(
            do: Callable[[Given], Made], each: Iterable[Given], told: Told | None = None
        ) -> list[Made]:
            numbers: dict[Future[Made], int] = {}
            for number, value in enumerate(each):
                numbers[threads.submit(lanes.call, do, value)] = number
            for done in as_completed(numbers):
                done.result()
                if told:
                    told(numbers[done])
            return [done.result() for done in numbers]

        yield everywhere


@contextmanager
def lane_threads(count: int, lanes: Lanes) -> Iterator[ThreadPoolExecutor]:
    """So many threads to call lanes from. All lanes have ended when the block has."""
    threads = ThreadPoolExecutor(count)
    try:
        yield threads
    finally:
        lanes.close()
        threads.shutdown(cancel_futures=True)


def _here(
    do: Callable[[Given], Made], each: Iterable[Given], told: Told | None = None
) -> list[Made]:
    made = []
    for number, value in enumerate(each):
        made.append(do(value))
        if told:
            told(number)
    return made
