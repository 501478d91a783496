"""What takes a cause of time away from a pass that is cut into tiles: the same program, or the same
chip, but for that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from accsim.chip import Chip
from accsim.program import Program

Changed = tuple[Program, Chip]


def twice_the_channels(program: Program, chip: Chip) -> Changed:
    return program, replace(chip, memory=replace(chip.memory, channels=2 * chip.memory.channels))


def no_refresh(program: Program, chip: Chip) -> Changed:
    return program, replace(chip, memory=replace(chip.memory, refresh="off"))


def instant_tiles(program: Program, chip: Chip) -> Changed:
    none = (0,) * len(program.array)
    tiles = replace(program.array, cycles=none, drain_cycles=none, fill_cycles=none)
    return replace(program, array=tiles), chip


def tiles_without_fill_and_drain(program: Program, chip: Chip) -> Changed:
    tiles, none = program.array, (0,) * len(program.array)
    columns = (tiles.cycles, tiles.drain_cycles, tiles.fill_cycles)
    streaming = (np.array(columns[0]) - columns[1] - columns[2]).tolist()
    tiles = replace(tiles, cycles=tuple(streaming), drain_cycles=none, fill_cycles=none)
    return replace(program, array=tiles), chip


def instant_vector_tiles(program: Program, chip: Chip) -> Changed:
    none = (0,) * len(program.vector)
    return replace(program, vector=replace(program.vector, cycles=none)), chip


def endless_sram(program: Program, chip: Chip) -> Changed:
    stream = 1 << 40
    sram = replace(chip.sram, capacity_bytes=program.reserve_bytes + stream)
    return replace(program, stream_bytes=stream), replace(chip, sram=sram)


def endless_sram_bandwidth(program: Program, chip: Chip) -> Changed:
    return program, replace(chip, sram=replace(chip.sram, banks=1024 * chip.sram.banks))


def free_issue(program: Program, chip: Chip) -> Changed:
    return program, replace(chip, dma=replace(chip.dma, issue_cycles=0))


def free_dispatch(program: Program, chip: Chip) -> Changed:
    return program, replace(chip, dispatch_cycles=0)


REMEDIES: dict[str, Callable[[Program, Chip], Changed]] = {
    "dram": twice_the_channels,
    "dram data": twice_the_channels,
    "dram refresh": no_refresh,
    "array": instant_tiles,
    "array compute": instant_tiles,
    "array fill_drain": tiles_without_fill_and_drain,
    "vector": instant_vector_tiles,
    "sram": endless_sram,
    "sram_bandwidth": endless_sram_bandwidth,
    "dma": free_issue,
    "dispatch": free_dispatch,
}
