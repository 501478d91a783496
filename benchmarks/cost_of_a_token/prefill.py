"""Where the time of a prefill goes, measured at the array: it works, it is filled, or it waits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from accsim.analysis.bounds import compute_floor_ps, memory_floor_ps
from accsim.analysis.measure import measure
from accsim.chip import Chip
from accsim.lowering.layout import lay_out
from accsim.ops import OpTrace, TracedRun
from accsim.passes import SimulatedPass
from accsim.pipeline import simulate_pass
from accsim.program import UNIT_NAMES, Transfers, Unit
from accsim.result import CAUSES
from accsim.tracing.decoding import trace_workload
from accsim.units import PS_PER_S

from .passes import inputs, systolic
from .studies import WORKLOADS

PARTS = ("useful", "folds", "sram_bandwidth", "load", "store", "vector", "dispatch")
"""What the array's time is divided into.

useful          its MACs at its peak
folds           the rest of its tiles: fill, drain, edges, masked pairs of queries and keys
sram_bandwidth  tiles made longer by the SRAM
load, ...       it stands still and its next tile waits last for that unit
dispatch        the next operator is being started, or the next clock edge awaited
"""
REGIONS = ("weights", "kv_cache", "activations")


def prefill(double_buffered: bool) -> dict[str, Any]:
    """The prompt of llama2_mtp on ddr_npu, all layers simulated."""
    chip, workload = inputs("ddr_npu", WORKLOADS["fp16"])
    chip = replace(chip, array=replace(systolic(chip), double_buffered=double_buffered))
    trace = trace_workload(workload)
    run = next(one for one in trace.runs if one.name == trace.baseline)
    done = simulate_pass(chip, trace, run.name, 0)
    graph, context = done.graph, sum(done.program.contexts)
    stats = measure(chip, graph, done.program, done.timeline)
    causes = stats.causes.sum(axis=0)
    groups = [op.group for op in graph.ops]
    by_group = {
        group: stats.causes[[i for i, name in enumerate(groups) if name == group]].sum(axis=0)
        for group in dict.fromkeys(groups)
    }
    least = graph.dram_read_bytes(context) + graph.dram_write_bytes()
    moved = int(stats.op_bytes.sum())
    useful_ps = compute_floor_ps(chip, graph, context)
    return {
        "tokens": workload.prompt_tokens,
        "double_buffered": double_buffered,
        "ps": done.timeline.elapsed_ps,
        "macs": graph.macs(context),
        "compute_floor_ps": round(useful_ps),
        "moved_floor_ps": round(memory_floor_ps(chip, moved)),
        "least_floor_ps": round(memory_floor_ps(chip, least)),
        "least_bytes": least,
        "moved_bytes": moved,
        "excess_bytes": excess_bytes(done, trace, run),
        "causes_ps": dict(zip(CAUSES, causes.tolist(), strict=True)),
        "critical_ps": {
            group: dict(zip(CAUSES, times.tolist(), strict=True))
            for group, times in by_group.items()
        },
        "array_ps": array_parts(chip, done),
    }


def array_parts(chip: Chip, done: SimulatedPass) -> dict[str, dict[str, int]]:
    """The elapsed time in `PARTS`, by operator group; adds up to it exactly.

    Standing still is charged to the group of the tile that comes next; after the last tile, to the
    group of the last operator.
    """
    graph, lane = done.graph, done.timeline.lane(Unit.ARRAY)
    tiles = done.program.array
    parts = {op.group: dict.fromkeys(PARTS, 0) for op in graph.ops}
    free_ps = lane.free_ps
    before = np.concatenate([[0], free_ps[:-1]])
    for i, (op_index, macs) in enumerate(zip(tiles.op, tiles.macs, strict=True)):
        op = graph.ops[op_index]
        mine = parts[op.group]
        gap = int(lane.start_ps[i] - before[i])
        dispatch = min(gap, int(lane.start_ps[i] - lane.ready_ps[i]))
        mine["dispatch"] += dispatch
        if gap > dispatch:
            # A tile that waits for the array waits for an earlier one to be drained.
            blocker = lane.blocker[i]
            part = "folds" if blocker == Unit.ARRAY else UNIT_NAMES[blocker]
            mine[part] += gap - dispatch
        busy, slowed = int(free_ps[i] - lane.start_ps[i]), int(lane.sram_wait_ps[i])
        at_peak = macs * PS_PER_S * chip.clock.hz_den
        at_peak //= chip.array.macs_per_cycle(op.operand_bits) * chip.clock.hz_num
        mine["useful"] += at_peak
        mine["sram_bandwidth"] += slowed
        mine["folds"] += busy - slowed - at_peak
    parts[graph.ops[-1].group]["vector"] += done.timeline.elapsed_ps - int(free_ps[-1])
    return {group: times for group, times in parts.items() if any(times.values())}


def excess_bytes(done: SimulatedPass, trace: OpTrace, run: TracedRun) -> dict[str, dict[str, int]]:
    """DRAM bytes beyond the least, read and written, by what lies there."""
    graph, program = done.graph, done.program
    cache_tokens = max(max(one.contexts) + trace.graphs[one.graph].rows for one in run.passes())
    context = sum(program.contexts)
    layout = lay_out(graph, cache_tokens, context, program.spilled)
    # Regions follow each other: weights and embedding, caches, spilled activations.
    starts = [
        min((cache.keys for cache in layout.caches.values()), default=layout.end),
        min(layout.scratch.values(), default=layout.end),
    ]
    least = {region: {"read": 0, "written": 0} for region in REGIONS}
    for op in graph.ops:
        cached = any(tensor.place == "kv_cache" for tensor in op.reads)
        least["kv_cache" if cached else "weights"]["read"] += op.dram_read_bytes(context)
        least["kv_cache"]["written"] += op.dram_write_bytes()
    queues: dict[str, Transfers] = {"read": program.loads, "written": program.stores}
    excess: dict[str, dict[str, int]] = {region: {} for region in REGIONS}
    for way, queue in queues.items():
        places = np.searchsorted(starts, np.array(queue.address, dtype=np.int64), side="right")
        sizes = np.array(queue.rows, dtype=np.int64) * np.array(queue.row_bytes, dtype=np.int64)
        for number, region in enumerate(REGIONS):
            excess[region][way] = int(sizes[places == number].sum()) - least[region][way]
    return excess
