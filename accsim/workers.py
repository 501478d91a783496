"""The same function of many values, on several cores at once.

Workers are fresh processes (``spawn``): what libraries have started in this one, such as threads,
is not copied into them half-way. Ctrl-C is answered here alone: workers do not hear it, and are
ended with the block that they work for.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.process import BaseProcess
from typing import Protocol, TypeVar

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


@contextmanager
def workers(count: int) -> Iterator[Map]:
    """A `Map` that works in `count` processes, or with 1 in this one.

    Functions and values travel by pickle, so functions must be importable by name. What a function
    raises, `Map` raises. All workers have ended when the block has, however it ends.
    """
    if count == 1:
        yield _here
        return
    others = multiprocessing.active_children()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(count, mp_context=context, initializer=_end_with_parent) as pool:

        def everywhere(
            do: Callable[[Given], Made], each: Iterable[Given], told: Told | None = None
        ) -> list[Made]:
            numbers: dict[Future[Made], int] = {}
            for number, value in enumerate(each):
                numbers[pool.submit(do, value)] = number
            for done in as_completed(numbers):
                done.result()
                if told:
                    told(numbers[done])
            return [done.result() for done in numbers]

        try:
            with _sigint_waits():
                # All processes start with the first task.
                pool.submit(_nothing)
            yield everywhere
        except BaseException:
            mine = [one for one in multiprocessing.active_children() if one not in others]
            _end(pool, mine)
            raise


def _here(
    do: Callable[[Given], Made], each: Iterable[Given], told: Told | None = None
) -> list[Made]:
    made = []
    for number, value in enumerate(each):
        made.append(do(value))
        if told:
            told(number)
    return made


@contextmanager
def _sigint_waits() -> Iterator[None]:
    """Hold SIGINT back; processes that start meanwhile never hear it."""
    # It lets signals through again when it starts, which must not happen within the block.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end(pool: ProcessPoolExecutor, processes: list[BaseProcess]) -> None:
    """Stop at once: nothing is worth waiting for."""
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.terminate()
        process.join()


def _nothing() -> None:
    """The first task."""


def _end_with_parent() -> None:
    """What a worker does first: make sure that it does not outlive a parent that was killed."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
