"""Weights and cached keys are fetched across operators, as far as the SRAM allows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from accsim.chip import Chip
from accsim.engine.simulate import simulate
from accsim.lowering.lower import lower
from accsim.ops import PassGraph
from accsim.program import Unit
from accsim.units import KIB


def ahead(chip: Chip, graph: PassGraph, kib: int) -> int:
    """The most operators by which a load was ahead of the tile that the array was working on."""
    chip = replace(chip, sram=replace(chip.sram, capacity_bytes=kib * KIB))
    program = lower(chip, graph, (100,), 101)
    timeline = simulate(program, chip)
    loads, array = timeline.lane(Unit.LOAD), timeline.lane(Unit.ARRAY)
    load_ops, array_ops = np.array(program.loads.op), np.array(program.array.op)
    # Which tile ends next when a load is issued; after the last tile there are no loads.
    working = np.searchsorted(array.end_ps, loads.start_ps, side="right")
    assert (working < len(array_ops)).all()
    assert (timeline.sram_bytes + program.reserve_bytes <= kib * KIB).all()
    return int((load_ops - array_ops[working]).max())


def test_loads_run_ahead_of_the_operator_at_work_as_far_as_the_sram_allows(
    small_chip: Chip, small_decode: PassGraph
) -> None:
    # A layer's weights are 1.2 MiB in 9 operators with loads; 64 KiB hold a few tiles of one.
    near, middle, far = (ahead(small_chip, small_decode, kib) for kib in (64, 512, 4096))
    assert 1 <= near < middle < far
