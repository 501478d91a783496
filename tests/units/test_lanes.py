"""Processes that calls are made in: what dies, hangs or eats there costs its call alone."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.spawn import set_executable

import pytest

from accsim.lanes import LaneDiedError, Lanes, LanesClosedError, LaneTooLateError

MEMORY_BYTES = 256 << 20


@pytest.fixture
def lanes() -> Iterator[Lanes]:
    found = Lanes(MEMORY_BYTES)
    yield found
    found.close()
    assert multiprocessing.active_children() == []


def process(_: object) -> int:
    return os.getpid()


def kill(_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def eat(_: object) -> None:
    eaten = []
    while True:
        eaten.append(bytearray(16 << 20))


def divide(number: int) -> float:
    return 1 / number


def give_what_does_not_travel(_: object) -> object:
    return threading.Lock()


def blocked(_: object) -> bool:
    return signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_a_thread_keeps_its_process_and_shares_it_with_nobody(lanes: Lanes) -> None:
    mine = lanes.call(process, None)
    with ThreadPoolExecutor(1) as other:
        theirs = other.submit(lanes.call, process, None).result()
    assert lanes.call(process, None) == mine
    assert len({mine, theirs, os.getpid()}) == 3


def test_a_process_that_dies_is_told_of_and_replaced(lanes: Lanes) -> None:
    before = lanes.call(process, None)
    with pytest.raises(LaneDiedError, match=r"^its process was ended by SIGKILL$"):
        lanes.call(kill, None)
    assert lanes.call(process, None) != before


def test_a_process_that_leaves_is_told_of_with_its_exit_code(lanes: Lanes) -> None:
    with pytest.raises(LaneDiedError, match=r"^its process ended with exit code 7$"):
        lanes.call(os._exit, 7)


def test_a_call_that_takes_too_long_is_killed(lanes: Lanes) -> None:
    began = time.monotonic()
    with pytest.raises(LaneTooLateError, match=r"^took longer than 0.2 s$"):
        lanes.call(time.sleep, 60, timeout_s=0.2)
    assert time.monotonic() - began < 30
    assert multiprocessing.active_children() == []


def test_memory_ends_at_the_limit_and_the_process_lives_on(lanes: Lanes) -> None:
    before = lanes.call(process, None)
    with pytest.raises(MemoryError):
        lanes.call(eat, None)
    assert lanes.call(process, None) == before


def test_a_process_that_cannot_start_is_told_of(lanes: Lanes) -> None:
    set_executable("/bin/false")
    try:
        with pytest.raises(LaneDiedError, match=r"^could not start: its process ended with exit"):
            lanes.call(process, None)
    finally:
        set_executable(sys.executable)


def test_what_a_call_raises_is_raised_here_with_the_place_where_it_was(lanes: Lanes) -> None:
    with pytest.raises(ZeroDivisionError, match="division by zero") as caught:
        lanes.call(divide, 0)
    assert "in divide\n" in caught.value.__notes__[0]


def test_an_answer_that_does_not_travel_is_an_error(lanes: Lanes) -> None:
    with pytest.raises(TypeError, match="cannot pickle"):
        lanes.call(give_what_does_not_travel, None)


def test_a_process_does_not_hear_ctrl_c(lanes: Lanes) -> None:
    assert lanes.call(blocked, None)
    assert not blocked(None)


def test_closing_ends_calls_under_way_and_later_ones() -> None:
    lanes = Lanes()
    with ThreadPoolExecutor(1) as other:
        under_way = other.submit(lanes.call, time.sleep, 60)
        while not multiprocessing.active_children():
            time.sleep(0.01)
        lanes.close()
        with pytest.raises(LanesClosedError):
            under_way.result()
    with pytest.raises(LanesClosedError):
        lanes.call(process, None)
    assert multiprocessing.active_children() == []
