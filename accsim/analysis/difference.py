"""What differs between two results: inputs, and runs beside those that take their place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import get_args

from accsim.analysis.comparison import Compared, compare
from accsim.difference import Difference, InputChange, RunPair, Stated
from accsim.result import Result, RunResult

RUN_INPUTS = (
    "scheme",
    "max_tokens_per_pass",
    "prompt_tokens",
    "output_tokens",
    "batch",
    "expected_tokens_per_pass",
    "asked_tokens",
)
"""Fields of a run that say what was simulated, not what came of it."""


def difference(
    files: tuple[str, str], results: tuple[Result, Result], pairs: Sequence[tuple[str, str]]
) -> Difference:
    """Compare runs of two results, pair by pair.

    Args:
        files: what the results are called.
        results: the reference, and the other.
        pairs: names of a run of the first and of one of the second.
    """
    (file_a, file_b), (a, b) = files, results
    runs_a, runs_b = ({run.name: run for run in one.runs} for one in results)
    return Difference(
        a=file_a,
        b=file_b,
        inputs=tuple(_inputs(a, b)),
        pairs=tuple(_pair(a, runs_a[one], b, runs_b[other]) for one, other in pairs),
        only_a=_others(runs_a, (one for one, _ in pairs)),
        only_b=_others(runs_b, (other for _, other in pairs)),
    )


def _others(runs: dict[str, RunResult], paired: Iterator[str]) -> tuple[str, ...]:
    without = tuple(paired)
    return tuple(name for name in runs if name not in without)


def _inputs(a: Result, b: Result) -> Iterator[InputChange]:
    """All plain values at the top of a result say what was simulated, and by what."""
    for field in fields(Result):
        one, other = getattr(a, field.name), getattr(b, field.name)
        if (
            one != other
            and isinstance(one, get_args(Stated))
            and isinstance(other, get_args(Stated))
        ):
            yield InputChange(field.name, one, other)
    if a.speedup.baseline != b.speedup.baseline:
        yield InputChange("speedup.baseline", a.speedup.baseline, b.speedup.baseline)


def _pair(a: Result, run_a: RunResult, b: Result, run_b: RunResult) -> RunPair:
    stated: list[tuple[str, Stated, Stated]] = [
        (key, getattr(run_a, key), getattr(run_b, key)) for key in RUN_INPUTS
    ]
    stated.append(("dram.model", run_a.dram.model, run_b.dram.model))
    columns = [Compared(f"A/{run_a.name}", a, run_a), Compared(f"B/{run_b.name}", b, run_b)]
    return RunPair(
        a=run_a.name,
        b=run_b.name,
        inputs=tuple(InputChange(key, one, other) for key, one, other in stated if one != other),
        comparison=compare(columns),
    )
