"""Passes of m query rows on a chip: what they cost, and what two simple models say they should."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from accsim.analysis.bounds import compute_floor_ps, memory_floor_ps
from accsim.analysis.measure import measure
from accsim.array.cycles import tile_cost
from accsim.chip import Chip, SystolicArray
from accsim.config.resolve import load_both
from accsim.cost_curve import Cost, cost_of, graph_cost
from accsim.ops import Op, OpTrace, PassGraph
from accsim.pipeline import simulate_pass
from accsim.tracing.verification import verify_pass
from accsim.workload import Workload

CONTEXT = 2048
"""Tokens in the KV cache before each pass: half of the model's positions."""


@lru_cache
def inputs(chip: str, workload: str) -> tuple[Chip, Workload]:
    """A shipped chip and a shipped workload, read once per worker."""
    return load_both(chip, workload)


def rows_trace(workload: Workload, rows: int) -> OpTrace:
    """A pass of the ordinary model with `rows` query rows."""
    return verify_pass(workload.model, workload.precision, rows=rows, context=CONTEXT)


def rows_graph(workload: Workload, rows: int) -> PassGraph:
    """The operators of that pass."""
    trace = rows_trace(workload, rows)
    return trace.graphs[trace.runs[0].decode[0].graph]


def pass_cost(chip: Chip, trace: OpTrace) -> Cost:
    """The only decode pass of `trace`, simulated in full.

    Raises:
        InputError: it does not fit the chip.
    """
    done = simulate_pass(chip, trace, "verify", 1)
    stats = measure(chip, done.graph, done.program, done.timeline)
    return cost_of(done.graph, stats.causes, stats.op_bytes)


def short_cost(chip: Chip, workload: Workload, rows: int) -> Cost:
    """As `pass_cost`, with equal layers extrapolated from one of them, as `accsim run` does."""
    return graph_cost(chip, rows_graph(workload, rows), CONTEXT)


def roofline_rows(chip: Chip, workload: Workload) -> float:
    """Query rows at which the roofline bends: MACs over peak take as long as bytes over pins.

    m* = peak MAC rate / (bandwidth x MACs per byte and row), with the bytes and the MACs of a pass
    of one row, and each operator's MACs at the peak for its own operands.
    """
    graph = rows_graph(workload, 1)
    moved = graph.dram_read_bytes(CONTEXT) + graph.dram_write_bytes()
    return float(memory_floor_ps(chip, moved) / compute_floor_ps(chip, graph, CONTEXT))


def at_peak_ps(chip: Chip, workload: Workload, rows: int) -> int:
    """Time of the useful MACs of a pass at the peak of the array."""
    return round(compute_floor_ps(chip, rows_graph(workload, rows), CONTEXT))


def folds_ps(chip: Chip, workload: Workload, rows: int) -> int:
    """Time of all products of a pass on the array alone: each whole, one after the other.

    The cycles are those of `accsim.array.cycles.tile_cost` with the operator as one tile, so there
    is a fill and a drain for each fold, or for each operator if folds overlap.
    """
    graph = rows_graph(workload, rows)
    cycles = sum(_op_cycles(chip, op, graph.keys(CONTEXT)) for op in graph.ops)
    return chip.clock.span_ps(cycles)


def _op_cycles(chip: Chip, op: Op, keys: int) -> int:
    array, bits = chip.array, op.operand_bits
    if op.kind == "matmul":
        return tile_cost(array, op.rows, op.inner, op.outer, bits).cycles
    if op.kind not in ("scores", "attend") or op.attention is None:
        return 0
    shape = op.attention
    rows = shape.rows * (shape.query_heads // shape.kv_heads)
    inner, outer = (shape.head_dim, keys) if op.kind == "scores" else (keys, shape.head_dim)
    # All arrays share each head, or each has heads of its own.
    together = shape.kv_heads * tile_cost(array, rows, inner, outer, bits).cycles
    alone = tile_cost(replace(array, count=1), rows, inner, outer, bits).cycles
    return min(together, alone * -(-shape.kv_heads // array.count))


def systolic(chip: Chip) -> SystolicArray:
    """The array of a chip that has a systolic one."""
    assert isinstance(chip.array, SystolicArray)
    return chip.array
