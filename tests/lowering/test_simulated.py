"""What lowering makes, the engine can run."""

from __future__ import annotations

from hypothesis import given, settings

from accsim.engine.simulate import simulate
from accsim.units import PS_PER_S

from .cases import Case, cases, lowered


@settings(max_examples=30)
@given(cases())
def test_any_small_pass_comes_to_its_end_and_beats_no_bound(case: Case) -> None:
    program = lowered(case)
    timeline = simulate(program, case.chip)
    moved = sum(program.loads.sram_bytes)
    moved += sum(program.stores.bytes_of(i) for i in range(len(program.stores)))
    assert timeline.elapsed_ps >= moved * PS_PER_S / case.chip.memory.peak_bytes_per_s
    # While one tile drains, the array already takes the next.
    occupied = sum(program.array.cycles) - sum(program.array.drain_cycles)
    assert timeline.elapsed_ps >= occupied * 1000
