"""What each axis of a sweep does to each objective: main effects, and shares of the variance.

The effect of a level is the mean of the objective over the points that have it, with all that the
other axes are set to there. On a full grid every level meets the same others, so the variance of
these means over that of all points is the first-order Sobol index of the axis (Sobol 1993; Saltelli
et al. 2008, section 1.2.5) for levels that are equally likely: the indices add up to 1 at most, and
what is missing is due to axes that act together. On other sets of points it is the correlation
ratio (eta squared): levels may have met different others, so that shares overlap or hide each
other, and with few points chance alone makes some, `AxisEffect.chance` on average. Points that a
search chose are no picture of the space at all: no share is computed from them.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum, prod

from accsim.findings import AxisEffect, Design, LevelEffect, level_at, level_label, varied
from accsim.study import SEARCHES, Axis, Row, Study


def design(study: Study, done: Sequence[Row]) -> Design:
    """Which points of the space of a study its simulated points are."""
    whole = prod(len(axis.levels) for axis in study.axes)
    if not any(axis.when for axis in study.axes) and len(done) == whole:
        return "full"
    return "search" if study.sampler.kind in SEARCHES else "partial"


def effects(study: Study, done: Sequence[Row]) -> tuple[AxisEffect, ...]:
    """The effects of all axes with more than one level, those with the largest shares first.

    Args:
        study: its axes and objectives.
        done: points that were simulated; where an axis does not exist, they do not count for it.
    """
    kind = design(study, done)
    found = [
        _effect(axis, objective.metric, done, shared=kind != "search")
        for axis in varied(study)
        for objective in study.objectives
    ]
    most: dict[str, float] = {}
    for one in found:
        most[one.axis] = max(most.get(one.axis, 0.0), one.share or 0.0)
    return tuple(sorted(found, key=lambda one: -most[one.axis]))


def _effect(axis: Axis, metric: str, done: Sequence[Row], *, shared: bool) -> AxisEffect:
    values: dict[int, list[float]] = {number: [] for number in range(len(axis.levels))}
    for row in done:
        level = level_at(axis, row.point.settings)
        if level is not None:
            # True is 1 here, but no axis has both.
            values[axis.levels.index(level)].append(float(dict(row.outcome.metrics)[metric]))
    groups = {number: group for number, group in values.items() if group}
    levels = tuple(
        LevelEffect(
            level_label(axis, axis.levels[number]),
            len(group),
            fsum(group) / len(group),
            min(group),
            max(group),
        )
        for number, group in groups.items()
    )
    share = _share(list(groups.values())) if shared else None
    count = sum(map(len, groups.values()))
    chance = (len(groups) - 1) / (count - 1) if count > 1 else 0.0
    return AxisEffect(axis.name, metric, levels, share, chance)


def _share(groups: Sequence[Sequence[float]]) -> float | None:
    """The part of the variance of all values that is between the means of groups."""
    values = [value for group in groups for value in group]
    if len(values) < 2 or min(values) == max(values):
        return None
    mean = fsum(values) / len(values)
    whole = fsum((value - mean) ** 2 for value in values)
    between = fsum(len(group) * (fsum(group) / len(group) - mean) ** 2 for group in groups)
    return min(between / whole, 1.0)
