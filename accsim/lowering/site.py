"""What every lowering step of a pass shares: the chip, the layout, and who has to wait for whom."""

from __future__ import annotations

from dataclasses import dataclass, field

from accsim.chip import Chip
from accsim.lowering.builder import NOTHING, Needs, ProgramBuilder
from accsim.lowering.layout import Layout
from accsim.lowering.residency import Residency
from accsim.mapping import OpMapping, Pin, pin_of
from accsim.ops import Op, PassGraph, Tensor


class DoesNotFit(Exception):
    """The pass cannot be tiled into this much SRAM."""


class NotUnderstood(Exception):
    """The operators of a pass do not stand as lowering expects them (a trace from elsewhere)."""


class BadPin(Exception):
    """A mapping file pins what cannot be; `pin` is the entry."""

    def __init__(self, pin: Pin, reason: str) -> None:
        super().__init__(reason)
        self.pin = pin


@dataclass
class Site:
    """State of lowering one pass. `marks[op]` are the completion counts that end operator `op`."""

    chip: Chip
    graph: PassGraph
    contexts: tuple[int, ...]
    residency: Residency
    layout: Layout
    build: ProgramBuilder
    pins: tuple[Pin, ...] = ()
    marks: list[Needs] = field(init=False)
    appended: frozenset[str] = field(init=False)
    """Names of the tensors that some operator appends to a KV cache."""
    last_append: Needs = NOTHING
    moves_more: set[int] = field(default_factory=set)
    """Operators that move more than their own bytes (see `Program.moves_more`)."""
    mappings: dict[int, OpMapping] = field(default_factory=dict)
    """How each matmul and each attention (by its scores) is cut."""

    def __post_init__(self) -> None:
        self.marks = [NOTHING] * len(self.graph.ops)
        self.appended = frozenset(
            tensor.name for op in self.graph.ops if op.kind == "kv_append" for tensor in op.reads
        )

    @property
    def context(self) -> int:
        """Cached tokens over the batch."""
        return sum(self.contexts)

    def pin(self, op: Op) -> Pin | None:
        """What a mapping file fixes for an operator."""
        return pin_of(self.pins, op.name)

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
