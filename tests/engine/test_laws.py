"""What holds for every lowered pass of a small model."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np
import pytest

from accsim.chip import Chip
from accsim.engine.simulate import simulate
from accsim.lowering.lower import lower
from accsim.ops import PassGraph
from accsim.program import Program, Unit
from accsim.timeline import Timeline
from accsim.units import KIB, PS_PER_S

from .ideal import IdealMemory


class Run(NamedTuple):
    """A pass that was simulated."""

    chip: Chip
    graph: PassGraph
    program: Program
    timeline: Timeline


@pytest.fixture(scope="module", params=["decode", "long decode", "prefill", "spilled prefill"])
def run(
    request: pytest.FixtureRequest,
    small_chip: Chip,
    small_decode: PassGraph,
    small_prefill: PassGraph,
) -> Run:
    graph, context, kib = {
        "decode": (small_decode, 7, 512),
        "long decode": (small_decode, 2500, 512),
        "prefill": (small_prefill, 0, 4096),
        "spilled prefill": (small_prefill, 100, 128),
    }[request.param]
    chip = replace(small_chip, sram=replace(small_chip.sram, capacity_bytes=kib * KIB))
    program = lower(chip, graph, (context,), context + graph.rows)
    return Run(chip, graph, program, simulate(program, chip))


def test_every_command_ran_once_and_ended_after_it_started(run: Run) -> None:
    for unit in Unit:
        lane, queue = run.timeline.lane(unit), run.program.queue(unit)
        assert len(lane) == len(queue)
        assert (lane.ready_ps <= lane.start_ps).all()
        assert (lane.start_ps <= lane.end_ps).all()
        assert lane.end_ps.max(initial=0) <= run.timeline.elapsed_ps


def test_all_times_are_integers(run: Run) -> None:
    timeline = run.timeline
    assert type(timeline.elapsed_ps) is int
    columns = [column for lane in timeline.lanes for column in vars(lane).values()]
    columns += [*vars(timeline.memory).values(), timeline.sram_ps, timeline.sram_bytes]
    assert {column.dtype for column in columns} == {np.dtype(np.int64)}


@pytest.mark.parametrize("unit", [Unit.ARRAY, Unit.VECTOR])
def test_tiles_of_a_unit_follow_each_other_without_overlap(run: Run, unit: Unit) -> None:
    lane = run.timeline.lane(unit)
    assert (lane.start_ps[1:] >= lane.free_ps[:-1]).all()


@pytest.mark.parametrize("unit", [Unit.LOAD, Unit.STORE])
def test_transfers_are_issued_and_done_in_order(run: Run, unit: Unit) -> None:
    lane = run.timeline.lane(unit)
    assert (np.diff(lane.start_ps) >= 0).all()
    assert (np.diff(lane.end_ps) >= 0).all()


@pytest.mark.parametrize("unit", [Unit.ARRAY, Unit.VECTOR])
def test_a_tile_takes_its_cycles_and_what_it_waits_for_sram(run: Run, unit: Unit) -> None:
    lane = run.timeline.lane(unit)
    queue = run.program.array if unit is Unit.ARRAY else run.program.vector
    took = lane.end_ps - lane.start_ps
    assert (took == np.array(queue.cycles) * 1000 + lane.sram_wait_ps).all()


def test_no_command_starts_before_what_it_needs_is_done(run: Run) -> None:
    ends = [run.timeline.lane(unit).end_ps for unit in Unit]
    for unit in Unit:
        lane, queue = run.timeline.lane(unit), run.program.queue(unit)
        for producer in Unit:
            needed = np.array(queue.needs[producer], dtype=np.int64)
            waiting = needed > 0
            assert (lane.ready_ps[waiting] >= ends[producer][needed[waiting] - 1]).all()


def test_no_operator_begins_before_the_operators_that_it_reads_from_have_ended(run: Run) -> None:
    # Attention, the LM head and epilogues hand over tile by tile; with them it is enough that the
    # consumer begins after the producer's first tile.
    begin: dict[int, int] = {}
    first_end: dict[int, int] = {}
    end: dict[int, int] = {}
    for unit in (Unit.ARRAY, Unit.VECTOR, Unit.STORE):
        lane, queue = run.timeline.lane(unit), run.program.queue(unit)
        for i, op in enumerate(queue.op):
            begin[op] = min(begin.get(op, run.timeline.elapsed_ps), int(lane.start_ps[i]))
            done = int(lane.end_ps[i])
            first_end[op] = min(first_end.get(op, run.timeline.elapsed_ps), done)
            end[op] = max(end.get(op, 0), done)
    assert len(begin) == len(run.graph.ops)
    for index, producers in enumerate(run.graph.producers):
        for producer in producers:
            streamed = run.graph.ops[producer].kind in ("scores", "softmax")
            streamed |= run.graph.ops[producer].group == "lm_head"
            # What would be spilled is taken block by block.
            kinds = run.graph.ops[producer].kind, run.graph.ops[index].kind
            streamed |= bool(run.program.spilled) and kinds in (
                ("matmul", "residual_add"),
                ("matmul", "silu_mul"),
            )
            assert begin[index] >= (first_end if streamed else end)[producer]


def test_the_stream_buffer_never_holds_more_than_its_size_and_ends_empty(run: Run) -> None:
    timeline = run.timeline
    assert timeline.sram_bytes.max() <= run.program.stream_bytes
    assert timeline.sram_bytes.min() >= 0
    assert timeline.sram_bytes[-1] == 0
    assert (np.diff(timeline.sram_ps) >= 0).all()


def test_no_more_descriptors_are_in_flight_than_the_dma_allows(run: Run) -> None:
    # A descriptor takes its slot when it is ready and gives it back when it ends.
    taken = [run.timeline.lane(unit).ready_ps for unit in (Unit.LOAD, Unit.STORE)]
    given = [run.timeline.lane(unit).end_ps for unit in (Unit.LOAD, Unit.STORE)]
    moments = [(int(t), 1) for t in np.concatenate(taken)]
    moments += [(int(t), -1) for t in np.concatenate(given)]
    in_flight = np.cumsum([change for _, change in sorted(moments)])
    assert in_flight.max() <= run.chip.dma.outstanding


def test_the_states_of_each_channel_add_up_to_the_elapsed_time(run: Run) -> None:
    states = run.timeline.memory.states_ps
    assert (states >= 0).all()
    assert (states.sum(axis=1) == run.timeline.elapsed_ps).all()


def test_the_pass_is_no_faster_than_its_bytes_through_the_pins(run: Run) -> None:
    moved = sum(run.program.loads.bytes_of(i) for i in range(len(run.program.loads)))
    moved += sum(run.program.stores.bytes_of(i) for i in range(len(run.program.stores)))
    floor = moved * PS_PER_S / run.chip.memory.peak_bytes_per_s
    assert run.timeline.elapsed_ps >= floor


def test_the_pass_is_no_faster_than_the_cycles_of_its_busiest_unit(run: Run) -> None:
    for tiles in (run.program.array, run.program.vector):
        assert run.timeline.elapsed_ps >= sum(tiles.cycles) * 1000


def test_the_same_program_runs_the_same_way_again(run: Run) -> None:
    again = simulate(run.program, run.chip)
    assert again.elapsed_ps == run.timeline.elapsed_ps
    assert (again.sram_ps == run.timeline.sram_ps).all()
    for lane, other in zip(run.timeline.lanes, again.lanes, strict=True):
        for column, same in zip(vars(lane).values(), vars(other).values(), strict=True):
            assert (column == same).all()
    memory, repeated = vars(run.timeline.memory), vars(again.memory)
    assert all((memory[name] == repeated[name]).all() for name in memory)


def test_a_faster_memory_model_never_makes_the_pass_slower(
    small_chip: Chip, small_decode: PassGraph
) -> None:
    chip = replace(small_chip, memory=replace(small_chip.memory, channels=1))
    program = lower(chip, small_decode, (100,), 101)
    elapsed = [
        simulate(program, chip, partial(IdealMemory, ps_per_byte=speed)).elapsed_ps
        for speed in (10, 40, 160)
    ]
    assert elapsed == sorted(elapsed)
