"""How a simulated pass is mapped and why it takes the time it takes."""

from __future__ import annotations

from math import ceil

from accsim.analysis.bounds import compute_floor_ps, memory_floor_ps
from accsim.analysis.causes import by_cause, by_part
from accsim.analysis.operators import SeenPass, explain_ops, fold_ops
from accsim.explanation import PassExplanation
from accsim.ops import OpTrace, TracedRun
from accsim.timeline import DRAM_STATES


def explain(
    seen: SeenPass, trace: OpTrace, run: TracedRun, number: int, mapping: str | None
) -> PassExplanation:
    """The explanation of a pass.

    Args:
        seen: the pass as it went.
        trace: what it belongs to.
        run: the run of the trace, of which it is pass `number` (prefill first).
        number: from 0.
        mapping: name of the mapping file that pinned it.
    """
    chip, graph, program, stats = seen.chip, seen.graph, seen.program, seen.stats
    ops = explain_ops(seen)
    path = stats.path.sum(axis=0)
    causes = by_cause(path)
    return PassExplanation(
        chip=chip.name,
        workload=trace.workload,
        run=run.name,
        number=number,
        phase="prefill" if number < len(run.prefill) else "decode",
        graph=graph.name,
        rows=graph.rows,
        contexts=program.contexts,
        mapping=mapping,
        clock_hz=chip.clock.hz,
        peak_dram_bytes_per_s=float(chip.memory.peak_bytes_per_s),
        sram_bytes=chip.sram.capacity_bytes,
        sram=seen.account.division,
        spilled=tuple(sorted(program.spilled)),
        elapsed_ps=seen.timeline.elapsed_ps,
        memory_floor_ps=ceil(memory_floor_ps(chip, int(stats.op_bytes.sum()))),
        compute_floor_ps=ceil(compute_floor_ps(chip, graph, sum(program.contexts))),
        bound=max(causes, key=lambda cause: causes[cause]),
        causes_ps=causes,
        causes_detail_ps=by_part(path),
        dram_states_ps=_dram_states(seen),
        lines=fold_ops(ops),
        ops=ops,
    )


def _dram_states(seen: SeenPass) -> dict[str, int]:
    """Time of the channels in each state, on average; idle takes what the division leaves."""
    totals = seen.stats.dram.tolist()
    states = dict(zip(DRAM_STATES[:-1], totals, strict=False))
    shares = {name: int(total) // seen.chip.memory.channels for name, total in states.items()}
    return shares | {DRAM_STATES[-1]: seen.timeline.elapsed_ps - sum(shares.values())}
