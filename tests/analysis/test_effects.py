"""Main effects and shares of the variance, by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from accsim.analysis.effects import design, effects
from accsim.findings import AxisEffect, LevelEffect
from accsim.study import Axis, Condition, Objective, Outcome, Point, Row, Sampler, Study
from accsim.sweep.space import Space

A = Axis("a", ("chip.a",), ((1,), (2,)))
B = Axis("b", ("chip.b",), ((10,), (20,), (30,)))
ONE = Axis("one", ("chip.one",), ((5,),))


def study_of(*axes: Axis, kind: str = "grid") -> Study:
    return Study(
        name="made up",
        chips=("c",),
        workloads=("w",),
        axes=axes,
        limits=(),
        objectives=(Objective("area_mm2", False),),
        metrics=(),
        sampler=Sampler(kind, None, 1),  # type: ignore[arg-type]
        timeout_s=1.0,
    )


def rows(study: Study, values: Sequence[float]) -> list[Row]:
    space = Space(study.axes)
    return [
        Row(Point(place, "", space.at(place)), Outcome("done", (("area_mm2", value),), "", 0.0))
        for place, value in enumerate(values)
    ]


def by_axis(study: Study, found: Sequence[Row]) -> dict[str, AxisEffect]:
    return {one.axis: one for one in effects(study, found)}


def test_a_level_has_the_mean_and_the_range_of_its_points() -> None:
    study = study_of(A, B)
    found = by_axis(study, rows(study, [1, 2, 3, 11, 12, 13]))
    assert found["a"].levels == (LevelEffect("1", 3, 2, 1, 3), LevelEffect("2", 3, 12, 11, 13))
    assert found["b"].levels[2] == LevelEffect("30", 2, 8, 3, 13)


def test_shares_on_a_full_grid_without_interactions_add_up_to_one() -> None:
    study = study_of(A, B)
    # Around the mean 7 the squares add up to 154; means 2 and 12 make 6 x 25 of it.
    found = by_axis(study, rows(study, [1, 2, 3, 11, 12, 13]))
    assert found["a"].share == pytest.approx(150 / 154)
    assert found["b"].share == pytest.approx(4 / 154)


def test_what_axes_do_together_is_nobodys_share() -> None:
    two = Axis("two", ("chip.two",), ((1,), (2,)))
    study = study_of(A, two)
    # The product of -1 and 1 for each axis: every level has the mean 0.
    found = by_axis(study, rows(study, [1, -1, -1, 1]))
    assert [found[name].share for name in ("a", "two")] == [0.0, 0.0]


def test_the_axis_with_the_largest_share_comes_first_and_one_level_is_no_effect() -> None:
    study = study_of(ONE, B, A)
    found = effects(study, rows(study, [1, 11, 2, 12, 3, 13]))
    assert [one.axis for one in found] == ["a", "b"]


def test_equal_points_have_no_shares() -> None:
    study = study_of(A, B)
    assert by_axis(study, rows(study, 6 * [4.0]))["a"].share is None
    assert by_axis(study, rows(study, [4.0]))["a"].share is None


def test_chance_alone_makes_a_share_for_each_level_but_one() -> None:
    study = study_of(A, B)
    found = by_axis(study, rows(study, [1, 2, 3, 11, 12, 13]))
    # Levels less one over points less one: the expected correlation ratio of pure noise.
    assert (found["a"].chance, found["b"].chance) == (1 / 5, 2 / 5)


def test_points_where_an_axis_does_not_exist_do_not_count_for_it() -> None:
    study = study_of(A, replace(B, when=(Condition("chip.a", (2,)),)))
    found = by_axis(study, rows(study, [100, 1, 2, 3]))
    assert [level.mean for level in found["b"].levels] == [1, 2, 3]
    assert found["b"].share == 1.0


def test_levels_that_no_point_has_are_left_out() -> None:
    study = study_of(A, B)
    found = by_axis(study, rows(study, [1, 2]))
    assert [level.label for level in found["a"].levels] == ["1"]
    assert found["a"].chance == 0.0


def test_a_grid_is_full_if_all_of_it_was_simulated_and_all_axes_exist_everywhere() -> None:
    study = study_of(A, B)
    assert design(study, rows(study, range(6))) == "full"
    assert design(study, rows(study, range(5))) == "partial"
    conditional = study_of(A, replace(B, when=(Condition("chip.a", (2,)),)))
    assert design(conditional, rows(conditional, range(4))) == "partial"


@pytest.mark.parametrize("kind", ["nsga2", "tpe"])
def test_points_that_a_search_chose_have_means_and_no_shares(kind: str) -> None:
    study = study_of(A, B, kind=kind)
    found = rows(study, [1, 2, 3, 11, 12])
    assert design(study, found) == "search"
    effect = by_axis(study, found)["a"]
    assert (effect.share, effect.levels[0].mean) == (None, 2)


def test_levels_of_several_keys_are_labelled_by_what_they_set() -> None:
    both = Axis("both", ("chip.r", "chip.c"), ((8, 8), (8, 16)))
    study = study_of(both)
    found = by_axis(study, rows(study, [1, 2]))
    assert [level.label for level in found["both"].levels] == ["8", "8 / 16"]
