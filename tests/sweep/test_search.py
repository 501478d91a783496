"""Searches: new points round by round, the same for the same outcomes, and towards better ones."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from accsim.errors import InputError
from accsim.study import (
    Axis,
    Condition,
    Limit,
    Objective,
    Outcome,
    Sampler,
    SamplerKind,
    Settings,
    Study,
)
from accsim.sweep.search import ROUND
from accsim.sweep.space import Space, points

Rule = Callable[[Settings], Outcome]

KINDS: list[SamplerKind] = ["nsga2", "tpe"]
LEVELS = tuple((value,) for value in range(10))
AXES = tuple(Axis(name, (name,), LEVELS) for name in ("x", "y", "z"))


def study(
    kind: SamplerKind, count: int, axes: tuple[Axis, ...] = AXES, limits: tuple[Limit, ...] = ()
) -> Study:
    aims = (Objective("speed", maximise=True), Objective("cost", maximise=False))
    return Study("one", ("c",), ("w",), axes, limits, aims, (), Sampler(kind, count, 1), 1.0)


def trade(settings: Settings) -> Outcome:
    """Speed is x, but no more than y allows; z only costs."""
    at = {key: value for key, value in settings if not isinstance(value, str)}
    speed, cost = min(at["x"], at["y"]), at["x"] + at["y"] + at["z"]
    return Outcome("done", (("speed", float(speed)), ("cost", float(cost))), "", 0.0)


def rounds(asked: Study, rule: Rule) -> list[list[Settings]]:
    search = points(asked)
    found = [list(next(search))]
    while True:
        try:
            found.append(list(search.send([rule(point) for point in found[-1]])))
        except StopIteration:
            return found


@pytest.mark.parametrize("kind", KINDS)
def test_a_search_has_rounds_of_one_size_and_never_a_point_twice(kind: SamplerKind) -> None:
    found = rounds(study(kind, 40), trade)
    assert [len(one) for one in found] == [ROUND, ROUND, 40 - 2 * ROUND]
    every = [point for one in found for point in one]
    assert len(set(every)) == 40


@pytest.mark.parametrize("kind", KINDS)
def test_a_search_follows_from_seed_and_outcomes(kind: SamplerKind) -> None:
    assert rounds(study(kind, 36), trade) == rounds(study(kind, 36), trade)


@pytest.mark.parametrize("kind", KINDS)
def test_a_search_that_has_seen_nearly_all_still_finds_new_points(kind: SamplerKind) -> None:
    few = tuple(Axis(name, (name,), LEVELS[:3]) for name in ("x", "y", "z"))
    every = [point for one in rounds(study(kind, 26, few), trade) for point in one]
    assert len(set(every)) == 26


def waste(settings: Settings) -> float:
    """What a point costs beyond twice its speed: 0 on the front, where x = y and z = 0."""
    metrics = dict(trade(settings).metrics)
    return float(metrics["cost"]) - 2 * float(metrics["speed"])


@pytest.mark.parametrize("kind", KINDS)
def test_a_search_goes_where_the_objectives_are_better(kind: SamplerKind) -> None:
    # The mean of |x - y| for digits is 3.3, that of z is 4.5.
    space = Space(AXES)
    mean = sum(waste(space.at(index)) for index in range(1000)) / 1000
    assert mean == pytest.approx(7.8)
    every = [point for one in rounds(study(kind, 80), trade) for point in one]
    assert sum(map(waste, every[-48:])) / 48 < 0.6 * mean


@pytest.mark.parametrize("kind", KINDS)
def test_a_search_leaves_what_is_excluded(kind: SamplerKind) -> None:
    def half(settings: Settings) -> Outcome:
        at = dict(settings)
        if float(at["x"]) > 4:
            return Outcome("excluded", (("cost", float(at["x"])),), "cost is above 4", 0.0)
        return trade(settings)

    found = rounds(study(kind, 80, limits=(Limit("cost", None, 4.0),)), half)
    every = [point for one in found for point in one]
    # 5 of 10 levels are forbidden: at random they would be half of the points.
    assert sum(float(dict(point)["x"]) > 4 for point in every[-48:]) < 16


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("status", ["failed", "timed_out", "excluded"])
def test_points_without_any_metric_are_told_as_infeasible(kind: SamplerKind, status: str) -> None:
    def none(settings: Settings) -> Outcome:
        return Outcome(status, (), "no reason", 0.0)  # type: ignore[arg-type]

    assert sum(map(len, rounds(study(kind, 40), none))) == 40


@pytest.mark.parametrize("kind", KINDS)
def test_a_search_knows_conditions_and_names(kind: SamplerKind) -> None:
    axes = (
        Axis("grade", ("grade",), (("slow",), ("fast",))),
        *AXES[:2],
        Axis("z", ("z",), LEVELS, (Condition("grade", ("fast",)),)),
    )

    def rule(settings: Settings) -> Outcome:
        return trade(tuple({"z": 0, **dict(settings)}.items()))

    every = [point for one in rounds(study(kind, 40, axes), rule) for point in one]
    space = Space(axes)
    assert set(every) <= {space.at(index) for index in range(space.size)}
    assert len(set(every)) == 40


@pytest.mark.parametrize("kind", KINDS)
def test_without_optuna_a_search_names_the_extra(
    kind: SamplerKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(InputError) as caught:
        next(points(study(kind, 5)))
    assert (
        str(caught.value) == f"one: the sampler {kind} needs the extra: pip install 'accsim[opt]'"
    )
