"""What the values of a chip say about themselves."""

from __future__ import annotations

from fractions import Fraction

import pytest

from accsim.chip import Chip, DotProductEngine, Memory, SystolicArray
from accsim.dram.standards import PARTS


def test_the_pins_of_two_ddr4_3200_channels_carry_51_2_gigabytes_per_second() -> None:
    memory = Memory(PARTS["DDR4-3200"], 2, 1, 256, 32, refresh=True)
    assert memory.peak_bytes_per_s == 51_200_000_000


def test_the_pins_of_a_grade_named_after_thirds_are_exact() -> None:
    # 16 bits at 12800/3 MT/s.
    memory = Memory(PARTS["LPDDR4X-4266"], 1, 1, 256, 32, refresh=True)
    assert memory.peak_bytes_per_s == Fraction(12800 * 10**6, 3) * 2


def test_capacity_multiplies_ranks_and_channels() -> None:
    # One rank of DDR4 here: 16 banks x 65536 rows x 8 KiB = 8 GiB.
    memory = Memory(PARTS["DDR4-3200"], 2, 2, 256, 32, refresh=True)
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
