"""From the statistics of passes to the result of a run."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from accsim.analysis.bounds import compute_floor_ps, memory_floor_ps
from accsim.analysis.causes import COLUMNS, by_cause, by_part, largest_cause
from accsim.analysis.energy import Rows, decode_work, energy, prefill_work
from accsim.analysis.groups import OpSums, model_parts, op_groups
from accsim.analysis.measure import UNITS, PassStats
from accsim.analysis.prefill import PrefillStats
from accsim.analysis.sampling import SampledPasses
from accsim.chip import Chip
from accsim.dram.choice import chosen_model
from accsim.errors import InvariantError
from accsim.ops import OpTrace, TracedRun
from accsim.result import (
    DramStats,
    RunResult,
    Sampling,
    Speedup,
    UnitTime,
    Utilization,
)
from accsim.timeline import Column
from accsim.units import PS_PER_S


def summarize(
    chip: Chip, trace: OpTrace, run: TracedRun, prefill: PrefillStats, decode: SampledPasses
) -> RunResult:
    """The result of one run.

    Raises:
        InvariantError: the parts do not add up, or a bound is beaten (a bug).
    """
    graphs = [trace.graphs[one.graph] for one in run.decode]
    contexts = [one.context for one in run.decode]
    stats = decode.stats
    decode_ps = sum(one.elapsed_ps for one in stats)
    read = sum(int(one.op_bytes[:, 0].sum()) for one in stats)
    write = sum(int(one.op_bytes[:, 1].sum()) for one in stats)
    pairs = list(zip(graphs, contexts, strict=True))
    macs = sum(graph.macs(context) for graph, context in pairs)
    compute_floor = sum((compute_floor_ps(chip, g, c) for g, c in pairs), Fraction(0))
    floor = max(memory_floor_ps(chip, read + write), compute_floor)
    if decode_ps < floor:
        raise InvariantError(f"run {run.name} took {decode_ps} ps, its bound is {float(floor)} ps")

    tokens = sum(sum(one.emitted) for one in run.decode)
    targets = [graph for graph in graphs if graph.role == "target"]
    steps = len(targets)
    # The first token of every sequence comes out of the prefill.
    gaps = run.output_tokens - 1
    path = sum((one.path.sum(axis=0) for one in stats), np.zeros(COLUMNS, dtype=np.int64))
    prompt = [(trace.graphs[one.graph], one.context) for one in run.prefill]
    prefill_floor = max(
        memory_floor_ps(chip, prefill.read_bytes + prefill.write_bytes),
        sum((compute_floor_ps(chip, g, c) for g, c in prompt), Fraction(0)),
    )
    if prefill.elapsed_ps < prefill_floor:
        raise InvariantError(f"the prefill of run {run.name} beats its bound")
    spent = energy(
        chip,
        decode_work(pairs, stats),
        prefill_work(prompt, prefill),
        rows=Rows(sum(graph.sequences * graph.rows for graph in targets), tokens),
        passes=steps,
    )
    sums = OpSums.of(zip(graphs, contexts, stats, strict=True))
    parts = model_parts(chip, sums, spent.decode)
    return RunResult(
        name=run.name,
        scheme=run.scheme,
        max_tokens_per_pass=run.max_tokens_per_pass,
        prompt_tokens=run.prompt_tokens,
        output_tokens=run.output_tokens,
        batch=run.batch,
        passes=steps,
        draft_passes=len(run.decode) - steps,
        mean_tokens_per_pass=tokens / (steps * run.batch),
        expected_tokens_per_pass=run.expected_tokens_per_pass,
        ttft_s=prefill.elapsed_ps / PS_PER_S,
        tpot_s=decode_ps / gaps / PS_PER_S,
        decode_s=decode_ps / PS_PER_S,
        decode_ps=decode_ps,
        prefill_ps=prefill.elapsed_ps,
        decode_cycles=chip.clock.cycles_in(decode_ps),
        decode_tokens_per_s=tokens * PS_PER_S / decode_ps,
        mean_pass_s=decode_ps / steps / PS_PER_S,
        decode_dram_read_bytes=read,
        decode_dram_write_bytes=write,
        decode_dram_bytes_per_token=(read + write) / tokens,
        decode_macs=macs,
        prefill_dram_read_bytes=prefill.read_bytes,
        prefill_dram_write_bytes=prefill.write_bytes,
        prefill_macs=sum(graph.macs(context) for graph, context in prompt),
        floor_s=float(floor / PS_PER_S),
        prefill_floor_s=float(prefill_floor / PS_PER_S),
        utilization=_utilization(chip, stats, decode_ps, read + write, compute_floor),
        units=_units(stats, decode_ps),
        dram=_dram(chip, stats, decode_ps),
        sram_peak_bytes=max(one.sram_peak for one in stats),
        bound=largest_cause(path),
        bound_share=_shares(path),
        prefill_bound=largest_cause(prefill.path),
        prefill_bound_share=_shares(prefill.path),
        sampling=Sampling(
            passes=len(stats),
            simulated=decode.simulated,
            max_error=max(prefill.max_error, decode.max_error),
            prefill_layers=prefill.layers,
            prefill_layers_simulated=prefill.layers_simulated,
        ),
        ops=op_groups(chip, sums, spent.decode),
        asked_tokens=run.asked_tokens,
        parts_ps={part.name: part.time_ps for part in parts},
        parts=parts,
        energy=spent,
        causes_ps=by_cause(path),
        causes_detail_ps=by_part(path),
        prefill_causes_ps=by_cause(prefill.path),
        prefill_causes_detail_ps=by_part(prefill.path),
    )


def speedups(baseline: str, runs: tuple[RunResult, ...]) -> Speedup:
    """Time per output token of the baseline over that of each run."""
    base = next(run for run in runs if run.name == baseline)

    def expected(run: RunResult) -> float | None:
        if run.expected_tokens_per_pass is None or base.expected_tokens_per_pass is None:
            return None
        more_tokens = run.expected_tokens_per_pass / base.expected_tokens_per_pass
        return more_tokens * base.mean_pass_s / run.mean_pass_s

    return Speedup(
        baseline,
        by_run={run.name: base.tpot_s / run.tpot_s for run in runs},
        expected={run.name: expected(run) for run in runs},
    )


def _shares(path: Column) -> dict[str, float]:
    total = int(path.sum())
    return {name: time / total for name, time in by_cause(path).items()}


def _utilization(
    chip: Chip,
    stats: tuple[PassStats, ...],
    decode_ps: int,
    dram_bytes: int,
    compute_floor: Fraction,
) -> Utilization:
    banks = (dram_bytes + sum(one.sram_bytes for one in stats)) / (
        chip.sram.bytes_per_cycle * chip.clock.hz * decode_ps / PS_PER_S
    )
    vector = sum(int(one.units[UNITS.index("vector"), 0]) for one in stats)
    return Utilization(
        dram=float(memory_floor_ps(chip, dram_bytes) / decode_ps),
        array=float(compute_floor / decode_ps),
        vector=vector / decode_ps,
        sram=banks,
    )


def _units(stats: tuple[PassStats, ...], decode_ps: int) -> tuple[UnitTime, ...]:
    totals = sum((one.units for one in stats), np.zeros((len(UNITS), 2), dtype=np.int64))
    return tuple(
        UnitTime(name, int(busy), int(stalled), decode_ps - int(busy) - int(stalled))
        for name, (busy, stalled) in zip(UNITS, totals, strict=True)
    )


def _dram(chip: Chip, stats: tuple[PassStats, ...], decode_ps: int) -> DramStats:
    states = sum((one.dram for one in stats), np.zeros(5, dtype=np.int64))
    data, turnaround, refresh, activation = (
        int(state) // chip.memory.channels for state in states[:4]
    )
    rows = sum((one.rows for one in stats), np.zeros(5, dtype=np.int64)).tolist()
    return DramStats(
        data_ps=data,
        turnaround_ps=turnaround,
        refresh_ps=refresh,
        activation_ps=activation,
        idle_ps=decode_ps - data - turnaround - refresh - activation,
        row_hits=rows[0],
        row_misses=rows[1],
        row_conflicts=rows[2],
        activates=rows[3],
        refreshes=rows[4],
        model=chosen_model(chip.memory),
    )
