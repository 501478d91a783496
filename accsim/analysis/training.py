"""From the statistics of a simulated step to the result of a training run."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np

from accsim.analysis.bounds import compute_floor_ps, memory_floor_ps
from accsim.analysis.measure import PassStats
from accsim.analysis.memory import activation_memory
from accsim.chip import Chip
from accsim.errors import InvariantError
from accsim.ops import PassGraph
from accsim.result import CAUSES
from accsim.timeline import Column
from accsim.training import TrainingRun, TrainingWorkload
from accsim.training_result import TrainingMemory, TrainingOpStats, TrainingRunResult
from accsim.units import PS_PER_S


@dataclass(frozen=True)
class SimulatedStep:
    """A step simulated with some layers of its trunk left out.

    Each of the `missing` layers takes what the operators of `model_layer` take (None: none is).
    """

    graph: PassGraph
    stats: PassStats
    model_layer: int | None
    missing: int

    def weighted(self, column: Column) -> Column:
        """Sums over operators as if all layers had been simulated, by operator: shape as given."""
        times = np.ones(len(self.graph.ops), dtype=np.int64)
        for index, op in enumerate(self.graph.ops):
            if op.layer is not None and op.layer == self.model_layer:
                times[index] += self.missing
        return column * times[:, np.newaxis]


def memory_of(workload: TrainingWorkload, run: TrainingRun, graph: PassGraph) -> TrainingMemory:
    """The DRAM that a run takes; `graph` is its whole step."""
    activations, stored = activation_memory(graph), workload.params(run)
    size = workload.format.stored_bytes(1, stored)
    return TrainingMemory(
        activation_bytes=activations.peak_bytes,
        logits_bytes=activations.logits_bytes,
        at=activations.at,
        parameter_bytes=size,
        gradient_bytes=size,
    )


def summarize_step(
    chip: Chip,
    workload: TrainingWorkload,
    run: TrainingRun,
    graph: PassGraph,
    simulated: SimulatedStep,
) -> TrainingRunResult:
    """The result of one run; `graph` is its whole step.

    Raises:
        InvariantError: the step beats a bound (a bug).
    """
    causes = simulated.weighted(simulated.stats.causes)
    moved = simulated.weighted(simulated.stats.op_bytes)
    by_cause = causes.sum(axis=0)
    step_ps, read, write = int(by_cause.sum()), int(moved[:, 0].sum()), int(moved[:, 1].sum())
    memory_floor = memory_floor_ps(chip, read + write)
    compute_floor = compute_floor_ps(chip, graph, 0)
    if step_ps < max(memory_floor, compute_floor):
        bound = ceil(max(memory_floor, compute_floor))
        raise InvariantError(f"run {run.name} took {step_ps} ps, its bound is {bound} ps")
    return TrainingRunResult(
        name=run.name,
        trunk_layers=run.trunk_layers,
        heads=run.heads,
        heads_live=run.heads_live,
        attention=run.attention,
        parameters=workload.params(run),
        macs=workload.step_macs(run),
        macs_full_attention=workload.step_macs(run, causal=False),
        remade_macs=workload.remade_macs(run),
        memory=memory_of(workload, run, graph),
        dram_read_bytes=read,
        dram_write_bytes=write,
        step_s=step_ps / PS_PER_S,
        step_ps=step_ps,
        step_cycles=chip.clock.cycles_in(step_ps),
        tokens_per_s=workload.batch * workload.sequence_tokens * PS_PER_S / step_ps,
        memory_floor_s=float(memory_floor / PS_PER_S),
        compute_floor_s=float(compute_floor / PS_PER_S),
        bound=CAUSES[int(np.argmax(by_cause))],
        bound_share={
            cause: int(time) / step_ps for cause, time in zip(CAUSES, by_cause, strict=True)
        },
        layers=run.layers,
        layers_simulated=run.layers - simulated.missing,
        ops=_groups(graph, simulated.graph, causes.sum(axis=1), moved),
    )


def _groups(
    graph: PassGraph, simulated: PassGraph, times: Column, moved: Column
) -> tuple[TrainingOpStats, ...]:
    """Operators by group, most time first; counts and MACs are those of the whole step."""
    members: dict[str, list[int]] = {}
    for index, op in enumerate(simulated.ops):
        members.setdefault(op.group, []).append(index)
    stats = [
        TrainingOpStats(
            name=name,
            kind=simulated.ops[indices[0]].kind,
            count=sum(op.group == name for op in graph.ops),
            time_ps=int(times[indices].sum()),
            dram_read_bytes=int(moved[indices, 0].sum()),
            dram_write_bytes=int(moved[indices, 1].sum()),
            macs=sum(op.macs(0) for op in graph.ops if op.group == name),
        )
        for name, indices in members.items()
    ]
    return tuple(sorted(stats, key=lambda one: -one.time_ps))
