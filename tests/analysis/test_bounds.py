"""The two roofs: bytes over the pins, MACs over the array's peak."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from accsim.analysis.bounds import (
    compute_floor_ps,
    memory_floor_ps,
    peak_macs_per_s,
    roofline_bound,
)
from accsim.chip import Chip
from accsim.ops import Attention, NumberFormat, Op, PassGraph, Tensor
from accsim.result import RooflineBound
from accsim.units import Clock

FP16 = NumberFormat("fp16", bits=16)
INT8 = NumberFormat("int8", bits=8)


def matmul(rows: int, inner: int, outer: int, inputs: NumberFormat, weights: NumberFormat) -> Op:
    reads = (
        Tensor("x", (rows, inner), inputs, "chip"),
        Tensor("w", (outer, inner), weights, "weights"),
    )
    writes = (Tensor("y", (rows, outer), inputs, "chip"),)
    return Op("layers.0.qkv", "matmul", "qkv", 0, reads, writes, rows, inner, outer)


def test_the_memory_floor_is_bytes_over_the_pins(small_chip: Chip) -> None:
    # Two channels of 64 bits at 3200 MT/s: 51.2 GB/s, so 512 B in 10 ns.
    assert memory_floor_ps(small_chip, 512) == 10_000


def test_the_memory_floor_is_not_rounded(small_chip: Chip) -> None:
    # 1 B in 1 / 51.2 ns.
    assert memory_floor_ps(small_chip, 1) == Fraction(10_000, 512)


def test_the_peak_of_the_array_is_elements_times_clock(small_chip: Chip) -> None:
    # 16 x 16 elements at 1 GHz; twice as many MACs with 8 bits.
    assert peak_macs_per_s(small_chip) == 256e9
    assert peak_macs_per_s(small_chip, 8) == 512e9


def test_the_compute_floor_is_macs_over_the_peak(small_chip: Chip) -> None:
    graph = PassGraph("hand", 1, 2, (matmul(2, 64, 100, FP16, FP16),))
    # 12,800 MACs at 256 a cycle of 1 ns.
    assert compute_floor_ps(small_chip, graph, 0) == 50_000


def test_a_period_of_the_clock_is_not_rounded_in_the_compute_floor(small_chip: Chip) -> None:
    chip = replace(small_chip, clock=Clock.from_mhz(300))
    graph = PassGraph("hand", 1, 1, (matmul(1, 16, 16, FP16, FP16),))
    assert compute_floor_ps(chip, graph, 0) == Fraction(10_000, 3)


def test_each_operator_counts_at_its_own_precision(small_chip: Chip) -> None:
    ops = (matmul(1, 256, 10, FP16, FP16), matmul(1, 256, 10, INT8, INT8))
    # 10 cycles and, at twice the rate, 5.
    assert compute_floor_ps(small_chip, PassGraph("hand", 1, 1, ops), 0) == 15_000


def test_the_wider_operand_decides_the_precision() -> None:
    assert matmul(1, 1, 1, FP16, INT8).operand_bits == 16
    assert matmul(1, 1, 1, INT8, INT8).operand_bits == 8


def test_attention_counts_only_the_pairs_that_the_mask_lets_through(small_chip: Chip) -> None:
    shape = Attention(sequences=1, rows=2, query_heads=4, kv_heads=2, head_dim=64)
    query = Tensor("q", (2, 4, 64), FP16, "chip")
    out = Tensor("s", (4, 2, "keys"), FP16, "chip")
    scores = Op("layers.0.scores", "scores", "scores", 0, (query,), (out,), 2, attention=shape)
    # Two rows see 10 cached keys each, and 1 and 2 new ones: 23 pairs x 4 heads x 64 at 256.
    assert compute_floor_ps(small_chip, PassGraph("hand", 1, 2, (scores,)), 10) == 23_000


@pytest.mark.parametrize(
    ("macs", "dram_bytes", "bound"),
    [
        # The ridge: 256 MACs/ns over 51.2 B/ns, 5 MACs per byte.
        (499, 100, "memory"),
        (500, 100, "compute"),
        (501, 100, "compute"),
        (0, 100, "memory"),
        (100, 0, "compute"),
        (0, 0, "on_chip"),
    ],
)
def test_intensity_against_the_ridge_decides_the_roof(
    small_chip: Chip, macs: int, dram_bytes: int, bound: RooflineBound
) -> None:
    assert roofline_bound(small_chip, macs, dram_bytes) == bound


def test_narrow_operands_move_the_ridge(small_chip: Chip) -> None:
    # 10 MACs per byte with 8 bits.
    assert roofline_bound(small_chip, 999, 100, 8) == "memory"
    assert roofline_bound(small_chip, 1000, 100, 8) == "compute"
