"""How the backward pass of attention is cut: keys of a block, query rows of a block."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from accsim.array.cycles import tile_cost
from accsim.chip import Chip
from accsim.lowering.blocking import dram_bytes_per_cycle
from accsim.lowering.builder import PARTIAL_SUM_BYTES
from accsim.lowering.residency import Residency
from accsim.ops import Attention

LOOKED_AT = 12
"""Ways of cutting that are estimated."""


@dataclass(frozen=True, slots=True)
class GradShape:
    """The attention that goes backward.

    `together` query heads share a KV head; `bits` are those of queries, keys, values, scores and
    their gradients. Of each row and head, `row_bytes` come from DRAM for every block of keys.
    With `stored` the probabilities come from DRAM, else the scores are made again.
    """

    attention: Attention
    together: int
    bits: int
    row_bytes: int
    stored: bool


@dataclass(frozen=True, slots=True)
class GradBlocks:
    """`keys` stay with the sums of their gradients while blocks of `rows` query rows pass by."""

    keys: int
    rows: int

    def visits(self, tokens: int) -> Iterator[tuple[int, int, int, int]]:
        """Blocks with at least one visible pair: first key, keys, first row, rows; by keys."""
        for key in range(0, tokens, self.keys):
            for row in range(key // self.rows * self.rows, tokens, self.rows):
                yield key, min(self.keys, tokens - key), row, min(self.rows, tokens - row)


def products(shape: GradShape, keys: int, rows: int) -> dict[str, tuple[int, int, int]]:
    """Rows, reduction and outputs of each product of a block, by group of its operator."""
    many, dim = rows * shape.together, shape.attention.head_dim
    again = {} if shape.stored else {"scores_again": (many, dim, keys)}
    return again | {
        "probabilities_grad": (many, dim, keys),
        "value_grad": (keys, many, dim),
        "query_grad": (many, keys, dim),
        "key_grad": (keys, many, dim),
    }


def choose_blocks(shape: GradShape, chip: Chip, residency: Residency) -> GradBlocks | None:
    """The fastest blocks by estimate, the largest of equally fast ones; None if none fit.

    The estimate is the slowest of DRAM, array and vector unit, as if they overlapped perfectly.
    Fewer keys mean that query rows, and sums of their gradients, pass by more often: only the
    largest blocks are looked at.
    """
    candidates = islice(_candidates(shape, residency), LOOKED_AT)
    return min(candidates, key=lambda blocks: _cycles(shape, blocks, chip), default=None)


def _candidates(shape: GradShape, residency: Residency) -> Iterator[GradBlocks]:
    """Blocks that fit, the most keys first, with the most rows and with half of them."""
    for keys in _halves(shape.attention.rows):
        fitting = (
            GradBlocks(keys, rows)
            for rows in _halves(shape.attention.rows)
            if _fits(shape, keys, rows, residency)
        )
        yield from islice(fitting, 2)


def _halves(size: int) -> Iterator[int]:
    """The size, half of it, a quarter and so on, down to 1; rounded up."""
    yield size
    while size > 1:
        size = -(-size // 2)
        yield size


def _fits(shape: GradShape, keys: int, rows: int, residency: Residency) -> bool:
    """Two blocks in flight: probabilities and gradients of scores; what is loaded; what is stored.

    Keys and values of the next block come in beside those in use; there is one set of their sums.
    """
    many, dim = rows * shape.together, shape.attention.head_dim
    square = many * keys * shape.bits // 8
    if 2 * 2 * square > residency.score_bytes:
        return False
    sums = (2 * keys + 2 * many) * dim * PARTIAL_SUM_BYTES
    loaded = many * (shape.row_bytes + dim * PARTIAL_SUM_BYTES) + shape.stored * square
    statistics = 2 * shape.together * shape.attention.rows * PARTIAL_SUM_BYTES
    held = 2 * keys * dim * shape.bits // 8 + statistics
    return sums <= residency.staging_bytes and 2 * (loaded + held) <= residency.stream_bytes


def _cycles(shape: GradShape, blocks: GradBlocks, chip: Chip) -> float:
    dim, array, moved, elements = shape.attention.head_dim, 0, 0, 0
    costs: dict[tuple[int, int], int] = {}
    for key, keys, _, rows in blocks.visits(shape.attention.rows):
        if (keys, rows) not in costs:
            costs[keys, rows] = sum(
                tile_cost(chip.array, *sizes, shape.bits).cycles
                for sizes in products(shape, keys, rows).values()
            )
        array += costs[keys, rows]
        many = rows * shape.together
        elements += many * keys
        sums = (2 if key else 1) * dim * PARTIAL_SUM_BYTES
        moved += many * (shape.row_bytes + sums + shape.stored * keys * shape.bits // 8)
    vector = chip.vector.cycles("softmax", elements)
    return max(moved / dram_bytes_per_cycle(chip), array, vector)
