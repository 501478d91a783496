"""What makes a small chip fast enough."""

from __future__ import annotations

from dataclasses import replace

import pytest

from accsim.analysis.prices import Measure, Prices, measured, weighed
from accsim.chip import Chip, SystolicArray
from accsim.ops import OpTrace
from accsim.pipeline import run
from accsim.run_times import RunTimes
from accsim.target import Goal, Target
from accsim.target_pipeline import reach
from accsim.workers import workers

from .models import SMALL, ordinary, traced


@pytest.fixture(scope="module")
def trace() -> OpTrace:
    return traced(SMALL, ordinary(), prompt=40, output=12)


@pytest.fixture(scope="module")
def wide_chip(small_chip: Chip) -> Chip:
    """With an array and a vector unit that keep up with four times the channels."""
    array = SystolicArray(1, 4, 256, "output_stationary", (1, 2, 2))
    return replace(
        small_chip,
        memory=replace(small_chip.memory, channels=1),
        sram=replace(small_chip.sram, banks=64),
        array=array,
        vector=replace(small_chip.vector, lanes=64, latency_cycles=1),
        dispatch_cycles=5,
    )


def reached(
    chip: Chip, trace: OpTrace, goal: Goal, count: int = 1, prices: Prices | None = None
) -> Target:
    with workers(count) as work:
        return reach(chip, trace, goal, prices or weighed({}), work)


def speed(chip: Chip, trace: OpTrace) -> float:
    return 1 / RunTimes(chip, trace).speed(trace.runs[0]).tpot_s


def test_what_is_fast_enough_needs_no_change(small_chip: Chip, trace: OpTrace) -> None:
    found = reached(small_chip, trace, Goal(1.0, ttft_s=10.0))
    assert found.reached
    assert (found.solutions, found.nearest, found.simulated) == ((), None, 1)
    assert found.base.changes == ()
    assert found.base.tokens_per_s == pytest.approx(speed(small_chip, trace))


def test_a_memory_bound_chip_gets_channels(wide_chip: Chip, trace: OpTrace) -> None:
    goal = Goal(1.5 * speed(wide_chip, trace))
    found = reached(wide_chip, trace, goal)
    first = found.solutions[0]
    assert not found.reached
    assert [(one.knob, one.before, one.after) for one in first.changes] == [("channels", 1, 2)]
    assert first.cost == 10
    assert first.tokens_per_s >= goal.tokens_per_s
    two = replace(wide_chip, memory=replace(wide_chip.memory, channels=2))
    assert first.tokens_per_s == pytest.approx(speed(two, trace))


def test_solutions_come_with_the_cheapest_first(small_chip: Chip, trace: OpTrace) -> None:
    found = reached(small_chip, trace, Goal(1.3 * speed(small_chip, trace)))
    costs = [one.cost for one in found.solutions]
    assert len(costs) > 1
    assert costs == sorted(costs)
    assert all(one.tokens_per_s >= found.goal.tokens_per_s for one in found.solutions)


def test_what_costs_more_is_taken_later(small_chip: Chip, trace: OpTrace) -> None:
    goal = Goal(1.3 * speed(small_chip, trace))
    usual = reached(small_chip, trace, goal).solutions[0].changes
    dear = {one.knob: 1000.0 for one in usual}
    changes = reached(small_chip, trace, goal, prices=weighed(dear)).solutions[0].changes
    assert {one.knob for one in changes} != set(dear)


def test_a_first_token_that_comes_late_is_mended_too(small_chip: Chip, trace: OpTrace) -> None:
    base = RunTimes(small_chip, trace).speed(trace.runs[0])
    goal = Goal(1 / base.tpot_s, ttft_s=base.ttft_s / 1.3)
    found = reached(small_chip, trace, goal)
    assert not found.reached
    assert found.solutions[0].ttft_s <= base.ttft_s / 1.3


def test_a_floor_that_is_missed_is_told_with_its_arithmetic(
    small_chip: Chip, trace: OpTrace
) -> None:
    """2 channels of 25.6 GB/s, and 16 times as many: 819.2 GB/s."""
    (graph,) = (graph for graph in trace.graphs.values() if graph.rows == 1)
    per_token = graph.dram_read_bytes(46) + graph.dram_write_bytes()
    goal = Goal(33 * 25.6e9 / per_token)
    found = reached(small_chip, trace, goal)
    assert (found.reached, found.solutions, found.nearest) == (False, (), None)
    assert found.simulated == 1
    assert found.floor.dram_bytes_per_token == per_token
    assert found.floor.macs_per_token == graph.macs(46)
    assert found.floor.needed_bytes_per_s == pytest.approx(33 * 25.6e9)
    assert found.floor.pins_bytes_per_s == 51.2e9
    assert found.floor.most_bytes_per_s == 819.2e9
    assert found.floor.channels_needed in (33, 34)
    assert found.floor.grade == "DDR4-3200"


def test_a_goal_above_the_floor_that_nothing_reaches_tells_the_nearest(
    small_chip: Chip, trace: OpTrace
) -> None:
    """Just what the pins of 32 channels carry, without refresh, rows and all that waits."""
    (graph,) = (graph for graph in trace.graphs.values() if graph.rows == 1)
    per_token = graph.dram_read_bytes(46) + graph.dram_write_bytes()
    found = reached(small_chip, trace, Goal(819e9 / per_token))
    assert found.solutions == ()
    assert found.nearest is not None
    assert found.nearest.tokens_per_s < found.goal.tokens_per_s


def test_the_number_of_workers_changes_nothing(small_chip: Chip, trace: OpTrace) -> None:
    goal = Goal(1.3 * speed(small_chip, trace))
    assert reached(small_chip, trace, goal, 2) == reached(small_chip, trace, goal)


def test_costs_are_told_with_their_unit(wide_chip: Chip, trace: OpTrace) -> None:
    """One more channel of DDR4: 64 pins, or 9.9 mm2."""
    goal = Goal(1.5 * speed(wide_chip, trace))
    cases: tuple[tuple[Measure, str, float], ...] = (("pins", "pins", 64), ("area", "mm2", 9.9))
    for measure, unit, cost in cases:
        found = reached(wide_chip, trace, goal, prices=measured(measure, wide_chip))
        (more,) = (one for one in found.solutions if [c.knob for c in one.changes] == ["channels"])
        assert found.cost_unit == unit
        assert more.cost == found.costs["channels"] == pytest.approx(cost)


def test_power_is_that_of_accsim_run(small_chip: Chip, trace: OpTrace) -> None:
    one = run(small_chip, trace, exact=True).runs[0]
    assert one.energy is not None
    base = reached(small_chip, trace, Goal(1.0)).base
    assert base.power_w == pytest.approx(one.energy.mean_power_w.value, rel=2e-3)


def test_a_chip_that_takes_too_much_power_is_no_solution(wide_chip: Chip, trace: OpTrace) -> None:
    """Just more than the pins take, for which the whole chip is too much."""
    goal = Goal(1.5 * speed(wide_chip, trace))
    floor_w = reached(wide_chip, trace, goal).floor.dram_io_w
    found = reached(wide_chip, trace, replace(goal, power_w=1.01 * floor_w))
    assert (found.reached, found.solutions) == (False, ())
    assert found.nearest is not None
    assert found.nearest.tokens_per_s >= goal.tokens_per_s
    assert found.nearest.power_w > 1.01 * floor_w


def test_of_two_solutions_the_one_within_the_power_stays(wide_chip: Chip, trace: OpTrace) -> None:
    goal = Goal(1.5 * speed(wide_chip, trace))
    free = reached(wide_chip, trace, goal)
    least_w = min(one.power_w for one in free.solutions)
    bound = reached(wide_chip, trace, replace(goal, power_w=least_w))
    assert bound.solutions
    assert all(one.power_w <= least_w for one in bound.solutions)


def test_a_chip_that_is_fast_enough_may_take_too_much_power(
    small_chip: Chip, trace: OpTrace
) -> None:
    """Fast enough as it is, and no knob makes it take less."""
    usual = reached(small_chip, trace, Goal(speed(small_chip, trace)))
    assert usual.reached
    goal = replace(usual.goal, power_w=0.99 * usual.base.power_w)
    found = reached(small_chip, trace, goal)
    assert (found.reached, found.solutions) == (False, ())
    assert found.nearest == found.base


def test_no_chip_takes_less_than_its_pins(small_chip: Chip, trace: OpTrace) -> None:
    """13.4 pJ a bit of DDR4, 8 bits a byte."""
    (graph,) = (graph for graph in trace.graphs.values() if graph.rows == 1)
    per_token = graph.dram_read_bytes(46) + graph.dram_write_bytes()
    goal = Goal(2 * speed(small_chip, trace))
    floor_w = per_token * goal.tokens_per_s * 8 * 13.4e-12
    found = reached(small_chip, trace, replace(goal, power_w=0.99 * floor_w))
    assert found.floor.dram_io_w == pytest.approx(floor_w)
    assert (found.simulated, found.solutions, found.nearest) == (1, (), None)
