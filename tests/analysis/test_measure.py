"""The statistics of one pass, and the bounds that it is held against."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest
from engine.ideal import IdealMemory
from hypothesis import given, settings
from lowering.cases import Case, cases, lowered

from accsim.analysis.bounds import compute_floor_ps, memory_floor_ps
from accsim.analysis.measure import measure
from accsim.chip import Chip
from accsim.engine.simulate import simulate
from accsim.errors import InvariantError
from accsim.lowering.builder import NOTHING, Needs, ProgramBuilder, Work
from accsim.ops import NumberFormat, Op, PassGraph, Tensor
from accsim.program import Program, Unit

FP16 = NumberFormat("fp16", bits=16)


def matmul(outer: int) -> PassGraph:
    """One row of 32 inputs through 32 x `outer` weights of 2 bytes each."""
    reads = (
        Tensor("x", (1, 32), FP16, "chip"),
        Tensor("w", (outer, 32), FP16, "weights"),
    )
    writes = (Tensor("y", (1, outer), FP16, "chip"),)
    op = Op("layers.0.qkv", "matmul", "qkv", 0, reads, writes, 1, 32, outer)
    return PassGraph("hand", 1, 1, (op,))


def one_pass(cycles: int = 10) -> Program:
    """Two loads of 128 B, a tile after each, a vector tile at the end, and a store of 64 B.

    With an ideal memory (1 B/ns, issue in 2 ns), in ns: loads 2-130-258, a store until 322, array
    tiles 130-140 and 258-268, the vector tile 268-288.
    """
    build = ProgramBuilder()
    label = build.label("x")
    for load in range(2):
        build.load(0, label, 128 * load, 128)
        work = Work(cycles, 1024, sram_bytes=300)
        build.array(0, label, work, needs=Needs(loads=load + 1), free=128)
    build.vector(0, label, Work(20, 0, sram_bytes=50), needs=Needs(array=2))
    build.store(0, label, 0, 64)
    return build.seal("hand", (0,), reserve_bytes=1000, stream_bytes=500)


@pytest.fixture
def graph() -> PassGraph:
    """4 columns of 32 inputs: 256 B of weights."""
    return matmul(4)


def test_bytes_are_counted_by_operator_and_direction(chip: Chip, graph: PassGraph) -> None:
    program = one_pass()
    stats = measure(chip, graph, program, simulate(program, chip, IdealMemory))
    assert stats.op_bytes.tolist() == [[256, 64]]


def test_each_unit_is_busy_then_stalled_until_its_last_command(
    chip: Chip, graph: PassGraph
) -> None:
    program = one_pass()
    stats = measure(chip, graph, program, simulate(program, chip, IdealMemory))
    # In ns, busy and stalled. The store was issued at 6, between the loads' last byte at 258 and
    # its own at 322 it was served.
    assert (stats.units / 1000).tolist() == [
        [256, 2],  # load: until 258
        [64, 258],  # store: until 322
        [20, 248],  # array: until 268
        [20, 268],  # vector: until 288
    ]
    assert stats.elapsed_ps == 322_000


def test_a_tile_unit_is_busy_until_it_is_free_for_the_next_tile(chip: Chip) -> None:
    # Tiles of 10 and 4 of drain: 0-6, 6-12, results until 16; 2760 B at 230 a cycle make the third
    # 12-24, results until 28.
    build = ProgramBuilder()
    for sram_bytes in (0, 0, 2760):
        build.array(0, build.label("x"), Work(10, 0, sram_bytes, 4), needs=NOTHING)
    program = build.seal("hand", (0,), 0, 0)
    idle = PassGraph("hand", 1, 1, (replace(matmul(1).ops[0], kind="rms_norm"),))
    stats = measure(chip, idle, program, simulate(program, chip, IdealMemory))
    assert stats.units.tolist()[Unit.ARRAY] == [24_000, 4_000]


def test_a_unit_without_commands_is_neither_busy_nor_stalled(chip: Chip) -> None:
    build = ProgramBuilder()
    build.array(0, build.label("x"), Work(10, 0, 0), needs=NOTHING)
    program = build.seal("hand", (0,), 0, 0)
    idle = PassGraph("hand", 1, 1, (replace(matmul(1).ops[0], kind="rms_norm"),))
    stats = measure(chip, idle, program, simulate(program, chip, IdealMemory))
    assert stats.units.tolist() == [[0, 0], [0, 0], [10_000, 0], [0, 0]]


def test_the_peak_of_sram_holds_activations_and_loads(chip: Chip, graph: PassGraph) -> None:
    program = one_pass()
    stats = measure(chip, graph, program, simulate(program, chip, IdealMemory))
    # Both loads are issued before the first tile ends.
    assert stats.sram_peak == 1000 + 256


def test_bytes_through_the_sram_ports_are_those_of_all_tiles(chip: Chip, graph: PassGraph) -> None:
    program = one_pass()
    stats = measure(chip, graph, program, simulate(program, chip, IdealMemory))
    assert stats.sram_bytes == 2 * 300 + 50


def test_vector_elements_are_full_lanes_for_the_cycles_beyond_the_pipeline(
    chip: Chip, graph: PassGraph
) -> None:
    # A tile of 20 cycles, 10 of them the depth of the pipeline, on 16 lanes.
    program = one_pass()
    stats = measure(chip, graph, program, simulate(program, chip, IdealMemory))
    assert stats.op_work.tolist() == [[2 * 300 + 50, 10 * 16, 0]]


def test_states_and_rows_are_summed_over_the_channels(small_chip: Chip, graph: PassGraph) -> None:
    # 256 B in each of the two channels, 4 bursts of 64 B each; every channel opens a row in each of
    # 4 bank groups. A burst takes 4 command cycles of 625 ps.
    build = ProgramBuilder()
    build.load(0, build.label("x"), 0, 512)
    build.array(0, build.label("x"), Work(10, 0, 0), needs=Needs(loads=1), free=512)
    program = build.seal("hand", (0,), 0, 512)
    stats = measure(small_chip, graph, program, simulate(program, small_chip))
    assert stats.dram[0] == 2 * 4 * 4 * 625
    assert stats.dram.sum() == 2 * stats.elapsed_ps
    assert stats.rows.tolist() == [0, 8, 0, 8, 0]


def test_rows_are_opened_for_the_operator_whose_descriptor_needs_them(small_chip: Chip) -> None:
    # Two operators load 512 B side by side, as above: the first opens a row in each of 4 bank
    # groups of 2 channels, the second finds them open. A third stores 64 B far away: one row.
    one = matmul(4).ops[0]
    graph = PassGraph("hand", 1, 1, (one, replace(one, name="b"), replace(one, name="c")))
    build = ProgramBuilder()
    for op in range(2):
        build.load(op, build.label("x"), 512 * op, 512)
        build.array(op, build.label("x"), Work(10, 0, 0), needs=Needs(loads=op + 1), free=512)
    build.store(2, build.label("x"), 1 << 24, 64)
    program = build.seal("hand", (0,), 0, 1024)
    stats = measure(small_chip, graph, program, simulate(program, small_chip))
    assert stats.op_work[:, 2].tolist() == [8, 0, 1]
    assert stats.rows[3] == 9


def test_a_memory_faster_than_its_pins_is_refused(chip: Chip, graph: PassGraph) -> None:
    # 25,600 B take 1000 ns at the 25.6 GB/s of one channel. A memory of 1 ps a byte has them at
    # 27.6 ns, and the tile is done at 29.
    build = ProgramBuilder()
    build.load(0, build.label("x"), 0, 25_600)
    build.array(0, build.label("x"), Work(1, 0, 0), needs=Needs(loads=1), free=25_600)
    program = build.seal("hand", (0,), 0, 25_600)
    timeline = simulate(program, chip, partial(IdealMemory, ps_per_byte=1))
    with pytest.raises(
        InvariantError,
        match=r"^pass hand took 29000 ps, less than its DRAM bytes over the pins: 1000000 ps$",
    ):
        measure(chip, graph, program, timeline)


def test_an_array_faster_than_its_peak_is_refused(chip: Chip) -> None:
    # 32 x 4096 MACs at 256 a cycle are 512 ns; these tiles claim to make them in 2.
    program = one_pass(cycles=1)
    timeline = simulate(program, chip, IdealMemory)
    with pytest.raises(
        InvariantError,
        match=r"^pass hand took 322000 ps, less than its MACs over the array's peak: 512000 ps$",
    ):
        measure(chip, matmul(4096), program, timeline)


def test_a_unit_that_was_busy_for_longer_than_the_pass_is_refused(
    chip: Chip, graph: PassGraph
) -> None:
    program = one_pass()
    timeline = simulate(program, chip, IdealMemory)
    vector = timeline.lane(Unit.VECTOR)
    # The store ends this pass, so the walk never sees the vector tile.
    long = replace(vector, start_ps=vector.start_ps - 300_000)
    lanes = (*timeline.lanes[:3], long)
    with pytest.raises(InvariantError, match=r"^unit times exceed the pass: .*\[320000, -32000\]"):
        measure(chip, graph, program, replace(timeline, lanes=lanes))


@settings(max_examples=40)
@given(cases())
def test_times_and_bytes_of_any_small_pass_add_up(case: Case) -> None:
    program = lowered(case)
    timeline = simulate(program, case.chip)
    stats = measure(case.chip, case.graph, program, timeline)
    moved = sum(map(program.loads.bytes_of, range(len(program.loads))))
    written = sum(map(program.stores.bytes_of, range(len(program.stores))))
    assert stats.op_bytes.sum(axis=0).tolist() == [moved, written]
    assert stats.elapsed_ps == timeline.elapsed_ps
    assert stats.dram.sum() == case.chip.memory.channels * timeline.elapsed_ps
    assert (stats.units >= 0).all()
    assert (stats.units.sum(axis=1) <= timeline.elapsed_ps).all()
    assert stats.sram_peak <= case.chip.sram.capacity_bytes
    context = sum(case.contexts)
    assert timeline.elapsed_ps >= memory_floor_ps(case.chip, moved + written)
    assert timeline.elapsed_ps >= compute_floor_ps(case.chip, case.graph, context)
