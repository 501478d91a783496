"""The driver: every point once, in the order of the study, and no more under way than allowed."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from accsim.errors import InputError, Problem
from accsim.study import Outcome, Settings, StoredStudy, Study, Task
from accsim.sweep.driver import Crew, LostError, drive
from accsim.sweep.executors import crew
from accsim.sweep.space import Points
from accsim.sweep.store import open_store, read_store

from .fakes import MIXED, one_round, point, run, study, task_of
from .points import evaluate, task


def seconds_apart(stored: StoredStudy) -> list[tuple[int, str, Settings, str, object, str]]:
    """All of a table but the seconds."""
    return [
        (
            row.point.place,
            row.point.key,
            row.point.settings,
            row.outcome.status,
            row.outcome.metrics,
            row.outcome.reason,
        )
        for row in stored.rows
    ]


class Slow:
    """A crew whose points are finished in the wrong order, as late as can be."""

    def __init__(self, window: int) -> None:
        self.window = window
        self.crew = Crew(self.submit, lambda: window)
        self.under_way: list[tuple[Task, Future[Outcome]]] = []
        self.most = 0
        self.count = 0

    def submit(self, task: Task) -> Future[Outcome]:
        future: Future[Outcome] = Future()
        self.under_way.append((task, future))
        self.count += 1
        self.most = max(self.most, len(self.under_way))
        if len(self.under_way) == self.window:
            self.finish()
        return future

    def finish(self) -> None:
        for given, future in reversed(self.under_way):
            future.set_result(evaluate(given))
        self.under_way.clear()


def here(task: Task) -> Future[Outcome]:
    """Simulate a point at once."""
    future: Future[Outcome] = Future()
    future.set_result(evaluate(task))
    return future


def drive_here(
    path: Path, rounds: Points, crew: Crew | None = None, the_study: Study | None = None
) -> list[tuple[Outcome, bool]]:
    """Drive with a crew in this process."""
    told: list[tuple[Outcome, bool]] = []
    of = the_study or study()
    with open_store(path, of, "", resume=True) as store:
        drive(
            of, rounds, task_of, store, crew or Crew(here, lambda: 4), lambda *one: told.append(one)
        )
    return told


def mixed(count: int) -> list[Settings]:
    return [point(n, MIXED[n % len(MIXED)]) for n in range(count)]


@pytest.mark.parametrize("workers", [1, 3])
def test_a_table_does_not_depend_on_the_number_of_workers(tmp_path: Path, workers: int) -> None:
    told = run(tmp_path / "s.sqlite", mixed(16), workers)
    rows = seconds_apart(read_store(tmp_path / "s.sqlite"))
    assert len(told) == len(rows) == 16
    assert [row[2] for row in rows] == mixed(16)
    statuses = ["done", "done", "failed", "done", "excluded", "excluded", "failed", "failed"]
    assert [row[3] for row in rows] == 2 * statuses
    assert rows[3][4] == (("n", 3), ("seventh", 3 / 7), ("bound", "DRAM"))
    assert rows[4] == (4, "", point(4, "is no chip"), "excluded", (), "array.rows: has no rows")
    assert rows[7][5] == "its process was ended by SIGKILL, 2 times"


def test_no_more_points_are_under_way_than_the_window(tmp_path: Path) -> None:
    slow = Slow(window=3)
    drive_here(tmp_path / "s.sqlite", one_round(point(n) for n in range(9)), slow.crew)
    assert (slow.count, slow.most) == (9, 3)
    rows = read_store(tmp_path / "s.sqlite").rows
    assert [row.point.settings for row in rows] == [point(n) for n in range(9)]


def searching(seen: list[list[object]], rounds: int = 3) -> Points:
    """A search that asks for the same point again, and for points around what it has found."""
    best = 0
    for number in range(rounds):
        batch = [point(best), point(best + 1), point(best), point(best + 2, "raise")]
        outcomes: Sequence[Outcome] = yield iter(batch)
        assert len(outcomes) == 4
        assert list(outcomes[1:3]) == [outcomes[1], outcomes[2]]
        seen.append([one.metrics[0][1] if one.metrics else one.reason for one in outcomes])
        best = max(int(one.metrics[0][1]) for one in outcomes if one.metrics) + 10 * number


def test_a_search_is_sent_the_outcomes_of_its_points_in_their_order(tmp_path: Path) -> None:
    seen: list[list[object]] = []
    told: list[tuple[Outcome, bool]] = []
    with (
        crew("process", 2, evaluate, 60.0) as found,
        open_store(tmp_path / "s.sqlite", study("tpe"), "", resume=False) as store,
    ):
        drive(study("tpe"), searching(seen), task_of, store, found, lambda *one: told.append(one))
    why = "ZeroDivisionError: of all things"
    # Point 1 is asked for in the first two rounds, and point 2 raises once and counts once.
    assert seen == [[0, 1, 0, why], [1, 2, 1, why], [12, 13, 12, why]]
    rows = [row.point.settings for row in read_store(tmp_path / "s.sqlite").rows]
    again = [point(2), point(3, "raise"), point(12), point(13), point(14, "raise")]
    assert rows == [point(0), point(1), point(2, "raise"), *again]
    assert len(told) == 8


def test_a_point_that_is_still_under_way_is_not_started_again(tmp_path: Path) -> None:
    slow = Slow(window=2)
    batch = [point(0), point(0), point(1), point(0)]
    drive_here(tmp_path / "s.sqlite", one_round(batch), slow.crew)
    assert slow.count == 2


def test_true_and_one_are_two_points(tmp_path: Path) -> None:
    batch: list[Settings] = [(("does", "count"), ("n", one)) for one in (1, 1.0, True)]
    slow = Slow(window=3)
    with open_store(tmp_path / "s.sqlite", study(), "", resume=False) as store:
        drive(
            study(),
            one_round(batch),
            lambda _, settings: task(1, repr(settings)),
            store,
            slow.crew,
            lambda *_: None,
        )
    assert slow.count == 3


def test_resuming_does_only_what_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    drive_here(path, one_round(point(n) for n in range(4)))
    told = drive_here(path, one_round(point(n) for n in range(6)))
    assert [before for _, before in told] == [True, True, True, True, False, False]
    assert [dict(outcome.metrics)["n"] for outcome, _ in told] == [0, 1, 2, 3, 4, 5]


def test_resuming_repeats_what_failed_but_not_what_is_excluded(tmp_path: Path) -> None:
    path, flag = tmp_path / "s.sqlite", tmp_path / "flag"
    points = [point(0, "is no chip"), point(1, "refuse"), point(2, f"fail-unless {flag}")]
    run(path, points)
    assert statuses(path) == ["excluded", "excluded", "failed"]
    flag.touch()
    again = run(path, points, resume=True)
    assert [(one.status, before) for one, before in again] == [
        ("excluded", True),
        ("excluded", True),
        ("done", False),
    ]
    assert statuses(path) == ["excluded", "excluded", "done"]


def test_resuming_repeats_what_took_too_long(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    run(path, [point(0, "wait 0.5")], timeout_s=0.1)
    assert statuses(path) == ["timed_out"]
    run(path, [point(0, "wait 0.5")], resume=True)
    assert statuses(path) == ["done"]


def statuses(path: Path) -> list[str]:
    return [row.outcome.status for row in read_store(path).rows]


def test_resuming_a_search_keeps_what_failed(tmp_path: Path) -> None:
    points, search = [point(0, "raise"), point(1)], study("nsga2")
    run(tmp_path / "s.sqlite", points, the_study=search)
    again = run(tmp_path / "s.sqlite", points, the_study=search, resume=True)
    assert [(one.status, before) for one, before in again] == [("failed", True), ("done", True)]


def test_points_of_changed_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    drive_here(path, one_round([point(0), point(1)]))
    with (
        open_store(path, study(), "", resume=True) as store,
        pytest.raises(InputError) as caught,
    ):
        drive(
            study(),
            one_round([point(0)]),
            lambda _, settings: task(99),
            store,
            Crew(here, lambda: 4),
            lambda *_: None,
        )
    assert str(caught.value) == (
        f"{path}: point 0 was made from other files: a chip or workload has been changed since; "
        "give another file"
    )


@pytest.mark.parametrize("now", [[point(7)], [point(1)], [point(0), point(2)]])
def test_points_in_another_order_are_refused(tmp_path: Path, now: list[Settings]) -> None:
    path = tmp_path / "s.sqlite"
    drive_here(path, one_round([point(0), point(1)]))
    with pytest.raises(InputError) as caught:
        drive_here(path, one_round(now))
    assert str(caught.value) == (
        f"{path}: holds other points than the sampler gives now (point {len(now) - 1} differs): "
        "it depends on a library of another version; give another file"
    )


def test_a_crew_that_is_gone_ends_the_sweep(tmp_path: Path) -> None:
    def lost(task: Task) -> Future[Outcome]:
        future = here(task)
        if task.metrics[0] == "2":
            future = Future()
            future.set_exception(BrokenProcessPool("gone"))
        return future

    with pytest.raises(LostError, match=r"^the workers are gone; the finished points are kept$"):
        drive_here(tmp_path / "s.sqlite", one_round(map(point, range(4))), Crew(lost, lambda: 1))
    assert len(read_store(tmp_path / "s.sqlite").rows) == 2


def test_a_point_that_cannot_be_carried_has_failed(tmp_path: Path) -> None:
    def heavy(task: Task) -> Future[Outcome]:
        future: Future[Outcome] = Future()
        future.set_exception(RuntimeError("too heavy"))
        return future

    ((outcome, _),) = drive_here(
        tmp_path / "s.sqlite", one_round([point(0)]), Crew(heavy, lambda: 1)
    )
    assert (outcome.status, outcome.reason) == ("failed", "RuntimeError: too heavy")


def test_a_worker_with_other_versions_ends_the_sweep(tmp_path: Path) -> None:
    def other(_: Task) -> Future[Outcome]:
        future: Future[Outcome] = Future()
        future.set_exception(InputError(Problem("worker", "has numpy 1")))
        return future

    with pytest.raises(InputError, match=r"^worker: has numpy 1$"):
        drive_here(tmp_path / "s.sqlite", one_round([point(0)]), Crew(other, lambda: 1))


def test_thousands_of_points_take_no_more_memory_than_hundreds(tmp_path: Path) -> None:
    def peak_bytes(count: int) -> int:
        told: Counter[str] = Counter()
        points: Iterable[Settings] = (point(n) for n in range(count))
        with open_store(tmp_path / f"{count}.sqlite", study(), "", resume=False) as store:
            tracemalloc.start()
            drive(
                study(),
                one_round(points),
                task_of,
                store,
                Crew(here, lambda: 4),
                lambda outcome, _: told.update([outcome.status]),
            )
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
        assert told == {"done": count}
        return peak

    # Their places, which are numbers of 8 bytes in a list and 32 as objects, and nothing else.
    assert peak_bytes(5000) - peak_bytes(500) < 4500 * 64
