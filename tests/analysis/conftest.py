"""A chip on which times can be followed by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from accsim.chip import Chip, Dma


@pytest.fixture(scope="session")
def chip(small_chip: Chip) -> Chip:
    """1 GHz, one channel, an issue of 2 cycles, 4 descriptors in flight, no dispatch."""
    memory = replace(small_chip.memory, channels=1)
    return replace(small_chip, memory=memory, dma=Dma(4, 2), dispatch_cycles=0)
