"""The sweeps that accsim ships: as large as they say, and of chips that can be."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from accsim.config import shipped
from accsim.config.sweep_file import load_study
from accsim.errors import InputError
from accsim.sweep.space import Space
from accsim.sweep.tasks import task_of

# The product of the numbers of levels; conditional axes and levels of one kind as commented.
POINTS = {
    "best_n_per_acceptance": 3 * 2 * 14,
    "ddr_vs_sram": 3 * 2 * 5 * 3,
    "memory_standards": 15,
    "quantization_vs_array": (3 + 2 * 2) * 4,  # two of five formats have two ways to dequantise
    "search_2000": 2000,
    "thousand": 1000,
}


def test_all_shipped_sweeps_are_listed_by_name() -> None:
    assert shipped.names("sweeps") == sorted(POINTS)


@pytest.mark.parametrize("name", POINTS)
def test_a_sweep_has_its_own_name_and_as_many_points_as_it_should(name: str) -> None:
    study = load_study(name)
    assert study.name == name
    assert Space(study.axes).size == POINTS[name]


@pytest.mark.parametrize("name", POINTS)
def test_every_level_of_a_sweep_is_met_at_a_point_that_can_be(name: str) -> None:
    study = load_study(name)
    space = Space(study.axes)
    missing = {(axis.name, level) for axis in study.axes for level in axis.levels}
    # A stride that shares no factor with the numbers of levels (2, 3, 4, 5, 7) meets all soon.
    for step in range(space.size):
        if not missing:
            break
        settings = space.at(step * 11 % space.size)
        try:
            task_of(study, settings)
        except InputError:
            continue
        chosen = dict(settings)
        missing -= {
            (axis.name, level)
            for axis in study.axes
            for level in axis.levels
            if all(chosen.get(key) == one for key, one in zip(axis.keys, level, strict=True))
        }
    assert not missing


def test_no_point_of_the_thousand_is_impossible() -> None:
    study = load_study("thousand")
    space = Space(study.axes)
    keys = {task_of(study, space.at(index)).key for index in range(0, 1000, 3)}
    assert len(keys) == len(range(0, 1000, 3))


def test_the_script_makes_the_same_study_as_its_file() -> None:
    script: Path = shipped.folder("sweeps") / "best_n_per_acceptance.py"
    assert runpy.run_path(str(script))["STUDY"] == load_study("best_n_per_acceptance")
