"""The staircase of an engine that reads the weights once for each group of rows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from accsim.chip import Chip, DotProductEngine
from accsim.config.formats import FORMATS
from accsim.config.resolve import load_chip
from accsim.engine.simulate import simulate
from accsim.lowering.lower import lower
from accsim.tracing.llama import build_graph
from accsim.workload import Precision

from .models import FP16, MEDIUM

INT4 = Precision(FORMATS["weights"]["int4_g128"], FP16, FP16)


def pass_ps(chip: Chip, rows: int, precision: Precision = INT4) -> int:
    """Time of a decode pass of so many rows of one sequence through two layers."""
    graph = build_graph(
        "decode",
        MEDIUM,
        precision,
        trunk_layers=2,
        heads=0,
        sequences=1,
        rows=rows,
        predict_all_rows=True,
    )
    return simulate(lower(chip, graph, (64,), 128), chip).elapsed_ps


@pytest.fixture(scope="module")
def chip() -> Chip:
    return load_chip("cpu_tiled")


@pytest.fixture(scope="module")
def times(chip: Chip) -> dict[int, int]:
    return {rows: pass_ps(chip, rows) for rows in range(1, 9)}


def test_a_pass_of_four_rows_is_faster_than_one_of_three_or_of_five(times: dict[int, int]) -> None:
    assert times[4] < times[3]
    assert times[4] < times[5]


def test_whole_groups_take_the_time_of_one_row_each(times: dict[int, int]) -> None:
    # One group is at most a row's work more than the pins need; two are two rows' work.
    assert times[4] == pytest.approx(times[1], rel=0.02)
    assert times[8] == pytest.approx(times[2], rel=0.03)


def test_each_row_left_over_costs_about_as_much(times: dict[int, int]) -> None:
    gemv = times[3] - times[2]
    for rows in (6, 7):
        assert times[rows] - times[rows - 1] == pytest.approx(gemv, rel=0.1)


def test_padding_makes_the_steps_rise(chip: Chip, times: dict[int, int]) -> None:
    assert isinstance(chip.array, DotProductEngine)
    padding = replace(chip, array=replace(chip.array, remainder="pad"))
    assert pass_ps(padding, 3) < 1.02 * times[4]
    assert pass_ps(padding, 5) > 1.3 * pass_ps(padding, 4)


def test_the_pins_hide_the_steps_of_16_bit_weights(chip: Chip) -> None:
    # Four times the bytes for the same work: even three rows' work fits in their time.
    fp16 = replace(INT4, weights=FP16)
    assert pass_ps(chip, 3, fp16) == pytest.approx(pass_ps(chip, 4, fp16), rel=0.02)
