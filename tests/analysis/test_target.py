"""The search among chips that are made up, with prices by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from accsim.analysis import target
from accsim.analysis.target import Found, Levels, Verdict, search

DONE = Verdict(reached=True, stage=4, ratio=1.0, helpful=(), simulated=True)


def fails(ratio: float, *helpful: int, stage: int = 1, simulated: bool = True) -> Verdict:
    return Verdict(False, stage, ratio, helpful, simulated)


def found(
    judge_one: Callable[[Levels], Verdict],
    weights: tuple[float, ...] = (10.0, 4.0, 1.0),
    most: Levels = (4, 4, 4),
    seen: list[Levels] | None = None,
) -> Found:
    """Steps cost their weight times what they add: 1, 3, 7, 15."""

    def price(levels: Levels) -> float:
        return sum(
            weight * ((1 << steps) - 1) for weight, steps in zip(weights, levels, strict=True)
        )

    def judge(batch: Sequence[Levels]) -> list[Verdict]:
        if seen is not None:
            seen.extend(batch)
        return [judge_one(levels) for levels in batch]

    return search(most, price, judge)


def test_what_is_enough_already_needs_nothing() -> None:
    assert found(lambda _: DONE) == Found(((0, 0, 0),), None, 1, complete=True)


def test_the_only_knob_that_helps_is_turned_as_far_as_needed() -> None:
    """A time of 4, halved by each step of the first knob, shall be 1."""

    def judge(levels: Levels) -> Verdict:
        time = 4 / 2 ** levels[0]
        return DONE if time <= 1 else fails(time, 0)

    assert found(judge) == Found(((2, 0, 0),), None, 3, complete=True)


def test_the_cheapest_of_several_ways_comes_first() -> None:
    """Time 8 / product of factors; two knobs at 10 and 4 share three steps.

    (1, 2) costs 10 + 12 = 22, (0, 3) 28, (2, 1) 34: the first two with the third in between.
    """

    def judge(levels: Levels) -> Verdict:
        time = 8 / 2 ** (levels[0] + levels[1])
        return DONE if time <= 1 else fails(time, 0, 1)

    assert found(judge).solutions == ((1, 2, 0), (0, 3, 0), (2, 1, 0))


def test_prices_decide_the_order() -> None:
    def judge(levels: Levels) -> Verdict:
        time = 2 / 2 ** (levels[0] + levels[1])
        return DONE if time <= 1 else fails(time, 0, 1)

    assert found(judge, (4.0, 10.0, 1.0)).solutions == ((1, 0, 0), (0, 1, 0))
    assert found(judge, (10.0, 4.0, 1.0)).solutions == ((0, 1, 0), (1, 0, 0))


def test_a_step_that_brings_nothing_is_not_followed() -> None:
    """The third knob seems to help and does not."""
    seen: list[Levels] = []

    def judge(levels: Levels) -> Verdict:
        time = 4 / 2 ** levels[0]
        return DONE if time <= 1 else fails(time, 0, 2)

    assert found(judge, seen=seen).solutions == ((2, 0, 0),)
    assert max(levels[2] for levels in seen) == 1


def test_a_solution_with_further_steps_is_none() -> None:
    def judge(levels: Levels) -> Verdict:
        time = 4 / 2 ** levels[0] / 1.1 ** levels[2]
        return DONE if time <= 1 else fails(time, 0, 2)

    for solution in found(judge).solutions:
        assert solution == (2, 0, 0) or solution[0] < 2


def test_knobs_are_turned_no_further_than_there_are_steps() -> None:
    seen: list[Levels] = []
    result = found(lambda levels: fails(1 / (1 + levels[0]) + 5, 0), most=(2, 0, 0), seen=seen)
    assert seen == [(0, 0, 0), (1, 0, 0), (2, 0, 0)]
    assert result == Found((), (2, 0, 0), 3, complete=True)


def test_below_a_floor_nothing_is_simulated() -> None:
    """Two steps of the first knob are needed by its floor, then the second helps."""

    def judge(levels: Levels) -> Verdict:
        if levels[0] < 2:
            return fails(1, 0, stage=0, simulated=False)
        return DONE if levels[1] else fails(1.5, 1)

    assert found(judge) == Found(((2, 1, 0),), None, 2, complete=True)


def test_a_prefill_that_is_too_long_is_nearer_than_decoding_that_is() -> None:
    """The first step mends decoding, which may make the ratio worse; no step mends the prefill."""

    def judge(levels: Levels) -> Verdict:
        return fails(3, 1, stage=2) if levels[0] else fails(1.2, 0)

    assert found(judge) == Found((), (1, 0, 0), 3, complete=True)


def test_a_chip_that_cannot_run_the_model_is_not_the_nearest() -> None:
    """Its SRAM was found too small only when it was simulated."""
    assert found(lambda _: fails(1, stage=0)) == Found((), None, 1, complete=True)


def test_a_search_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(target, "MOST_SIMULATED", 2)

    def judge(levels: Levels) -> Verdict:
        return fails(10 / (1 + sum(levels)), 0, 1, 2)

    result = found(judge)
    assert (result.solutions, result.complete) == ((), False)
    # The start alone, then the three steps from it.
    assert result.simulated == 4
