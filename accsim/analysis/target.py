"""The search for the cheapest combination of steps: cheap ones first, and only where it hurts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush

Levels = tuple[int, ...]
"""By knob: how many steps it is turned."""

WORTH = 0.005
"""A step that shortens what is too long by less than this is not followed."""

WANTED = 3
"""Solutions that are looked for."""

AT_ONCE = 8
"""Chips judged together, however many workers there are, so that the result is the same."""

MOST_SIMULATED = 60
"""Chips after which the search is ended: a minute on two cores, with a long prompt in each."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of a chip.

    stage      what it fails in: 0 there is no such chip, or a floor; 1 decoding; 2 power; 3 the
               prefill
    ratio      time or power over what is allowed there; 1 at stage 0
    helpful    knobs (by place in `Levels`) that could help against it; none where all is reached
    simulated  whether it was; else a bound was enough
    """

    reached: bool
    stage: int
    ratio: float
    helpful: tuple[int, ...]
    simulated: bool

    def better_than(self, other: Verdict) -> bool:
        """Whether it is worth going on from here, rather than from `other` in another way."""
        if self.stage == 0 or self.stage > other.stage:
            return True
        return self.stage == other.stage and self.ratio < (1 - WORTH) * other.ratio


@dataclass(frozen=True, slots=True)
class Found:
    """Solutions, the cheapest first, or without any the simulated chip that came nearest."""

    solutions: tuple[Levels, ...]
    nearest: Levels | None
    simulated: int
    complete: bool


def search(
    most: Levels,
    price: Callable[[Levels], float],
    judge: Callable[[Sequence[Levels]], Sequence[Verdict]],
) -> Found:
    """Find the cheapest combinations of steps that reach what is asked for.

    Chips are judged in the order of their price. From one that fails, the next steps are taken with
    the knobs that could help there, if it is better than the one that it came from.

    Args:
        most: steps of each knob at most.
        price: of a combination; a further step never makes it cheaper.
        judge: says for each of some combinations what is known of its chip.
    """
    start = (0,) * len(most)
    parents: dict[Levels, Verdict | None] = {start: None}
    heap = [(price(start), start)]
    solutions: list[tuple[float, Levels]] = []
    nearest: tuple[tuple[int, float], Levels] | None = None
    simulated = 0
    while heap and simulated < MOST_SIMULATED:
        if len(solutions) >= WANTED and heap[0][0] >= solutions[WANTED - 1][0]:
            break
        batch: list[Levels] = []
        while heap and len(batch) < AT_ONCE:
            levels = heappop(heap)[1]
            if not any(_at_least(levels, known) for _, known in solutions):
                batch.append(levels)
        for levels, verdict in zip(batch, judge(batch), strict=True):
            simulated += verdict.simulated
            if verdict.reached:
                solutions.append((price(levels), levels))
                continue
            if verdict.simulated and verdict.stage:
                rank = (-verdict.stage, verdict.ratio)
                nearest = min(nearest or (rank, levels), (rank, levels))
            parent = parents[levels]
            if parent is not None and not verdict.better_than(parent):
                continue
            for place in verdict.helpful:
                further = (*levels[:place], levels[place] + 1, *levels[place + 1 :])
                if further[place] <= most[place] and further not in parents:
                    parents[further] = verdict
                    heappush(heap, (price(further), further))
        solutions = _least(solutions)
    return Found(
        tuple(levels for _, levels in solutions[:WANTED]),
        None if nearest is None or solutions else nearest[1],
        simulated,
        complete=not heap or simulated < MOST_SIMULATED,
    )


def _least(solutions: list[tuple[float, Levels]]) -> list[tuple[float, Levels]]:
    """The solutions of which none is another with further steps, the cheapest first."""
    kept: list[tuple[float, Levels]] = []
    for price, levels in sorted(solutions):
        if not any(_at_least(levels, known) for _, known in kept):
            kept.append((price, levels))
    return kept


def _at_least(levels: Levels, other: Levels) -> bool:
    return all(mine >= theirs for mine, theirs in zip(levels, other, strict=True))
