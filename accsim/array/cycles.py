"""How long an array takes for one tile C[m, n] = A[m, k] x B[k, n], and what it asks of SRAM.

How the cycles come about, and what is left out, stands with each kind of array:
`accsim.array.systolic` and `accsim.array.dot_product`.
"""

from __future__ import annotations

from accsim.array.cost import TileCost
from accsim.array.dot_product import dot_product_cost
from accsim.array.systolic import systolic_cost
from accsim.chip import ComputeArray, DotProductEngine
from accsim.mapping import Split

__all__ = ["TileCost", "tile_cost"]


def tile_cost(
    array: ComputeArray,
    m: int,
    k: int,
    n: int,
    operand_bits: int,
    *,
    split: Split = "outer",
    scales: int = 0,
) -> TileCost:
    """Cost of one tile of `m` rows, reduction `k` and `n` outputs on all arrays of the chip.

    Args:
        array: the arrays.
        m: rows of the inputs and the outputs.
        k: elements of the reduction.
        n: columns of the weights and the outputs.
        operand_bits: width of the wider operand. Narrow ones shorten the reduction: a PE with two
            MACs per cycle takes two steps of it at once.
        split: what several arrays share: output columns, rows, or the reduction. Cycles are those
            of the array with the largest share, element counts those of all.
        scales: groups of weights with a scale of their own along the reduction, per output:
            ceil(k / group). Only arrays with `dequantise: array` spend time on them. A group that
            the tile's edge cuts counts in each tile. The reading of the scales is not counted.
    """
    if isinstance(array, DotProductEngine):
        return dot_product_cost(array, m, k, n, operand_bits, split, scales)
    return systolic_cost(array, m, k, n, operand_bits, split, scales)
