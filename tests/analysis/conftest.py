"""A chip on which times can be followed by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from accsim.chip import Chip, Dma
from accsim.energy import StatedEnergy

ROUND = StatedEnergy(
    dram_activation_pj_per_row=1000,
    dram_io_pj_per_bit=10,
    dram_background_mw_per_rank=500,
    dram_refresh_pj_per_rank=8000,
    sram_pj_per_byte=2,
    mac_pj=(1, 0.5, 0.25),
    vector_pj_per_element=4,
    static_w=3,
)


@pytest.fixture(scope="session")
def chip(small_chip: Chip) -> Chip:
    """1 GHz, one channel, an issue of 2 cycles, 4 descriptors in flight, no dispatch."""
    memory = replace(small_chip.memory, channels=1)
    return replace(small_chip, memory=memory, dma=Dma(4, 2), dispatch_cycles=0)


@pytest.fixture(scope="session")
def round_chip(small_chip: Chip) -> Chip:
    """Two channels of one rank, and round figures of energy that count as exact."""
    return replace(small_chip, energy=ROUND)
