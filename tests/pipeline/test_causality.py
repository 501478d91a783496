"""What is said to cost a share of a decode pass cannot save more than that share when it is gone.

Each cause, or part of one, that has 5 % of the critical path or more is taken away, or made half as
long, from the same program: then the pass may not get shorter by more than the share and half a
point.
"""

from __future__ import annotations

import pytest
from attribution.remedies import REMEDIES, no_refresh

from accsim.analysis.attribution import attribute
from accsim.analysis.causes import by_cause, by_part
from accsim.config import shipped
from accsim.config.resolve import load_chip
from accsim.engine.simulate import simulate
from accsim.ops import OpTrace
from accsim.pipeline import simulate_pass
from accsim.workload import ModelShape

from .models import ordinary, traced, with_heads

TRUNK = ModelShape(
    "four layers of Llama-2-7B", 4096, 4, 32, 32, 128, 11008, 32000, 4096, tied_embeddings=False
)


@pytest.fixture(scope="module")
def trace() -> OpTrace:
    return traced(TRUNK, ordinary(), with_heads(2), prompt=512, output=8)


@pytest.mark.parametrize("name", ["ordinary", "heads2"])
@pytest.mark.parametrize("chip_name", shipped.names("chips"))
def test_nothing_saves_more_than_its_share(chip_name: str, name: str, trace: OpTrace) -> None:
    chip = load_chip(chip_name)
    one = simulate_pass(chip, trace, name, 1)
    elapsed = one.timeline.elapsed_ps
    path = attribute(one.program, one.timeline, len(one.graph.ops)).sum(axis=0)
    spent = by_cause(path)
    for cause, parts in by_part(path).items():
        spent |= {f"{cause} {part}": time for part, time in parts.items()}
    large = {what: time / elapsed for what, time in spent.items() if time >= 0.05 * elapsed}
    assert large
    for what, share in large.items():
        better = simulate(*REMEDIES[what](one.program, chip))
        assert 1 - better.elapsed_ps / elapsed <= share + 0.005, what


@pytest.mark.parametrize("chip_name", ["cpu_tiled", "ddr5_npu", "hbm_npu", "lpddr5_soc"])
def test_all_that_refresh_costs_is_said_to_be_its(chip_name: str, trace: OpTrace) -> None:
    """Chips that wait for DRAM all the time: what refresh costs is what its absence saves."""
    chip = load_chip(chip_name)
    one = simulate_pass(chip, trace, "ordinary", 1)
    elapsed = one.timeline.elapsed_ps
    path = attribute(one.program, one.timeline, len(one.graph.ops)).sum(axis=0)
    saved = 1 - simulate(*no_refresh(one.program, chip)).elapsed_ps / elapsed
    assert by_part(path)["dram"]["refresh"] / elapsed == pytest.approx(saved, abs=0.002)
