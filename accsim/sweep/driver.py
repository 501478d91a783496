"""Runs the points of a study and writes what becomes of them, one row each.

Whatever executes the points, the store is written here alone, and the order of its rows is that of
the study.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Future, wait
from dataclasses import dataclass
from typing import overload

from accsim.errors import AccsimError, InputError
from accsim.study import SEARCHES, Outcome, Point, Row, Settings, Study, Task
from accsim.sweep.guard import why
from accsim.sweep.space import Points
from accsim.sweep.store import Store

GONE = "the workers are gone; the finished points are kept"


class LostError(AccsimError):
    """What executes the points is gone; those that were finished are stored."""


@dataclass(frozen=True, slots=True)
class Crew:
    """What simulates points elsewhere.

    submit  starts one; the outcome of a point that fails is an outcome, not an exception
    window  so many may be under way: enough that nobody waits, few enough for the memory; asked
            for again and again, as workers come and go
    """

    submit: Callable[[Task], Future[Outcome]]
    window: Callable[[], int]


Told = Callable[[Outcome, bool], None]
"""Called for each finished point; True if it had been finished before."""


def drive(
    study: Study,
    rounds: Points,
    task_of: Callable[[Study, Settings], Task],
    store: Store,
    crew: Crew,
    told: Told,
) -> None:
    """Simulate all points of a study that are not in its store yet.

    Points that failed or timed out are simulated again, unless they are part of a search: what it
    chose afterwards hangs on what it was told.

    Args:
        study: the study.
        rounds: its points.
        task_of: makes a task of a point, or raises `InputError` if there is no such chip.
        store: of this study; written after each point.
        crew: what simulates.
        told: called with each outcome.

    Raises:
        InputError: the store cannot be written, or holds points of other input files.
        LostError: the crew is gone.
    """
    sweep = _Sweep(study, task_of, store, crew, told)
    try:
        batch = next(rounds)
        while True:
            batch = rounds.send(sweep.run(batch))
    except StopIteration:
        return


class _Sweep:
    def __init__(
        self,
        study: Study,
        task_of: Callable[[Study, Settings], Task],
        store: Store,
        crew: Crew,
        told: Told,
    ) -> None:
        self._study = study
        self._task_of = task_of
        self._store = store
        self._crew = crew
        self._told = told
        self._next_place = 0
        self._under_way: dict[Future[Outcome], Point] = {}

    def run(self, batch: Iterable[Settings]) -> Sequence[Outcome]:
        """Finish some points; give their outcomes in the order of the points."""
        places = [self._start(settings) for settings in batch]
        while self._under_way:
            self._collect()
        return _Outcomes(self._store, places)

    def _start(self, settings: Settings) -> int:
        """See that a point gets finished; give its place."""
        held = self._store.find(settings)
        if held is not None and held.point.place < self._next_place:
            return held.point.place
        for point in self._under_way.values():
            # Not compared by value: True is 1.
            if repr(point.settings) == repr(settings):
                return point.place
        task = self._task(settings)
        key = task.key if isinstance(task, Task) else ""
        point = Point(self._next_place, key, settings)
        self._next_place += 1
        held = held or self._store.at(point.place)
        if held is not None:
            self._store.agree(held.point, point)
        if held is not None and not self._is_to_be_repeated(held.outcome):
            self._told(held.outcome, True)
        elif isinstance(task, Outcome):
            self._finish(point, task)
        else:
            self._under_way[self._submitted(task)] = point
        return point.place

    def _submitted(self, task: Task) -> Future[Outcome]:
        try:
            while len(self._under_way) >= self._crew.window():
                self._collect()
            return self._crew.submit(task)
        except (OSError, BrokenExecutor) as error:
            raise LostError(GONE) from error

    def _task(self, settings: Settings) -> Task | Outcome:
        """What is to be simulated of a point, or why nothing is."""
        try:
            return self._task_of(self._study, settings)
        except InputError as error:
            return Outcome("excluded", (), why(error), 0.0)

    def _is_to_be_repeated(self, outcome: Outcome) -> bool:
        lost = outcome.status in ("failed", "timed_out")
        return lost and self._study.sampler.kind not in SEARCHES

    def _collect(self) -> None:
        """Wait until a point is finished, and write all that are."""
        finished, _ = wait(self._under_way, return_when=FIRST_COMPLETED)
        # Not in the order of a set, which changes from run to run.
        for future in [one for one in self._under_way if one in finished]:
            self._finish(self._under_way.pop(future), _outcome(future))

    def _finish(self, point: Point, outcome: Outcome) -> None:
        self._store.put(Row(point, outcome))
        self._told(outcome, False)


def _outcome(future: Future[Outcome]) -> Outcome:
    try:
        return future.result()
    except (CancelledError, BrokenExecutor) as error:
        raise LostError(GONE) from error
    except InputError:
        raise
    except Exception as error:
        # Of what carries points, not of the simulation: whose failures are outcomes.
        return Outcome("failed", (), f"{type(error).__name__}: {error}", 0.0)


class _Outcomes(Sequence[Outcome]):
    """Outcomes of places, read when asked for: thousands of them take no memory."""

    def __init__(self, store: Store, places: Sequence[int]) -> None:
        self._store = store
        self._places = places

    @overload
    def __getitem__(self, index: int) -> Outcome: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Outcome]: ...

    def __getitem__(self, index: int | slice) -> Outcome | Sequence[Outcome]:
        if isinstance(index, slice):
            return _Outcomes(self._store, self._places[index])
        return self._store.outcome(self._places[index])

    def __len__(self) -> int:
        return len(self._places)
