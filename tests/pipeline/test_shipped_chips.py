"""A small workload on every chip that accsim ships: all that is spent is accounted for."""

from __future__ import annotations

import pytest

from accsim.analysis.attribution import attribute
from accsim.chip import Chip
from accsim.config import shipped
from accsim.config.resolve import load_chip
from accsim.ops import OpTrace
from accsim.pipeline import run, simulate_pass
from accsim.result import Result

from .models import SMALL, ordinary, traced, with_heads


@pytest.fixture(scope="module")
def trace() -> OpTrace:
    return traced(SMALL, ordinary(), with_heads(2), prompt=64, output=40, batch=2)


@pytest.fixture(scope="module", params=shipped.names("chips"))
def chip(request: pytest.FixtureRequest) -> Chip:
    return load_chip(request.param)


@pytest.fixture(scope="module")
def result(chip: Chip, trace: OpTrace) -> Result:
    return run(chip, trace)


@pytest.mark.parametrize("name", ["ordinary", "heads2"])
@pytest.mark.parametrize("number", [0, 1, 20])
def test_the_causes_of_a_pass_add_up_to_its_time(
    chip: Chip, trace: OpTrace, name: str, number: int
) -> None:
    one = simulate_pass(chip, trace, name, number)
    causes = attribute(one.program, one.timeline, len(one.graph.ops))
    assert causes.sum() == one.timeline.elapsed_ps
    assert (causes >= 0).all()


def test_operator_groups_add_up_to_the_decode_time(result: Result) -> None:
    for one in result.runs:
        assert sum(op.time_ps for op in one.ops) == one.decode_ps
        assert all(sum(op.causes_ps.values()) == op.time_ps for op in one.ops)


def test_the_parts_of_causes_add_up_to_the_causes(result: Result) -> None:
    for one in result.runs:
        spent = [(one.causes_ps, one.causes_detail_ps)]
        spent += [(op.causes_ps, op.causes_detail_ps) for op in one.ops]
        for causes, detail in spent:
            for cause, parts in detail.items():
                assert sum(parts.values()) == causes[cause]
                assert min(parts.values()) >= 0


def test_each_unit_is_busy_stalled_or_idle_all_the_time(result: Result) -> None:
    for one in result.runs:
        for unit in one.units:
            assert unit.busy_ps + unit.stalled_ps + unit.idle_ps == one.decode_ps
            assert min(unit.busy_ps, unit.stalled_ps, unit.idle_ps) >= 0


def test_the_states_of_the_dram_add_up_to_the_decode_time(result: Result) -> None:
    for one in result.runs:
        dram = one.dram
        spent = (
            dram.data_ps,
            dram.turnaround_ps,
            dram.refresh_ps,
            dram.activation_ps,
            dram.idle_ps,
        )
        assert sum(spent) == one.decode_ps
        assert min(spent) >= 0


def test_the_sram_holds_what_is_in_it(chip: Chip, result: Result) -> None:
    for one in result.runs:
        assert 0 < one.sram_peak_bytes <= chip.sram.capacity_bytes


def test_the_same_work_is_done_on_every_chip(trace: OpTrace, result: Result) -> None:
    for one, traced_run in zip(result.runs, trace.runs, strict=True):
        assert one.decode_macs == sum(
            trace.graphs[each.graph].macs(each.context) for each in traced_run.decode
        )
