"""What every lowering step of a pass shares: the chip, the layout, and who has to wait for whom."""

from __future__ import annotations

from dataclasses import dataclass, field

from accsim.chip import Chip, SystolicArray
from accsim.lowering.builder import NOTHING, Needs, ProgramBuilder
from accsim.lowering.layout import Layout
from accsim.lowering.residency import Residency
from accsim.ops import PassGraph, Tensor
from accsim.units import MIB

MAX_TILE_BYTES = MIB
"""A larger load would only lengthen the time before its first use."""

DOT_PANEL_COLUMNS = 64
"""Output channels stored together for a dot-product engine, which has no width of its own."""


class DoesNotFit(Exception):
    """The pass cannot be tiled into this much SRAM."""


class NotUnderstood(Exception):
    """The operators of a pass do not stand as lowering expects them (a trace from elsewhere)."""


@dataclass
class Site:
    """State of lowering one pass. `marks[op]` are the completion counts that end operator `op`."""

    chip: Chip
    graph: PassGraph
    contexts: tuple[int, ...]
    residency: Residency
    layout: Layout
    build: ProgramBuilder
    marks: list[Needs] = field(init=False)
    appended: frozenset[str] = field(init=False)
    """Names of the tensors that some operator appends to a KV cache."""
    last_append: Needs = NOTHING
    moves_more: set[int] = field(default_factory=set)
    """Operators that move more than their own bytes (see `Program.moves_more`)."""

    def __post_init__(self) -> None:
        self.marks = [NOTHING] * len(self.graph.ops)
        self.appended = frozenset(
            tensor.name for op in self.graph.ops if op.kind == "kv_append" for tensor in op.reads
        )

    @property
    def context(self) -> int:
        """Cached tokens over the batch."""
        return sum(self.contexts)

    @property
    def tile_bytes(self) -> int:
        """The size that loads aim for: several fit the stream buffer."""
        return min(MAX_TILE_BYTES, self.residency.stream_bytes // 3)

    @property
    def panel_columns(self) -> int:
        """Output channels of a weight panel: one fold on all arrays."""
        array = self.chip.array
        if isinstance(array, SystolicArray):
            return array.columns * array.count
        return DOT_PANEL_COLUMNS

    def bytes_of(self, tensor: Tensor) -> int:
        """Stored bytes of a tensor in this pass."""
        return tensor.stored_bytes(self.context, self.graph.keys(self.context))

    def elements_of(self, tensor: Tensor) -> int:
        """Elements of a tensor in this pass."""
        return tensor.elements(self.context, self.graph.keys(self.context))

    def is_spilled(self, tensor: Tensor) -> bool:
        """Whether an activation lives in DRAM in this pass."""
        return tensor.name in self.residency.spilled

    def inputs_ready(self, index: int) -> Needs:
        """What operator `index` waits for: the ends of all operators that it reads from.

        New keys and values lie in SRAM until they are stored in the cache. What makes those of the
        next layer therefore waits for these stores.
        """
        needs = NOTHING
        for producer in self.graph.producers[index]:
            needs |= self.marks[producer]
        if any(tensor.name in self.appended for tensor in self.graph.ops[index].writes):
            needs |= self.last_append
        return needs
