"""The address patterns that a memory is studied with, by name.

Light to import: the command line lists the names before it needs any pattern.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accsim.chip import Memory
    from accsim.dram.reference.patterns import Trace
    from accsim.dram.study import Study

PATTERNS = ("sequential", "streams", "mixed", "random", "strided")
IN_ORDER = ("sequential", "streams")
"""Patterns that the row-granular model is made for: long runs, served in order."""


@dataclass(frozen=True)
class Sizes:
    """How the patterns are cut.

    size    bytes to move
    block   streams, mixed, random: consecutive bytes at a time
    count   streams: how many take turns
    stride  strided: bytes from one burst to the next
    writes  mixed: percentage of blocks that are written
    seed    random only
    """

    size: int = 16 << 20
    block: int = 4096
    count: int = 4
    stride: int = 4096
    writes: int = 25
    seed: int = 1

    def round_bytes(self, pattern: str, unit: int) -> int:
        """The least that a pattern of bursts of `unit` bytes moves."""
        rounds = {"streams": self.count * self.block, "mixed": self.block, "random": self.block}
        return rounds.get(pattern, unit)

    def trace(self, pattern: str, unit: int) -> Trace:
        """The bursts of a pattern, of `unit` bytes each."""
        from accsim.dram.reference import patterns

        size, block = self.size, self.block
        match pattern:
            case "sequential":
                return patterns.sequential(size, unit)
            case "streams":
                return patterns.streams(size, unit, count=self.count, block=block)
            case "mixed":
                return patterns.mixed(size, unit, block=block, write_percent=self.writes)
            case "random":
                return patterns.random(size, unit, block=block, seed=self.seed)
            case _:
                return patterns.strided(size // unit, unit, stride=self.stride)

    def study(self, memory: Memory, pattern: str, *, by_command: bool = False) -> Study:
        """Offer a memory a pattern; every command is simulated where `by_command` or needed."""
        from accsim.dram.study import study

        trace = self.trace(pattern, memory.part.burst_bytes)
        return study(memory, pattern, trace, by_command=by_command or pattern not in IN_ORDER)
