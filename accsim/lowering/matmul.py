"""Matrix multiplications: weights stream from DRAM past the activations."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import cycle, pairwise

from accsim.array.cycles import tile_cost
from accsim.chip import VECTOR_OPS, Chip, ComputeArray
from accsim.lowering.blocking import Budget, MatmulShape, choose, dram_bytes_per_cycle
from accsim.lowering.builder import NOTHING, Needs, Work, array_work
from accsim.lowering.elementwise import vector_work
from accsim.lowering.epilogue import Epilogue, epilogue_of
from accsim.lowering.layout import panel_columns
from accsim.lowering.residency import Residency, expanded_bits
from accsim.lowering.site import BadPin, DoesNotFit, Site
from accsim.mapping import MatmulMapping, Split
from accsim.ops import Op, Tensor
from accsim.program import Unit


@dataclass(frozen=True, slots=True)
class _Weights:
    """A weight matrix in panels of `panel` output channels (the last may be narrower)."""

    tensor: Tensor
    address: int
    inner: int
    outer: int
    panel: int

    def panel_bytes(self, columns: int) -> int:
        """Stored bytes of `columns` output channels."""
        return self.tensor.format.stored_bytes(columns, self.inner)

    def cut(self, columns: int, start: int, end: int) -> tuple[int, int]:
        """Offset and length in a panel of the bytes for inputs [start, end).

        Cuts add up to the panel exactly; scales and zero points travel with their share.
        """
        whole = self.panel_bytes(columns)
        low = whole * start // self.inner
        return low, whole * end // self.inner - low


def lower_matmul(site: Site, index: int, op: Op, argmax: tuple[int, Op] | None) -> None:
    """Emit a matmul; `argmax` is the operator that consumes its output tile by tile, if any."""
    weights = _stored_weights(site, op)
    inputs = [t for t in op.reads if t.place == "chip" and t != op.weights]
    spilled_in = [t for t in inputs if site.is_spilled(t)]
    spilled_out = [t for t in op.writes if site.is_spilled(t)]
    before = site.build.count(Unit.ARRAY), site.build.count(Unit.STORE)
    epilogue = epilogue_of(site.graph, index, site.residency)
    if epilogue is not None:
        site.taken.add(epilogue.index)
        site.moves_more.add(epilogue.index)
    shape = matmul_shape(op, site.chip.array, site.residency, epilogue)
    mapping = site.mappings[index] = _choose(site, op, shape)
    if spilled_in or spilled_out or mapping.rows < op.rows or mapping.held != "none":
        site.moves_more.add(index)
        _BlockedMatmul(
            site, index, op, weights, shape, mapping, spilled_in, spilled_out, argmax, epilogue
        ).emit()
    else:
        _streamed(site, index, op, weights, shape, mapping, argmax)
    array, store = site.build.count(Unit.ARRAY), site.build.count(Unit.STORE)
    site.marks[index] = Needs(
        array=array if array > before[0] else 0, stores=store if store > before[1] else 0
    )


def matmul_shape(
    op: Op, array: ComputeArray, residency: Residency, epilogue: Epilogue | None
) -> MatmulShape:
    """What there is to cut of a matmul; `epilogue` takes its output block by block."""
    c_bits = op.writes[0].format.bits
    c_spilled = op.writes[0].name in residency.spilled
    panel = panel_columns(array)
    if epilogue is not None and epilogue.op.kind == "silu_mul":
        panel *= 2
    inputs, weights = op.inputs, op.weights
    # A further part of the gradient of shared weights is added to what there is.
    added = sum(t.format.bits for t in op.reads if t.place == "gradients")
    return MatmulShape(
        rows=op.rows,
        inner=op.inner,
        outer=op.outer,
        panel=panel,
        a_bytes_per_row=inputs.format.stored_bytes(1, op.inner),
        b_bytes_per_column=weights.format.stored_bytes(1, op.inner),
        c_bytes_per_element=-(-c_bits // 8),
        c_loaded_bits=epilogue.loaded_bits if epilogue else added,
        c_stored_bits=epilogue.stored_bits if epilogue else c_bits if c_spilled else 0,
        operand_bits=op.operand_bits,
        group=op.inner if weights.format.per_channel else weights.format.group,
        expanded_bits=expanded_bits(op, array),
        a_spilled=inputs.name in residency.spilled,
        c_spilled=c_spilled,
    )


def matmul_budget(chip: Chip, residency: Residency) -> Budget:
    """What a mapping may use."""
    rate = 0.0
    if residency.expand_bytes:
        rate = chip.vector.lanes / chip.vector.cycles_per_element["dequantise"]
    return Budget(
        residency.stream_bytes,
        residency.staging_bytes,
        residency.tile_bytes,
        dram_bytes_per_cycle(chip),
        residency.expand_bytes,
        rate,
    )


def _choose(site: Site, op: Op, shape: MatmulShape) -> MatmulMapping:
    pin, budget = site.pin(op), matmul_budget(site.chip, site.residency)
    if pin is not None and pin.outer is not None:
        whole_panels = pin.outer % shape.panel == 0 or pin.outer >= shape.outer
        if not whole_panels:
            raise BadPin(pin, f"outer must be a multiple of {shape.panel}, the width of a panel")
    mapping = choose(shape, site.chip.array, budget, pin)
    if mapping is None and pin is not None and choose(shape, site.chip.array, budget) is not None:
        raise BadPin(pin, f"{op.name}: nothing that is pinned like this fits the SRAM")
    if mapping is None:
        raise DoesNotFit(f"no blocking of {op.name} fits")
    return mapping


def _stored_weights(site: Site, op: Op) -> _Weights:
    weights, layout = op.weights, site.layout
    stored = weights.place == "weights"
    address = layout.tensors[weights.name] if stored else layout.spilled(weights)
    return _Weights(weights, address, op.inner, op.outer, panel_columns(site.chip.array))


def _work(
    site: Site, op: Op, shape: MatmulShape, rows: int, inner: int, outer: int, split: Split
) -> Work:
    """The work of a tile of `rows` x `inner` x `outer`."""
    cost = tile_cost(
        site.chip.array,
        rows,
        inner,
        outer,
        op.operand_bits,
        split=split,
        scales=shape.scales(inner),
    )
    return array_work(
        cost,
        rows * inner * outer,
        rows * outer,
        op.inputs.format.bits,
        shape.expanded_bits or op.weights.format.bits,
        op.writes[0].format.bits,
    )


def _streamed(
    site: Site,
    index: int,
    op: Op,
    weights: _Weights,
    shape: MatmulShape,
    mapping: MatmulMapping,
    argmax: tuple[int, Op] | None,
) -> None:
    """All activation rows stay in SRAM, and the weights pass by once.

    A tile is some whole panels, or one whose inputs are cut; the sums stay in the array between the
    cuts.
    """
    edges = [*range(0, op.inner, mapping.inner), op.inner]
    whole, rest = divmod(op.outer, mapping.outer)
    tiles = (whole + (1 if rest else 0)) * (len(edges) - 1)
    labels = site.build.tile_labels(tiles)
    address, needs = weights.address, site.inputs_ready(index)
    for columns, count in ((mapping.outer, whole), (rest, 1 if rest else 0)):
        if not count:
            continue
        sizes = tuple(weights.cut(columns, start, end)[1] for start, end in pairwise(edges))
        works = tuple(
            _work(site, op, shape, op.rows, end - start, columns, mapping.split)
            for start, end in pairwise(edges)
        )
        mine, labels = labels[: count * len(sizes)], labels[count * len(sizes) :]
        if shape.expanded_bits:
            inners = tuple(end - start for start, end in pairwise(edges))
            tiles_of = zip(cycle(sizes), cycle(works), cycle(inners), mine)
            done = _expanded_stream(site, index, op, shape, columns, address, tiles_of, needs)
        else:
            done = site.build.weight_stream(index, mine, address, sizes, works, needs)
        address, needs = address + count * sum(sizes), NOTHING
        if argmax is not None:
            first = done - len(mine)
            for last in range(len(sizes), len(mine) + 1, len(sizes)):
                _argmax_tile(site, argmax, op.rows * columns, first + last, mine[last - 1])


def _expanded_stream(
    site: Site,
    index: int,
    op: Op,
    shape: MatmulShape,
    columns: int,
    address: int,
    tiles: Iterable[tuple[int, Work, int, int]],
    needs: Needs,
) -> int:
    """As `ProgramBuilder.weight_stream`, each tile dequantised by the vector unit in between.

    `tiles` are bytes, work, inputs and label of each. Returns the count of array tiles.
    """
    done = 0
    for size, work, inner, label in tiles:
        loads = site.build.load(index, label, address, size)
        expanded = _expand(site, index, op, shape, inner * columns, loads, label)
        done = site.build.array(index, label, work, needs=needs | expanded, free=size)
        address, needs = address + size, NOTHING
    return done


def _expand(
    site: Site, index: int, op: Op, shape: MatmulShape, elements: int, loads: int, label: int
) -> Needs:
    """Dequantise a tile of weights; returns what the array tile that uses it waits for."""
    moved = -(-elements * (op.weights.format.bits + shape.expanded_bits) // 8)
    # There is room for two expanded tiles: one in use, and one being made.
    before = max(0, site.build.count(Unit.ARRAY) - 1)
    work = vector_work(site, "dequantise", elements, moved)
    done = site.build.vector(index, label, work, needs=Needs(loads=loads, array=before))
    return Needs(vector=done)


def _argmax_tile(site: Site, argmax: tuple[int, Op], elements: int, array: int, label: int) -> None:
    vector = site.chip.vector
    work = Work(vector.cycles("argmax", elements), 0, 0)
    count = site.build.vector(argmax[0], label, work, needs=Needs(array=array))
    site.marks[argmax[0]] = Needs(vector=count)


@dataclass
class _BlockedMatmul:
    """Emits the loop nest of one blocked matmul."""

    site: Site
    index: int
    op: Op
    weights: _Weights
    shape: MatmulShape
    block: MatmulMapping
    spilled_in: list[Tensor]
    spilled_out: list[Tensor]
    argmax: tuple[int, Op] | None
    epilogue: Epilogue | None

    def emit(self) -> None:
        op, block = self.op, self.block
        ready = self.site.inputs_ready(self.index)
        if self.epilogue is not None:
            ready |= self.site.inputs_ready(self.epilogue.index)
        self.load_needs = Needs(stores=ready.stores)
        self.tile_needs = Needs(array=ready.array, vector=ready.vector)
        self.label = self.site.build.label(
            f"blocks of {block.rows} x {block.inner} x {block.outer}, "
            + ("both streamed" if block.held == "none" else f"{block.held} held")
        )
        # Tiles of one size cost the same, and there are few sizes.
        self.works: dict[tuple[int, int, int], Work] = {}
        self.output_stores: list[int] = []
        self.made: list[int] = []
        self.added = next((t for t in op.reads if t.place == "gradients"), None)
        row_starts = range(0, op.rows, block.rows)
        outer_starts = range(0, op.outer, block.outer)
        inner_starts = range(0, op.inner, block.inner)
        # With B held its block stays in SRAM while the rows pass by, so the rows turn fastest.
        if block.held == "weights":
            order = [(m, n) for n in outer_starts for m in row_starts]
        else:
            order = [(m, n) for m in row_starts for n in outer_starts]
        for m, n in order:
            for k in inner_starts:
                self.tile(m, n, k)
            self.finish_block(m, n)

    def tile(self, m: int, n: int, k: int) -> None:
        op, block, build = self.op, self.block, self.site.build
        rows = min(block.rows, op.rows - m)
        outer = min(block.outer, op.outer - n)
        inner = min(block.inner, op.inner - k)
        free = 0
        loads = 0
        if self.added is not None:
            size = rows * outer * self.shape.c_bytes_per_element
            if k == 0:
                loads = self.load(self.address_of(self.added, m, n, rows), size)
            if k + inner >= op.inner:
                free += size
        if self.spilled_in:
            size = self.a_bytes(rows, k, inner)
            if block.held != "inputs" or n == 0:
                loads = self.load_a(m, rows, k, inner)
            if block.held != "inputs" or n + outer >= op.outer:
                free += size
        if block.held != "weights" or m == 0:
            loads = self.load_b(n, outer, k, inner)
        if block.held != "weights" or m + rows >= op.rows:
            free += self.b_bytes(n, outer, k, inner)
        needs = self.tile_needs | Needs(loads=loads)
        if self.shape.expanded_bits:
            elements = inner * outer
            needs |= _expand(self.site, self.index, op, self.shape, elements, loads, self.label)
        if k == 0:
            needs |= self.room_for_block()
        work = self.works.get((rows, inner, outer))
        if work is None:
            work = _work(self.site, op, self.shape, rows, inner, outer, block.split)
            self.works[rows, inner, outer] = work
        self.done = build.array(self.index, self.label, work, needs=needs, free=free)
        self.tile_needs = NOTHING

    def finish_block(self, m: int, n: int) -> None:
        op, block = self.op, self.block
        rows = min(block.rows, op.rows - m)
        outer = min(block.outer, op.outer - n)
        if self.argmax is not None:
            _argmax_tile(self.site, self.argmax, rows * outer, self.done, self.label)
        if self.epilogue is not None:
            self.finish_with(self.epilogue, m, n, rows, outer)
        elif self.spilled_out:
            size = rows * outer * self.shape.c_bytes_per_element
            # Several outputs (queries, keys, values) share the rows of one product.
            count = self.site.build.store(
                self.index,
                self.label,
                self.address_of(self.spilled_out[0], m, n, rows),
                size,
                needs=Needs(array=self.done),
            )
            self.output_stores.append(count)

    def address_of(self, tensor: Tensor, m: int, n: int, rows: int) -> int:
        """Where a block of the output lies."""
        before = m * self.op.outer + n * rows
        return self.site.layout.spilled(tensor) + before * self.shape.c_bytes_per_element

    def finish_with(self, epilogue: Epilogue, m: int, n: int, rows: int, outer: int) -> None:
        """Hand a block of the output to the operator that uses it up, and store what that makes."""
        site, build, index = self.site, self.site.build, epilogue.index
        elements, before = rows * outer, m * self.op.outer + n * rows
        needs, added = self.room_for_block() | Needs(array=self.done), 0
        if epilogue.loaded is not None:
            added = elements * epilogue.loaded_bits // 8
            address = site.layout.spilled(epilogue.loaded) + before * epilogue.loaded_bits // 8
            needs |= Needs(loads=self.load(address, added, op=index))
        outputs = elements * epilogue.outputs // 2
        in_bits = sum(t.format.bits for t in epilogue.op.reads)
        moved = (elements * in_bits + outputs * epilogue.op.writes[0].format.bits) // 8
        work = vector_work(site, VECTOR_OPS[epilogue.op.kind], outputs, moved)
        made = build.vector(index, self.label, work, needs=needs, free=added)
        if epilogue.stored is not None:
            size = elements * epilogue.stored_bits // 8
            address = site.layout.spilled(epilogue.stored) + before * epilogue.stored_bits // 8
            count = build.store(index, self.label, address, size, needs=Needs(vector=made))
            self.output_stores.append(count)
        else:
            # Nothing to store, but the block's room is taken until the vector unit is done.
            self.made.append(made)
        site.marks[index] = Needs(
            vector=made, stores=self.output_stores[-1] if self.output_stores else 0
        )

    def room_for_block(self) -> Needs:
        """The staging area holds two output blocks: one being filled, one on its way out."""
        stores = self.output_stores[-2] if len(self.output_stores) >= 2 else 0
        return Needs(stores=stores, vector=self.made[-2] if len(self.made) >= 2 else 0)

    def a_bytes(self, rows: int, k: int, inner: int) -> int:
        whole = self.shape.a_bytes_per_row
        return rows * (whole * (k + inner) // self.op.inner - whole * k // self.op.inner)

    def load_a(self, m: int, rows: int, k: int, inner: int) -> int:
        base = self.site.layout.spilled(self.spilled_in[0])
        offset = m * self.shape.a_bytes_per_row + rows * (
            self.shape.a_bytes_per_row * k // self.op.inner
        )
        return self.load(base + offset, self.a_bytes(rows, k, inner))

    def load(
        self, address: int, length: int, rows: int = 1, stride: int = 0, *, op: int | None = None
    ) -> int:
        """Load `rows` runs; returns the count of loads to wait for.

        A held block may be large: it comes in tiles, so that other loads are not kept out.
        """
        build, limit = self.site.build, self.site.residency.tile_bytes
        count = 0
        at_once = max(1, limit // length)
        for first in range(0, rows, at_once):
            for start in range(0, length, limit):
                count = build.load(
                    self.index if op is None else op,
                    self.label,
                    address + first * stride + start,
                    min(limit, length - start),
                    rows=min(at_once, rows - first),
                    stride=stride,
                    needs=self.load_needs,
                )
                self.load_needs = NOTHING
        return count

    def panels(self, n: int, outer: int) -> list[tuple[int, int, int]]:
        """Runs of equal panels in output channels [n, n + outer): first, columns, how many."""
        width = self.weights.panel
        whole, rest = divmod(outer, width)
        runs = [(n // width, width, whole)] if whole else []
        return [*runs, (n // width + whole, rest, 1)] if rest else runs

    def b_bytes(self, n: int, outer: int, k: int, inner: int) -> int:
        return sum(
            self.weights.cut(columns, k, k + inner)[1] * count
            for _, columns, count in self.panels(n, outer)
        )

    def load_b(self, n: int, outer: int, k: int, inner: int) -> int:
        whole_panel = self.weights.panel_bytes(self.weights.panel)
        loads = 0
        for first, columns, count in self.panels(n, outer):
            offset, length = self.weights.cut(columns, k, k + inner)
            address = self.weights.address + first * whole_panel + offset
            if length == self.weights.panel_bytes(columns):
                # Whole panels follow each other without a gap.
                loads = self.load(address, length * count)
            else:
                loads = self.load(address, length, count, whole_panel)
        return loads
