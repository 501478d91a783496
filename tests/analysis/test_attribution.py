"""Tiny programs whose critical path is followed by hand.

The chip runs at 1 GHz, so a cycle is 1 ns; the memory is ideal: a byte per ns, one request at a
time, no latency; issuing a descriptor takes 2 ns. All times below are in ns.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from operator import sub

import numpy as np
import pytest
from engine.ideal import IdealMemory
from hypothesis import given, settings
from hypothesis import strategies as st
from lowering.cases import Case, cases, lowered

from accsim.analysis.attribution import apportioned, attribute
from accsim.analysis.causes import by_part, column_of, whole_causes
from accsim.chip import Chip, Dma, Memory, RefreshScheme
from accsim.dram.standards import PARTS
from accsim.engine.simulate import simulate
from accsim.errors import InvariantError
from accsim.lowering.builder import NOTHING, Needs, ProgramBuilder, Work
from accsim.program import Program, Unit
from accsim.result import CAUSES
from accsim.timeline import NO_BLOCKER, Column, Lane, Timeline
from accsim.units import Clock

Causes = dict[str, float]


def work(cycles: int, sram_bytes: int = 0, drain_cycles: int = 0) -> Work:
    return Work(cycles, 0, sram_bytes, drain_cycles)


def sealed(build: ProgramBuilder, stream_bytes: int = 10_000) -> Program:
    return build.seal("hand", (0,), 0, stream_bytes)


def charged(program: Program, chip: Chip, ps_per_byte: int = 1000) -> dict[int, Causes]:
    """What each operator is charged with, in ns; zeros left out."""
    timeline = simulate(program, chip, partial(IdealMemory, ps_per_byte))
    return readable(attribute(program, timeline, max(ops(program)) + 1))


def ops(program: Program) -> list[int]:
    return [op for unit in Unit for op in program.queue(unit).op]


def readable(charged_ps: Column) -> dict[int, Causes]:
    found: dict[int, Causes] = {}
    for op, row in enumerate(charged_ps):
        for name, time in zip(CAUSES, whole_causes(row), strict=True):
            if time:
                found.setdefault(op, {})[name] = int(time) / 1000
    return found


def stream(tiles: int, tile_bytes: int, cycles: int) -> ProgramBuilder:
    """So many loads, each with the tile that uses it."""
    build = ProgramBuilder()
    for tile in range(tiles):
        build.load(0, build.label("x"), tile_bytes * tile, tile_bytes)
        build.array(0, build.label("x"), work(cycles), needs=Needs(loads=tile + 1), free=tile_bytes)
    return build


def test_one_load_and_one_tile_are_issue_transfer_dispatch_and_compute(chip: Chip) -> None:
    # Issue until 2, 100 B until 102, dispatch until 107, 10 cycles until 117.
    causes = charged(sealed(stream(1, 100, 10)), replace(chip, dispatch_cycles=5))
    assert causes == {0: {"dma": 2, "dram": 100, "dispatch": 5, "array": 10}}


def test_tiles_hidden_behind_loads_cost_only_the_last_one(chip: Chip) -> None:
    # Loads back to back from 2 to 402; tiles of 60 fit in between, but for the last: 462.
    assert charged(sealed(stream(4, 100, 60)), chip) == {0: {"dma": 2, "dram": 400, "array": 60}}


def test_loads_hidden_behind_tiles_cost_only_the_first_one(chip: Chip) -> None:
    # The first load until 102, then three tiles of 150 without a gap: 552.
    assert charged(sealed(stream(3, 100, 150)), chip) == {0: {"dma": 2, "dram": 100, "array": 450}}


def test_an_idle_memory_that_could_have_served_a_load_before_is_charged_to_sram(
    chip: Chip,
) -> None:
    # Room for one load: the second is issued when the first tile ends, at 252. The memory had been
    # idle for 150 ns by then, longer than the 100 ns of the load: all of them are SRAM's.
    causes = charged(sealed(stream(2, 100, 150), stream_bytes=199), chip)
    assert causes == {0: {"dma": 4, "dram": 100, "array": 300, "sram": 100}}


def test_sram_is_charged_no_longer_than_the_memory_stood_idle(chip: Chip) -> None:
    # The same with tiles of 20: the memory is idle from 102 to 122. Were there room, the load would
    # have ended 20 ns earlier; the other 80 are DRAM's.
    causes = charged(sealed(stream(2, 100, 20), stream_bytes=199), chip)
    assert causes == {0: {"dma": 4, "dram": 180, "array": 40, "sram": 20}}


def test_waiting_for_room_costs_nothing_while_the_memory_is_busy(chip: Chip) -> None:
    # Room for two: the third load finds room at 162, when the memory still serves the second.
    causes = charged(sealed(stream(4, 100, 60), stream_bytes=200), chip)
    # 262 (room for the fourth) lies before 302 (end of the third) in the same way.
    assert causes == {0: {"dma": 2, "dram": 400, "array": 60}}


def test_room_made_by_a_vector_tile_leads_back_to_it(chip: Chip) -> None:
    build = ProgramBuilder()
    label = build.label("x")
    build.load(0, label, 0, 100)
    build.vector(0, label, work(150), needs=Needs(loads=1), free=100)
    build.load(1, label, 0, 100)
    build.array(1, label, work(10), needs=Needs(loads=2), free=100)
    assert charged(sealed(build, stream_bytes=100), chip) == {
        0: {"dma": 2, "dram": 100, "vector": 150},
        1: {"dma": 2, "sram": 100, "array": 10},
    }


def test_what_a_tile_waits_for_sram_bandwidth_is_charged_to_it(chip: Chip) -> None:
    # 26 of 256 B a cycle are the DRAM's: 2300 B take 10 cycles, 1610 take 7.
    build = ProgramBuilder()
    label = build.label("x")
    build.array(0, label, work(6, sram_bytes=2300), needs=NOTHING)
    build.vector(1, label, work(6, sram_bytes=1610), needs=Needs(array=1))
    assert charged(sealed(build), chip) == {
        0: {"array": 6, "sram_bandwidth": 4},
        1: {"vector": 6, "sram_bandwidth": 1},
    }


def test_a_tile_that_another_unit_holds_up_waits_for_sram_bandwidth(chip: Chip) -> None:
    # 200 of 230 B a cycle are the array's until 10; the vector tile has 30 of the 100 that it
    # wants, 300 B; the other 700 take until 17.
    build = ProgramBuilder()
    label = build.label("x")
    build.array(0, label, work(10, sram_bytes=2000), needs=NOTHING)
    build.vector(1, label, work(10, sram_bytes=1000), needs=NOTHING)
    assert charged(sealed(build), chip) == {1: {"vector": 10, "sram_bandwidth": 7}}


def test_tiles_that_follow_each_other_are_charged_with_their_occupied_spans(chip: Chip) -> None:
    # 6 of 10 cycles occupy the array: 0-6-12, results at 16.
    build = ProgramBuilder()
    label = build.label("x")
    build.array(0, label, work(10, drain_cycles=4), needs=NOTHING)
    build.array(1, label, work(10, drain_cycles=4), needs=NOTHING)
    assert charged(sealed(build), chip) == {0: {"array": 6}, 1: {"array": 10}}


def test_who_waits_for_results_is_charged_with_the_drain_before_it(chip: Chip) -> None:
    build = ProgramBuilder()
    label = build.label("x")
    build.array(0, label, work(10, drain_cycles=4), needs=NOTHING)
    build.vector(1, label, work(5), needs=Needs(array=1))
    assert charged(sealed(build), chip) == {0: {"array": 10}, 1: {"vector": 5}}


def test_sram_bandwidth_counts_before_the_drain_of_a_tile(chip: Chip) -> None:
    # 6 cycles of work take 10 for 2300 B, then 4 of drain; the second waits for the unit alone.
    build = ProgramBuilder()
    label = build.label("x")
    for op in (0, 1):
        build.array(op, label, work(10, sram_bytes=2300, drain_cycles=4), needs=NOTHING)
    assert charged(sealed(build), chip) == {
        0: {"array": 6, "sram_bandwidth": 4},
        1: {"array": 10, "sram_bandwidth": 4},
    }


def test_room_made_by_a_tile_that_drained_leads_back_to_its_end(chip: Chip) -> None:
    # The tile is complete at 112; the second load is issued until 114 and there at 214. The memory
    # had been idle for 10.
    build = ProgramBuilder()
    label = build.label("x")
    for load in range(2):
        build.load(0, label, 100 * load, 100)
        needs = Needs(loads=load + 1)
        build.array(0, label, work(10, drain_cycles=6), needs=needs, free=100)
    assert charged(sealed(build, stream_bytes=199), chip) == {
        0: {"dma": 4, "dram": 190, "array": 20, "sram": 10}
    }


def test_each_operator_pays_its_own_dispatch(chip: Chip) -> None:
    build = ProgramBuilder()
    label = build.label("x")
    build.array(0, label, work(10), needs=NOTHING)
    build.array(0, label, work(10), needs=NOTHING)
    build.vector(1, label, work(3), needs=Needs(array=2))
    assert charged(sealed(build), replace(chip, dispatch_cycles=5)) == {
        0: {"dispatch": 5, "array": 20},
        1: {"dispatch": 5, "vector": 3},
    }


def test_the_wait_for_the_next_clock_edge_is_dispatch(chip: Chip) -> None:
    # 10 B of 1.05 ns, issued at 2, are there at 12.5; the tile starts at 13.
    assert charged(sealed(stream(1, 10, 5)), chip, ps_per_byte=1050) == {
        0: {"dma": 2, "dram": 10.5, "dispatch": 0.5, "array": 5}
    }


def test_issuing_slower_than_the_memory_serves_is_charged_to_the_dma(chip: Chip) -> None:
    # Issues end at 20 and 40, transfers at 30 and 50: the memory idles from 30 to 40.
    causes = charged(sealed(stream(2, 10, 1)), replace(chip, dma=Dma(4, 20)))
    assert causes == {0: {"dma": 30, "dram": 20, "array": 1}}


def test_one_outstanding_descriptor_exposes_every_issue(chip: Chip) -> None:
    # 0-2-12-14-24, then a tile of 1.
    causes = charged(sealed(stream(2, 10, 1)), replace(chip, dma=Dma(1, 2)))
    assert causes == {0: {"dma": 4, "dram": 20, "array": 1}}


def test_issuing_may_take_no_time(chip: Chip) -> None:
    causes = charged(sealed(stream(2, 10, 1)), replace(chip, dma=Dma(4, 0)))
    assert causes == {0: {"dram": 20, "array": 1}}


def test_a_store_that_ends_the_pass_is_charged_to_its_operator(chip: Chip) -> None:
    build = ProgramBuilder()
    build.array(0, build.label("x"), work(30), needs=NOTHING)
    build.store(1, build.label("x"), 0, 10, needs=Needs(array=1))
    assert charged(sealed(build), chip) == {0: {"array": 30}, 1: {"dma": 2, "dram": 10}}


def test_a_store_that_nothing_waits_for_costs_nothing(chip: Chip) -> None:
    # The store is done at 12, the tile beside it at 30.
    build = ProgramBuilder()
    build.store(0, build.label("x"), 0, 10)
    build.array(1, build.label("x"), work(30), needs=NOTHING)
    assert charged(sealed(build), chip) == {1: {"array": 30}}


def test_a_load_that_reads_a_store_back_leads_to_the_store(chip: Chip) -> None:
    build = ProgramBuilder()
    label = build.label("x")
    build.store(0, label, 0, 10)
    build.load(1, label, 0, 10, needs=Needs(stores=1))
    build.array(1, label, work(1), needs=Needs(loads=1), free=10)
    # The store until 12, issue until 14, 10 B until 24, the tile until 25.
    assert charged(sealed(build), chip) == {
        0: {"dma": 2, "dram": 10},
        1: {"dma": 2, "dram": 10, "array": 1},
    }


def test_a_load_issued_at_once_after_one_that_waited_shares_its_reason(chip: Chip) -> None:
    # Two loads follow a tile of 30: issues until 32 and 34, transfers until 33 and 35. The second
    # has no blocker of its own; what let it start is the tile.
    build = ProgramBuilder()
    label = build.label("x")
    build.array(0, label, work(30), needs=NOTHING)
    build.load(1, label, 0, 1, needs=Needs(array=1))
    build.load(2, label, 1, 1, needs=Needs(array=1))
    build.array(3, label, work(5), needs=Needs(loads=2), free=2)
    assert charged(sealed(build), chip) == {
        0: {"array": 30},
        1: {"dma": 2, "dram": 1},
        2: {"dma": 1, "dram": 1},
        3: {"array": 5},
    }


def test_array_and_vector_tiles_that_alternate_are_each_charged(chip: Chip) -> None:
    build = ProgramBuilder()
    label = build.label("x")
    build.array(0, label, work(10), needs=NOTHING)
    build.vector(1, label, work(20), needs=Needs(array=1))
    build.array(2, label, work(30), needs=Needs(vector=1))
    assert charged(sealed(build), chip) == {0: {"array": 10}, 1: {"vector": 20}, 2: {"array": 30}}


def test_a_pass_without_commands_has_no_causes(chip: Chip) -> None:
    program = sealed(ProgramBuilder())
    timeline = simulate(program, chip, IdealMemory)
    assert not attribute(program, timeline, 2).any()


# -- parts of causes -------------------------------------------------------------------------------


def parts(program: Program, chip: Chip) -> dict[str, dict[str, float]]:
    """What the parts of causes are charged with, in ns; zeros left out."""
    timeline = simulate(program, chip)
    told = by_part(attribute(program, timeline, max(ops(program)) + 1).sum(axis=0))
    return {
        cause: {part: time / 1000 for part, time in times.items() if time}
        for cause, times in told.items()
    }


def one_channel(chip: Chip, refresh: RefreshScheme = "off") -> Chip:
    """One channel of DDR4-3200 behind a DMA that issues at once; 625 ps a cycle, see `dram.rig`."""
    memory = Memory(PARTS["DDR4-3200"], 1, 1, 64, 32, refresh)
    return replace(chip, memory=memory, dma=Dma(4, 0))


def test_a_load_of_a_closed_row_is_activation_latency_and_data(chip: Chip) -> None:
    # 22 cycles (tRCD), 22 (CL) and 4: 13.75, 13.75 and 2.5 ns.
    program = sealed(stream(1, 64, 1))
    assert parts(program, one_channel(chip)) == {
        "dram": {"data": 2.5, "activation": 13.75, "latency": 13.75},
        "array": {"compute": 1},
    }


def test_a_load_after_a_store_pays_the_turnaround(chip: Chip) -> None:
    # The store as the load above, but for CWL, 16: 42 cycles, 26.25 ns. The load waits for it, and
    # is offered at that time: column at 54, not 42 (tWTR_L after the write's data); 12 cycles of
    # turnaround, then 22 of latency and 4 of data.
    build = ProgramBuilder()
    label = build.label("x")
    build.store(0, label, 0, 64)
    build.load(1, label, 0, 64, needs=Needs(stores=1))
    build.array(1, label, work(1), needs=Needs(loads=1), free=64)
    chip = replace(one_channel(chip), clock=Clock.from_mhz(1600))
    assert parts(sealed(build), chip)["dram"] == {
        "data": 5,
        "turnaround": 7.5,
        "activation": 13.75,
        "latency": 10 + 13.75,
    }


def test_a_load_that_meets_a_refresh_waits_until_its_rows_are_open_again(chip: Chip) -> None:
    # 5000 bursts of 4 cycles; 612 in refresh, as by hand in `dram.test_spent`.
    program = sealed(stream(1, 320_000, 1), stream_bytes=320_000)
    assert parts(program, one_channel(chip, "all_bank"))["dram"] == {
        "data": 12_500,
        "refresh": 382.5,
        "activation": 13.75,
        "latency": 13.75,
    }


def test_without_refresh_the_same_load_has_no_part_of_it(chip: Chip) -> None:
    program = sealed(stream(1, 320_000, 1), stream_bytes=320_000)
    assert parts(program, one_channel(chip))["dram"] == {
        "data": 12_500,
        "activation": 13.75,
        "latency": 13.75,
    }


def test_a_span_shorter_than_the_cycles_spent_is_divided_in_proportion() -> None:
    # 10 of 4 + 2 + 0 + 10 + 0 cycles; sums up to each column are 2.5, 3.75, 3.75, 10, 10.
    spent = np.array([[4, 2, 0, 10, 0]])
    assert apportioned(np.array([10]), spent).tolist() == [[2, 1, 0, 7, 0]]


def test_a_span_without_cycles_is_latency() -> None:
    assert apportioned(np.array([7]), np.zeros((1, 5), dtype=np.int64)).tolist() == [
        [0, 0, 0, 0, 7]
    ]


def test_spans_of_a_second_are_divided_exactly() -> None:
    # A third of 10^12 + 1 ps, of a billion cycles: a product of 10^21 does not fit 64 bits.
    cycles = 10**9
    spent = np.array([[cycles, 0, 2 * cycles, 0, 0]])
    assert apportioned(np.array([10**12 + 1]), spent).tolist() == [
        [333_333_333_333, 0, 666_666_666_668, 0, 0]
    ]


def test_a_tile_is_compute_while_operands_stream_and_fill_while_none_does(chip: Chip) -> None:
    # Of 10 cycles the first tile fills for 3; 2 are its drain, in which the second runs already.
    # SRAM bandwidth is nobody's part. The second drains to the end.
    build = ProgramBuilder()
    label = build.label("x")
    for op in (0, 1):
        build.array(op, label, Work(10, 0, 0, drain_cycles=2, fill_cycles=3), needs=NOTHING)
    assert parts(sealed(build), chip)["array"] == {"compute": 10, "fill_drain": 8}


def test_fill_of_a_tile_that_waits_for_sram_bandwidth_is_what_its_own_cycles_say(
    chip: Chip,
) -> None:
    # 10 cycles, 3 of them fill, then 10 more for 4600 B at 230 B a cycle, which are SRAM's.
    build = ProgramBuilder()
    work = Work(10, 0, sram_bytes=4600, fill_cycles=3)
    build.array(0, build.label("x"), work, needs=NOTHING)
    assert parts(sealed(build), chip)["array"] == {"compute": 7, "fill_drain": 3}


@settings(max_examples=40)
@given(cases(), st.sampled_from(["all_bank", "off"]))
def test_refresh_is_a_part_of_any_small_pass_only_where_there_is_refresh(
    case: Case, refresh: RefreshScheme
) -> None:
    chip = replace(case.chip, memory=replace(case.chip.memory, refresh=refresh))
    program = lowered(case)
    timeline = simulate(program, chip)
    charged = attribute(program, timeline, len(case.graph.ops))
    assert charged.sum() == timeline.elapsed_ps
    assert (charged >= 0).all()
    refreshed = int(charged[:, column_of("dram", "refresh")].sum())
    assert not refreshed or timeline.memory.refreshes.sum()


@settings(max_examples=20)
@given(cases(), st.integers(1, 9))
def test_causes_of_any_small_pass_whose_tiles_drain_add_up_to_its_time(
    case: Case, tenths: int
) -> None:
    program = lowered(case)
    drains = tuple(cycles * tenths // 10 for cycles in program.array.cycles)
    fills = tuple(map(min, program.array.fill_cycles, map(sub, program.array.cycles, drains)))
    array = replace(program.array, drain_cycles=drains, fill_cycles=fills)
    program = replace(program, array=array)
    timeline = simulate(program, case.chip)
    causes = attribute(program, timeline, len(case.graph.ops))
    assert causes.sum() == timeline.elapsed_ps
    assert (causes >= 0).all()
    assert not causes[:, column_of("dependency")].any()


@settings(max_examples=40)
@given(cases())
def test_causes_of_any_small_pass_add_up_to_its_time(case: Case) -> None:
    program = lowered(case)
    timeline = simulate(program, case.chip)
    causes = attribute(program, timeline, len(case.graph.ops))
    assert causes.sum() == timeline.elapsed_ps
    assert (causes >= 0).all()
    # Every load waits for a command, so that nothing is left to unknown dependencies.
    assert not causes[:, column_of("dependency")].any()


# -- timelines that no engine makes ----------------------------------------------------------------


@pytest.fixture
def two_loads(chip: Chip) -> tuple[Program, Timeline]:
    """Loads of 10 B: ready at 0, issued at 2 and 4, done at 12 and 22; a tile until 27."""
    program = sealed(stream(2, 10, 5))
    return program, simulate(program, chip, IdealMemory)


def with_lane(timeline: Timeline, unit: Unit, index: int, **times: int) -> Timeline:
    """The timeline with some entries of one command replaced."""
    lane = timeline.lane(unit)
    columns = {name: column.copy() for name, column in vars(lane).items()}
    for name, time in times.items():
        columns[name][index] = time
    lanes = list(timeline.lanes)
    lanes[unit] = Lane(**columns)
    return replace(timeline, lanes=tuple(lanes))  # type: ignore[arg-type]


def test_a_load_that_was_late_for_no_known_reason_is_a_dependency(
    chip: Chip, two_loads: tuple[Program, Timeline]
) -> None:
    program, timeline = two_loads
    # The first load is ready at 1 only, and nothing says why.
    timeline = with_lane(timeline, Unit.LOAD, 0, ready_ps=1_000)
    assert readable(attribute(program, timeline, 1)) == {
        0: {"dependency": 1, "dma": 1, "dram": 20, "array": 5}
    }


def test_a_pass_that_ends_after_its_last_command_is_refused(
    chip: Chip, two_loads: tuple[Program, Timeline]
) -> None:
    program, timeline = two_loads
    longer = replace(timeline, elapsed_ps=timeline.elapsed_ps + 1)
    with pytest.raises(InvariantError, match=r"^no command ends when the pass does$"):
        attribute(program, longer, 1)


def test_a_command_that_is_ready_after_it_started_is_refused(
    chip: Chip, two_loads: tuple[Program, Timeline]
) -> None:
    program, timeline = two_loads
    wrong = with_lane(timeline, Unit.ARRAY, 1, ready_ps=23_000)
    with pytest.raises(InvariantError, match=r"^the critical path runs forward in time$"):
        attribute(program, wrong, 1)


def test_a_first_tile_that_started_late_for_no_reason_is_refused(chip: Chip) -> None:
    build = ProgramBuilder()
    build.array(0, build.label("x"), work(10), needs=NOTHING)
    program = sealed(build)
    timeline = simulate(program, chip, IdealMemory)
    late = with_lane(timeline, Unit.ARRAY, 0, ready_ps=1_000, start_ps=1_000)
    with pytest.raises(InvariantError, match=r"^a first command started late for no reason$"):
        attribute(program, late, 1)


def test_room_that_nobody_made_is_refused(chip: Chip) -> None:
    program = sealed(stream(2, 100, 150), stream_bytes=199)
    timeline = simulate(program, chip, IdealMemory)
    # The tile that made room ended at 252; the load claims to have found room at 251.
    wrong = with_lane(timeline, Unit.LOAD, 1, ready_ps=251_000)
    with pytest.raises(InvariantError, match=r"^a load found room that nobody had made$"):
        attribute(program, wrong, 1)


def test_causes_that_reach_beyond_the_start_of_the_pass_are_refused(
    chip: Chip, two_loads: tuple[Program, Timeline]
) -> None:
    program, timeline = two_loads
    early = with_lane(timeline, Unit.ARRAY, 0, ready_ps=-1, start_ps=-1)
    # A walk over the tiles alone: both are said to have waited for nothing.
    early = with_lane(early, Unit.ARRAY, 1, blocker=NO_BLOCKER, ready_ps=13_000, start_ps=13_000)
    early = with_lane(early, Unit.ARRAY, 0, end_ps=13_000)
    with pytest.raises(InvariantError, match=r"^causes add up to 27001 ps of 27000 ps$"):
        attribute(program, early, 1)
