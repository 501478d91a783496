"""How long an array takes for one tile C[m, n] = A[m, k] x B[k, n], and what it asks of SRAM.

Systolic arrays work fold by fold: a fold is one mapping of a part of the tile on the R x C
processing elements. Folds do not overlap here, each is padded to the full array, and its fill and
drain are exposed. Cycles per fold and number of folds:

==================  ======================  =================  =============
dataflow            held in the array       folds              cycles a fold
==================  ======================  =================  =============
output_stationary   outputs, m x n          c(m/R) c(n/C)      k + R + C - 2
weight_stationary   weights, k x n          c(k/R) c(n/C)      m + 2R + C - 2
input_stationary    inputs, k x m           c(k/R) c(m/C)      n + 2R + C - 2
==================  ======================  =================  =============

These forms reproduce SCALE-Sim 3.0.0 (which reports the index of the last cycle, one less) cycle by
cycle; `tests/array` checks them against its recorded outputs.

Left out: overlap of one fold's drain with the next one's fill, as arrays with double-buffered
operands have it. Exposing both costs (R + C - 2) / (k + R + C - 2) of an output-stationary fold:
3 % at k = 4096 on a 64 x 64 array, half of it at k = 128.
"""

from __future__ import annotations

from dataclasses import dataclass

from accsim.chip import ComputeArray, DotProductEngine, SystolicArray


@dataclass(frozen=True, slots=True)
class TileCost:
    """Core cycles of a tile, and the elements that pass the SRAM ports.

    `a_reads`, `b_reads` and `c_writes` count elements of the inputs, the weights and the outputs
    (partial sums included).
    """

    cycles: int
    a_reads: int
    b_reads: int
    c_writes: int


def _ceil(a: int, b: int) -> int:
    return -(-a // b)


SPLITS = ("outer", "rows", "inner")


def tile_cost(
    array: ComputeArray, m: int, k: int, n: int, operand_bits: int, split: str = "outer"
) -> TileCost:
    """Cost of one tile of `m` rows, reduction `k` and `n` outputs on all arrays of the chip.

    Several arrays (or engines) share the tile by output columns. Narrow operands shorten the
    reduction: a PE with two MACs per cycle takes two steps of it at once.
    """
    if isinstance(array, DotProductEngine):
        return _dot_product(array, m, k, n, operand_bits)
    return _systolic(array, m, k, n, operand_bits)


def _systolic(array: SystolicArray, m: int, k: int, n: int, operand_bits: int) -> TileCost:
    rows, columns = array.rows, array.columns
    steps = _ceil(k, array.pe_rate(operand_bits))
    share = _ceil(n, array.count)
    fill = rows + columns - 2
    row_folds, column_folds = _ceil(m, rows), _ceil(n, columns)
    if array.dataflow == "output_stationary":
        cycles = row_folds * _ceil(share, columns) * (steps + fill)
        return TileCost(cycles, m * k * column_folds, k * n * row_folds, m * n)
    inner_folds = _ceil(steps, rows)
    if array.dataflow == "weight_stationary":
        cycles = inner_folds * _ceil(share, columns) * (m + rows + fill)
        return TileCost(cycles, m * k * column_folds, k * n, m * n * inner_folds)
    held = _ceil(m, columns)
    cycles = inner_folds * held * (share + rows + fill)
    return TileCost(cycles, m * k, k * n * held, m * n * inner_folds)


def _dot_product(array: DotProductEngine, m: int, k: int, n: int, operand_bits: int) -> TileCost:
    outputs = _ceil(n, array.count * array.lanes)
    steps = _ceil(k, array.width * array.pe_rate(operand_bits))
    cycles = m * outputs * steps + array.latency_cycles
    # The input row is broadcast to all lanes; weights are read again for every row.
    return TileCost(cycles, m * k * outputs, m * k * n, m * n)
