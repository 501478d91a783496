"""Operators of the backward pass that the vector unit works on row by row.

A vector unit that knows the forward operations makes their gradients of the same stuff: the passes
of the operation that they belong to, once or twice, as `GRADIENTS` says.
"""

from __future__ import annotations

from dataclasses import dataclass

from accsim.chip import VectorOp
from accsim.lowering.builder import NOTHING, Needs, Work
from accsim.lowering.elementwise import vector_work
from accsim.lowering.site import DoesNotFit, Site
from accsim.ops import Op, OpKind, Tensor


@dataclass(frozen=True, slots=True)
class Gradient:
    """How the vector unit makes a gradient: `times` the passes of `operation`, over the elements of
    the first `inputs` tensors that it reads.
    """

    operation: VectorOp
    times: int = 1
    inputs: int = 1


GRADIENTS: dict[OpKind, Gradient] = {
    # Maximum; exponential; sum; division, and 1 less for the right token.
    "cross_entropy": Gradient("softmax"),
    # Sum of squares and of gradient x input; scale and subtract.
    "rms_norm_grad": Gradient("rms_norm", times=2),
    # Sigmoid and its slope; products with gate, up and SiLU.
    "silu_mul_grad": Gradient("silu_mul", times=2),
    # The same turn, backwards, of queries and keys; values only join them.
    "rotary_grad": Gradient("rotary", inputs=2),
    # A product and a sum.
    "row_dot": Gradient("residual_add"),
    "embedding_grad": Gradient("embedding"),
}


def lower_rowwise(site: Site, index: int, op: Op) -> None:
    """Emit an operator by blocks of rows; tensors in DRAM are loaded and stored block by block.

    What has no rows, a norm's weight and its gradient, is loaded once, before the first block, and
    stored after the last one.
    """
    _Rowwise(site, index, op).emit()


class _Rowwise:
    def __init__(self, site: Site, index: int, op: Op) -> None:
        self.site, self.index, self.op = site, index, op
        whole = [t for t in (*op.reads, *op.writes) if _is_vector(t)]
        self.constants = [t for t in op.reads if t in whole]
        self.sums = [t for t in op.writes if t in whole]
        self.inputs = [t for t in op.reads if t not in whole]
        self.outputs = [t for t in op.writes if t not in whole]
        self.loaded = [t for t in self.inputs if site.is_spilled(t)]
        self.stored = [t for t in self.outputs if site.is_spilled(t)]
        if self.loaded or self.stored or self.sums:
            site.moves_more.add(index)

    def part(self, tensor: Tensor, start: int, end: int) -> tuple[int, int]:
        """Offset and bytes of a block of rows of a tensor; blocks add up to it exactly."""
        size, rows = self.site.bytes_of(tensor), self.op.rows
        return size * start // rows, size * end // rows - size * start // rows

    def block_rows(self) -> int:
        rows = self.op.rows
        limits = (
            (self.loaded, self.site.residency.stream_bytes // 3),
            (self.stored, self.site.residency.staging_bytes // 2),
        )
        for tensors, limit in limits:
            size = sum(self.site.bytes_of(tensor) for tensor in tensors)
            if size:
                rows = min(rows, limit * self.op.rows // size)
        if rows < 1:
            raise DoesNotFit(f"one row of {self.op.name} does not fit")
        return rows

    def emit(self) -> None:
        site, build, op = self.site, self.site.build, self.op
        ready, rows = site.inputs_ready(self.index), self.block_rows()
        labels = build.tile_labels(-(-op.rows // rows))
        load_needs = Needs(stores=ready.stores)
        tile_needs = Needs(array=ready.array, vector=ready.vector)
        loads = held = 0
        for tensor in self.constants:
            size = site.bytes_of(tensor)
            loads = build.load(self.index, labels[0], self.address(tensor), size, needs=load_needs)
            load_needs, held = NOTHING, held + size
        # Count of stores at the end of each block.
        stored: list[int] = []
        done = stores = 0
        for block, start in enumerate(range(0, op.rows, rows)):
            end = min(start + rows, op.rows)
            free = held if end == op.rows else 0
            for tensor in self.loaded:
                offset, size = self.part(tensor, start, end)
                address = self.address(tensor) + offset
                loads = build.load(self.index, labels[block], address, size, needs=load_needs)
                load_needs, free = NOTHING, free + size
            needs = tile_needs | Needs(loads=loads)
            if len(stored) >= 2:
                needs |= Needs(stores=stored[-2])
            done = build.vector(
                self.index, labels[block], self.work(start, end), needs=needs, free=free
            )
            tile_needs = NOTHING
            for tensor in self.stored:
                offset, size = self.part(tensor, start, end)
                address = self.address(tensor) + offset
                stores = build.store(
                    self.index, labels[block], address, size, needs=Needs(vector=done)
                )
            stored.append(stores)
        for tensor in self.sums:
            size, address = site.bytes_of(tensor), self.address(tensor)
            stores = build.store(self.index, labels[-1], address, size, needs=Needs(vector=done))
        site.marks[self.index] = Needs(vector=done, stores=stores)

    def work(self, start: int, end: int) -> Work:
        gradient, rows = GRADIENTS[self.op.kind], self.op.rows
        counted = sum(self.site.elements_of(tensor) for tensor in self.op.reads[: gradient.inputs])
        elements = gradient.times * (counted * end // rows - counted * start // rows)
        moved = sum(self.part(tensor, start, end)[1] for tensor in (*self.inputs, *self.outputs))
        return vector_work(self.site, gradient.operation, elements, moved)

    def address(self, tensor: Tensor) -> int:
        layout = self.site.layout
        if tensor.place == "weights":
            return layout.tensors[tensor.name]
        return layout.spilled(tensor)


def _is_vector(tensor: Tensor) -> bool:
    return len(tensor.shape) == 1
