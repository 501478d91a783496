"""Which points are worth a look where several figures count, and how much such a set covers.

A point is an objective vector: floats, one for each objective, of which each is to be large or to
be small. One vector dominates another if it is no worse in any objective and better in one.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

Vector = Sequence[float]
"""The value of each objective."""


def front(vectors: Sequence[Vector], maximise: Sequence[bool]) -> tuple[int, ...]:
    """The Pareto front: indices of the vectors that no other dominates, rising.

    Of equal vectors the first one stands for all.
    """
    costs = [_costs(vector, maximise) for vector in vectors]
    kept: list[int] = []
    # In this order none is dominated by a later one, and an equal one comes after the first.
    for index in sorted(range(len(costs)), key=lambda at: (costs[at], at)):
        if not any(_covers(costs[other], costs[index]) for other in kept):
            kept.append(index)
    return tuple(sorted(kept))


def hypervolume(vectors: Sequence[Vector], maximise: Sequence[bool], reference: Vector) -> float:
    """The volume of all that is dominated by some of the vectors and better than a reference point.

    Exact, by slices along the last objective, each a hypervolume of one objective less (Zitzler and
    Thiele 1998; the slices as in Knowles 2002): n log n steps for n vectors of two objectives, n
    times as many for each one more. Vectors that are not better than the reference in every
    objective add nothing.
    """
    corner = _costs(reference, maximise)
    costs = [_costs(vector, maximise) for vector in vectors]
    inside = [cost for cost in costs if all(map(float.__lt__, cost, corner))]
    return _volume(inside, corner)


def _costs(vector: Vector, maximise: Sequence[bool]) -> tuple[float, ...]:
    """The vector with every objective to be small."""
    pairs = zip(vector, maximise, strict=True)
    return tuple(-float(value) if large else float(value) for value, large in pairs)


def _covers(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    """Whether one is no worse than the other in any objective."""
    return all(mine <= its for mine, its in zip(one, other, strict=True))


def _volume(costs: Sequence[tuple[float, ...]], corner: tuple[float, ...]) -> float:
    if not costs:
        return 0.0
    if len(corner) == 1:
        return corner[0] - min(costs)[0]
    *below, end = corner
    ordered = sorted(costs, key=lambda cost: cost[-1])
    edges = [*(cost[-1] for cost in ordered), end]
    if len(corner) == 2:
        return _area(ordered, edges, below[0])
    return sum(
        (upper - lower) * _volume([cost[:-1] for cost in ordered[:count]], tuple(below))
        for count, (lower, upper) in enumerate(pairwise(edges), 1)
        if upper > lower
    )


def _area(ordered: Sequence[tuple[float, ...]], edges: Sequence[float], end: float) -> float:
    """Of the slices of two objectives, with the length that all before them have reached."""
    area, nearest = 0.0, end
    for cost, (lower, upper) in zip(ordered, pairwise(edges), strict=True):
        nearest = min(nearest, cost[0])
        area += (upper - lower) * (end - nearest)
    return area
