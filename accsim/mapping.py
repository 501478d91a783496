"""How operators are laid over a chip: what the mapper chose, and what a person has pinned."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Literal

from accsim.errors import Problem

Held = Literal["inputs", "weights", "none"]
Split = Literal["outer", "rows", "inner"]
"""Which dimension of C[rows, outer] = A[rows, inner] x B[inner, outer] several arrays share."""


@dataclass(frozen=True, slots=True)
class MatmulMapping:
    """C[rows, outer] = A[rows, inner] x B[inner, outer], cut into blocks of these sizes.

    Attributes:
        rows: activation rows of a block.
        outer: output channels of a block, whole panels of them.
        inner: inputs of a block; where they are cut, partial sums stay on the chip.
        held: the operand of which a block stays in SRAM while the other one streams past. With
            weights held the rows turn fastest, else the output channels.
        split: by what several arrays share a block.
    """

    rows: int
    outer: int
    inner: int
    held: Held
    split: Split


@dataclass(frozen=True, slots=True)
class AttentionMapping:
    """Attention, cut into units of `heads` KV heads and `rows` query rows of one sequence.

    `head_stays` tells whether the keys and values of a head stay in SRAM for all blocks of its
    rows; else each block of rows reads them again.
    """

    rows: int
    heads: int
    head_stays: bool


OpMapping = MatmulMapping | AttentionMapping


@dataclass(frozen=True, slots=True)
class Pin:
    """What a mapping file fixes for every operator whose name matches; None is left to the mapper.

    Attributes:
        match: a name, or a pattern with ``*`` and ``?``.
        at: where it stands, as a problem that has no message yet.
        graph: name or pattern of the pass graphs that it is for.
    """

    match: str
    at: Problem
    graph: str = "*"
    rows: int | None = None
    outer: int | None = None
    inner: int | None = None
    held: Held | None = None
    split: Split | None = None
    heads: int | None = None

    def problem(self, message: str) -> Problem:
        """What is wrong with this pin."""
        return replace(self.at, message=message)


def pin_of(pins: tuple[Pin, ...], name: str) -> Pin | None:
    """The first pin that matches an operator's name."""
    return next((pin for pin in pins if fnmatchcase(name, pin.match)), None)


@dataclass(frozen=True, slots=True)
class Pinning:
    """A mapping file: its name, None where there is no file, and what it pins, in its order."""

    name: str | None = None
    pins: tuple[Pin, ...] = ()

    def of(self, graph: str) -> tuple[Pin, ...]:
        """The pins that are for a pass graph."""
        return tuple(pin for pin in self.pins if fnmatchcase(graph, pin.graph))


UNPINNED = Pinning()
"""Everything is left to the mapper."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What the mapper knew when it chose a mapping: the estimate, in core cycles, of the chosen.

    Attributes:
        pinned: whether a mapping file had a say: candidates are those that agree with it.
        candidates: mappings that it looked at.
        fitting: how many of them fit the SRAM.
        dram_cycles: DRAM traffic over what the pins carry between refreshes.
        array_cycles: of all tiles, one after the other.
        vector_cycles: of the softmax, or of dequantising the weights of a matmul.
        exposed_cycles: in which the array waits for blocks that there is no room to fetch early.
    """

    pinned: bool
    candidates: int
    fitting: int
    dram_cycles: float
    array_cycles: float
    vector_cycles: float = 0.0
    exposed_cycles: float = 0.0

    @property
    def cycles(self) -> float:
        """What it reckoned with: the slowest unit, as if all else went on beside it."""
        return max(self.dram_cycles, self.array_cycles + self.exposed_cycles, self.vector_cycles)


@dataclass(frozen=True, slots=True)
class SramDivision:
    """How the SRAM is divided for one pass, in bytes.

    Attributes:
        resident: activations that stay, at most alive at once.
        staging: blocks of spilled activations on their way out, and partial sums.
        scores: attention scores of two units.
        expanded: two tiles of weights that the vector unit has dequantised.
        stream: what is left for tiles on their way in.
        candidates: divisions that the mapper chose from.
    """

    resident: int
    staging: int
    scores: int
    expanded: int
    stream: int
    candidates: int


@dataclass(frozen=True, slots=True)
class Account:
    """The mapper's account of a pass: the division, and its choice for each operator it cut."""

    division: SramDivision
    choices: dict[int, Choice]
