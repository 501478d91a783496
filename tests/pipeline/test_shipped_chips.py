"""Every shipped workload on every shipped chip: all that is spent is accounted for.

Models are narrowed to few layers of 512 channels, prompts and outputs shortened; chips, ways of
decoding, precisions and batches are those of the files. Layers as wide as shipped are attributed in
`test_causality`.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from accsim.analysis.attribution import attribute
from accsim.analysis.causes import by_part, whole_causes
from accsim.analysis.laws import faults
from accsim.analysis.measure import UNITS, measure
from accsim.chip import Chip
from accsim.config import shipped
from accsim.config.resolve import load_chip, load_workload
from accsim.ops import OpTrace
from accsim.passes import SimulatedPass
from accsim.pipeline import run, simulate_pass
from accsim.program import Unit
from accsim.result import CAUSES, Result
from accsim.tracing.decoding import trace_workload
from accsim.workload import DraftModel, ModelShape, RunSpec

DECODING = [name for name in shipped.names("workloads") if name != "llama2_train"]


def narrow(model: ModelShape, layers: int = 5) -> ModelShape:
    """Eight heads of 64 channels, as many query heads to a key head as before."""
    return replace(
        model,
        hidden=512,
        layers=layers,
        heads=8,
        kv_heads=8 * model.kv_heads // model.heads,
        head_dim=64,
        ffn=1408,
        vocab=2048,
    )


def narrow_run(spec: RunSpec) -> RunSpec:
    if isinstance(spec.scheme, DraftModel):
        return replace(spec, scheme=replace(spec.scheme, model=narrow(spec.scheme.model)))
    return spec


@pytest.fixture(scope="module", params=DECODING)
def trace(request: pytest.FixtureRequest) -> OpTrace:
    workload = load_workload(request.param)
    # A layer of the trunk is left where as many layers as there are prediction heads are heads.
    heads = max(getattr(spec.scheme, "trained_heads", 1) for spec in workload.runs)
    return trace_workload(
        replace(
            workload,
            model=narrow(workload.model, max(5, heads + 1)),
            prompt_tokens=16,
            output_tokens=4,
            runs=tuple(map(narrow_run, workload.runs)),
        )
    )


@pytest.fixture(scope="module", params=shipped.names("chips"))
def chip(request: pytest.FixtureRequest) -> Chip:
    return load_chip(request.param)


@pytest.fixture(scope="module")
def result(chip: Chip, trace: OpTrace) -> Result:
    return run(chip, trace)


@pytest.fixture(scope="module")
def last_passes(chip: Chip, trace: OpTrace) -> list[SimulatedPass]:
    """The last decode pass of each run."""
    return [simulate_pass(chip, trace, one.name, -1) for one in trace.runs]


def test_operators_parts_of_the_model_units_and_the_dram_add_up_in_every_run(
    result: Result,
) -> None:
    """All laws of `accsim.analysis.laws`, each of which is seen to break in its own tests."""
    assert faults(result) == ()


def test_the_causes_of_a_pass_add_up_to_its_time(last_passes: list[SimulatedPass]) -> None:
    for seen in last_passes:
        path = attribute(seen.program, seen.timeline, len(seen.graph.ops))
        causes = whole_causes(path)
        assert causes.sum() == seen.timeline.elapsed_ps
        assert (path >= 0).all()
        for cause, parts in by_part(path.sum(axis=0)).items():
            assert sum(parts.values()) == causes[:, CAUSES.index(cause)].sum()


def test_each_lane_is_busy_stalled_or_idle_all_through_a_pass(
    chip: Chip, last_passes: list[SimulatedPass]
) -> None:
    for seen in last_passes:
        stats = measure(chip, seen.graph, seen.program, seen.timeline)
        for unit, (busy, stalled) in zip(Unit, stats.units.tolist(), strict=True):
            lane = seen.timeline.lane(unit)
            idle = seen.timeline.elapsed_ps - (int(lane.end_ps[-1]) if len(lane) else 0)
            assert busy + stalled + idle == seen.timeline.elapsed_ps, UNITS[unit]
            assert min(busy, stalled, idle) >= 0, UNITS[unit]


def test_the_sram_holds_what_is_in_it(chip: Chip, result: Result) -> None:
    for one in result.runs:
        assert 0 < one.sram_peak_bytes <= chip.sram.capacity_bytes


def test_the_same_work_is_done_on_every_chip(trace: OpTrace, result: Result) -> None:
    for one, traced_run in zip(result.runs, trace.runs, strict=True):
        assert one.decode_macs == sum(
            trace.graphs[each.graph].macs(each.context) for each in traced_run.decode
        )
