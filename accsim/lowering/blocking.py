"""Choosing blocks of a matmul whose activations or outputs do not stay in SRAM.

C[M, N] = A[M, K] x B[K, N] is cut into blocks of bm x bn x bk. One operand may be *held*: with A
held, bm rows of it stay while all of B streams past, and B is read once per row block; with B held
it is the other way round; with none held both stream. Cutting K (bk < K) leaves partial sums of
4 bytes in the staging area.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from accsim.array.cycles import tile_cost
from accsim.chip import ComputeArray

PARTIAL_SUM_BYTES = 4
"""Partial sums are kept in fp32."""

MIN_INNER = 256
"""Shorter cuts of the reduction would spend most of a fold on fill and drain."""

TIME_TOLERANCE = 0.02
"""Blockings whose estimated times differ by less than this count as equally fast."""


@dataclass(frozen=True, slots=True)
class MatmulShape:
    """What there is to block.

    `a_bits` and `b_bits` are stored bits per element (scales included, rounded up for B by the
    panel); `a_spilled` and `c_spilled` tell which activations travel through DRAM.
    """

    rows: int
    inner: int
    outer: int
    a_bytes_per_row: int
    b_bytes_per_column: int
    c_bytes_per_element: int
    operand_bits: int
    a_spilled: bool
    c_spilled: bool


@dataclass(frozen=True, slots=True)
class Blocking:
    """A way to cut a matmul: block sizes and which operand is held."""

    rows: int
    outer: int
    inner: int
    held: Literal["a", "b", "none"]


@dataclass(frozen=True, slots=True)
class Budget:
    """What a blocking may use: stream-buffer and staging bytes, and how fast DRAM is."""

    stream_bytes: int
    staging_bytes: int
    dram_bytes_per_cycle: float


def _ceil(a: int, b: int) -> int:
    return -(-a // b)


def _doublings(start: int, limit: int) -> Iterator[int]:
    size = start
    while size < limit:
        yield size
        size *= 2
    yield limit


def candidates(shape: MatmulShape, array_rows: int, panel: int) -> Iterator[Blocking]:
    """Every blocking that is considered, in a fixed order."""
    inners = [shape.inner]
    while inners[-1] // 2 >= MIN_INNER and inners[-1] % 2 == 0:
        inners.append(inners[-1] // 2)
    for rows in _doublings(min(array_rows, shape.rows), shape.rows):
        for outer in _doublings(min(panel, shape.outer), shape.outer):
            for inner in inners:
                yield Blocking(rows, outer, inner, "a")
                yield Blocking(rows, outer, inner, "b")
                yield Blocking(rows, outer, inner, "none")


def held_bytes(shape: MatmulShape, block: Blocking) -> int:
    """Bytes of the operand block that stays in SRAM while the other one streams past."""
    if block.held == "a" and shape.a_spilled:
        return block.rows * shape.a_bytes_per_row
    return block.outer * shape.b_bytes_per_column if block.held == "b" else 0


def stream_bytes(shape: MatmulShape, block: Blocking) -> int:
    """Stream-buffer bytes of a blocking: the held block, and two of what streams past."""
    a_tile = block.rows * _ceil(shape.a_bytes_per_row * block.inner, shape.inner)
    b_tile = block.outer * _ceil(shape.b_bytes_per_column * block.inner, shape.inner)
    if not shape.a_spilled:
        a_tile = 0
    streamed = {"a": b_tile, "b": a_tile, "none": a_tile + b_tile}[block.held]
    return held_bytes(shape, block) + 2 * streamed


def fits(shape: MatmulShape, block: Blocking, budget: Budget) -> bool:
    """Whether a blocking's held and double-buffered blocks fit their areas."""
    staging = 0
    if shape.c_spilled:
        staging += 2 * block.rows * block.outer * shape.c_bytes_per_element
    if block.inner < shape.inner:
        staging += block.rows * block.outer * PARTIAL_SUM_BYTES
    return stream_bytes(shape, block) <= budget.stream_bytes and staging <= budget.staging_bytes


def traffic_bytes(shape: MatmulShape, block: Blocking) -> int:
    """DRAM bytes of A and B under a blocking, re-reads included."""
    a = shape.rows * shape.a_bytes_per_row if shape.a_spilled else 0
    b = shape.outer * shape.b_bytes_per_column
    row_blocks, outer_blocks = _ceil(shape.rows, block.rows), _ceil(shape.outer, block.outer)
    if block.held != "a":
        a *= outer_blocks
    if block.held != "b":
        b *= row_blocks
    return a + b


def array_cycles(shape: MatmulShape, block: Blocking, array: ComputeArray) -> int:
    """Array cycles of the whole matmul under a blocking."""
    total = 0
    for rows, row_count in _parts(shape.rows, block.rows):
        for outer, outer_count in _parts(shape.outer, block.outer):
            for inner, inner_count in _parts(shape.inner, block.inner):
                cycles = tile_cost(array, rows, inner, outer, shape.operand_bits).cycles
                total += cycles * row_count * outer_count * inner_count
    return total


def exposed_cycles(shape: MatmulShape, block: Blocking, budget: Budget) -> float:
    """Core cycles in which the array waits for held blocks.

    The next held block can only be brought in while the last one is used if there is room for both.
    """
    held = held_bytes(shape, block)
    if held + stream_bytes(shape, block) <= budget.stream_bytes:
        return 0.0
    turns = _ceil(shape.rows, block.rows) if block.held == "a" else _ceil(shape.outer, block.outer)
    return turns * held / budget.dram_bytes_per_cycle


def _parts(size: int, block: int) -> list[tuple[int, int]]:
    whole, rest = divmod(size, block)
    parts = [(block, whole)] if whole else []
    return [*parts, (rest, 1)] if rest else parts


def choose(
    shape: MatmulShape, array: ComputeArray, array_rows: int, panel: int, budget: Budget
) -> Blocking | None:
    """The fitting blocking with the fewest tiles among the fastest (within `TIME_TOLERANCE`).

    The estimate is the larger of DRAM time and array time, as if they overlapped perfectly but for
    the held blocks; the engine tells the truth afterwards. Fewer tiles mean fewer handshakes
    between the units. None if nothing fits.
    """
    scored: list[tuple[float, int, int, int, Blocking]] = []
    for order, block in enumerate(candidates(shape, array_rows, panel)):
        if not fits(shape, block, budget):
            continue
        traffic = traffic_bytes(shape, block)
        cycles = array_cycles(shape, block, array) + exposed_cycles(shape, block, budget)
        time = max(traffic / budget.dram_bytes_per_cycle, cycles)
        tiles = (
            _ceil(shape.rows, block.rows)
            * _ceil(shape.outer, block.outer)
            * _ceil(shape.inner, block.inner)
        )
        scored.append((time, tiles, traffic, order, block))
    if not scored:
        return None
    limit = min(scored)[0] * (1 + TIME_TOLERANCE)
    return min(entry[1:] for entry in scored if entry[0] <= limit)[-1]
