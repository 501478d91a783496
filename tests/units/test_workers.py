"""Work on several cores: the same results in the same order, and nobody is left behind."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time

import pytest

from accsim.errors import InputError, Problem
from accsim.workers import cores, workers


def square(number: int) -> int:
    return number * number


def odd_only(number: int) -> int:
    if number % 2 == 0:
        raise InputError(Problem("numbers", f"{number} is even"))
    return number


def process(_number: int) -> int:
    return os.getpid()


@pytest.mark.parametrize("count", [1, 2])
def test_results_come_in_the_order_of_the_values(count: int) -> None:
    told: list[int] = []
    with workers(count) as work:
        assert work(square, range(5), told.append) == [0, 1, 4, 9, 16]
        assert work(square, [7]) == [49]
    assert sorted(told) == [0, 1, 2, 3, 4]
    assert multiprocessing.active_children() == []


def test_one_worker_is_this_process_and_several_are_others() -> None:
    with workers(1) as work:
        assert work(process, [0]) == [os.getpid()]
    with workers(2) as work:
        assert os.getpid() not in work(process, range(2))


@pytest.mark.parametrize("count", [1, 2])
def test_what_the_work_raises_ends_it(count: int) -> None:
    with pytest.raises(InputError, match="numbers: 2 is even"), workers(count) as work:
        work(odd_only, [1, 2, 3])
    assert multiprocessing.active_children() == []


def test_there_is_at_least_one_core() -> None:
    assert cores() >= 1


SLEEPY = """
import time
from accsim.workers import workers

if __name__ == "__main__":
    with workers(2) as work:
        print("working", flush=True)
        work(time.sleep, [60, 60])
"""


def test_workers_do_not_outlive_a_parent_that_is_killed(tmp_path: object) -> None:
    script = f"{tmp_path}/sleepy.py"
    with open(script, "w") as file:
        file.write(SLEEPY)
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "working\n"
        time.sleep(0.5)
        began = time.monotonic()
        parent.kill()
        # The pipe is open for as long as anyone has it.
        assert parent.stdout.read() == ""
    assert parent.returncode == -signal.SIGKILL
    assert time.monotonic() - began < 30
