"""What a cause's share of a decode step promises, held against simulations without that cause and
against what `accsim whatif` makes of each knob.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from typing import Any

from accsim.analysis.attribution import attribute
from accsim.analysis.causes import by_cause, by_part
from accsim.analysis.knobs import Knob, knobs
from accsim.analysis.whatif import elasticity
from accsim.chip import Chip
from accsim.config import shipped
from accsim.config.resolve import load_chip, load_workload
from accsim.engine.simulate import simulate
from accsim.errors import InputError
from accsim.lowering.lower import lower
from accsim.ops import OpTrace
from accsim.pipeline import check_fits
from accsim.run_times import RunTimes, middle_step
from accsim.speed import Spent
from accsim.tracing.decoding import trace_workload
from accsim.tracing.shorten import shorten
from accsim.workload import Workload

from .remedies import REMEDIES

CHIPS = tuple(shipped.names("chips"))
VARIANTS: dict[str, Callable[[Chip], Chip]] = {
    "hbm_npu with 2 lanes": lambda chip: replace(chip, vector=replace(chip.vector, lanes=2)),
    "hbm_npu, slow dispatch": lambda chip: replace(chip, dispatch_cycles=40_000),
    "hbm_npu, slow issue": lambda chip: replace(
        chip, dma=replace(chip.dma, outstanding=1, issue_cycles=400)
    ),
    "hbm_npu, little SRAM": lambda chip: replace(
        chip, sram=replace(chip.sram, capacity_bytes=chip.sram.capacity_bytes // 16)
    ),
}
"""Chips that nobody would build, on which other units than DRAM and array are waited for."""
WORKLOADS = ("llama2_mtp", "llama2_mtp_int4", "llama2_batch8")
RUNS = ("ordinary", "heads4_k4")
NOTED = 0.05
"""Causes with a smaller share are left out."""
SLACK = 0.005
"""How much more than a cause's share its absence may save."""

Case = tuple[str, str, str]
"""Names of chip (or variant), workload and run."""


def cases() -> Iterator[Case]:
    """All of them, whether they fit the chip or not."""
    for chip in CHIPS:
        for workload in WORKLOADS:
            for run in RUNS:
                yield chip, workload, run
    for chip in VARIANTS:
        for run in RUNS:
            yield chip, WORKLOADS[0], run


@cache
def chip_of(name: str) -> Chip:
    """A shipped chip, or a variant of one."""
    if name in VARIANTS:
        return VARIANTS[name](load_chip("hbm_npu"))
    return load_chip(name)


@cache
def traced(workload: str, run: str, layers: int | None = None) -> OpTrace:
    """A run of a shipped workload, of a model with fewer layers where that is asked for."""
    whole = load_workload(workload)
    return trace_workload(_cut(whole, run, layers))


def _cut(workload: Workload, run: str, layers: int | None) -> Workload:
    model = workload.model if layers is None else replace(workload.model, layers=layers)
    chosen = tuple(one for one in workload.runs if one.name == run)
    return replace(workload, model=model, baseline=run, runs=chosen)


def removals(chip_name: str, workload: str, run: str) -> list[dict[str, Any]]:
    """Causes of a decode step, and parts of them, with what the step saves without each.

    Of equal layers two are simulated, before and after alike.
    """
    chip, trace = chip_of(chip_name), traced(workload, run)
    (one,) = middle_step(trace, trace.runs[0])
    graph = trace.graphs[one.graph]
    short = shorten(graph, keep=2)
    graph = graph if short is None else short.graph
    program = lower(chip, graph, one.contexts, max(one.contexts) + graph.rows)
    before = simulate(program, chip)
    path = attribute(program, before, len(graph.ops)).sum(axis=0)
    spent = by_cause(path)
    for cause, parts in by_part(path).items():
        spent |= {f"{cause} {part}": time for part, time in parts.items()}
    found = []
    for what, time in spent.items():
        share = time / before.elapsed_ps
        if share >= NOTED:
            after = simulate(*REMEDIES[what](program, chip)).elapsed_ps
            saved = 1 - after / before.elapsed_ps
            found.append({"cause": what, "share": round(share, 5), "saved": round(saved, 5)})
    return found


def knobs_of(chip_name: str, workload: str, run: str, layers: int | None = None) -> dict[str, Any]:
    """The causes of a decode step, and the elasticity of each knob, as `accsim whatif` has them.

    Raises:
        InputError: the model does not fit the chip.
    """
    chip, trace = chip_of(chip_name), traced(workload, run, layers)
    check_fits(chip, trace)
    before = _step(chip, trace)
    elasticities: dict[str, float] = {}
    then: dict[str, tuple[str, float]] = {}
    refused: list[str] = []
    for knob in knobs(chip):
        try:
            after = knob.turned(chip, 1)
            spent = _step(after, trace)
        except (ValueError, InputError):
            refused.append(knob.name)
            continue
        factor = knob.factor(chip, after)
        power = elasticity(before.ps / spent.ps, None if factor is None else float(factor))
        assert power is not None
        elasticities[knob.name] = round(power, 4)
        then[knob.name] = spent.bound, round(spent.shares[spent.bound], 4)
    best, best_apart = (
        max(
            (name for name in elasticities if name not in left_out),
            key=lambda name: elasticities[name],
        )
        for left_out in ((), ("clock",))
    )
    acting = named(chip)
    return {
        "bound": before.bound,
        "shares": {cause: round(share, 4) for cause, share in before.shares.items() if share},
        "elasticities": dict(sorted(elasticities.items(), key=lambda item: -item[1])),
        "refused": refused,
        "best": best,
        "then": then[best],
        "agrees": before.bound in acting[best].causes,
        "best_but_clock": best_apart,
        "agrees_but_clock": before.bound in acting[best_apart].causes,
    }


def named(chip: Chip) -> dict[str, Knob]:
    """The knobs of a chip by name."""
    return {knob.name: knob for knob in knobs(chip)}


def _step(chip: Chip, trace: OpTrace) -> Spent:
    return RunTimes(chip, trace).step(trace.runs[0])


def study(case: Case) -> dict[str, Any]:
    """Both studies of a case; `fits` is false where the model does not fit the chip."""
    chip, workload, run = case
    found: dict[str, Any] = {"chip": chip, "workload": workload, "run": run}
    try:
        found |= {"fits": True, **knobs_of(chip, workload, run)}
    except InputError:
        return found | {"fits": False}
    return found | {"removals": removals(chip, workload, run)}
