"""What the values of a chip say about themselves."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from accsim.chip import (
    Chip,
    DotProductEngine,
    Memory,
    RefreshScheme,
    Sram,
    SramPorts,
    SystolicArray,
)
from accsim.dram.standards import GRADES, PARTS
from accsim.units import Clock


def test_the_pins_of_two_ddr4_3200_channels_carry_51_2_gigabytes_per_second() -> None:
    memory = Memory(PARTS["DDR4-3200"], 2, 1, 256, 32, refresh="all_bank")
    assert memory.peak_bytes_per_s == 51_200_000_000


def test_the_pins_of_a_grade_named_after_thirds_are_exact() -> None:
    # 16 bits at 12800/3 MT/s.
    memory = Memory(PARTS["LPDDR4X-4266"], 1, 1, 256, 32, refresh="all_bank")
    assert memory.peak_bytes_per_s == Fraction(12800 * 10**6, 3) * 2


def test_capacity_multiplies_ranks_and_channels() -> None:
    # One rank of DDR4 here: 16 banks x 65536 rows x 8 KiB = 8 GiB.
    memory = Memory(PARTS["DDR4-3200"], 2, 2, 256, 32, refresh="all_bank")
    assert memory.capacity_bytes == 4 * 8 * 2**30


@pytest.mark.parametrize(("bits", "rate"), [(16, 1), (9, 1), (8, 2), (5, 2), (4, 4), (1, 4)])
def test_the_wider_operand_decides_the_rate_of_a_processing_element(bits: int, rate: int) -> None:
    array = SystolicArray(2, 8, 16, "weight_stationary", (1, 2, 4))
    assert array.pe_rate(bits) == rate
    assert array.macs_per_cycle(bits) == 2 * 8 * 16 * rate


def test_a_dot_product_engine_peaks_at_lanes_times_width() -> None:
    engine = DotProductEngine(2, 16, 32, 4, (1, 2, 4))
    assert engine.macs_per_cycle(16) == 1024
    assert engine.macs_per_cycle(8) == 2048


def test_a_group_of_rows_multiplies_the_peak_of_a_dot_product_engine() -> None:
    engine = DotProductEngine(2, 16, 32, 4, (1, 2, 4), tile_rows=3)
    assert engine.rows_at_once == 3
    assert engine.macs_per_cycle(16) == 3 * 1024


def test_the_vector_unit_takes_whole_lanes_times_passes_plus_its_latency(small_chip: Chip) -> None:
    # 33 elements on 16 lanes: 3 steps; softmax makes 4 passes; 10 cycles of latency.
    assert small_chip.vector.cycles("softmax", 33) == 3 * 4 + 10
    assert small_chip.vector.cycles("residual_add", 16) == 1 + 10


def test_a_refresh_that_the_standard_lacks_is_refused() -> None:
    message = r"no per_bank refresh of DDR5-4800 \(allowed: all_bank, same_bank, off\)"
    with pytest.raises(ValueError, match=message):
        Memory(PARTS["DDR5-4800"], 1, 1, 64, 32, refresh="per_bank")


def test_a_bank_refresh_of_unknown_length_is_refused() -> None:
    with pytest.raises(ValueError, match="no tRFCpb of LPDDR5-6400 for per_bank refresh"):
        Memory(GRADES["LPDDR5-6400"].part(32), 1, 1, 64, 32, refresh="per_bank")


@pytest.mark.parametrize(
    ("grade", "refresh", "share"),
    [
        ("DDR4-3200", "off", Fraction(0)),
        ("DDR4-3200", "all_bank", Fraction(560, 12480)),
        ("DDR5-4800", "all_bank", Fraction(710, 9375)),
        # Each bank has two turns in tREFI, in fine granularity.
        ("DDR5-4800", "same_bank", Fraction(2 * 312, 9375)),
        ("LPDDR5X-8533", "per_bank", Fraction(150, 4167)),
    ],
)
def test_a_bank_spends_its_turns_of_an_interval_in_refresh(
    grade: str, refresh: RefreshScheme, share: Fraction
) -> None:
    assert Memory(PARTS[grade], 1, 1, 64, 32, refresh).refresh_share == share


def test_dram_at_full_speed_has_its_share_of_the_sram(small_chip: Chip) -> None:
    # 51.2 of 8 x 32 bytes per cycle of 1 GHz.
    assert small_chip.sram_dma_bytes_per_cycle == 52
    assert small_chip.sram_compute_bytes_per_cycle == 256 - 52


def test_a_slower_core_clock_makes_the_share_of_the_dram_larger(small_chip: Chip) -> None:
    # 51.2 GB/s at 300 MHz: 170.67 bytes a cycle.
    assert replace(small_chip, clock=Clock.from_mhz(300)).sram_dma_bytes_per_cycle == 171


@pytest.mark.parametrize(
    ("sram", "port", "banks"),
    [(Sram(1024, 52, 1), 52, 52), (Sram(1024, 4, 64, SramPorts(dma=51)), 51, 256)],
)
def test_an_sram_slower_than_the_pins_is_no_chip(
    small_chip: Chip, sram: Sram, port: int, banks: int
) -> None:
    message = (
        f"^DRAM at full speed takes 52 bytes per core cycle of SRAM; its DMA port carries {port}, "
        f"all banks {banks}$"
    )
    with pytest.raises(ValueError, match=message):
        replace(small_chip, sram=sram)
