"""All stages in a row for a training step: a chip and a step become a result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from accsim import __version__
from accsim.analysis.bounds import peak_macs_per_s
from accsim.analysis.measure import PassStats
from accsim.analysis.training import SimulatedStep, memory_of, summarize_step
from accsim.chip import Chip
from accsim.errors import InputError, Problem
from accsim.ops import PassGraph
from accsim.passes import simulated
from accsim.pipeline import Progress
from accsim.tracing.training import trace_step
from accsim.training import TrainingRun, TrainingWorkload
from accsim.training_result import TrainingResult
from accsim.units import show_capacity

SIMULATED_LAYERS = 5
"""Of a longer trunk: on either side of the one that is counted, two to settle on the way there and
on the way back."""
MODEL_LAYER = 2


def run_training(
    chip: Chip,
    workload: TrainingWorkload,
    *,
    exact: bool = False,
    progress: Progress | None = None,
) -> TrainingResult:
    """Simulate the training step of every run on a chip.

    Whether attention is fused, the run decides, not the chip: ``flash`` needs it, ``stored`` keeps
    what only kernels apart have.

    Args:
        chip: the hardware.
        workload: the step, and its runs.
        exact: simulate every layer; otherwise the equal layers of a trunk are extrapolated from one
            (`TrainingRunResult.layers_simulated` says how many were simulated).
        progress: called with every per cent of each simulated step.

    Raises:
        InputError: a step does not fit the DRAM or the SRAM.
        SimulationError: the simulation failed a check (a bug).
    """
    graphs = {run.name: trace_step(workload, run) for run in workload.runs}
    check_step_fits(chip, workload, graphs)
    known: dict[str, PassStats] = {}
    results = []
    for number, run in enumerate(workload.runs):

        def inside(percent: int, number: int = number, name: str = run.name) -> None:
            if progress:
                progress(f"{name}: step, {percent} %", number, len(workload.runs))

        step = _step(chip, workload, run, exact, known, inside)
        results.append(summarize_step(chip, workload, run, graphs[run.name], step))
    if progress:
        progress("done", len(workload.runs), len(workload.runs))
    return TrainingResult(
        chip=chip.name,
        workload=workload.name,
        accsim_version=__version__,
        batch=workload.batch,
        sequence_tokens=workload.sequence_tokens,
        precision=workload.format.name,
        clock_hz=chip.clock.hz,
        peak_dram_bytes_per_s=float(chip.memory.peak_bytes_per_s),
        peak_macs_per_s=peak_macs_per_s(chip),
        sram_bytes=chip.sram.capacity_bytes,
        baseline=workload.baseline,
        runs=tuple(results),
    )


def check_step_fits(chip: Chip, workload: TrainingWorkload, graphs: dict[str, PassGraph]) -> None:
    """Check that the DRAM holds weights, their gradients and the activations of every run.

    Raises:
        InputError: it does not; names every run that is too large, and what it takes.
    """
    capacity = chip.memory.capacity_bytes
    large = []
    for run in workload.runs:
        memory = memory_of(workload, run, graphs[run.name])
        if memory.total_bytes > capacity:
            large.append(
                f"{run.name} takes {show_capacity(memory.total_bytes)} "
                f"({show_capacity(memory.parameter_bytes)} of weights, as much for gradients, "
                f"{show_capacity(memory.activation_bytes)} for activations)"
            )
    if large:
        message = f"a training step does not fit the {show_capacity(capacity)} of DRAM: "
        message += "; ".join(large)
        raise InputError(Problem(chip.name, message, key="memory.channels"))


def _step(
    chip: Chip,
    workload: TrainingWorkload,
    run: TrainingRun,
    exact: bool,
    known: dict[str, PassStats],
    inside: Callable[[int], None],
) -> SimulatedStep:
    """Simulate a run, with some layers of a long trunk left out.

    Runs that differ in those only are simulated once: `known` are the steps so far, by graph.
    """
    inside(0)
    shown = run.trunk_layers if exact else min(run.trunk_layers, SIMULATED_LAYERS)
    missing = run.trunk_layers - shown
    graph = trace_step(workload, run, trunk_layers=shown)
    if graph.name not in known:
        fused = replace(chip.attention, fused=run.attention == "flash")
        chip = replace(chip, attention=fused)
        starts = (0,) * graph.sequences
        known[graph.name] = simulated(chip, graph, starts, graph.rows, progress=inside).stats(chip)
    return SimulatedStep(graph, known[graph.name], MODEL_LAYER if missing else None, missing)
