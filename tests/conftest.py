"""What all tests share: how hypothesis runs, and a small chip, model and pass."""

from __future__ import annotations

import pytest
from graphs import one_pass
from hypothesis import settings

from accsim.chip import Chip, Dma, Memory, Sram, SystolicArray, VectorUnit
from accsim.dram.standards import PARTS
from accsim.ops import PassGraph
from accsim.units import KIB, Clock
from accsim.workload import ModelShape

# The same examples on every machine, however slow it is.
settings.register_profile("ci", derandomize=True, deadline=None)
settings.load_profile("ci")


@pytest.fixture(scope="session")
def small_chip() -> Chip:
    """Two channels of DDR4-3200 and a 16 x 16 array at 1 GHz: a core cycle is 1000 ps."""
    return Chip(
        name="small",
        clock=Clock.from_mhz(1000),
        memory=Memory(PARTS["DDR4-3200"], 2, 1, 256, 32, refresh="all_bank"),
        dma=Dma(outstanding=4, issue_cycles=8),
        sram=Sram(512 * KIB, banks=8, bank_bytes_per_cycle=32),
        array=SystolicArray(1, 16, 16, "output_stationary", (1, 2, 2)),
        vector=VectorUnit(
            lanes=16,
            latency_cycles=10,
            cycles_per_element={
                "rms_norm": 2,
                "rotary": 2,
                "softmax": 4,
                "silu_mul": 2,
                "residual_add": 1,
                "argmax": 1,
                "embedding": 1,
                "quantise": 2,
            },
        ),
        dispatch_cycles=50,
    )


@pytest.fixture(scope="session")
def small_model() -> ModelShape:
    """Two layers of 256 channels, two query heads to each key head: 1.3 M parameters."""
    return ModelShape("small", 256, 2, 4, 2, 64, 512, 1024, 4096, tied_embeddings=False)


@pytest.fixture(scope="session")
def small_decode(small_model: ModelShape) -> PassGraph:
    """One decode pass of the small model in fp16: one sequence, one row."""
    return one_pass(small_model)


@pytest.fixture(scope="session")
def small_prefill(small_model: ModelShape) -> PassGraph:
    """The pass that reads a prompt of 300 tokens."""
    return one_pass(small_model, decode=False, rows=300)
