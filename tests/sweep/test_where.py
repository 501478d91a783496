"""Conditions on points: what they mean, and what is said of those that mean nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from accsim.errors import InputError
from accsim.study import Axis
from accsim.sweep.where import Names, chosen, ordered

from .found import STUDY, rows

TEXTS = Axis("grade", ("chip.memory.grade",), (("DDR4-3200",), ("007",), ("true",)))
FLAGS = Axis("flag", ("chip.memory.flag",), ((True,), (False,)))
ALLOWED = (
    "chip.core.clock_mhz, chip.memory.channels, chip.array.rows, chip.array.columns, "
    "ordinary.tokens_per_s, area_mm2, ordinary.bound, ordinary.energy_per_token_j, "
    "place, status, seconds"
)


def places(*texts: str) -> list[int]:
    names = Names(STUDY)
    return [row.point.place for row in chosen(rows(), [names.where(text) for text in texts])]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("chip.memory.channels >= 2", [2, 3, 4, 5]),
        ("chip.memory.channels<2", [0, 1]),
        ("memory.channels = 2", [2, 3]),
        ("chip.memory.channels == 2.0", [2, 3]),
        ("chip.memory.channels != 2", [0, 1, 4, 5]),
        ("ordinary.tokens_per_s > 1.4e2", [1, 3]),
        ("area_mm2 <= 11", [0, 1]),
        ("ordinary.bound = array", [2]),
        ("ordinary.bound = 'array'", [2]),
        ("status = failed", [5]),
        ("status != done", [4, 5]),
        ("place < 2", [0, 1]),
        ("seconds >= .5", [0, 1, 2, 3, 4, 5]),
    ],
)
def test_a_condition_keeps_the_points_that_fulfil_it(text: str, expected: list[int]) -> None:
    assert places(text) == expected


def test_several_conditions_must_all_hold() -> None:
    assert places("memory.channels = 1", "area_mm2 > 10") == [1]


def test_a_point_without_the_value_fulfils_nothing_about_it() -> None:
    assert places("ordinary.bound != dram") == [2]
    assert places("ordinary.tokens_per_s < 1000") == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("text", "value"), [("DDR4-3200", "DDR4-3200"), ("007", "007"), ("true", "true")]
)
def test_texts_that_look_like_something_else_are_texts_where_levels_are(
    text: str, value: str
) -> None:
    found = Names(replace(STUDY, axes=(TEXTS,))).where(f"memory.grade = {text}")
    assert found.value == value


def test_true_is_not_1() -> None:
    names = Names(replace(STUDY, axes=(FLAGS,)))
    assert names.where("chip.memory.flag = true").value is True
    with pytest.raises(InputError, match="never '1' \\(allowed: true, false\\)"):
        names.where("chip.memory.flag = 1")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "chip.memory.chanels = 2",
            "no key or metric 'chip.memory.chanels', did you mean 'chip.memory.channels'? "
            f"(allowed: {ALLOWED})",
        ),
        (
            "chip.memory.channels",
            "'chip.memory.channels' is no condition, expected such as chip.core.clock_mhz = VALUE "
            "(= != < <= > >=)",
        ),
        (
            "area_mm2 <",
            "'area_mm2 <' is no condition, expected such as chip.core.clock_mhz = VALUE "
            "(= != < <= > >=)",
        ),
        ("memory.channels = 3", "chip.memory.channels is never '3' (allowed: 1, 2, 4)"),
        (
            "status = fail",
            "status is never 'fail', did you mean 'failed'? "
            "(allowed: done, excluded, failed, timed_out)",
        ),
        (
            "ordinary.bound > dram",
            "'ordinary.bound > dram' compares by size, which only numbers have",
        ),
        ("area_mm2 < big", "'area_mm2 < big' compares by size, which only numbers have"),
        ("area_mm2 = big", "area_mm2 is a number, got 'big'"),
        ("ordinary.bound = 3", "ordinary.bound is a name, got '3'"),
        ("place = first", "place is a number, got 'first'"),
    ],
)
def test_a_condition_that_means_nothing_is_refused(text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        Names(STUDY).where(text)
    assert str(caught.value) == f"--where: {message}"


def test_nothing_that_is_given_is_run() -> None:
    with pytest.raises(InputError, match="no key or metric"):
        Names(STUDY).where("__import__('os').abort() = 1")


def test_a_short_name_that_two_files_have_is_refused() -> None:
    twice = (Axis("c", ("chip.name",), (("a",),)), Axis("w", ("workload.name",), (("a",),)))
    with pytest.raises(InputError, match="no key or metric 'name'"):
        Names(replace(STUDY, axes=twice)).full("name", "--sort")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # Larger is better; smaller is better; a key rises; names rise; those without come last.
        ("ordinary.tokens_per_s", [3, 1, 2, 0, 4, 5]),
        ("ordinary.energy_per_token_j", [3, 1, 0, 2, 4, 5]),
        ("chip.memory.channels", [0, 1, 2, 3, 4, 5]),
        ("ordinary.bound", [2, 0, 1, 3, 4, 5]),
        ("place", [0, 1, 2, 3, 4, 5]),
    ],
)
def test_the_best_come_first(name: str, expected: list[int]) -> None:
    assert [row.point.place for row in ordered(rows(), name, STUDY)] == expected
