"""Tiles on dot-product engines: rows of the input one after the other, or in groups.

An engine of L lanes x W multipliers serves one input row: it reads L columns of the weights, W
elements of each a cycle. With `tile_rows` T it has T times the multipliers and applies each weight
that it has read to T rows. A *turn* is one reading of the weights:

==============  ======================  ====================================
remainder       turns of m rows         the last m mod T rows
==============  ======================  ====================================
gemv            floor(m/T) + m mod T    one by one, on 1/T of the multipliers
pad             ceil(m/T)               together, padded to T rows
==============  ======================  ====================================

Cycles = turns x rounds of lanes c(n/L) x steps of the reduction c(k/W) + latency. With gemv the
time is no monotone function of the rows: for T = 4, three rows take three turns and four take one.
This is how llama.cpp multiplies repacked weights on CPUs (ggml-cpu-aarch64.cpp,
forward_mul_mat: a GEMM for the rows in whole groups of four, a GEMV for each one beyond).

**Several engines** share the rounds of the lanes, the turns, or the steps of the reduction. In a
turn an input row is broadcast to all lanes that work on it. With k split, each engine writes its
partial sums, and the SRAM port adds: for all engines but the first it reads what is there.

**Rescaling in the array**: a step adds W products of one group of weights, and each group costs one
step more, in which its sum is multiplied by its scale. A group shorter than W leaves multipliers
without work.

The pipeline's latency is paid once per tile and does not overlap with the next tile.
"""

from __future__ import annotations

from dataclasses import dataclass

from accsim.array.cost import TileCost, ceil_div, parts, reduction_steps
from accsim.chip import DotProductEngine
from accsim.mapping import Split


@dataclass(frozen=True, slots=True)
class DotProductTerms:
    """What the cycles of a tile follow from: `turns`, `rounds` and `steps` of the engine with the
    largest share of the tile; `all_turns` and `all_steps` are those of the whole.
    """

    all_turns: int
    all_steps: int
    turns: int
    rounds: int
    steps: int
    cycles: int


def dot_product_terms(
    array: DotProductEngine, m: int, k: int, n: int, operand_bits: int, split: Split, scales: int
) -> DotProductTerms:
    """The terms of a tile's cycles (see `accsim.array.cycles.tile_cost`)."""
    at_once = array.width * array.pe_rate(operand_bits)
    all_turns = _turns(array, m)
    all_steps = reduction_steps(array, k, at_once, scales)
    sizes: dict[Split, int] = {"rows": all_turns, "inner": all_steps, "outer": n}
    shares = sizes | {split: ceil_div(sizes[split], array.count)}
    turns, rounds, steps = shares["rows"], ceil_div(shares["outer"], array.lanes), shares["inner"]
    cycles = turns * rounds * steps + array.latency_cycles
    return DotProductTerms(all_turns, all_steps, turns, rounds, steps, cycles)


def dot_product_cost(
    array: DotProductEngine, m: int, k: int, n: int, operand_bits: int, split: Split, scales: int
) -> TileCost:
    """Cost of a tile on dot-product engines (see `accsim.array.cycles.tile_cost`)."""
    terms = dot_product_terms(array, m, k, n, operand_bits, split, scales)
    reducing = parts(terms.all_steps, array.count) if split == "inner" else 1
    return TileCost(
        terms.cycles,
        a_reads=m * k * terms.rounds,
        b_reads=terms.all_turns * k * n,
        c_writes=m * n * reducing,
        c_reads=m * n * (reducing - 1),
        fill_cycles=array.latency_cycles,
    )


def _turns(array: DotProductEngine, m: int) -> int:
    """How often the weights are read for `m` rows."""
    groups, rest = divmod(m, array.tile_rows)
    return groups + (rest if array.remainder == "gemv" else min(rest, 1))
