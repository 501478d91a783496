"""A design-space sweep: frozen values of what is varied, what is asked, and what was found.

The space is finite: every axis is a list of levels, so that each point can be named, stored and
found again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

from accsim.chip import Chip
from accsim.workload import Workload

Setting = bool | int | float | str
"""What a field of a chip or workload file, or its whole name, is set to."""

Settings = tuple[tuple[str, Setting], ...]
"""Dotted keys and what they are set to: ``chip`` and ``workload`` are the files themselves,
``chip.memory...`` and ``workload.runs...`` fields of them, runs by name. Sorted by key; what is
not among them is as the files have it."""

File = Literal["chip", "workload"]
"""What the keys of a study belong to."""

SamplerKind = Literal["grid", "random", "sobol", "latin_hypercube", "nsga2", "tpe"]

SEARCHES: tuple[SamplerKind, ...] = ("nsga2", "tpe")
"""Samplers that choose points by what became of earlier ones."""

Status = Literal["done", "excluded", "failed", "timed_out"]
"""``done``: simulated; ``excluded``: there is no such chip, the model does not fit it, or a limit
forbids it; ``failed``: it raised, or its process died; ``timed_out``: it took too long."""

STATUSES: tuple[Status, ...] = get_args(Status)
"""In the order in which they are told."""


def status_words(status: Status) -> str:
    """A status for people: ``timed out``."""
    return status.replace("_", " ")


def tally_words(tally: Mapping[Status, int]) -> str:
    """``57 done, 3 excluded``; without what there is none of."""
    return ", ".join(f"{tally[one]} {status_words(one)}" for one in STATUSES if tally[one])


@dataclass(frozen=True, slots=True)
class Condition:
    """Holds at points where a key has one of some settings; not where no axis sets it."""

    key: str
    settings: tuple[Setting, ...]

    def holds(self, chosen: Mapping[str, Setting]) -> bool:
        return self.key in chosen and any(same(chosen[self.key], one) for one in self.settings)


@dataclass(frozen=True, slots=True)
class Axis:
    """One direction of the space.

    name    as tables and charts have it
    keys    what it sets; several are zipped: they change together
    levels  a setting for each key, in the order of `keys`
    when    where the axis exists; elsewhere its keys are left as the files have them
    """

    name: str
    keys: tuple[str, ...]
    levels: tuple[tuple[Setting, ...], ...]
    when: tuple[Condition, ...] = ()

    def exists(self, chosen: Mapping[str, Setting]) -> bool:
        """Whether it does at points where the axes before it have chosen this."""
        return all(condition.holds(chosen) for condition in self.when)


def same(one: Setting, other: Setting) -> bool:
    """Whether two settings are equal; ``true`` is not 1."""
    return isinstance(one, bool) == isinstance(other, bool) and one == other


def spelled(setting: Setting) -> str:
    """A setting as files spell it."""
    if isinstance(setting, bool):
        return "true" if setting else "false"
    return str(setting)


def settings_at(axes: Sequence[Axis], picks: Sequence[int | None]) -> Settings:
    """The settings where each axis has the level of that index; None leaves its keys alone.

    Axes that do not exist there are passed over; those that conditions speak of come first.
    """
    chosen: dict[str, Setting] = {}
    for axis, pick in zip(axes, picks, strict=True):
        if pick is not None and axis.exists(chosen):
            chosen.update(zip(axis.keys, axis.levels[pick], strict=True))
    return tuple(sorted(chosen.items()))


def fields_of(settings: Settings, file: File) -> list[tuple[str, Setting]]:
    """The settings of fields of the chip or of the workload, by their keys in its file."""
    start = f"{file}."
    return [(key.removeprefix(start), one) for key, one in settings if key.startswith(start)]


@dataclass(frozen=True, slots=True)
class Limit:
    """Points of which a metric is below `least` or above `most` are excluded."""

    metric: str
    least: float | None
    most: float | None


@dataclass(frozen=True, slots=True)
class Objective:
    """A metric that is to be large, or small."""

    metric: str
    maximise: bool


@dataclass(frozen=True, slots=True)
class Sampler:
    """Which points of the space are simulated: all (`grid`) or `count` of them, from a seed."""

    kind: SamplerKind
    count: int | None
    seed: int


@dataclass(frozen=True, slots=True)
class Study:
    """A sweep file, read and checked.

    chips, workloads  paths or names of shipped files; the first is the base where no axis says
    axes              an axis comes after those that its conditions speak of
    metrics           what is stored of each point besides those of limits and objectives
    timeout_s         after which a point is given up
    folder            where those paths start; a study is the same wherever it lies
    """

    name: str
    chips: tuple[str, ...]
    workloads: tuple[str, ...]
    axes: tuple[Axis, ...]
    limits: tuple[Limit, ...]
    objectives: tuple[Objective, ...]
    metrics: tuple[str, ...]
    sampler: Sampler
    timeout_s: float
    folder: str = field(default=".", compare=False)


@dataclass(frozen=True, slots=True)
class Task:
    """One point, ready to be simulated anywhere: nothing else is read.

    metrics are those wanted; what none of them needs is not simulated.
    """

    key: str
    chip: Chip
    workload: Workload
    metrics: tuple[str, ...]
    limits: tuple[Limit, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a point; `metrics` by name (numbers, or names such as that of a bound)."""

    status: Status
    metrics: tuple[tuple[str, float | int | str], ...]
    reason: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Point:
    """A point of a study.

    place  its number in the order of the study, from 0
    key    of its task, a hash of all that its outcome depends on; "" if there is no such task
    """

    place: int
    key: str
    settings: Settings


@dataclass(frozen=True, slots=True)
class Row:
    """A finished point."""

    point: Point
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class StoredStudy:
    """A study with what has been found so far.

    text  of the study file
    rows  in the order of the study; points that are not finished have none
    """

    study: Study
    text: str
    accsim_version: str
    rows: tuple[Row, ...]
