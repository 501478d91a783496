"""Weights that the vector unit dequantises on their way to the array."""

from __future__ import annotations

from dataclasses import replace

import pytest
from graphs import FP16, one_pass

from accsim.chip import Chip, SystolicArray
from accsim.engine.simulate import simulate
from accsim.lowering.lower import lower
from accsim.ops import PassGraph
from accsim.program import Program, Unit
from accsim.units import KIB
from accsim.workload import ModelShape, Precision

from .cases import INT4


@pytest.fixture(scope="module")
def int4_decode(small_model: ModelShape) -> PassGraph:
    """One row through the small model with 4-bit weights in groups of 32."""
    return one_pass(small_model, Precision(INT4, FP16, FP16))


def chip_that(small_chip: Chip, dequantise: str, passes: int = 1) -> Chip:
    """The small chip, told who dequantises; `passes` cycles for an element and lane."""
    assert isinstance(small_chip.array, SystolicArray)
    array = replace(small_chip.array, dequantise=dequantise)  # type: ignore[arg-type]
    passes_of = {**small_chip.vector.cycles_per_element, "dequantise": passes}
    return replace(
        small_chip,
        array=array,
        vector=replace(small_chip.vector, cycles_per_element=passes_of),
    )


def tiles_of(program: Program, unit: Unit, op: int) -> list[int]:
    """Indices of a unit's commands for an operator."""
    queue = program.queue(unit)
    return [i for i in range(len(queue)) if queue.op[i] == op]


def index_of(graph: PassGraph, name: str) -> int:
    return next(i for i, op in enumerate(graph.ops) if op.name == name)


def test_the_vector_unit_makes_each_weight_once(small_chip: Chip, int4_decode: PassGraph) -> None:
    chip = chip_that(small_chip, "vector")
    program = lower(chip, int4_decode, (100,), 101)
    for index, op in enumerate(int4_decode.ops):
        if op.kind == "matmul":
            tiles = tiles_of(program, Unit.VECTOR, index)
            loads = tiles_of(program, Unit.LOAD, index)
            assert len(tiles) == len(loads)
            # 16 lanes, one cycle an element, 10 cycles of latency a tile; all tiles are whole.
            cycles = sum(program.vector.cycles[i] for i in tiles)
            assert cycles == op.inner * op.outer // 16 + 10 * len(tiles)
            # 4 bits in, 16 bits out.
            moved = sum(program.vector.sram_bytes[i] for i in tiles)
            assert moved == op.inner * op.outer * 20 // 8


def test_the_array_waits_for_the_dequantised_tile(small_chip: Chip, int4_decode: PassGraph) -> None:
    program = lower(chip_that(small_chip, "vector"), int4_decode, (100,), 101)
    down = index_of(int4_decode, "layers.0.down")
    made = tiles_of(program, Unit.VECTOR, down)
    for tile, vector in zip(tiles_of(program, Unit.ARRAY, down), made, strict=True):
        assert program.array.needs[Unit.VECTOR][tile] == vector + 1


def test_two_dequantised_tiles_have_room_and_no_more(
    small_chip: Chip, int4_decode: PassGraph
) -> None:
    chip = chip_that(small_chip, "vector")
    program = lower(chip, int4_decode, (100,), 101)
    free = lower(chip_that(small_chip, "free"), int4_decode, (100,), 101)
    assert program.reserve_bytes - free.reserve_bytes == 512 * KIB // 4
    down = index_of(int4_decode, "layers.0.down")
    for tile in tiles_of(program, Unit.VECTOR, down):
        array = program.vector.needs[Unit.ARRAY][tile]
        used = tiles_of(program, Unit.ARRAY, down)[tile - tiles_of(program, Unit.VECTOR, down)[0]]
        # The tile before the last must have been used up.
        assert array == used - 1


def test_wide_weights_are_left_alone(small_chip: Chip, small_decode: PassGraph) -> None:
    program = lower(chip_that(small_chip, "vector"), small_decode, (100,), 101)
    assert program == lower(chip_that(small_chip, "free"), small_decode, (100,), 101)


def test_scales_cost_the_array_a_step_each(small_chip: Chip, int4_decode: PassGraph) -> None:
    own = lower(chip_that(small_chip, "array"), int4_decode, (100,), 101)
    free = lower(chip_that(small_chip, "free"), int4_decode, (100,), 101)
    down = index_of(int4_decode, "layers.0.down")
    more = [own.array.cycles[i] - free.array.cycles[i] for i in tiles_of(own, Unit.ARRAY, down)]
    # 512 inputs in groups of 32 have 16 scales; a fold makes 16 of 256 output channels.
    assert sum(more) == 16 * 16


def test_a_slow_vector_unit_bounds_the_pass(small_chip: Chip, int4_decode: PassGraph) -> None:
    chip = chip_that(small_chip, "vector", passes=100)
    took = simulate(lower(chip, int4_decode, (100,), 101), chip).elapsed_ps
    weights = sum(op.inner * op.outer for op in int4_decode.ops if op.kind == "matmul")
    # 100 ns an element of 16 lanes at 1 GHz.
    assert weights // 16 * 100 * 1000 < took < 1.05 * weights // 16 * 100 * 1000
