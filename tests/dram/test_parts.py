"""Every grade that a chip file may name behaves like real memory."""

from __future__ import annotations

import pytest

from accsim.chip import Memory
from accsim.dram.memory import RowGranularMemory
from accsim.dram.standards import PARTS
from accsim.units import PS_PER_S

from .rig import ACTIVATION, DATA, REFRESH, TURNAROUND, Rig

grades = pytest.mark.parametrize("grade", PARTS)
STREAM_BYTES = 2**23


@grades
@pytest.mark.parametrize("write", [False, True], ids=["read", "write"])
def test_a_stream_reaches_80_to_100_percent_of_the_pins(grade: str, write: bool) -> None:
    memory = Memory(PARTS[grade], 2, 1, 256, 32, refresh="all_bank")
    end = RowGranularMemory(memory).submit(0, 0, 1, STREAM_BYTES, 0, write)
    assert 0.80 <= STREAM_BYTES * PS_PER_S / (end * memory.peak_bytes_per_s) < 1.0


@grades
def test_what_a_stream_loses_is_refresh(grade: str) -> None:
    rig = Rig(PARTS[grade], refresh="all_bank")
    rig.access(0, bursts=STREAM_BYTES // PARTS[grade].burst_bytes)
    states = rig.states()
    lost = states[TURNAROUND] + states[REFRESH] + states[ACTIVATION]
    assert states[REFRESH] > 0.75 * lost
    assert states[DATA] > states[REFRESH] > 0


@grades
def test_without_refresh_a_stream_fills_the_pins(grade: str) -> None:
    # Fast parts lose up to 1.2 % where 32 bursts of lookahead are shorter than tRP + tRCD + 3 tRRD.
    rig = Rig(PARTS[grade])
    bursts = STREAM_BYTES // PARTS[grade].burst_bytes
    begin, end = rig.access(0, bursts=bursts)
    assert end - begin == pytest.approx(bursts * PARTS[grade].burst_cycles, rel=0.015)


@grades
def test_a_cold_read_takes_activation_latency_and_burst(grade: str) -> None:
    part, timings = PARTS[grade], PARTS[grade].timings
    assert Rig(part).read() == timings.tRCD + timings.CL + part.burst_cycles
