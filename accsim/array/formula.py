"""The cycles of a tile as a formula with its numbers filled in, for people."""

from __future__ import annotations

from accsim.array.cost import ceil_div
from accsim.array.dot_product import dot_product_terms
from accsim.array.systolic import systolic_terms
from accsim.chip import ComputeArray, DotProductEngine, SystolicArray
from accsim.explanation import Formula
from accsim.mapping import Split


def tile_formula(
    array: ComputeArray,
    m: int,
    k: int,
    n: int,
    operand_bits: int,
    *,
    split: Split = "outer",
    scales: int = 0,
) -> Formula:
    """The formula behind `accsim.array.cycles.tile_cost`, for the same arguments."""
    if isinstance(array, DotProductEngine):
        return _dot_product(array, m, k, n, operand_bits, split, scales)
    return _systolic(array, m, k, n, operand_bits, split, scales)


_AXES: dict[Split, str] = {"rows": "m", "inner": "s", "outer": "n"}

_STREAMS: dict[Split, str] = {"rows": "rows m", "inner": "steps s", "outer": "outputs n"}


def _systolic(
    array: SystolicArray, m: int, k: int, n: int, bits: int, split: Split, scales: int
) -> Formula:
    terms = systolic_terms(array, m, k, n, bits, split, scales)
    down, across, through = terms.axes
    down_folds = ceil_div(terms.shares[down], array.rows)
    across_folds = ceil_div(terms.shares[across], array.columns)
    folds, stream = down_folds * across_folds, terms.shares[through]
    enters = array.dataflow != "output_stationary"
    fill = "2R" if enters else "R"
    alone = f"{stream} + {'2 x ' if enters else ''}{array.rows} + {array.columns} - 2"
    if array.double_buffered:
        period = max(stream, array.rows)
        symbols = f"(F - 1) x max(S, R) + S + {fill} + C - 2"
        numbers = f"({folds} - 1) x {period} + {alone}"
    else:
        symbols, numbers = f"F x (S + {fill} + C - 2)", f"{folds} x ({alone})"
    noun = "fold" if folds == 1 else "folds"
    told = (
        _steps(array, k, terms.steps, bits, scales),
        f"F = ceil({terms.shares[down]} / {array.rows}) x "
        f"ceil({terms.shares[across]} / {array.columns}) = {folds} {noun} of "
        f"{_AXES[down]} x {_AXES[across]} on R x C = {array.rows} x {array.columns} PEs",
        f"S = {stream}, the {_STREAMS[through]} that stream through a fold",
        *_shared(array, split),
    )
    return Formula(symbols, numbers, terms.cycles, terms.drain_cycles, told)


def _dot_product(
    array: DotProductEngine, m: int, k: int, n: int, bits: int, split: Split, scales: int
) -> Formula:
    terms = dot_product_terms(array, m, k, n, bits, split, scales)
    turns, rounds, steps = terms.turns, terms.rounds, terms.steps
    told = (
        _steps(array, k, terms.all_steps, bits, scales),
        f"T = {turns} readings of the weights for {m} rows, {array.tile_rows} at a time",
        f"L = {rounds} rounds of {array.lanes} lanes",
        f"S = {steps} steps of the reduction",
        *_shared(array, split),
    )
    numbers = f"{turns} x {rounds} x {steps} + {array.latency_cycles}"
    return Formula("T x L x S + latency", numbers, terms.cycles, 0, told)


def _steps(array: ComputeArray, k: int, steps: int, bits: int, scales: int) -> str:
    """Where the steps of the reduction come from."""
    at_once = array.pe_rate(bits)
    if isinstance(array, DotProductEngine):
        at_once *= array.width
    text = f"s = {steps} steps for {k} inputs, {at_once} a step"
    if array.dequantise == "array" and scales:
        text += f" and within one group, and one more for each of {scales} scales"
    return text


def _shared(array: ComputeArray, split: Split) -> tuple[str, ...]:
    """Who shares the tile."""
    if array.count == 1:
        return ()
    what = {"outer": "output channels", "rows": "rows", "inner": "reduction"}[split]
    return (f"{array.count} arrays share the {what}; these are the cycles of the largest share",)
