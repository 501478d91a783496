"""How long a tile takes to move its bytes while array and vector unit share the SRAM's banks.

Addresses are interleaved over the banks, so that what the units share is a rate: `shared` bytes in
each core cycle, after the DMA has had its part. A tile draws its bytes evenly over its own cycles,
ceil(bytes / cycles) in each, but never more than its port carries. First come, first served: a tile
that starts while the other unit's tile holds so much that its own rate is not left draws what is
left until that one ends; what it missed it makes up for at the end, at its own rate, as its unit
works no faster than it does alone.

Everything is in whole core cycles and bytes. The rates of both units never add up to more than
`shared`, as the later one yields, and the other unit decides again only after its tile has ended.

Left out: a fair arbiter would slow both tiles instead of the later one (the sum of what they move
is the same); operands that are fetched ahead of the tile that needs them; bytes of results that
cross the port while a tile drains count as moved before.
"""

from __future__ import annotations

from typing import NamedTuple


class Draw(NamedTuple):
    """What a tile draws at most: `rate` bytes in each core cycle of [start, end)."""

    start: int
    end: int
    rate: int


class Port:
    """One unit's way to the banks, and what its latest tile moves there.

    Args:
        limit: bytes per core cycle that the unit alone could move.
        shared: bytes per core cycle that both units share.
    """

    def __init__(self, limit: int, shared: int) -> None:
        self.limit = min(limit, shared)
        self.shared = shared
        self.latest = (0, 0, 0, 0)
        """Edges of start and end, cycles and bytes of the latest tile."""

    def occupy(self, start: int, cycles: int, sram_bytes: int, other: Port) -> int:
        """Start a tile; it must not start before the end of the one before.

        Args:
            start: edge of the core clock at which the tile starts.
            cycles: core cycles that it occupies its unit if SRAM does not hold it up.
            sram_bytes: bytes that it moves.
            other: the port of the other unit.

        Returns:
            Core cycles that it occupies its unit: at least `cycles`.
        """
        span = cycles
        if other.latest[1] > start or sram_bytes > self.limit * cycles:
            rate = rate_of(sram_bytes, cycles, self.limit)
            moved = transfer_cycles(sram_bytes, rate, start, other.draw(), self.shared)
            span = max(cycles, moved)
        self.latest = (start, start + span, cycles, sram_bytes)
        return span

    def draw(self) -> Draw:
        """What the latest tile draws."""
        start, end, cycles, sram_bytes = self.latest
        return Draw(start, end, rate_of(sram_bytes, cycles, self.limit))


def rate_of(sram_bytes: int, cycles: int, limit: int) -> int:
    """Bytes per core cycle that a tile of `cycles` draws through a port that carries `limit`."""
    return min(limit, _ceil(sram_bytes, max(1, cycles)))


def transfer_cycles(sram_bytes: int, rate: int, start: int, other: Draw, shared: int) -> int:
    """Core cycles from edge `start` until a tile's last byte has moved.

    Args:
        sram_bytes: what it moves.
        rate: bytes per core cycle that it draws where they are left, at most `shared`.
        start: the edge at which it starts.
        other: what the other unit draws; it may begin later than `start`.
        shared: bytes per core cycle for both.
    """
    left = shared - other.rate
    if rate <= left or other.end <= start:
        return _ceil(sram_bytes, rate)
    before = max(0, other.start - start)
    beside = other.end - start - before
    if sram_bytes <= before * rate:
        return _ceil(sram_bytes, rate)
    if sram_bytes <= before * rate + beside * left:
        return before + _ceil(sram_bytes - before * rate, left)
    return before + beside + _ceil(sram_bytes - before * rate - beside * left, rate)


def _ceil(volume: int, rate: int) -> int:
    return -(-volume // rate) if volume else 0
