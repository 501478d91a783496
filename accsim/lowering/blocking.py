"""Choosing how a matmul is cut: block sizes, the operand that is held, the split over arrays.

C[M, N] = A[M, K] x B[K, N] is cut into blocks of bm x bn x bk. One operand may be *held*: with the
inputs A held, bm rows of it stay in SRAM while all of B streams past, and B is read once per row
block; with the weights B held it is the other way round; with none held both stream. Cutting K
(bk < K) leaves partial sums of 4 bytes in the staging area.

Where activations and outputs stay in SRAM (decoding), the weights stream past once in tiles as
large as the stream buffer likes. Where they travel through DRAM (long prompts), every candidate is
estimated and the fastest is taken: the larger of DRAM time and array time, as if they overlapped
perfectly but for blocks that there is no room to fetch early. The engine tells the truth
afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import get_args

from accsim.array.cycles import tile_cost
from accsim.chip import Chip, ComputeArray
from accsim.lowering.builder import PARTIAL_SUM_BYTES
from accsim.mapping import Held, MatmulMapping, Pin, Split

SPLITS: tuple[Split, ...] = get_args(Split)

MIN_INNER = 256
"""Shorter cuts of the reduction would spend most of a fold on fill and drain."""


@dataclass(frozen=True, slots=True)
class MatmulShape:
    """What there is to cut.

    Bytes are stored bytes, scales included; `a_spilled` and `c_spilled` tell which activations
    travel through DRAM. Weights are stored in panels of `panel` output channels, and have a scale
    for each `group` inputs (0: none). `expanded_bits` are those of a weight after the vector unit
    has dequantised it (0: it does not). For each element of C an operator that takes it block by
    block may load `c_loaded_bits` of its other input; `c_stored_bits` are stored.
    """

    rows: int
    inner: int
    outer: int
    panel: int
    a_bytes_per_row: int
    b_bytes_per_column: int
    c_bytes_per_element: int
    c_loaded_bits: int
    c_stored_bits: int
    operand_bits: int
    group: int
    expanded_bits: int
    a_spilled: bool
    c_spilled: bool

    def scales(self, inner: int) -> int:
        """Scales along `inner` inputs of an output channel."""
        return _ceil(inner, self.group) if self.group else 0


@dataclass(frozen=True, slots=True)
class Budget:
    """What a mapping may use: stream-buffer and staging bytes, and how fast DRAM is.

    `tile_bytes` is the size that a tile of streamed weights aims for. `expand_bytes` hold two tiles
    of dequantised weights, of which the vector unit makes `expanded_per_cycle`.
    """

    stream_bytes: int
    staging_bytes: int
    tile_bytes: int
    dram_bytes_per_cycle: float
    expand_bytes: int = 0
    expanded_per_cycle: float = 0.0


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a mapping is expected to cost: DRAM bytes of A, B and C, core cycles, number of tiles.

    `exposed_cycles` are those in which the array waits for blocks that come late, `vector_cycles`
    those in which the vector unit dequantises weights.
    """

    traffic_bytes: int
    dram_cycles: float
    array_cycles: int
    exposed_cycles: float
    tiles: int
    vector_cycles: float = 0.0

    @property
    def cycles(self) -> float:
        array = self.array_cycles + self.exposed_cycles
        return max(self.dram_cycles, array, self.vector_cycles)


def dram_bytes_per_cycle(chip: Chip) -> float:
    """What a stream gets from DRAM per core cycle: the pins, but for the time of refresh."""
    share = float(chip.memory.refresh_share)
    return float(chip.memory.peak_bytes_per_s) * (1 - share) / chip.clock.hz


def _ceil(a: int, b: int) -> int:
    return -(-a // b)


FEW = 8
"""Into so many blocks a dimension is cut in each number of them; beyond, only some are tried."""


def _counts(most: int) -> list[int]:
    """Numbers of blocks that are tried: each up to `FEW`, then 12, 16, 24, ...; and `most`."""
    counts = list(range(1, min(most, FEW) + 1))
    step = 4
    while counts[-1] + step < most:
        counts += [counts[-1] + step, counts[-1] + 2 * step]
        step *= 2
    return [n for n in counts if n < most] + [most]


def _sizes(size: int, unit: int) -> list[int]:
    """Block sizes along one dimension, in whole units or in equal parts, the largest first."""
    units = _ceil(size, unit)
    whole = {min(size, unit * _ceil(units, parts)) for parts in _counts(units)}
    return sorted(whole, reverse=True)


def candidates(shape: MatmulShape, array: ComputeArray, budget: Budget) -> Iterator[MatmulMapping]:
    """Every mapping that is considered, in a fixed order; not all of them fit."""
    splits = SPLITS if array.count > 1 else SPLITS[:1]
    if not (shape.a_spilled or shape.c_spilled):
        yield from _streams(shape, budget, splits)
        return
    # Rows that fill the array, or few equal parts of them.
    rows_sizes = {*_sizes(shape.rows, array.rows_at_once), *_sizes(shape.rows, 1)[:FEW]}
    inners = [size for size in _sizes(shape.inner, 1) if size >= min(MIN_INNER, shape.inner)]
    helds: tuple[Held, ...] = ("inputs", "weights", "none")
    for rows in sorted(rows_sizes, reverse=True):
        for outer in _sizes(shape.outer, shape.panel):
            for inner in inners:
                for held in helds:
                    for split in splits:
                        yield MatmulMapping(rows, outer, inner, held, split)


def _streams(
    shape: MatmulShape, budget: Budget, splits: tuple[Split, ...]
) -> Iterator[MatmulMapping]:
    """All rows at once, weights in tiles of whole panels, or of one panel whose inputs are cut."""
    panel = min(shape.panel, shape.outer)
    panel_bytes = panel * shape.b_bytes_per_column
    most = min(budget.tile_bytes // panel_bytes, _ceil(shape.outer, panel))
    cuts = _ceil(panel_bytes, max(1, budget.tile_bytes))
    if shape.expanded_bits:
        expanded = panel * _ceil(shape.inner * shape.expanded_bits, 8)
        most = min(most, budget.expand_bytes // 2 // expanded)
        cuts = max(cuts, _ceil(2 * expanded, max(1, budget.expand_bytes)))
    inner = _ceil(shape.inner, cuts)
    for number in range(max(1, most), 0, -1):
        for split in splits:
            outer = min(shape.outer, number * panel)
            yield MatmulMapping(shape.rows, outer, inner, "none", split)


def held_bytes(shape: MatmulShape, mapping: MatmulMapping) -> int:
    """Bytes of the operand block that stays in SRAM while the other one streams past."""
    if mapping.held == "inputs" and shape.a_spilled:
        return mapping.rows * shape.a_bytes_per_row
    return mapping.outer * shape.b_bytes_per_column if mapping.held == "weights" else 0


def tile_bytes(shape: MatmulShape, mapping: MatmulMapping) -> int:
    """Bytes that stream past for each tile: what is not held of it."""
    a_tile = mapping.rows * _ceil(shape.a_bytes_per_row * mapping.inner, shape.inner)
    b_tile = mapping.outer * _ceil(shape.b_bytes_per_column * mapping.inner, shape.inner)
    if not shape.a_spilled:
        a_tile = 0
    return {"inputs": b_tile, "weights": a_tile, "none": a_tile + b_tile}[mapping.held]


def stream_bytes(shape: MatmulShape, mapping: MatmulMapping) -> int:
    """Stream-buffer bytes of a mapping: the held block, two of what streams past, and what is added
    to a block of C.
    """
    added = _ceil(mapping.rows * mapping.outer * shape.c_loaded_bits, 8)
    return held_bytes(shape, mapping) + 2 * tile_bytes(shape, mapping) + added


def fits(shape: MatmulShape, mapping: MatmulMapping, budget: Budget) -> bool:
    """Whether a mapping's held and double-buffered blocks fit their areas."""
    staging = 0
    if shape.c_spilled:
        staging += 2 * mapping.rows * mapping.outer * shape.c_bytes_per_element
    if mapping.inner < shape.inner and (shape.a_spilled or shape.c_spilled):
        staging += mapping.rows * mapping.outer * PARTIAL_SUM_BYTES
    room = stream_bytes(shape, mapping) <= budget.stream_bytes
    expanded = 2 * mapping.outer * _ceil(mapping.inner * shape.expanded_bits, 8)
    return room and staging <= budget.staging_bytes and expanded <= budget.expand_bytes


def traffic_bytes(shape: MatmulShape, mapping: MatmulMapping) -> int:
    """DRAM bytes of A, B and C under a mapping, re-reads included."""
    a = shape.rows * shape.a_bytes_per_row if shape.a_spilled else 0
    b = shape.outer * shape.b_bytes_per_column
    if mapping.held != "inputs":
        a *= _ceil(shape.outer, mapping.outer)
    if mapping.held != "weights":
        b *= _ceil(shape.rows, mapping.rows)
    c = shape.rows * shape.outer * (shape.c_loaded_bits + shape.c_stored_bits)
    return a + b + _ceil(c, 8)


@lru_cache(maxsize=1 << 16)
def array_cycles(shape: MatmulShape, mapping: MatmulMapping, array: ComputeArray) -> int:
    """Array cycles of the whole matmul under a mapping.

    Tiles follow each other as soon as the array takes the next; only the last one drains alone.
    """
    total = drain = 0
    for rows, row_count in _parts(shape.rows, mapping.rows):
        for outer, outer_count in _parts(shape.outer, mapping.outer):
            for inner, inner_count in _parts(shape.inner, mapping.inner):
                cost = tile_cost(
                    array,
                    rows,
                    inner,
                    outer,
                    shape.operand_bits,
                    split=mapping.split,
                    scales=shape.scales(inner),
                )
                drain = cost.drain_cycles
                total += (cost.cycles - drain) * row_count * outer_count * inner_count
    return total + drain


def exposed_cycles(
    shape: MatmulShape, mapping: MatmulMapping, budget: Budget, cycles: int
) -> float:
    """Core cycles in which the array, busy for `cycles` altogether, waits although DRAM keeps up.

    The next held block can only be brought in while the last one is used if there is room for both.
    And a block's output has to pass while tiles come in: with room for two tiles only, the tile
    after next is late by what both take longer than the array takes for a tile.
    """
    room = budget.stream_bytes - stream_bytes(shape, mapping)
    held, tile = held_bytes(shape, mapping), tile_bytes(shape, mapping)
    rows, outer = _ceil(shape.rows, mapping.rows), _ceil(shape.outer, mapping.outer)
    waits = 0.0
    if held > room:
        turns = rows if mapping.held == "inputs" else outer
        waits += turns * held / budget.dram_bytes_per_cycle
    if shape.c_spilled and tile > room:
        bits = shape.c_loaded_bits + shape.c_stored_bits
        output = _ceil(mapping.rows * mapping.outer * bits, 8)
        at_once = cycles / (rows * outer * _ceil(shape.inner, mapping.inner))
        late = (tile + output) / budget.dram_bytes_per_cycle - at_once
        waits += rows * outer * max(0.0, late)
    return waits


def estimate(
    shape: MatmulShape, mapping: MatmulMapping, array: ComputeArray, budget: Budget
) -> Estimate:
    """What a mapping is expected to cost."""
    traffic = traffic_bytes(shape, mapping)
    row_blocks = _ceil(shape.rows, mapping.rows)
    tiles = row_blocks * _ceil(shape.outer, mapping.outer)
    # A tile of weights is dequantised each time that it is used.
    expanded = row_blocks * shape.inner * shape.outer if shape.expanded_bits else 0
    cycles = array_cycles(shape, replace(mapping, held="none"), array)
    return Estimate(
        traffic_bytes=traffic,
        dram_cycles=traffic / budget.dram_bytes_per_cycle,
        array_cycles=cycles,
        exposed_cycles=exposed_cycles(shape, mapping, budget, cycles),
        tiles=tiles * _ceil(shape.inner, mapping.inner),
        vector_cycles=expanded / budget.expanded_per_cycle if expanded else 0.0,
    )


def _parts(size: int, block: int) -> list[tuple[int, int]]:
    whole, rest = divmod(size, block)
    parts = [(block, whole)] if whole else []
    return [*parts, (rest, 1)] if rest else parts


@lru_cache(maxsize=4096)
def choose(
    shape: MatmulShape, array: ComputeArray, budget: Budget, pin: Pin | None = None
) -> MatmulMapping | None:
    """The fastest fitting mapping by `estimate`; of equally fast ones that which moves the fewest
    bytes, then that with the fewest tiles, as these mean fewer handshakes between the units.

    None if nothing fits.
    """
    best: tuple[float, int, int, int] | None = None
    chosen = None
    found = candidates(shape, array, budget) if pin is None else pinned(shape, array, budget, pin)
    for order, mapping in enumerate(found):
        if not fits(shape, mapping, budget):
            continue
        traffic = traffic_bytes(shape, mapping)
        # The array's cycles are what takes long to find out.
        if best is not None and traffic / budget.dram_bytes_per_cycle > best[0]:
            continue
        cost = estimate(shape, mapping, array, budget)
        key = (cost.cycles, traffic, cost.tiles, order)
        if best is None or key < best:
            best, chosen = key, mapping
    return chosen


def pinned(
    shape: MatmulShape, array: ComputeArray, budget: Budget, pin: Pin
) -> Iterator[MatmulMapping]:
    """The candidates that agree with a pin, with its sizes whether or not they are among them."""
    plain = pin.rows is None and pin.held is None
    if plain and not (shape.a_spilled or shape.c_spilled):
        base = list(candidates(shape, array, budget))
    else:
        # Blocks of rows may be asked for even where the activations stay in SRAM.
        base = list(candidates(replace(shape, a_spilled=True), array, budget))
    seen = dict.fromkeys(
        MatmulMapping(
            rows=min(pin.rows or one.rows, shape.rows),
            outer=min(pin.outer or one.outer, shape.outer),
            inner=min(pin.inner or one.inner, shape.inner),
            held=pin.held or one.held,
            split=pin.split or one.split,
        )
        for one in base
    )
    yield from seen
