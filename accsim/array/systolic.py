"""Tiles on systolic arrays: cycles by folds.

A fold is one mapping of a part of the tile on the R x C processing elements (PEs); each is padded
to the full array. One dimension of the product runs down the array, one across it, and one streams
through it, S elements long; s are the steps of the reduction, k or fewer (see below).

==================  ===================  ============  =============  =================
dataflow            held in the array    folds F       stream S       a fold alone
==================  ===================  ============  =============  =================
output_stationary   outputs, m x n       c(m/R)c(n/C)  reduction, s   S + R + C - 2
weight_stationary   weights, s x n       c(s/R)c(n/C)  rows, m        S + 2R + C - 2
input_stationary    inputs, s x m        c(s/R)c(m/C)  outputs, n     S + 2R + C - 2
==================  ===================  ============  =============  =================

Folds that do not overlap add up: F times the last column. These forms reproduce SCALE-Sim 3.0.0
(which reports the index of the last cycle, one less) cycle by cycle.

**Double-buffered.** A fold follows P = max(S, R) cycles after the one before, and only the first
fill and the last drain are seen:

=======================  ==========================  =========================
dataflow                 F folds                     of these, the next tile's
=======================  ==========================  =========================
output_stationary        (F - 1)P + S + R + C - 2    S + R + C - 2 - P
weight_, input_          (F - 1)P + S + 2R + C - 2   S + 2R + C - 2 - P
=======================  ==========================  =========================

Operands enter row r and column c by r and c cycles late, so PE (r, c) does everything r + c cycles
after PE (0, 0), and it is enough to look at that one. Two things take time there: its stream, S
cycles a fold, and the one port of its column, R cycles a fold. P is the longer of the two.

- Weight and input stationary, the port brings operands in: R of them, the last row's first, each
  shifted down to its row. A row's shadow register is overwritten r cycles after the port begins,
  and its PE has taken over the old operand r cycles after its stream began; so the port may begin
  with the stream, and the next stream when both are done.
- Output stationary, the port takes finished sums out of shadow registers. PE (r, c) finishes r
  cycles after PE (0, c), so a column finishes one sum a cycle and the port takes it at once, if it
  has no sum of the fold before to take. As in SCALE-Sim the way from PE to port takes no time:
  shifting sums down the column would add R cycles to a fold alone and none to the period.

F folds occupy the array for F x P cycles, so tiles back to back cost as much as one tile of all
their folds. This holds for streams of any length where operands are held; where outputs are, as
long as no reduction is shorter than R and than the one before it: a shorter one finds the ports
busy with up to R - 1 sums of its predecessor, and its outputs leave that much later than said here.

**Several arrays** share the folds, or the stream, of the dimension that is split: what streams is
read by each array that needs it, what all hold is broadcast to them in one reading. With k split,
each array writes its partial sums, and the SRAM port adds: for all arrays but the first it reads
what is there. That takes no cycles of an array. (A group of weights that two arrays share is scaled
in both; that step is left out.)

**Narrow operands** shorten the reduction: s = c(k / MACs per PE). **Rescaling in the array** makes
it longer by one step for each group of weights that has its own scale. Where outputs are held, a PE
spends a cycle on multiplying the group's sum. Where the reduction runs down the array, the sum of a
group exists only between two rows, so a row of PEs is spent on it: it multiplies what comes from
above by what it holds (or what streams into it, with inputs held) instead of adding a product. A
fold of R rows then holds R / (g + 1) groups of g. One value down the column is enough: the row
multiplies by the ratio of the last group's scale to the next one's, so the running sum is always in
units of the present scale, in the next fold too, into whose top it is fed. Arrays that multiply
each weight by its scale as it enters need no such rows: for them scales are free.
"""

from __future__ import annotations

from dataclasses import dataclass

from accsim.array.cost import TileCost, ceil_div, parts, reduction_steps
from accsim.chip import Dataflow, SystolicArray
from accsim.mapping import Split

_MAPPING: dict[Dataflow, tuple[Split, Split, Split]] = {
    "output_stationary": ("rows", "outer", "inner"),
    "weight_stationary": ("inner", "outer", "rows"),
    "input_stationary": ("inner", "rows", "outer"),
}
"""The dimensions of the product that run down the array, across it, and through it."""


@dataclass(frozen=True, slots=True)
class SystolicTerms:
    """What the cycles of a tile follow from.

    `shares` are the sizes of the array with the largest share of the tile, its reduction in
    `steps`; `axes` the dimensions that run down the array, across it and through it. `cycles`,
    `drain_cycles` and `fill_cycles` are those of `TileCost`.
    """

    steps: int
    shares: dict[Split, int]
    axes: tuple[Split, Split, Split]
    cycles: int
    drain_cycles: int
    fill_cycles: int


def systolic_terms(
    array: SystolicArray, m: int, k: int, n: int, operand_bits: int, split: Split, scales: int
) -> SystolicTerms:
    """The terms of a tile's cycles (see `accsim.array.cycles.tile_cost`)."""
    steps = reduction_steps(array, k, array.pe_rate(operand_bits), scales)
    sizes: dict[Split, int] = {"rows": m, "inner": steps, "outer": n}
    shares = sizes | {split: ceil_div(sizes[split], array.count)}
    down, across, through = axes = _MAPPING[array.dataflow]
    folds = ceil_div(shares[down], array.rows) * ceil_div(shares[across], array.columns)
    return SystolicTerms(steps, shares, axes, *_cycles(array, folds, shares[through]))


def systolic_cost(
    array: SystolicArray, m: int, k: int, n: int, operand_bits: int, split: Split, scales: int
) -> TileCost:
    """Cost of a tile on systolic arrays (see `accsim.array.cycles.tile_cost`)."""
    terms = systolic_terms(array, m, k, n, operand_bits, split, scales)
    steps, (down, across, through) = terms.steps, terms.axes
    # What streams is read again for each fold beside or below the first; what is held, once.
    a_reads, b_reads = m * k, k * n
    if across == "outer":
        a_reads *= ceil_div(n, array.columns)
    if down == "rows":
        b_reads *= ceil_div(m, array.rows)
    elif across == "rows":
        b_reads *= ceil_div(m, array.columns)
    # Reduced in the array step by step, or beside it fold by fold.
    reduced = steps if through == "inner" else ceil_div(steps, array.rows)
    reducing = parts(reduced, array.count) if split == "inner" else 1
    sums = reducing if through == "inner" else reduced
    return TileCost(
        terms.cycles,
        a_reads,
        b_reads,
        c_writes=m * n * sums,
        c_reads=m * n * (reducing - 1),
        drain_cycles=terms.drain_cycles,
        fill_cycles=terms.fill_cycles,
    )


def _cycles(array: SystolicArray, folds: int, stream: int) -> tuple[int, int, int]:
    """Cycles of equal folds on one array, how many of them the next tile may use, and in how many
    of the others no operand streams.
    """
    alone = stream + array.rows + array.columns - 2
    if array.dataflow != "output_stationary":
        alone += array.rows
    if not array.double_buffered:
        return folds * alone, 0, folds * (alone - stream)
    period = max(stream, array.rows)
    return (folds - 1) * period + alone, alone - period, folds * (period - stream)
