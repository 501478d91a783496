"""Processes that calls are made in, which may die, hang or eat memory without harm to this one.

Each thread that calls has a process of its own (a lane), started with its first call and kept for
the next ones. Lanes are fresh processes (``spawn``): what libraries have started in this one, such
as threads, is not copied into them half-way. They do not hear Ctrl-C, and do not outlive this one.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import TypeVar

Given = TypeVar("Given")
Made = TypeVar("Made")


class LaneDiedError(Exception):
    """The process of a call ended before its answer; the message says how."""


class LaneTooLateError(Exception):
    """A call took longer than allowed; its process has been killed."""


class LanesClosedError(Exception):
    """Nobody waits for the answer any more."""


@dataclass(frozen=True, slots=True)
class _Lane:
    process: SpawnProcess
    pipe: Connection


class Lanes:
    """A process for each thread that calls, with so many bytes of memory at most (None: no limit).

    The limit is that of what a process may write to (RLIMIT_DATA; Linux): beyond it Python raises
    `MemoryError`.
    """

    def __init__(self, memory_bytes: int | None = None) -> None:
        # It lets signals through again when it starts, which must not happen when a lane does.
        resource_tracker.ensure_running()
        self._memory_bytes = memory_bytes
        self._of_thread = threading.local()
        self._changing = threading.Lock()
        self._all: list[_Lane] = []
        self._closed = False

    def call(
        self, do: Callable[[Given], Made], value: Given, timeout_s: float | None = None
    ) -> Made:
        """Give ``do(value)``, computed in the process of this thread.

        Function and value travel by pickle, so the function must be importable by name.

        Raises:
            LaneDiedError: the process ended meanwhile; the next call gets a new one.
            LaneTooLateError: it took longer than `timeout_s`, the start of the process not counted.
            LanesClosedError: `close` was called.
            BaseException: what `do` raises.
        """
        asked = pickle.dumps((do, value))
        lane: _Lane = getattr(self._of_thread, "lane", None) or self._start()
        self._of_thread.lane = None
        try:
            lane.pipe.send_bytes(asked)
            if not lane.pipe.poll(timeout_s):
                self._end(lane)
                raise LaneTooLateError(f"took longer than {timeout_s:g} s")
            answer = lane.pipe.recv_bytes()
        except (EOFError, OSError):
            self._end(lane)
            if self._closed:
                raise LanesClosedError from None
            raise LaneDiedError(_how_it_ended(lane.process)) from None
        self._of_thread.lane = lane
        made: Made
        made, error = pickle.loads(answer)
        if error is not None:
            raise error
        return made

    def close(self) -> None:
        """Kill all processes, whatever they are doing; calls under way raise `LanesClosedError`."""
        with self._changing:
            self._closed = True
            lanes = list(self._all)
        for lane in lanes:
            lane.process.kill()
        for lane in lanes:
            lane.process.join()

    def _start(self) -> _Lane:
        """A process that has started, and waits."""
        here, there = multiprocessing.Pipe()
        process = multiprocessing.get_context("spawn").Process(
            target=_serve, args=(there, self._memory_bytes), daemon=True
        )
        with self._changing:
            if self._closed:
                raise LanesClosedError
            # A process that starts with SIGINT held back never hears it.
            before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
            try:
                process.start()
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, before)
            lane = _Lane(process, here)
            self._all.append(lane)
        # This end is the only one that keeps the pipe open: its end is that of the process.
        there.close()
        try:
            here.recv()
        except (EOFError, OSError):
            self._end(lane)
            if self._closed:
                raise LanesClosedError from None
            raise LaneDiedError(f"could not start: {_how_it_ended(process)}") from None
        return lane

    def _end(self, lane: _Lane) -> None:
        with self._changing:
            self._all.remove(lane)
        lane.process.kill()
        lane.process.join()
        lane.pipe.close()


def _how_it_ended(process: SpawnProcess) -> str:
    code = process.exitcode
    if code is not None and code < 0:
        return f"its process was ended by {signal.Signals(-code).name}"
    return f"its process ended with exit code {code}"


def _serve(pipe: Connection, memory_bytes: int | None) -> None:
    """What a lane does: answer calls, until nobody can ask any more."""
    _end_with_parent()
    if memory_bytes is not None:
        _limit_memory(memory_bytes)
    pipe.send("ready")
    while True:
        try:
            asked = pipe.recv_bytes()
        except EOFError:
            return
        pipe.send_bytes(_answer(asked))


def _limit_memory(most_bytes: int) -> None:
    import resource

    _, most_allowed = resource.getrlimit(resource.RLIMIT_DATA)
    if most_allowed == resource.RLIM_INFINITY or most_bytes < most_allowed:
        resource.setrlimit(resource.RLIMIT_DATA, (most_bytes, most_bytes))


def _answer(asked: bytes) -> bytes:
    """Pickled: what a call gave and None, or None and what it raised."""
    try:
        do, value = pickle.loads(asked)
        return pickle.dumps((do(value), None))
    except BaseException as error:
        error.add_note(f"in a worker:\n{traceback.format_exc()}")
        try:
            return pickle.dumps((None, error))
        except Exception:
            return pickle.dumps((None, RuntimeError(f"{type(error).__name__}: {error}")))


def _end_with_parent() -> None:
    """Make sure that this process does not outlive a parent that was killed."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
