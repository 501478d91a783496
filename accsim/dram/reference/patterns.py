"""Address patterns that show what a memory system can do: one burst each, in order of issue.

Every pattern is two arrays: byte addresses, and 1 for a write or 0 for a read. `unit` is the burst
in bytes; blocks smaller than a burst count as one burst.
"""

from __future__ import annotations

import numpy as np

from accsim.dram.reference.device import Ints

Trace = tuple[Ints, Ints]

REGION = 1 << 26
"""Distance of the streams of `streams`: 64 MiB."""
FOOTPRINT = 1 << 29
"""Where `random` and `strided` stay: 512 MiB."""
WRITE_REGION = 1 << 27
"""Where the writes of `mixed` begin: 128 MiB."""


def sequential(size: int, unit: int, *, write: bool = False) -> Trace:
    """One stream of `size` bytes from address 0."""
    addresses = np.arange(size // unit) * unit
    return addresses, np.full(len(addresses), int(write))


def streams(size: int, unit: int, *, count: int, block: int, offset: int = 0) -> Trace:
    """`count` sequential streams that take turns, `block` bytes at a time, `size` bytes in all.

    They begin `REGION` + `offset` bytes apart.
    """
    turns = np.arange(size // (count * block))[:, None]
    blocks = np.arange(count)[None, :] * (REGION + offset) + turns * block
    return _reads(_bursts(blocks.ravel(), block, unit))


def mixed(size: int, unit: int, *, block: int, write_percent: int) -> Trace:
    """A stream of reads and one of writes, evenly interleaved in blocks."""
    block = max(block, unit)
    writes = _every(size // block, write_percent)
    turn = np.where(writes, WRITE_REGION + (np.cumsum(writes) - 1) * block, 0)
    turn += np.where(writes, 0, (np.cumsum(~writes) - 1) * block)
    return _bursts(turn, block, unit), np.repeat(writes, block // unit).astype(np.int64)


def random(size: int, unit: int, *, block: int, seed: int, write_percent: int = 0) -> Trace:
    """Blocks at places drawn evenly from `FOOTPRINT`."""
    block = max(block, unit)
    count = size // block
    places = (splitmix64(seed, count) % np.uint64(FOOTPRINT // block)).astype(np.int64)
    writes = np.repeat(_every(count, write_percent), block // unit)
    return _bursts(places * block, block, unit), writes.astype(np.int64)


def strided(count: int, unit: int, *, stride: int) -> Trace:
    """`count` bursts `stride` bytes apart; past `FOOTPRINT` again from its start, a burst on."""
    offsets = np.arange(count) * stride
    return _reads(offsets % FOOTPRINT + offsets // FOOTPRINT * unit)


def splitmix64(seed: int, count: int) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    """`count` draws of the generator splitmix64 (Steele, Lea, Flood, OOPSLA 2014)."""
    z = np.uint64(seed) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def _every(count: int, percent: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """`percent` of `count` places, evenly spread."""
    index = np.arange(count)
    return (index + 1) * percent // 100 > index * percent // 100


def _bursts(blocks: Ints, block: int, unit: int) -> Ints:
    """The bursts of blocks that begin at these addresses."""
    return (blocks[:, None] + np.arange(max(1, block // unit))[None, :] * unit).ravel()


def _reads(addresses: Ints) -> Trace:
    return addresses, np.zeros(len(addresses), dtype=np.int64)
