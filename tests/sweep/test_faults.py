"""Whatever is killed, no point is lost or doubled, and the table is that of a quiet run."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

import psutil

from accsim.sweep.store import read_store

from .fakes import driver, point, run
from .test_driver import seconds_apart

KILLS = 20
POINTS = 500
WAIT_S = 0.01


def points_at_once(path: Path) -> int:
    """How many points a store holds, which is sound; 0 before there is one."""
    if not path.exists():
        return 0
    with closing(sqlite3.connect(path)) as base:
        assert base.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        if not base.execute("SELECT * FROM sqlite_master").fetchall():
            return 0
        ((count,),) = base.execute("SELECT count(*) FROM points").fetchall()
    return int(count)


def wait_for(path: Path, points: int, running: subprocess.Popen[str]) -> None:
    """Until a store holds so many points, which its driver is still adding to."""
    while points_at_once(path) < points:
        assert running.poll() is None
        time.sleep(0.01)


def lanes_of(running: subprocess.Popen[str]) -> list[psutil.Process]:
    """The processes that simulate the points of a driver."""
    children = psutil.Process(running.pid).children()
    return [one for one in children if "spawn_main" in " ".join(one.cmdline())]


def test_a_driver_that_is_killed_again_and_again_loses_and_doubles_nothing(tmp_path: Path) -> None:
    calm, path = tmp_path / "calm.sqlite", tmp_path / "s.sqlite"
    moments = random.Random(22)
    points = 0
    for kill in range(KILLS):
        with driver(path, POINTS, WAIT_S) as running:
            # Some while it starts, before there is a store or a worker; most while the store grows.
            if kill % 4:
                wait_for(path, points + 1, running)
                time.sleep(moments.uniform(0, 0.15))
            else:
                time.sleep(moments.uniform(0.02, 0.3))
            running.kill()
            running.communicate()
        assert running.returncode == -signal.SIGKILL
        before, points = points, points_at_once(path)
        assert before <= points < POINTS
    with driver(path, POINTS, WAIT_S) as running:
        assert running.communicate(timeout=120) == ("", "")
    run(calm, [point(n, f"wait {WAIT_S}") for n in range(POINTS)])
    assert points_at_once(path) == POINTS
    assert seconds_apart(read_store(path)) == seconds_apart(read_store(calm))
    assert sorted(one.name for one in tmp_path.iterdir()) == ["calm.sqlite", "s.sqlite"]


def test_workers_that_are_killed_cost_nothing_but_time(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    with driver(path, 120, WAIT_S) as running:
        for points in (10, 50):
            wait_for(path, points, running)
            # The oldest: the second time not that of the point which has lost one already.
            min(lanes_of(running), key=psutil.Process.create_time).kill()
        assert running.communicate(timeout=60) == ("", "")
    assert [row.outcome.status for row in read_store(path).rows] == 120 * ["done"]


def test_a_second_driver_is_refused_at_once_and_the_first_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    with driver(path, 100, WAIT_S) as first:
        wait_for(path, 5, first)
        with driver(path, 100, WAIT_S) as second:
            _, error = second.communicate(timeout=60)
        assert f"{path}: another accsim sweep is writing it" in error
        assert first.communicate(timeout=60) == ("", "")
    assert points_at_once(path) == 100


def test_workers_end_with_a_driver_that_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    with driver(path, 100, WAIT_S) as running:
        wait_for(path, 5, running)
        lanes = lanes_of(running)
        assert len(lanes) == 2
        running.kill()
        _, alive = psutil.wait_procs(lanes, timeout=30)
    assert alive == []
