"""What a run is summed up to, and the bounds that it is held against once more."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from accsim.analysis.prefill import PrefillStats
from accsim.analysis.sampling import SampledPasses
from accsim.analysis.summary import speedups, summarize
from accsim.chip import Chip, SystolicArray
from accsim.errors import InvariantError
from accsim.ops import OpTrace, Pass, PassGraph, TracedRun
from accsim.result import CAUSES, RunResult

from .passes import pass_of
from .test_bounds import FP16, matmul

# One operator of 2560 MACs: 10 cycles of 256, 10 ns. 512 B at 51.2 GB/s: 10 ns.
GRAPH = PassGraph("decode", 2, 1, (matmul(2, 16, 80, FP16, FP16),))
PREFILL = Pass("decode", (0, 0), (1, 1))


def traced(*emitted: tuple[int, int], expected: float | None = None) -> TracedRun:
    passes = tuple(Pass("decode", (4, 4), counts) for counts in emitted)
    output = 1 + sum(counts[0] for counts in emitted)
    return TracedRun("hand", "multi_token", 3, 4, output, 2, expected, 0, (PREFILL,), passes)


def summed(
    chip: Chip, run: TracedRun, *, pass_ps: int = 20_000, prefill_ps: int = 50_000
) -> RunResult:
    trace = OpTrace("hand", 0, "hand", {"decode": GRAPH}, (run,))
    causes = np.zeros(len(CAUSES), dtype=np.int64)
    causes[0] = prefill_ps
    prefill = PrefillStats(causes, 512, 0, 1, 1, 0.0, 0, 0, 0, 0)
    numbers = tuple(range(len(run.decode)))
    passes = SampledPasses((pass_of(pass_ps, 512),) * len(run.decode), numbers, 0.0)
    return summarize(chip, trace, run, prefill, passes)


def test_time_per_token_is_decode_time_over_the_tokens_after_the_first(small_chip: Chip) -> None:
    # Two passes of 20 ns emit 2 + 2 tokens in each sequence.
    run = summed(small_chip, traced((2, 2), (2, 2)))
    assert run.tpot_s == 10e-9
    assert run.ttft_s == 50e-9
    assert run.decode_s == 40e-9
    assert run.mean_pass_s == 20e-9


def test_tokens_per_second_count_the_whole_batch(small_chip: Chip) -> None:
    # 8 tokens in 40 ns.
    assert summed(small_chip, traced((2, 2), (2, 2))).decode_tokens_per_s == 8 / 40e-9


def test_tokens_per_pass_are_a_mean_over_sequences(small_chip: Chip) -> None:
    # 3 + 1 and 1 + 3: 8 tokens, 2 passes, 2 sequences.
    assert summed(small_chip, traced((3, 1), (1, 3))).mean_tokens_per_pass == 2


def test_the_floor_is_the_higher_of_the_two_roofs(small_chip: Chip) -> None:
    # Both roofs: 10 ns a pass. With half the array, the MACs take 20.
    run = traced((1, 1), (1, 1))
    assert summed(small_chip, run).floor_s == 20e-9
    half = replace(small_chip, array=SystolicArray(1, 8, 16, "output_stationary", (1, 2, 2)))
    assert summed(half, run).floor_s == 40e-9


def test_utilization_is_useful_work_over_what_was_possible(small_chip: Chip) -> None:
    # 512 B and 2560 MACs take 10 of the 20 ns of a pass; in 20 cycles the SRAM could move 5120 B.
    used = summed(small_chip, traced((1, 1))).utilization
    assert (used.dram, used.array, used.vector, used.sram) == (0.5, 0.5, 0, 0.1)


def test_a_run_that_beats_its_bound_is_refused(small_chip: Chip) -> None:
    with pytest.raises(InvariantError, match=r"^run hand took 19998 ps, its bound is 20000\.0 ps$"):
        summed(small_chip, traced((1, 1), (1, 1)), pass_ps=9_999)


def test_a_prefill_that_beats_its_bound_is_refused(small_chip: Chip) -> None:
    with pytest.raises(InvariantError, match=r"^the prefill of run hand beats its bound$"):
        summed(small_chip, traced((1, 1)), prefill_ps=9_999)


def test_a_speedup_is_the_ratio_of_times_per_token(small_chip: Chip) -> None:
    base = replace(summed(small_chip, traced((1, 1), (1, 1))), name="base")
    fast = replace(summed(small_chip, traced((2, 2))), name="fast")
    found = speedups("base", (fast, base))
    assert found.baseline == "base"
    assert found.by_run == {"fast": 2, "base": 1}


def test_the_expected_speedup_takes_the_expected_tokens(small_chip: Chip) -> None:
    # Drawn: 2 tokens a pass. Expected: 2.5, for passes that take 1.25 times as long.
    base = replace(summed(small_chip, traced((1, 1), expected=1.0)), name="base")
    longer = summed(small_chip, traced((2, 2), expected=2.5), pass_ps=25_000)
    found = speedups("base", (base, longer))
    assert found.expected == {"base": 1, "hand": pytest.approx(2)}


def test_without_an_expectation_no_expected_speedup_is_told(small_chip: Chip) -> None:
    base = replace(summed(small_chip, traced((1, 1), expected=1.0)), name="base")
    unknown = summed(small_chip, traced((2, 2)))
    assert speedups("base", (base, unknown)).expected == {"base": 1, "hand": None}
    assert speedups("hand", (base, unknown)).expected == {"base": None, "hand": None}
