"""How a pass is mapped and why it takes its time: the contract ``accsim.explain/1``.

Field names are the JSON keys. Bytes, MACs, cycles and picoseconds are integers (what is divided is
rounded up), but for the mapper's estimates. Only additions later.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from accsim.mapping import Choice, OpMapping, SramDivision
from accsim.ops import Attention

SCHEMA = "accsim.explain/1"

Place = Literal["sram", "dram", "both", "none"]


@dataclass(frozen=True, slots=True)
class Formula:
    """How the cycles of a tile come about.

    `symbols` and `numbers` are the same expression; that of `numbers` is worth `cycles`, of which
    the last `drain_cycles` the next tile may already use. `terms` say where the numbers come from.
    """

    symbols: str
    numbers: str
    cycles: int
    drain_cycles: int
    terms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Needed:
    """Bytes that an operator must move through DRAM once, where the activations lie as they do."""

    weights: int
    kv_cache: int
    spilled: int

    @property
    def total(self) -> int:
        return self.weights + self.kv_cache + self.spilled


@dataclass(frozen=True, slots=True)
class DramWork:
    """An operator's transfers.

    needed           what it must move
    read_bytes, write_bytes
                     what it moves
    loads, stores    descriptors
    needed_pins_ps, moved_pins_ps
                     those bytes at the pins' peak
    busy_ps          how long the memory served the descriptors
    """

    needed: Needed
    read_bytes: int
    write_bytes: int
    loads: int
    stores: int
    needed_pins_ps: int
    moved_pins_ps: int
    busy_ps: int

    @property
    def moved_bytes(self) -> int:
        return self.read_bytes + self.write_bytes


@dataclass(frozen=True, slots=True)
class ArrayWork:
    """An operator's tiles on the array.

    macs            useful ones
    macs_per_cycle  peak for its operands
    peak_ps         the MACs at that rate
    tiles           how many
    first_cycles    of the first tile
    first           its shape: rows, inputs, outputs (of one KV head in attention)
    turns           how often the formula applies in it: KV heads one after the other, else 1
    formula         where its cycles come from; None if this is not known
    cycles          of all tiles, each until the array is free for the next
    busy_ps         how long it was occupied
    """

    macs: int
    macs_per_cycle: int
    peak_ps: int
    tiles: int
    first_cycles: int
    first: tuple[int, int, int]
    turns: int
    formula: Formula | None
    cycles: int
    busy_ps: int


@dataclass(frozen=True, slots=True)
class VectorWork:
    """An operator's tiles on the vector unit.

    The first takes `rounds` of `lanes` elements x `passes` + `latency_cycles` = `first_cycles`.
    """

    tiles: int
    first_cycles: int
    rounds: int
    lanes: int
    passes: int
    latency_cycles: int
    cycles: int
    busy_ps: int


@dataclass(frozen=True, slots=True)
class OpExplanation:
    """One operator of the pass.

    inputs, outputs  where its activations lie; `none` where it has none
    mapping          how it is cut (attention: under its scores operator), and the `choice` behind
    causes_ps        what it waited for on the critical path; adds up to `time_ps`
    causes_detail_ps the same by part, where a cause has parts (`accsim.result.CAUSE_PARTS`)
    """

    name: str
    kind: str
    group: str
    layer: int | None
    rows: int
    inner: int
    outer: int
    attention: Attention | None
    inputs: Place
    outputs: Place
    mapping: OpMapping | None
    choice: Choice | None
    dram: DramWork
    array: ArrayWork | None
    vector: VectorWork | None
    time_ps: int
    causes_ps: dict[str, int]
    causes_detail_ps: dict[str, dict[str, int]]

    @property
    def busy_ps(self) -> int:
        """How long the unit that does its work was occupied."""
        if self.array is not None:
            return self.array.busy_ps
        return self.vector.busy_ps if self.vector is not None else self.dram.busy_ps


@dataclass(frozen=True, slots=True)
class Line:
    """Operators that are alike: the same work and mapping, in several layers.

    `pattern` matches their names and no others; None where no pattern does.
    """

    name: str
    pattern: str | None
    ops: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PassExplanation:
    """A simulated pass; `lines` point to `ops` by index, both in the order of the pass.

    `dram_states_ps` are averages over the channels and add up to `elapsed_ps`, as `causes_ps` do.
    `causes_detail_ps` is that of `OpExplanation`.
    """

    chip: str
    workload: str
    run: str
    number: int
    phase: Literal["prefill", "decode"]
    graph: str
    rows: int
    contexts: tuple[int, ...]
    mapping: str | None
    clock_hz: float
    peak_dram_bytes_per_s: float
    sram_bytes: int
    sram: SramDivision
    spilled: tuple[str, ...]
    elapsed_ps: int
    memory_floor_ps: int
    compute_floor_ps: int
    bound: str
    causes_ps: dict[str, int]
    causes_detail_ps: dict[str, dict[str, int]]
    dram_states_ps: dict[str, int]
    lines: tuple[Line, ...]
    ops: tuple[OpExplanation, ...]

    def to_json(self) -> dict[str, Any]:
        """The ``accsim.explain/1`` object: plain dicts, lists, strings and numbers."""
        return {"schema": SCHEMA, **asdict(self)}

    def only(self, line: Line) -> PassExplanation:
        """The same with no operators but those of a line."""
        ops = tuple(self.ops[index] for index in line.ops)
        return replace(self, lines=(replace(line, ops=tuple(range(len(ops)))),), ops=ops)

    def line_of(self, name: str) -> tuple[Line, OpExplanation]:
        """An operator by name, and the line it is on.

        Raises:
            KeyError: there is none of that name.
        """
        for line in self.lines:
            for index in line.ops:
                if self.ops[index].name == name:
                    return line, self.ops[index]
        raise KeyError(name)
