"""Bounds that no simulation may beat: bytes over the pins, MACs over the array's peak."""

from __future__ import annotations

from fractions import Fraction

from accsim.chip import Chip
from accsim.ops import PassGraph
from accsim.result import RooflineBound
from accsim.units import PS_PER_S


def memory_floor_ps(chip: Chip, dram_bytes: int) -> Fraction:
    """Time in ps to move `dram_bytes` through the pins at their peak."""
    return dram_bytes * PS_PER_S / chip.memory.peak_bytes_per_s


def compute_floor_ps(chip: Chip, graph: PassGraph, context: int) -> Fraction:
    """Time in ps of the useful MACs of a pass at the array's peak, each at its own precision."""
    cycles = Fraction(0)
    for op in graph.ops:
        macs = op.macs(context)
        if macs:
            cycles += Fraction(macs, chip.array.macs_per_cycle(op.operand_bits))
    return cycles * PS_PER_S * chip.clock.hz_den / chip.clock.hz_num


def peak_macs_per_s(chip: Chip, bits: int = 16) -> float:
    """Peak rate of the array for operands of `bits` bits."""
    return chip.array.macs_per_cycle(bits) * chip.clock.hz


def roofline_bound(chip: Chip, macs: int, dram_bytes: int, bits: int = 16) -> RooflineBound:
    """Which roof an amount of work stands under, from its intensity alone."""
    if not dram_bytes:
        return "compute" if macs else "on_chip"
    if not macs:
        return "memory"
    ridge = (
        Fraction(chip.array.macs_per_cycle(bits) * chip.clock.hz_num, chip.clock.hz_den)
        / chip.memory.peak_bytes_per_s
    )
    return "memory" if Fraction(macs, dram_bytes) < ridge else "compute"
