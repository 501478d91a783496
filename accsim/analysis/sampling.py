"""Simulating some passes of a run in full and interpolating the others.

The passes of a run differ only in their contexts, and time is nearly linear in those. So passes are
simulated at the ends of a span and at two places inside it; where one of these differs from the
straight line by more than `TOLERANCE`, both halves are treated in the same way. (Two places,
because the steps of a staircase can hide from the middle alone.) All statistics are integers,
interpolated one by one with integer arithmetic, so that sums over causes and operators still add up
exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from accsim.analysis.measure import PassStats
from accsim.timeline import Column

TOLERANCE = 2.5e-4
"""Largest relative error of an interpolated pass time at a checked pass. The moments at which
refreshes hit already move a pass by about 1e-4."""


@dataclass(frozen=True)
class SampledPasses:
    """Statistics of every pass of a run; those of the numbers in `known` were simulated in full.

    `max_error` is the largest relative error found where a pass was both interpolated and
    simulated, among the intervals that were then accepted.
    """

    stats: tuple[PassStats, ...]
    known: tuple[int, ...]
    max_error: float

    @property
    def simulated(self) -> int:
        return len(self.known)


def sample(
    contexts: Sequence[int], simulate: Callable[[int], PassStats], *, exact: bool
) -> SampledPasses:
    """Get statistics of all passes of a run.

    Args:
        contexts: cached tokens of each pass, summed over the batch; never falling.
        simulate: simulates the pass of that number in full.
        exact: simulate every pass.
    """
    count = len(contexts)
    if exact or count <= 3:
        everything = tuple(range(count))
        return SampledPasses(tuple(simulate(number) for number in everything), everything, 0.0)
    known = {0: simulate(0), count - 1: simulate(count - 1)}
    max_error = 0.0
    open_spans = [(0, count - 1)]
    while open_spans:
        low, high = open_spans.pop()
        middle = (low + high) // 2
        inside = {middle, low + (high - low) * 5 // 16} - {low, high}
        errors = []
        for number in sorted(inside):
            if number not in known:
                known[number] = simulate(number)
            truth = known[number].elapsed_ps
            guess = between(contexts, low, known[low], high, known[high], number)
            errors.append(abs(guess.elapsed_ps - truth) / truth)
        if max(errors, default=0.0) > TOLERANCE:
            open_spans += [(low, middle), (middle, high)]
        else:
            max_error = max(max_error, *errors, 0.0)
    knots = sorted(known)
    stats: list[PassStats] = []
    for low, high in pairwise(knots):
        stats.append(known[low])
        stats += [
            between(contexts, low, known[low], high, known[high], number)
            for number in range(low + 1, high)
        ]
    stats.append(known[knots[-1]])
    return SampledPasses(tuple(stats), tuple(knots), max_error)


def sample_each(
    graphs: Sequence[str],
    contexts: Sequence[int],
    simulate: Callable[[int], PassStats],
    *,
    exact: bool,
) -> SampledPasses:
    """Get statistics of passes of several graphs (a model and its draft model), each on its own.

    Args:
        graphs: the graph of each pass.
        contexts: as of `sample`; they never fall among the passes of one graph.
        simulate: as of `sample`.
        exact: as of `sample`.
    """
    stats: dict[int, PassStats] = {}
    known: list[int] = []
    max_error = 0.0
    for graph in dict.fromkeys(graphs):
        mine = [number for number, name in enumerate(graphs) if name == graph]
        found = sample(
            [contexts[number] for number in mine],
            lambda place, mine=mine: simulate(mine[place]),  # type: ignore[misc]
            exact=exact,
        )
        stats.update(zip(mine, found.stats, strict=True))
        known += [mine[place] for place in found.known]
        max_error = max(max_error, found.max_error)
    ordered = tuple(stats[number] for number in range(len(graphs)))
    return SampledPasses(ordered, tuple(sorted(known)), max_error)


def between(
    contexts: Sequence[int], low: int, a: PassStats, high: int, b: PassStats, number: int
) -> PassStats:
    """Interpolate pass `number` between the simulated passes `low` and `high`."""
    span = contexts[high] - contexts[low]
    part = contexts[number] - contexts[low]

    def mix(x: Column, y: Column) -> Column:
        return x + (y - x) * part // span if span else x

    # Running sums are mixed, so that the pass as a whole is rounded once, not in each of its
    # hundreds of parts: no unit is then busy for longer than the pass takes.
    sums = mix(np.cumsum(a.path), np.cumsum(b.path))
    work = mix(np.cumsum(a.op_work, axis=0), np.cumsum(b.op_work, axis=0))
    return PassStats(
        path=np.diff(sums, prepend=0).reshape(a.path.shape),
        op_bytes=mix(a.op_bytes, b.op_bytes),
        units=mix(a.units, b.units),
        dram=mix(a.dram, b.dram),
        rows=mix(a.rows, b.rows),
        op_work=np.diff(work, axis=0, prepend=np.zeros((1, a.op_work.shape[1]), dtype=np.int64)),
        sram_peak=max(a.sram_peak, b.sram_peak),
    )
