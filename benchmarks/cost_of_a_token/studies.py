"""The simulations behind each section of the page, as plain dicts that JSON can hold.

Each function is one job for one worker; its arguments are plain values.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from accsim.analysis.bounds import memory_floor_ps
from accsim.chip import AttentionOptions, Dataflow
from accsim.cost_curve import Cost
from accsim.errors import InputError
from accsim.units import KIB

from .passes import (
    at_peak_ps,
    folds_ps,
    inputs,
    pass_cost,
    roofline_rows,
    rows_trace,
    short_cost,
    systolic,
)

CHIPS = ("ddr_npu", "ddr_dot", "ddr5_npu", "lpddr5_soc", "hbm_npu", "cpu_tiled")
WORKLOADS = {"fp16": "llama2_mtp", "int8": "llama2_mtp_int8", "int4": "llama2_mtp_int4"}
"""By weight format: the shipped workloads, with activations and KV cache in fp16."""
CURVE_ROWS = range(1, 65)
FULL_ROWS = (*range(1, 17), *range(20, 65, 4))
"""Where the points of a curve are simulated in full, and the rows of the page's tables."""
SHARING_ROWS = (1, 2, 3, 4, 6, 8)
SHARING_SRAM_BYTES = 1024 * KIB
SIDES = (8, 16, 32, 64, 128)
DATAFLOWS: tuple[Dataflow, ...] = ("output_stationary", "weight_stationary", "input_stationary")
TURN_LIMIT = 1024
KNEE = 1.1
"""A pass of m rows is no longer nearly free when it takes this many times that of one row."""


def curve(precision: str, chip_name: str) -> dict[str, Any]:
    """T(m) of a chip for every m of `CURVE_ROWS`; ``refused`` if the model is too large for it.

    Causes and array time are kept where the page speaks of them: at one row, at the knee and at the
    end.
    """
    chip, workload = inputs(chip_name, WORKLOADS[precision])

    def cost(rows: int) -> Cost:
        if rows in FULL_ROWS:
            return pass_cost(chip, rows_trace(workload, rows))
        return short_cost(chip, workload, rows)

    try:
        costs = {rows: cost(rows) for rows in CURVE_ROWS}
    except InputError as problem:
        return {"refused": str(problem)}
    times = {rows: cost.ps for rows, cost in costs.items()}
    knee = next((rows for rows, ps in times.items() if ps > KNEE * times[1]), None)
    kept = sorted({1, *([knee] if knee else []), CURVE_ROWS[-1]})
    return {
        "ps": list(times.values()),
        "knee": knee,
        "roofline_rows": roofline_rows(chip, workload),
        "at": {
            str(rows): asdict(costs[rows])
            | {
                "folds_ps": folds_ps(chip, workload, rows),
                "at_peak_ps": at_peak_ps(chip, workload, rows),
            }
            for rows in kept
        },
    }


def sharing(rows: int) -> dict[str, Any]:
    """A pass on ddr_npu with 1 MiB of SRAM, with keys and values shared by its rows and without."""
    chip, workload = inputs("ddr_npu", WORKLOADS["fp16"])
    small = replace(chip, sram=replace(chip.sram, capacity_bytes=SHARING_SRAM_BYTES))
    apart = replace(small, attention=AttentionOptions(kv_shared_by_rows=False))
    trace = rows_trace(workload, rows)
    shared, each = pass_cost(small, trace), pass_cost(apart, trace)
    return {"rows": rows, "shared": asdict(shared), "each": asdict(each)}


def turning(side: int, dataflow: Dataflow, double_buffered: bool) -> dict[str, Any]:
    """The least m at which the array has the largest share of the critical path of a pass.

    Beside it the least m for which the products alone, fold after fold, take longer than one row's
    pass on ddr_npu as it is, which waits for DRAM; and that of the roofline.
    """
    chip, workload = inputs("ddr_npu", WORKLOADS["fp16"])
    shape = replace(
        systolic(chip), rows=side, columns=side, dataflow=dataflow, double_buffered=double_buffered
    )
    changed = replace(chip, array=shape)
    one_row = short_cost(chip, workload, 1)
    costs: dict[int, Cost] = {}

    def array_leads(rows: int) -> bool:
        costs[rows] = short_cost(changed, workload, rows)
        return costs[rows].bound == "array"

    found = least_rows(array_leads, TURN_LIMIT)
    end = found or TURN_LIMIT
    return {
        "side": side,
        "dataflow": dataflow,
        "double_buffered": double_buffered,
        "roofline_rows": roofline_rows(changed, workload),
        "memory_ps": one_row.ps,
        "memory_bytes": one_row.dram_bytes,
        "memory_floor_ps": round(memory_floor_ps(chip, one_row.dram_bytes)),
        "folds_rows": least_rows(
            lambda rows: folds_ps(changed, workload, rows) > one_row.ps, TURN_LIMIT
        ),
        "folds_ps": {
            str(rows): folds_ps(changed, workload, rows) for rows in (1, side, side + 1, 2 * side)
        },
        "rows": found,
        "at": asdict(costs[end]) | {"at_peak_ps": at_peak_ps(changed, workload, end)},
    }


def least_rows(holds: Callable[[int], bool], limit: int) -> int | None:
    """The least m for which `holds`: m doubles until it does, then the last doubling is halved.

    None if it holds for no power of two up to `limit`, itself one.
    """
    high = 1
    while not holds(high):
        if high == limit:
            return None
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high
