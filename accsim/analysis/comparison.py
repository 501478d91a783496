"""What grew and what shrank from one run to another, part by part.

Runs decode the same tokens in different numbers of passes, so amounts are compared per pass or per
token. These are quotients; each part is rounded so that the parts still add up to the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from accsim.analysis.summary import speedups
from accsim.comparison import Breakdown, Column, Comparison, Line
from accsim.result import CAUSES, OpStats, PartStats, Result, RunResult, Speedup


@dataclass(frozen=True, slots=True)
class Compared:
    """A run of a result, under the name of its column."""

    column: str
    result: Result
    run: RunResult


def compare(runs: Sequence[Compared]) -> Comparison:
    """Compare runs on one chip with the first of them; no two columns have the same name."""
    named = {one.column: one.run for one in runs}
    against = runs[0].column
    speedup = speedups(against, tuple(replace(run, name=column) for column, run in named.items()))

    def per_pass(parts: Callable[[RunResult], dict[str, int]]) -> Breakdown:
        return _breakdown({name: spread(parts(run), run.passes) for name, run in named.items()})

    def per_token(parts: Callable[[RunResult], dict[str, int]]) -> Breakdown:
        # The first token comes out of the prefill, as for TPOT.
        return _breakdown(
            {name: spread(parts(run), run.output_tokens - 1) for name, run in named.items()}
        )

    def token_energy(parts: Callable[[RunResult], dict[str, int]]) -> Breakdown:
        amounts = {name: parts(run) for name, run in named.items()}
        # A part that one of the runs does not tell of would look as if it took nothing there.
        known = all(map(any, (those.values() for those in amounts.values())))
        tokens = {name: run.batch * (run.output_tokens - 1) for name, run in named.items()}
        return _breakdown(
            {name: spread(those, tokens[name]) if known else {} for name, those in amounts.items()}
        )

    return Comparison(
        chip=runs[0].result.chip,
        accsim_version=runs[0].result.accsim_version,
        against=against,
        columns=tuple(_column(one, speedup) for one in runs),
        pass_time_ps=per_pass(_time_ps),
        pass_time_ps_by_part=per_pass(lambda run: run.parts_ps),
        pass_time_ps_by_cause=per_pass(_causes_ps),
        pass_dram_bytes=per_pass(
            lambda run: {op.name: op.dram_read_bytes + op.dram_write_bytes for op in run.ops}
        ),
        pass_macs=per_pass(lambda run: {op.name: op.macs for op in run.ops}),
        token_time_ps=per_token(_time_ps),
        token_time_ps_by_cause=per_token(_causes_ps),
        token_energy_pj=token_energy(lambda run: _energy_pj(run.ops)),
        token_energy_pj_by_part=token_energy(lambda run: _energy_pj(run.parts)),
        token_energy_pj_by_consumer=token_energy(
            lambda run: {one.consumer: one.pj for one in run.energy.decode}
        ),
    )


def spread(amounts: dict[str, int], among: int) -> dict[str, int]:
    """Divide amounts by `among` into whole numbers that add up to the quotient of their sum.

    Running sums are rounded to nearest, so that the whole is rounded once and each part is off by
    less than 1.
    """
    shares: dict[str, int] = {}
    running = before = 0
    for name, amount in amounts.items():
        running += amount
        until = (2 * running + among) // (2 * among)
        shares[name] = until - before
        before = until
    return shares


def _time_ps(run: RunResult) -> dict[str, int]:
    return {op.name: op.time_ps for op in run.ops}


def _energy_pj(those: Sequence[OpStats] | Sequence[PartStats]) -> dict[str, int]:
    return {one.name: sum(one.energy_pj.values()) for one in those}


def _causes_ps(run: RunResult) -> dict[str, int]:
    """By all causes, those of other versions of accsim included that a saved result may hold."""
    causes = dict.fromkeys((*CAUSES, *(cause for op in run.ops for cause in op.causes_ps)))
    return {cause: sum(op.causes_ps.get(cause, 0) for op in run.ops) for cause in causes}


def _breakdown(columns: dict[str, dict[str, int]]) -> Breakdown:
    """Put the parts of all columns side by side; one that a column lacks is 0 there.

    Args:
        columns: by column, the reference first: amounts by name of the part.
    """
    whole = {column: sum(parts.values()) for column, parts in columns.items()}
    names = dict.fromkeys(name for parts in columns.values() for name in parts)
    lines = (
        _line(name, {column: parts.get(name, 0) for column, parts in columns.items()})
        for name in names
    )
    return Breakdown(_line("total", whole), tuple(sorted(lines, key=_rank)))


def _line(name: str, amounts: dict[str, int]) -> Line:
    reference = next(iter(amounts.values()))
    changes = {column: amount - reference for column, amount in amounts.items()}
    return Line(name, amounts, changes)


def _rank(line: Line) -> tuple[int, int]:
    """Sorts by the largest change, then by the largest amount."""
    return -max(map(abs, line.changes.values())), -max(line.amounts.values())


def _column(one: Compared, speedup: Speedup) -> Column:
    run = one.run
    return Column(
        name=one.column,
        workload=one.result.workload,
        run=run.name,
        seed=one.result.seed,
        batch=run.batch,
        passes=run.passes,
        passes_simulated=run.sampling.simulated,
        mean_tokens_per_pass=run.mean_tokens_per_pass,
        expected_tokens_per_pass=run.expected_tokens_per_pass,
        ttft_s=run.ttft_s,
        tpot_s=run.tpot_s,
        decode_tokens_per_s=run.decode_tokens_per_s,
        mean_pass_s=run.mean_pass_s,
        decode_dram_bytes_per_token=run.decode_dram_bytes_per_token,
        utilization=run.utilization,
        bound=run.bound,
        bound_share=run.bound_share,
        speedup=speedup.by_run[one.column],
        speedup_expected=speedup.expected[one.column],
        j_per_token=run.energy.j_per_token,
    )
