"""Generations drawn over the passes of a simulated run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from accsim.acceptance import Recording
from accsim.config.resolve import load_chip
from accsim.ops import OpTrace
from accsim.pipeline import run
from accsim.result import Generations, Result, RunResult

from .models import SMALL, ordinary, traced, with_heads


@pytest.fixture(scope="module")
def trace() -> OpTrace:
    return traced(SMALL, ordinary(), with_heads(2), prompt=40, output=60)


@pytest.fixture(scope="module")
def result(trace: OpTrace) -> Result:
    return run(load_chip("ddr_npu"), trace, generations=500)


def drawn(of: RunResult) -> Generations:
    assert of.generations is not None
    return of.generations


def test_one_token_a_pass_gives_the_run_itself(result: Result) -> None:
    own, again = result.runs[0], drawn(result.runs[0])
    assert again.tpot_s.mean == again.tpot_s.low == again.tpot_s.high == own.tpot_s
    assert again.tpot_p50_s == again.tpot_p99_s == own.tpot_s
    assert again.decode_s_per_token.mean == own.tpot_s
    assert again.tokens_per_pass.mean == 1.0


def test_the_baseline_has_no_speed_up_and_the_others_theirs_over_it(result: Result) -> None:
    base, heads = map(drawn, result.runs)
    assert base.speedup is None
    assert heads.speedup is not None
    quotient = base.decode_s_per_token.mean / heads.decode_s_per_token.mean
    assert heads.speedup.mean == quotient
    assert heads.speedup.low < quotient < heads.speedup.high


def test_the_run_itself_is_a_likely_one_of_its_generations(result: Result) -> None:
    """59 passes of 1 or 2 tokens, mean 1.8: a standard deviation of 4 % for a single run."""
    own, mean = result.runs[1].tpot_s, drawn(result.runs[1]).tpot_s.mean
    assert own == pytest.approx(mean, rel=0.15)


def test_simulating_every_pass_moves_no_time_by_more_than_interpolation_errs(
    trace: OpTrace, result: Result
) -> None:
    exact = run(load_chip("ddr_npu"), trace, exact=True, generations=500)
    for one, other in zip(exact.runs, result.runs, strict=True):
        assert one.sampling.simulated == one.passes
        assert drawn(other).tpot_s.mean == pytest.approx(drawn(one).tpot_s.mean, rel=1e-3)


def test_a_replayed_line_gives_the_run_itself(trace: OpTrace) -> None:
    """All 59 tokens in passes of 2, 1, 2, 1 ...: with one line, every generation is the run."""
    heads = trace.runs[1]
    line = tuple(step.emitted[0] for step in heads.decode)
    replayed = replace(heads, acceptance=Recording("lab", (line,), "stop"))
    found = run(
        load_chip("ddr_npu"),
        replace(trace, runs=(replayed,), baseline=heads.name),
        exact=True,
        generations=3,
    ).runs[0]
    assert drawn(found).tpot_s.mean == drawn(found).tpot_p99_s == found.tpot_s


def test_a_baseline_that_says_nothing_of_acceptance_gives_no_speed_up(trace: OpTrace) -> None:
    silent = replace(trace.runs[1], name="silent", acceptance=None)
    other = replace(trace, runs=(silent, trace.runs[0]), baseline="silent")
    base, ordinary_run = run(load_chip("ddr_npu"), other, generations=5).runs
    assert base.generations is None
    assert drawn(ordinary_run).speedup is None
