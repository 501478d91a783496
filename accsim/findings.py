"""What a sweep comes to: frozen values that tables and pages of it are made from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal

from accsim.study import Axis, Row, Setting, Settings, Study, spelled

BASES = ("chip", "workload")
"""Keys that are set to whole files."""

Design = Literal["full", "partial", "search"]
"""Which points of a space an effect is computed from.

``full``     every point of a grid on which all axes exist everywhere, all of them simulated
``partial``  some: a sample, or a grid with points excluded, failed, left out or not there yet
``search``   those that a search chose, which are good ones above all
"""


@dataclass(frozen=True, slots=True)
class LevelEffect:
    """An objective at the points of one level of an axis, whatever the other axes are set to."""

    label: str
    count: int
    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class AxisEffect:
    """What an axis does to an objective.

    levels  those that some point has, in the order of the axis
    share   0..1, of the variance of the objective over the points: that of the means of the levels,
            weighted with their points. None if all points are equal, or were chosen by a search
    chance  what the share of an axis without any effect would be on average
    """

    axis: str
    metric: str
    levels: tuple[LevelEffect, ...]
    share: float | None
    chance: float


@dataclass(frozen=True, slots=True)
class Findings:
    """A sweep, or those of its points that a reader has chosen.

    total    points that the study asks for
    rows     the finished ones, in the order of the study
    front    places of those on the Pareto front of its objectives
    effects  of each axis on each objective; axes with the largest effects first
    """

    study: Study
    total: int
    rows: tuple[Row, ...]
    front: tuple[int, ...]
    design: Design
    effects: tuple[AxisEffect, ...]

    @property
    def done(self) -> tuple[Row, ...]:
        """The rows that were simulated."""
        return tuple(row for row in self.rows if row.outcome.status == "done")

    def on_front(self) -> tuple[Row, ...]:
        """The rows of the front."""
        places = frozenset(self.front)
        return tuple(row for row in self.rows if row.point.place in places)


def level_at(axis: Axis, settings: Settings) -> tuple[Setting, ...] | None:
    """The level of an axis at a point; None where the axis does not exist."""
    chosen = dict(settings)
    if not axis.exists(chosen) or any(key not in chosen for key in axis.keys):
        return None
    return tuple(chosen[key] for key in axis.keys)


def level_label(axis: Axis, level: tuple[Setting, ...]) -> str:
    """A level in a few words: its settings, or the one that all of its keys have.

    Of a chip or workload that the study names by a path from the root, the base name.
    """
    words = [shown_setting(*pair) for pair in zip(axis.keys, level, strict=True)]
    return words[0] if len(set(words)) == 1 else " / ".join(words)


def shown_setting(key: str, setting: Setting) -> str:
    """What a key is set to, as its file spells it."""
    text = f"{setting:.12g}" if isinstance(setting, float) else spelled(setting)
    # Pages and tables may be given away; in which folder a file lay is nobody's business.
    return PurePath(text).name if key in BASES and PurePath(text).is_absolute() else text


def varied(study: Study) -> tuple[Axis, ...]:
    """The axes with more than one level, in the order of the study."""
    return tuple(axis for axis in study.axes if len(axis.levels) > 1)
