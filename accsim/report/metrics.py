"""The figures of a result as text, runs side by side, and the operators of one run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from accsim.report.wording import CAUSE_NAMES, DETAIL_NAMES, NOTED_SHARE
from accsim.result import (
    CAUSE_PARTS,
    CAUSES,
    Cause,
    DramStats,
    Estimate,
    Generations,
    OpStats,
    Result,
    RunResult,
)
from accsim.timeline import DRAM_STATES
from accsim.units import show_bytes, show_capacity, show_count, show_energy, show_time


class Row(NamedTuple):
    """One figure for each run, in the order of the runs."""

    label: str
    values: tuple[str, ...]


class Section(NamedTuple):
    """Rows that belong together."""

    title: str
    rows: tuple[Row, ...]


Figure = tuple[str, Callable[[RunResult], str]]
"""A label, and what stands under it for a run."""

SHOWN_OPS = 12
"""Rows of an operator table; what lies below is added up in one more."""


def percent(share: float) -> str:
    """A ratio for people: ``97.1 %``; next to nothing is not printed as nothing, nor as all."""
    if 0 < share < 0.0005:
        return "<0.1 %"
    if 0.9995 <= share < 1:
        return ">99.9 %"
    return f"{100 * share:.1f} %"


def show_seconds(seconds: float) -> str:
    """Seconds in the largest unit that leaves a number above 1: ``279.1 ms``."""
    return show_time(seconds * 1e12)


def show_joules(joules: float) -> str:
    """Joules in the largest unit that leaves a number above 1: ``2.326 J``."""
    return show_energy(joules * 1e12)


def sections(result: Result) -> tuple[Section, ...]:
    """All figures that compare the runs."""
    runs = result.runs
    return (
        Section("Speed", (*_speedup_rows(result), *_rows(runs, _SPEED))),
        Section("Mean decode pass", _rows(runs, _PASS)),
        Section("Utilization", _rows(runs, _UTILIZATION)),
        Section("Energy, first order", _rows(runs, _ENERGY)),
        *_generation_sections(result),
        Section("Critical path by cause", tuple(_cause_rows(runs))),
        Section("DRAM time", tuple(_dram_rows(runs))),
        Section("Work", _rows(runs, _WORK)),
    )


def _rows(runs: Sequence[RunResult], figures: Sequence[Figure]) -> tuple[Row, ...]:
    return tuple(Row(label, tuple(map(show, runs))) for label, show in figures)


def _speedup_rows(result: Result) -> Iterable[Row]:
    def drawn(run: RunResult) -> str:
        if run.name == result.speedup.baseline:
            return "baseline"
        return f"{result.speedup.by_run[run.name]:.3f}x"

    def expected(run: RunResult) -> str:
        factor = result.speedup.expected[run.name]
        return "-" if factor is None else f"{factor:.3f}x"

    return _rows(result.runs, (("speed-up, drawn", drawn), ("speed-up, expected", expected)))


def _generation_sections(result: Result) -> Iterable[Section]:
    """What the generations drawn for each run came to; no section where there are none."""
    drawn = [run.generations for run in result.runs]
    count = next((one.count for one in drawn if one is not None), None)
    if count is None:
        return

    def row(label: str, show: Callable[[Generations], str]) -> Row:
        return Row(label, tuple("-" if one is None else show(one) for one in drawn))

    yield Section(
        f"Over {count} generations",
        (
            row("mean tokens/pass", lambda one: _estimated(one.tokens_per_pass, "{:.3f}".format)),
            Row("expected tokens/pass", tuple(map(_expected_tokens, result.runs))),
            row("mean TPOT", lambda one: _estimated(one.tpot_s, show_seconds)),
            row("TPOT, P50", lambda one: show_seconds(one.tpot_p50_s)),
            row("TPOT, P99", lambda one: show_seconds(one.tpot_p99_s)),
            row("token gap, P50", lambda one: show_seconds(one.itl_p50_s)),
            row("token gap, P99", lambda one: show_seconds(one.itl_p99_s)),
            row("mean speed-up", _drawn_speedup),
            Row("pass times within", tuple(map(_sampling_error, result.runs))),
        ),
    )


def _estimated(estimate: Estimate, show: Callable[[float], str]) -> str:
    """A mean and the half-width of its 95 % interval: ``93.12 ms ± 0.13 %``."""
    half = (estimate.high - estimate.low) / 2 / estimate.mean
    return f"{show(estimate.mean)} ± {100 * half:.2g} %"


def _drawn_speedup(drawn: Generations) -> str:
    return "-" if drawn.speedup is None else _estimated(drawn.speedup, "{:.3f}x".format)


def _dram_bytes(run: RunResult) -> int:
    return run.decode_dram_read_bytes + run.decode_dram_write_bytes


def _rejected_rows(run: RunResult) -> str:
    rows = run.energy.rows
    return percent(run.energy.rejected_rows / rows) if rows else "-"


def _rejected_energy(run: RunResult) -> str:
    """What array and vector unit spent on rejected rows, as a part of all energy."""
    whole = run.energy.decode_j.value
    return percent(run.energy.rejected_j.value / whole) if whole else "-"


def _output_tokens(run: RunResult) -> str:
    """Those there are, and those asked for where a recording ended before."""
    asked = "" if run.asked_tokens is None else f" of {run.asked_tokens}"
    return f"{run.output_tokens}{asked}"


def _expected_tokens(run: RunResult) -> str:
    expected = run.expected_tokens_per_pass
    return "unknown" if expected is None else f"{expected:.3f}"


def _sampling_error(run: RunResult) -> str:
    if run.sampling.simulated == run.sampling.passes and not run.sampling.max_error:
        return "-"
    return f"{100 * run.sampling.max_error:.2g} %"


def _prefill_layers(run: RunResult) -> str:
    return f"{run.sampling.prefill_layers_simulated} of {run.sampling.prefill_layers}"


_SPEED: tuple[Figure, ...] = (
    ("tokens/s", lambda run: f"{run.decode_tokens_per_s:.4g}"),
    ("TPOT", lambda run: show_seconds(run.tpot_s)),
    ("TTFT", lambda run: show_seconds(run.ttft_s)),
    ("decode time", lambda run: show_seconds(run.decode_s)),
    ("decode cycles", lambda run: show_count(run.decode_cycles)),
    ("floor of decode", lambda run: show_seconds(run.floor_s)),
    ("time over floor", lambda run: f"{run.decode_s / run.floor_s:.3f}x"),
)
_PASS: tuple[Figure, ...] = (
    ("tokens, drawn", lambda run: f"{run.mean_tokens_per_pass:.3f}"),
    ("tokens, expected", _expected_tokens),
    ("time", lambda run: show_seconds(run.mean_pass_s)),
    ("DRAM bytes", lambda run: show_bytes(_dram_bytes(run) / run.passes)),
    ("MACs", lambda run: show_count(run.decode_macs / run.passes)),
    ("DRAM bytes/token", lambda run: show_bytes(run.decode_dram_bytes_per_token)),
    ("SRAM at most", lambda run: show_capacity(run.sram_peak_bytes)),
)
_UTILIZATION: tuple[Figure, ...] = (
    ("DRAM pins", lambda run: percent(run.utilization.dram)),
    ("array", lambda run: percent(run.utilization.array)),
    ("vector unit", lambda run: percent(run.utilization.vector)),
    ("SRAM banks", lambda run: percent(run.utilization.sram)),
)
_ENERGY: tuple[Figure, ...] = (
    ("energy/token", lambda run: show_joules(run.energy.j_per_token.value)),
    ("at least", lambda run: show_joules(run.energy.j_per_token.low)),
    ("at most", lambda run: show_joules(run.energy.j_per_token.high)),
    ("energy/row", lambda run: show_joules(run.energy.j_per_row.value)),
    ("rows rejected", _rejected_rows),
    ("their energy", _rejected_energy),
    ("DRAM's share", lambda run: percent(run.energy.dram_share)),
    ("mean power", lambda run: f"{run.energy.mean_power_w.value:.3g} W"),
    ("energy of prefill", lambda run: show_joules(run.energy.prefill_j.value)),
)
_WORK: tuple[Figure, ...] = (
    ("prompt tokens", lambda run: str(run.prompt_tokens)),
    ("output tokens", _output_tokens),
    ("sequences", lambda run: str(run.batch)),
    ("decode passes", lambda run: str(run.passes)),
    ("passes simulated", lambda run: f"{run.sampling.simulated} of {run.passes}"),
    ("interpolation error", _sampling_error),
    ("prefill layers", _prefill_layers),
)


def _cause_rows(runs: tuple[RunResult, ...]) -> Iterable[Row]:
    others = [0.0] * len(runs)
    for cause in CAUSES:
        shares = [run.bound_share.get(cause, 0.0) for run in runs]
        if max(shares) >= NOTED_SHARE:
            yield Row(CAUSE_NAMES[cause], tuple(percent(share) for share in shares))
            yield from _part_rows(runs, cause)
        else:
            others = [other + share for other, share in zip(others, shares, strict=True)]
    if any(others):
        yield Row("others", tuple(percent(share) for share in others))
    prefill = (f"{CAUSE_NAMES[r.prefill_bound]} {_whole_percent(r)}" for r in runs)
    yield Row("prefill bound", tuple(prefill))


def _part_rows(runs: tuple[RunResult, ...], cause: Cause) -> Iterable[Row]:
    """The noted parts of a cause, if they are more than one; they are shares of the whole path."""
    noted = []
    for part in CAUSE_PARTS.get(cause, ()):
        shares = [run.causes_detail_ps[cause][part] / run.decode_ps for run in runs]
        if max(shares) >= NOTED_SHARE:
            noted.append(Row(f"  {DETAIL_NAMES[part]}", tuple(percent(share) for share in shares)))
    if len(noted) > 1:
        yield from noted


def _whole_percent(run: RunResult) -> str:
    return f"{100 * run.prefill_bound_share[run.prefill_bound]:.0f} %"


def _dram_rows(runs: tuple[RunResult, ...]) -> Iterable[Row]:
    for state in DRAM_STATES:
        times = [getattr(run.dram, f"{state}_ps") for run in runs]
        shares = (time / run.decode_ps for time, run in zip(times, runs, strict=True))
        yield Row(state, tuple(percent(share) for share in shares))
    yield Row("row hits", tuple(percent(_hit_rate(run.dram)) for run in runs))


def _hit_rate(dram: DramStats) -> float:
    accesses = dram.row_hits + dram.row_misses + dram.row_conflicts
    return dram.row_hits / accesses if accesses else 0.0


OP_HEADINGS = (
    *("group", "time", "share", "energy", "DRAM", "MACs", "MACs/B"),
    *("roofline", "bound by"),
)


def operator_rows(run: RunResult) -> list[tuple[str, ...]]:
    """The groups of a run by falling time, per mean decode pass, under `OP_HEADINGS`."""
    ops = sorted(run.ops, key=lambda op: -op.time_ps)
    rows = [_operator_row(op, run) for op in ops[:SHOWN_OPS]]
    rest = ops[SHOWN_OPS:]
    if rest:
        time_ps = sum(op.time_ps for op in rest)
        pj = sum(sum(op.energy_pj.values()) for op in rest)
        traffic = sum(op.dram_read_bytes + op.dram_write_bytes for op in rest)
        macs = sum(op.macs for op in rest)
        rows.append((f"{len(rest)} more", *_amounts(run, time_ps, pj, traffic, macs), "", "", ""))
    return rows


def _operator_row(op: OpStats, run: RunResult) -> tuple[str, ...]:
    traffic = op.dram_read_bytes + op.dram_write_bytes
    intensity = op.intensity_macs_per_byte
    bound = "-"
    if op.time_ps:
        bound = f"{op.bound} {100 * op.causes_ps[op.bound] / op.time_ps:.0f} %"
    return (
        op.name,
        *_amounts(run, op.time_ps, sum(op.energy_pj.values()), traffic, op.macs),
        "-" if intensity is None else f"{intensity:.3g}",
        op.roofline_bound.replace("_", "-"),
        bound,
    )


def _amounts(run: RunResult, time_ps: int, pj: int, traffic: int, macs: int) -> tuple[str, ...]:
    return (
        show_time(time_ps / run.passes),
        percent(time_ps / run.decode_ps),
        show_energy(pj / run.passes) if pj else "-",
        show_bytes(traffic / run.passes) if traffic else "-",
        show_count(macs / run.passes) if macs else "-",
    )
