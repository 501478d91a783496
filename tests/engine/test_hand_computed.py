"""Tiny programs whose every time is computed by hand.

The chip runs at 1 GHz, so a cycle is 1 ns; the memory is ideal: a byte per ns, one request at a
time, no latency. All times below are in ns.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from accsim.chip import Chip, Dma, Memory, SramPorts
from accsim.engine.simulate import simulate
from accsim.lowering.builder import NOTHING, Needs, ProgramBuilder, Work
from accsim.program import Program, Unit
from accsim.timeline import NO_BLOCKER, SLOT_BLOCKER, SRAM_BLOCKER, Column, Lane, Timeline

from .ideal import IdealMemory


def ns(column: Column) -> list[float]:
    """A column of picoseconds in ns."""
    return [float(time) / 1000 for time in column]


def times(lane: Lane) -> list[tuple[float, float, float]]:
    """Ready, start and end of each command in ns."""
    return list(zip(ns(lane.ready_ps), ns(lane.start_ps), ns(lane.end_ps), strict=True))


def work(cycles: int, sram_bytes: int = 0, drain_cycles: int = 0) -> Work:
    return Work(cycles, 0, sram_bytes, drain_cycles)


@pytest.fixture
def chip(small_chip: Chip) -> Chip:
    """One channel, an issue of 2 cycles, 4 descriptors in flight, no dispatch."""
    memory: Memory = replace(small_chip.memory, channels=1)
    return replace(small_chip, memory=memory, dma=Dma(4, 2), dispatch_cycles=0)


def run(program: Program, chip: Chip) -> Timeline:
    return simulate(program, chip, IdealMemory)


def sealed(build: ProgramBuilder, stream_bytes: int) -> Program:
    return build.seal("hand", (0,), 0, stream_bytes)


def test_a_tile_waits_for_its_load_and_then_for_dispatch(chip: Chip) -> None:
    # Issue 2, 100 B until 102; dispatch 5; tile of 10.
    build = ProgramBuilder()
    build.load(0, build.label("x"), 0, 100)
    build.array(0, 0, work(10), needs=Needs(loads=1), free=100)
    timeline = run(sealed(build, 100), replace(chip, dispatch_cycles=5))
    assert times(timeline.lane(Unit.LOAD)) == [(0, 2, 102)]
    assert times(timeline.lane(Unit.ARRAY)) == [(102, 107, 117)]
    assert timeline.lane(Unit.ARRAY).blocker.tolist() == [Unit.LOAD]
    assert timeline.elapsed_ps == 117_000


def test_only_the_first_tile_of_an_operator_pays_the_dispatch(chip: Chip) -> None:
    build = ProgramBuilder()
    label = build.label("x")
    for op in (0, 0, 1):
        build.array(op, label, work(10), needs=NOTHING)
    timeline = run(sealed(build, 0), replace(chip, dispatch_cycles=5))
    assert times(timeline.lane(Unit.ARRAY)) == [(0, 5, 15), (15, 15, 25), (25, 30, 40)]


def test_loading_and_computing_overlap_under_double_buffering(chip: Chip) -> None:
    # Four loads of 100 B, room for two: the third waits until the first tile has freed its bytes at
    # 162. Tiles of 60 hide behind loads of 100, and the memory never rests after 2.
    build = ProgramBuilder()
    label = build.label("x")
    for tile in range(4):
        build.load(0, label, 100 * tile, 100)
        build.array(0, label, work(60), needs=Needs(loads=tile + 1), free=100)
    timeline = run(sealed(build, 200), chip)
    assert times(timeline.lane(Unit.LOAD)) == [
        (0, 2, 102),
        (0, 4, 202),
        (162, 164, 302),
        (262, 264, 402),
    ]
    assert times(timeline.lane(Unit.ARRAY)) == [
        (102, 102, 162),
        (202, 202, 262),
        (302, 302, 362),
        (402, 402, 462),
    ]


def test_slow_tiles_make_loads_wait_for_room(chip: Chip) -> None:
    # Tiles of 150 with room for one load: load, compute, load, compute.
    build = ProgramBuilder()
    label = build.label("x")
    for tile in range(2):
        build.load(0, label, 100 * tile, 100)
        build.array(0, label, work(150), needs=Needs(loads=tile + 1), free=100)
    timeline = run(sealed(build, 199), chip)
    assert times(timeline.lane(Unit.LOAD)) == [(0, 2, 102), (252, 254, 354)]
    assert timeline.lane(Unit.LOAD).blocker.tolist() == [NO_BLOCKER, SRAM_BLOCKER]
    assert timeline.elapsed_ps == 504_000


def test_the_fill_of_the_stream_buffer_is_recorded_at_every_change(chip: Chip) -> None:
    build = ProgramBuilder()
    label = build.label("x")
    build.load(0, label, 0, 100)
    build.load(0, label, 100, 50)
    build.array(0, label, work(10), needs=Needs(loads=1), free=100)
    build.array(0, label, work(10), needs=Needs(loads=2), free=50)
    timeline = run(sealed(build, 150), chip)
    changes = list(zip(ns(timeline.sram_ps), timeline.sram_bytes.tolist(), strict=True))
    assert changes == [(0, 0), (0, 100), (0, 150), (112, 50), (162, 0)]


def test_at_most_so_many_descriptors_are_outstanding(chip: Chip) -> None:
    # One slot: the second descriptor is taken when the first is done, at 12.
    build = ProgramBuilder()
    label = build.label("x")
    build.load(0, label, 0, 10)
    build.load(0, label, 10, 10)
    build.vector(0, label, work(1), needs=Needs(loads=2), free=20)
    timeline = run(sealed(build, 20), replace(chip, dma=Dma(1, 2)))
    assert times(timeline.lane(Unit.LOAD)) == [(0, 2, 12), (12, 14, 24)]
    assert timeline.lane(Unit.LOAD).blocker.tolist() == [NO_BLOCKER, SLOT_BLOCKER]


def test_loads_and_stores_share_the_issue_port(chip: Chip) -> None:
    # Both are ready at 0; the load is issued at 2, the store at 4.
    build = ProgramBuilder()
    label = build.label("x")
    build.load(0, label, 0, 10)
    build.store(0, label, 0, 10)
    build.array(0, label, work(1), needs=Needs(loads=1), free=10)
    timeline = run(sealed(build, 10), chip)
    assert times(timeline.lane(Unit.LOAD)) == [(0, 2, 12)]
    assert times(timeline.lane(Unit.STORE)) == [(0, 4, 22)]


def test_a_store_waits_for_the_tile_that_makes_its_bytes(chip: Chip) -> None:
    build = ProgramBuilder()
    label = build.label("x")
    build.array(0, label, work(30), needs=NOTHING)
    build.store(0, label, 0, 10, needs=Needs(array=1))
    timeline = run(sealed(build, 0), chip)
    assert times(timeline.lane(Unit.STORE)) == [(30, 32, 42)]
    assert timeline.lane(Unit.STORE).blocker.tolist() == [Unit.ARRAY]


def test_a_load_waits_for_the_store_that_it_reads_back(chip: Chip) -> None:
    build = ProgramBuilder()
    label = build.label("x")
    build.store(0, label, 0, 10)
    build.load(1, label, 0, 10, needs=Needs(stores=1))
    build.array(1, label, work(1), needs=Needs(loads=1), free=10)
    timeline = run(sealed(build, 10), chip)
    assert times(timeline.lane(Unit.LOAD)) == [(12, 14, 24)]
    assert timeline.lane(Unit.LOAD).blocker.tolist() == [Unit.STORE]


def test_array_and_vector_tiles_wait_for_each_other(chip: Chip) -> None:
    build = ProgramBuilder()
    label = build.label("x")
    build.array(0, label, work(10), needs=NOTHING)
    build.vector(1, label, work(20), needs=Needs(array=1))
    build.array(2, label, work(30), needs=Needs(vector=1))
    timeline = run(sealed(build, 0), chip)
    assert times(timeline.lane(Unit.ARRAY)) == [(0, 0, 10), (30, 30, 60)]
    assert times(timeline.lane(Unit.VECTOR)) == [(10, 10, 30)]
    assert timeline.lane(Unit.ARRAY).blocker.tolist() == [NO_BLOCKER, Unit.VECTOR]


def test_a_tile_alone_is_held_up_where_all_banks_carry_less_than_it_needs(chip: Chip) -> None:
    # 8 banks of 32 B; 25.6 B a cycle for the DRAM: 26. At 230 B a cycle 2301 B take 11 cycles.
    build = ProgramBuilder()
    build.array(0, build.label("x"), work(6, sram_bytes=2301), needs=NOTHING)
    build.array(0, build.label("x"), work(6, sram_bytes=1380), needs=NOTHING)
    lane = run(sealed(build, 0), chip).lane(Unit.ARRAY)
    assert times(lane) == [(0, 0, 11), (11, 11, 17)]
    assert ns(lane.sram_wait_ps) == [5, 0]


def test_a_narrow_port_holds_up_its_own_unit_alone(chip: Chip) -> None:
    # 100 B a cycle for the vector unit, 230 for the array.
    chip = replace(chip, sram=replace(chip.sram, ports=SramPorts(vector=100)))
    build = ProgramBuilder()
    build.array(0, build.label("x"), work(5, sram_bytes=1000), needs=NOTHING)
    build.vector(1, build.label("x"), work(5, sram_bytes=1000), needs=Needs(array=1))
    timeline = run(sealed(build, 0), chip)
    assert times(timeline.lane(Unit.ARRAY)) == [(0, 0, 5)]
    assert times(timeline.lane(Unit.VECTOR)) == [(5, 5, 15)]


def test_of_two_tiles_that_want_more_than_there_is_the_later_one_waits(chip: Chip) -> None:
    # The array's tile takes 200 of 230 B a cycle until 10. The vector unit's wants 100 and has 30
    # from 4 on: 180 B; the other 820 take 9 cycles: 15 in place of 10.
    build = ProgramBuilder()
    label = build.label("x")
    build.vector(0, label, work(4), needs=NOTHING)
    build.array(1, label, work(10, sram_bytes=2000), needs=NOTHING)
    build.vector(2, label, work(10, sram_bytes=1000), needs=NOTHING)
    timeline = run(sealed(build, 0), chip)
    assert times(timeline.lane(Unit.ARRAY)) == [(0, 0, 10)]
    assert times(timeline.lane(Unit.VECTOR)) == [(0, 0, 4), (4, 4, 19)]
    assert ns(timeline.lane(Unit.VECTOR).sram_wait_ps) == [0, 5]


def test_a_tile_in_dispatch_has_its_bytes_from_its_start_on(chip: Chip) -> None:
    # The array's tile starts at 5 and takes 200 of 230 B a cycle until 15. The vector unit's has
    # its 100 in cycle 4, 30 from 5 to 14, and 100 again: 100 + 300 + 600 end at 21.
    build = ProgramBuilder()
    label = build.label("x")
    build.array(1, label, work(10, sram_bytes=2000), needs=NOTHING)
    build.load(0, label, 0, 2)  # there at 4
    build.vector(0, label, work(0), needs=NOTHING)
    build.vector(0, label, work(10, sram_bytes=1000), needs=Needs(loads=1), free=2)
    first_of_op = replace(sealed(build, 2).vector, first_of_op=(0, 0))
    program = replace(sealed(build, 2), vector=first_of_op)
    timeline = run(program, replace(chip, dispatch_cycles=5))
    assert times(timeline.lane(Unit.ARRAY)) == [(0, 5, 15)]
    assert times(timeline.lane(Unit.VECTOR)) == [(0, 0, 0), (4, 4, 21)]


def test_the_next_tile_starts_while_the_one_before_drains(chip: Chip) -> None:
    # 10 cycles each, of which 4 are drain: the unit is free after 6. What waits for results waits
    # for the whole tile.
    build = ProgramBuilder()
    label = build.label("x")
    for _ in range(3):
        build.array(0, label, work(10, drain_cycles=4), needs=NOTHING)
    build.vector(1, label, work(1), needs=Needs(array=2))
    timeline = run(sealed(build, 0), chip)
    lane = timeline.lane(Unit.ARRAY)
    assert times(lane) == [(0, 0, 10), (6, 6, 16), (12, 12, 22)]
    assert ns(lane.free_ps) == [6, 12, 18]
    assert times(timeline.lane(Unit.VECTOR)) == [(16, 16, 17)]
    assert timeline.elapsed_ps == 22_000


def test_a_tile_that_needs_the_results_before_it_waits_for_the_drain(chip: Chip) -> None:
    build = ProgramBuilder()
    label = build.label("x")
    build.array(0, label, work(10, drain_cycles=4), needs=NOTHING)
    build.array(1, label, work(10, drain_cycles=4), needs=Needs(array=1))
    lane = run(sealed(build, 0), chip).lane(Unit.ARRAY)
    assert times(lane) == [(0, 0, 10), (10, 10, 20)]
    assert lane.blocker.tolist() == [NO_BLOCKER, Unit.ARRAY]


def test_results_are_complete_in_the_order_of_the_tiles(chip: Chip) -> None:
    # The first drains from 2 to 10. The second would be done at 5, the third at 9.
    build = ProgramBuilder()
    label = build.label("x")
    build.array(0, label, work(10, drain_cycles=8), needs=NOTHING)
    build.array(0, label, work(3, drain_cycles=1), needs=NOTHING)
    build.array(0, label, work(5), needs=NOTHING)
    lane = run(sealed(build, 0), chip).lane(Unit.ARRAY)
    assert times(lane) == [(0, 0, 10), (2, 2, 10), (4, 4, 10)]
    assert ns(lane.free_ps) == [2, 4, 9]


def test_a_tile_gives_its_bytes_back_when_it_has_drained(chip: Chip) -> None:
    # There at 102, free at 106, drained at 112: only then is there room for the second load.
    build = ProgramBuilder()
    label = build.label("x")
    for tile in range(2):
        build.load(0, label, 100 * tile, 100)
        needs = Needs(loads=tile + 1)
        build.array(0, label, work(10, drain_cycles=6), needs=needs, free=100)
    timeline = run(sealed(build, 199), chip)
    assert times(timeline.lane(Unit.LOAD)) == [(0, 2, 102), (112, 114, 214)]


def test_what_a_tile_waits_for_sram_comes_before_its_drain(chip: Chip) -> None:
    # 6 cycles of work and 4 of drain; 2300 B take 10 cycles of 230: free at 10, complete at 14.
    build = ProgramBuilder()
    build.array(0, build.label("x"), work(10, sram_bytes=2300, drain_cycles=4), needs=NOTHING)
    lane = run(sealed(build, 0), chip).lane(Unit.ARRAY)
    assert times(lane) == [(0, 0, 14)]
    assert (ns(lane.sram_wait_ps), ns(lane.free_ps)) == ([4], [10])


def test_a_tile_starts_on_an_edge_of_the_core_clock(chip: Chip) -> None:
    # 10 B of 1050 ps, issued at 2, are there at 12.5.
    build = ProgramBuilder()
    label = build.label("x")
    build.load(0, label, 0, 10)
    build.array(0, label, work(5), needs=Needs(loads=1), free=10)
    timeline = simulate(sealed(build, 10), chip, lambda: IdealMemory(ps_per_byte=1050))
    assert times(timeline.lane(Unit.ARRAY)) == [(12.5, 13, 18)]


def test_a_single_burst_of_ddr4_arrives_at_the_cycle_that_its_timings_say(chip: Chip) -> None:
    # Issued at 2000 ps: the command clock's next edge is 4 (2500 ps); 48 cycles later it is there.
    build = ProgramBuilder()
    label = build.label("x")
    build.load(0, label, 0, 64)
    build.array(0, label, work(1), needs=Needs(loads=1), free=64)
    timeline = simulate(sealed(build, 64), chip)
    assert timeline.lane(Unit.LOAD).end_ps.tolist() == [(4 + 48) * 625]
    assert timeline.memory.begin_ps.tolist() == [[(4 + 44) * 625]]
    assert timeline.memory.finish_ps.tolist() == [[(4 + 48) * 625]]
    # 4 cycles of data, 22 of activation; the array ends at 34 ns.
    assert timeline.memory.states_ps.tolist() == [[2500, 0, 0, 13750, 34_000 - 16_250]]
    assert timeline.memory.row_misses.tolist() == [1]


def test_the_memory_is_asked_what_the_descriptors_say_at_the_time_of_issue(chip: Chip) -> None:
    asked: list[IdealMemory] = []

    def make() -> IdealMemory:
        asked.append(IdealMemory())
        return asked[-1]

    build = ProgramBuilder()
    label = build.label("x")
    build.load(0, label, 4096, 8, rows=3, stride=512)
    build.array(0, label, work(1), needs=Needs(loads=1), free=24)
    build.store(0, label, 64, 16, needs=Needs(array=1))
    simulate(sealed(build, 24), chip, make)
    assert len(asked) == 1
    # 2 of issue, 24 B until 26, a tile until 27, issue until 29.
    assert asked[0].calls == [
        (2_000, 4096, 3, 8, 512, False),
        (29_000, 64, 1, 16, 0, True),
    ]


def test_requests_are_recorded_in_the_order_in_which_the_memory_took_them(chip: Chip) -> None:
    build = ProgramBuilder()
    label = build.label("x")
    # One slot, first come first served: load 1 and the store wait for load 0, load 2 asks last.
    for load in range(3):
        build.load(0, label, 10 * load, 10)
    build.store(0, label, 0, 10)
    build.array(0, label, work(1), needs=Needs(loads=3), free=30)
    memory = run(sealed(build, 30), replace(chip, dma=Dma(1, 2))).memory
    assert memory.unit.tolist() == [Unit.LOAD, Unit.LOAD, Unit.STORE, Unit.LOAD]
    assert memory.index.tolist() == [0, 1, 0, 2]
    assert ns(memory.finish_ps[:, 0]) == [12, 24, 36, 48]


class HastyMemory(IdealMemory):
    """Answers every request but the first in a nanosecond, as another bank might."""

    def submit(
        self, now_ps: int, address: int, rows: int, row_bytes: int, stride_bytes: int, write: bool
    ) -> int:
        first = not self.calls
        super().submit(now_ps, address, rows, row_bytes, stride_bytes, write)
        return now_ps + (100_000 if first else 1_000)


def test_a_descriptor_is_not_reported_before_an_earlier_one(chip: Chip) -> None:
    build = ProgramBuilder()
    label = build.label("x")
    build.load(0, label, 0, 10)
    build.load(0, label, 10, 10)
    build.array(0, label, work(1), needs=Needs(loads=2), free=20)
    timeline = simulate(sealed(build, 20), chip, HastyMemory)
    assert times(timeline.lane(Unit.LOAD)) == [(0, 2, 102), (0, 4, 102)]


def test_an_empty_program_takes_no_time(chip: Chip) -> None:
    timeline = run(sealed(ProgramBuilder(), 0), chip)
    assert timeline.elapsed_ps == 0
    assert [len(timeline.lane(unit)) for unit in Unit] == [0, 0, 0, 0]
    assert timeline.lane(Unit.LOAD).end_ps.dtype == np.int64
