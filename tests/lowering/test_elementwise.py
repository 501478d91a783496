"""Operators whose outputs are narrower than their inputs, and caches of a batch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from graphs import FP16, one_pass

from accsim.chip import Chip
from accsim.lowering.lower import lower
from accsim.ops import NumberFormat, PassGraph
from accsim.program import Program, Transfers
from accsim.units import KIB
from accsim.workload import ModelShape, Precision

from .cases import INT8


def narrow(model: ModelShape, rows: int, kv_cache: NumberFormat = FP16) -> PassGraph:
    """A pass of the small model with 8-bit weights and activations."""
    return one_pass(model, Precision(INT8, INT8, kv_cache), decode=False, rows=rows)


def tiles(program: Program, graph: PassGraph, name: str) -> Iterator[tuple[int, int]]:
    """Cycles and SRAM bytes of each vector tile of an operator."""
    index = [op.name for op in graph.ops].index(name)
    queue = program.vector
    for op, cycles, moved in zip(queue.op, queue.cycles, queue.sram_bytes, strict=True):
        if op == index:
            yield cycles, moved


def moved(queue: Transfers, graph: PassGraph, name: str) -> int:
    index = [op.name for op in graph.ops].index(name)
    return sum(queue.bytes_of(i) for i in range(len(queue)) if queue.op[i] == index)


def test_quantising_passes_twice_over_16_bits_and_writes_8(
    small_chip: Chip, small_model: ModelShape
) -> None:
    # 256 elements on 16 lanes, twice, and 10 cycles of latency; 512 B in, 256 B and a scale out.
    graph = narrow(small_model, rows=1)
    program = lower(small_chip, graph, (100,), 101)
    assert list(tiles(program, graph, "layers.0.qkv_quantise")) == [(2 * 16 + 10, 512 + 258)]


def test_quantising_keys_and_values_reads_both_and_scales_each_head(
    small_chip: Chip, small_model: ModelShape
) -> None:
    # Keys and values of 2 heads x 64: 512 B in; 4 vectors of 64 B and a scale of 2 B out.
    graph = narrow(small_model, rows=1, kv_cache=INT8)
    program = lower(small_chip, graph, (100,), 101)
    assert list(tiles(program, graph, "layers.0.kv_quantise")) == [(2 * 16 + 10, 512 + 4 * 66)]


def test_spilled_inputs_are_loaded_wide_and_spilled_outputs_stored_narrow(
    small_chip: Chip, small_model: ModelShape
) -> None:
    chip = replace(small_chip, sram=replace(small_chip.sram, capacity_bytes=64 * KIB))
    graph = narrow(small_model, rows=300)
    program = lower(chip, graph, (0,), 300)
    name = "layers.0.down_quantise"
    assert moved(program.loads, graph, name) == 300 * 512 * 2
    assert moved(program.stores, graph, name) == 300 * (512 + 2)


def test_sequences_of_a_batch_load_their_own_caches_and_store_behind_them(
    small_chip: Chip, small_model: ModelShape
) -> None:
    contexts = (10, 200, 0)
    graph = one_pass(small_model, layers=1, sequences=3, rows=2)
    program = lower(small_chip, graph, contexts, 202)
    # A key is 64 x 2 B, a head of a sequence has room for 202, and there are 2 heads.
    assert moved(program.loads, graph, "layers.0.scores") == 210 * 2 * 128
    index = [op.name for op in graph.ops].index("layers.0.kv_append")
    stores = program.stores
    starts = [stores.address[i] for i in range(len(stores)) if stores.op[i] == index][:3]
    room = 2 * 202 * 128
    assert [start - starts[0] for start in starts] == [
        0,
        room + (200 - 10) * 128,
        2 * room - 10 * 128,
    ]
