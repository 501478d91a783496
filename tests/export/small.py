"""A pass of seven commands on two channels, with every time chosen by hand.

::

    ns        0     500    1000    1500    2000    2500    3000
    load 0    [---------------)                                     4000 B, both channels
    load 1       [......------------------)                         4000 B, both channels
    load 2                             [........-----)              1200 B, channel 0
    store 0                                     [.......------)      400 B, channel 1
    array 0                   [--------)                            waits for load 0
    array 1                                   [---)                 waits for load 1
    vector 0                                          [--)          waits for load 2
"""

from __future__ import annotations

import numpy as np

from accsim.analysis.pass_view import view_pass
from accsim.chip import Chip, Dma, DramPart, DramTimings, Memory, Sram, SystolicArray, VectorUnit
from accsim.export.events import SLICE_CAP, PassEvents
from accsim.ops import Op, PassGraph
from accsim.pass_view import PassView
from accsim.program import Program, Tiles, Transfers, Unit
from accsim.timeline import (
    NO_BLOCKER,
    SLOT_BLOCKER,
    SRAM_BLOCKER,
    Column,
    Lane,
    MemoryLane,
    Timeline,
)
from accsim.units import Clock

PART = DramPart(
    standard="DDR5",
    grade="4800",
    data_rate_mtps=4800,
    clock=Clock.from_mhz(2400),
    bus_bits=32,
    burst_bytes=64,
    burst_cycles=8,
    bank_groups=8,
    banks_per_group=4,
    rows=65536,
    row_bytes=8192,
    timings=DramTimings(*(1,) * 20),
    source="made up",
)

CHIP = Chip(
    name="pocket",
    clock=Clock.from_mhz(1000),
    memory=Memory(
        PART, channels=2, ranks=1, interleave_bytes=256, queue_bursts=32, refresh="all_bank"
    ),
    dma=Dma(outstanding=2, issue_cycles=10),
    sram=Sram(9000, banks=4, bank_bytes_per_cycle=16),
    array=SystolicArray(1, 8, 8, "weight_stationary", (1, 1, 1)),
    vector=VectorUnit(8, 4, {"rms_norm": 2}),
    dispatch_cycles=0,
)

GRAPH = PassGraph(
    "decode-1",
    sequences=1,
    rows=1,
    ops=(
        Op("layer0.up", "matmul", "up", 0, (), (), rows=1, inner=8, outer=16),
        Op("norm", "rms_norm", "norm", None, (), (), rows=1),
    ),
)

LOADS = Transfers(
    op=(0, 0, 1),
    label=(0, 1, 2),
    needs=((0, 0, 0),) * 4,
    sram_free_bytes=(0, 0, 0),
    first_of_op=(1, 0, 1),
    address=(0, 4096, 65536),
    rows=(4, 4, 1),
    row_bytes=(1000, 1000, 1200),
    stride_bytes=(1024, 1024, 0),
    sram_bytes=(4000, 4000, 1200),
)

STORES = Transfers(
    op=(0,),
    label=(2,),
    needs=((0,), (0,), (2,), (0,)),
    sram_free_bytes=(0,),
    first_of_op=(1,),
    address=(131072,),
    rows=(1,),
    row_bytes=(400,),
    stride_bytes=(0,),
    sram_bytes=(0,),
)

ARRAY = Tiles(
    op=(0, 0),
    label=(0, 1),
    needs=((1, 2), (0, 0), (0, 0), (0, 0)),
    sram_free_bytes=(4000, 4000),
    first_of_op=(1, 0),
    cycles=(499, 300),
    drain_cycles=(0, 0),
    fill_cycles=(0, 0),
    macs=(64, 65),
    sram_bytes=(4100, 4200),
)

VECTOR = Tiles(
    op=(1,),
    label=(2,),
    needs=((3,), (0,), (0,), (0,)),
    sram_free_bytes=(1200,),
    first_of_op=(1,),
    cycles=(199,),
    drain_cycles=(0,),
    fill_cycles=(0,),
    macs=(0,),
    sram_bytes=(1300,),
)

PROGRAM = Program(
    "decode-1",
    contexts=(10,),
    loads=LOADS,
    stores=STORES,
    array=ARRAY,
    vector=VECTOR,
    labels=("tile 1/2", "tile 2/2", "whole"),
    moves_more=frozenset(),
    reserve_bytes=1000,
    stream_bytes=8000,
)


def column(*values: int) -> Column:
    return np.array(values, dtype=np.int64)


def lane(starts: tuple[int, ...], ends: tuple[int, ...], blockers: tuple[int, ...]) -> Lane:
    none = column(*(0,) * len(starts))
    return Lane(column(*starts), column(*starts), column(*ends), column(*blockers), none, none)


TIMELINE = Timeline(
    elapsed_ps=3_000_000,
    lanes=(
        lane(
            (0, 200_000, 1_500_000),
            (1_000_500, 2_000_000, 2_500_700),
            (NO_BLOCKER, SLOT_BLOCKER, SRAM_BLOCKER),
        ),
        lane((2_400_000,), (3_000_000,), (Unit.ARRAY,)),
        lane((1_000_500, 2_000_000), (1_500_000, 2_300_000), (Unit.LOAD, Unit.LOAD)),
        lane((2_500_700,), (2_700_000,), (Unit.LOAD,)),
    ),
    memory=MemoryLane(
        unit=column(Unit.LOAD, Unit.LOAD, Unit.LOAD, Unit.STORE),
        index=column(0, 1, 2, 0),
        begin_ps=np.array(
            [[100_000, 100_000], [900_400, 1_000_500], [1_900_000, 0], [0, 2_600_000]]
        ),
        finish_ps=np.array(
            [[900_400, 1_000_500], [1_900_000, 2_000_000], [2_500_700, 0], [0, 3_000_000]]
        ),
        spent_cycles=np.zeros((4, 5), dtype=np.int64),
        opened_rows=column(0, 0, 0, 0),
        states_ps=np.zeros((2, 5), dtype=np.int64),
        row_hits=column(0, 0),
        row_misses=column(0, 0),
        row_conflicts=column(0, 0),
        activates=column(0, 0),
        refreshes=column(0, 0),
    ),
    sram_ps=column(0, 200_000, 1_500_000, 2_300_000, 2_700_000),
    sram_bytes=column(4000, 8000, 5200, 1200, 0),
)


def small_view(program: Program = PROGRAM, timeline: Timeline = TIMELINE) -> PassView:
    return view_pass(CHIP, GRAPH, program, timeline, "ordinary", 1)


def small_pass(cap: int = SLICE_CAP, window_ps: tuple[int, int] | None = None) -> PassEvents:
    return PassEvents(small_view(), window_ps, cap)
