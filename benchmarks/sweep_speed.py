"""How long a sweep takes with one and with two workers, and what memory a long one needs.

python benchmarks/sweep_speed.py [--points 1000] [--workers 1 2] [--memory-points 5000]

The points are those of sweeps/thousand.yaml; for the memory, with five sets of acceptance besides,
four of which find their passes simulated: it is about the memory, and not to take half an hour.
Every sweep starts with new processes and an empty store. Memory is resident, of the driver and of
the largest worker, after each fifth of the points.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import replace
from itertools import islice
from pathlib import Path

import psutil

from accsim.config.sweep_file import load_study
from accsim.evaluation import evaluate
from accsim.study import Axis, Outcome, Study
from accsim.sweep.driver import drive
from accsim.sweep.executors import crew
from accsim.sweep.space import Points, Space
from accsim.sweep.store import open_store
from accsim.sweep.tasks import task_of

SETS = ("wikipedia", "books", "code", "eagle_llama2_chat_7b", "eagle_llama2_chat_13b")
ACCEPTANCE = Axis(
    "acceptance", ("workload.runs.heads4_k4.acceptance",), tuple((name,) for name in SETS)
)


class Watch:
    """Counts finished points, and looks at the memory now and then."""

    def __init__(self, every: int) -> None:
        self.every = every
        self.done = 0
        self.lost = 0
        self.seen: list[tuple[int, int, int]] = []

    def told(self, outcome: Outcome, _before: bool) -> None:
        self.done += 1
        self.lost += outcome.status in ("failed", "timed_out")
        if self.done % self.every == 0:
            driver = psutil.Process()
            workers = [one.memory_info().rss for one in driver.children(recursive=True)]
            self.seen.append((self.done, driver.memory_info().rss, max(workers)))


def swept(study: Study, count: int, workers: int) -> tuple[float, Watch]:
    """Seconds of a sweep of the first points of a space, and what was seen meanwhile."""
    watch = Watch(max(1, count // 5))
    began = time.perf_counter()
    with (
        tempfile.TemporaryDirectory() as folder,
        crew("process", workers, evaluate, study.timeout_s) as running,
        open_store(Path(folder) / "s.sqlite", study, "", resume=False) as store,
    ):
        drive(study, first(study, count), task_of, store, running, watch.told)
    return time.perf_counter() - began, watch


def first(study: Study, count: int) -> Points:
    """So many points of a space, from all over it."""
    space = Space(study.axes)
    step = max(1, space.size // count)
    yield [space.at(index) for index in islice(range(0, space.size, step), count)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=1000)
    parser.add_argument("--workers", type=int, nargs="*", default=(1, 2))
    parser.add_argument("--memory-points", type=int, default=5000)
    options = parser.parse_args()
    study = load_study("thousand")
    # What is compiled on the first run after an installation is no matter of sweeps.
    swept(study, 2, 1)
    for workers in options.workers:
        seconds, watch = swept(study, options.points, workers)
        rate = watch.done / seconds
        print(f"{watch.done} points, {workers} workers: {seconds:.0f} s, {rate:.2f} points/s")
        print(f"  {watch.lost} failed")
    if options.memory_points:
        large = replace(study, axes=(*study.axes, ACCEPTANCE))
        _, watch = swept(large, options.memory_points, 2)
        for done, driver, worker in watch.seen:
            print(f"{done} points: driver {driver >> 20} MiB, largest worker {worker >> 20} MiB")


if __name__ == "__main__":
    main()
