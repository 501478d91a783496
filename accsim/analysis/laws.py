"""The conservation laws of a result, checked on figures alone: without the chip or the simulation.

A run checks itself while it is simulated, where more is known. This is for results that come from a
file: another version of accsim may have written them, or somebody edited them. Whole numbers must
agree exactly, quotients to `TOLERANCE`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, fields
from math import isclose
from typing import Any, NamedTuple

from accsim.analysis.energy import PJ_PER_J
from accsim.analysis.summary import speedups
from accsim.result import Estimate, Result, RunResult
from accsim.units import PS_PER_S

TOLERANCE = 1e-9
"""Relative error of a float that was made from whole numbers once, with room to spare."""


class Fault(NamedTuple):
    """A law broken: which, at which key of the file, and how."""

    law: str
    key: str
    message: str


Faults = Iterator[tuple[str, str]]
"""Keys and messages."""


class Law(NamedTuple):
    """What must hold, as a sentence, and where it does not."""

    sentence: str
    faults: Callable[[Result], Faults]


def faults(result: Result) -> tuple[Fault, ...]:
    """Every place where a result breaks one of the `LAWS`."""
    return tuple(
        Fault(law.sentence, key, message) for law in LAWS for key, message in law.faults(result)
    )


def _in_each_run(check: Callable[[Result, RunResult], Faults]) -> Callable[[Result], Faults]:
    def found(result: Result) -> Faults:
        for index, run in enumerate(result.runs):
            for key, message in check(result, run):
                yield f"runs[{index}].{key}", message

    return found


def _add_up(key: str, parts: int, whole: int, unit: str = "ps") -> Faults:
    if parts != whole:
        yield key, f"adds up to {parts} {unit}, not to {whole}"


def _equal(key: str, stated: float, computed: float, formula: str) -> Faults:
    if not isclose(stated, computed, rel_tol=TOLERANCE, abs_tol=TOLERANCE * 1e-3):
        yield key, f"is {stated:.9g}, but {formula} makes {computed:.9g}"


def _no_negative_figures(_result: Result, run: RunResult) -> Faults:
    yield from _negative("", asdict(run))


def _negative(key: str, value: Any) -> Faults:  # noqa: ANN401 (whatever a result holds)
    if isinstance(value, dict):
        for name, one in value.items():
            yield from _negative(f"{key}.{name}" if key else name, one)
    elif isinstance(value, (tuple, list)):
        for index, one in enumerate(value):
            yield from _negative(f"{key}[{index}]", one)
    elif isinstance(value, (int, float)) and value < 0:
        yield key, f"is negative: {value}"


def _causes_make_groups(_result: Result, run: RunResult) -> Faults:
    for index, op in enumerate(run.ops):
        yield from _add_up(f"ops[{index}].causes_ps", sum(op.causes_ps.values()), op.time_ps)


def _groups_make_the_run(_result: Result, run: RunResult) -> Faults:
    for whole, part, unit in (
        ("decode_ps", "time_ps", "ps"),
        ("decode_dram_read_bytes", "dram_read_bytes", "bytes"),
        ("decode_dram_write_bytes", "dram_write_bytes", "bytes"),
        ("decode_macs", "macs", "MACs"),
    ):
        parts = sum(getattr(op, part) for op in run.ops)
        yield from _add_up(f"ops[].{part}", parts, getattr(run, whole), unit)


def _parts_make_the_run(_result: Result, run: RunResult) -> Faults:
    yield from _add_up("parts_ps", sum(run.parts_ps.values()), run.decode_ps)


def _units_are_always_in_some_state(_result: Result, run: RunResult) -> Faults:
    for index, unit in enumerate(run.units):
        times = unit.busy_ps + unit.stalled_ps + unit.idle_ps
        yield from _add_up(f"units[{index}]", times, run.decode_ps)


def _dram_is_always_in_some_state(_result: Result, run: RunResult) -> Faults:
    names = (field.name for field in fields(run.dram) if field.name.endswith("_ps"))
    yield from _add_up("dram", sum(getattr(run.dram, name) for name in names), run.decode_ps)


def _no_unit_is_overused(result: Result, run: RunResult) -> Faults:
    for unit, used in asdict(run.utilization).items():
        if used > 1 + TOLERANCE:
            yield f"utilization.{unit}", f"is {used:.9g}, more than 1"
    could = result.peak_dram_bytes_per_s * run.decode_ps / PS_PER_S
    formula = "bytes moved over what the pins could move"
    yield from _equal("utilization.dram", run.utilization.dram, _moved(run) / could, formula)


def _nothing_beats_its_floor(result: Result, run: RunResult) -> Faults:
    prompt_bytes = run.prefill_dram_read_bytes + run.prefill_dram_write_bytes
    for key, floor_s, time_ps, moved in (
        ("floor_s", run.floor_s, run.decode_ps, _moved(run)),
        ("prefill_floor_s", run.prefill_floor_s, run.prefill_ps, prompt_bytes),
    ):
        time_s, pins_s = time_ps / PS_PER_S, moved / result.peak_dram_bytes_per_s
        if time_s < floor_s * (1 - TOLERANCE):
            yield key, f"is {floor_s:.9g} s, but it took only {time_s:.9g} s"
        if floor_s < pins_s * (1 - TOLERANCE):
            message = f"is {floor_s:.9g} s, but the pins take {pins_s:.9g} s for the bytes moved"
            yield key, message


def _shares_are_of_the_whole(_result: Result, run: RunResult) -> Faults:
    for key in ("bound_share", "prefill_bound_share"):
        whole = sum(getattr(run, key).values())
        if not isclose(whole, 1, rel_tol=TOLERANCE):
            yield key, f"adds up to {whole:.9g}, not to 1"
    for cause, share in run.bound_share.items():
        caused = sum(op.causes_ps.get(cause, 0) for op in run.ops)
        formula = "its time in all groups over decode_ps"
        yield from _equal(f"bound_share.{cause}", share, caused / run.decode_ps, formula)


def _the_bound_is_the_largest_share(_result: Result, run: RunResult) -> Faults:
    told: list[tuple[str, str, dict[str, Any]]] = [
        ("bound", run.bound, run.bound_share),
        ("prefill_bound", run.prefill_bound, run.prefill_bound_share),
    ]
    told += [
        (f"ops[{index}].bound", op.bound, op.causes_ps)
        for index, op in enumerate(run.ops)
        if op.time_ps
    ]
    for key, bound, shares in told:
        if shares and shares.get(bound, 0) < max(shares.values()):
            yield key, f"is {bound}, but {max(shares, key=lambda one: shares[one])} has more"


def _tokens_and_passes_agree(_result: Result, run: RunResult) -> Faults:
    # The first token of every sequence comes out of the prefill.
    computed = (run.output_tokens - 1) / run.passes
    yield from _equal(
        "mean_tokens_per_pass", run.mean_tokens_per_pass, computed, "(output_tokens - 1) / passes"
    )
    for key in ("mean_tokens_per_pass", "expected_tokens_per_pass"):
        tokens = getattr(run, key)
        if tokens is not None and tokens > run.max_tokens_per_pass * (1 + TOLERANCE):
            yield key, f"is {tokens:.9g}, more than max_tokens_per_pass, {run.max_tokens_per_pass}"
    if run.asked_tokens is not None and run.asked_tokens < run.output_tokens:
        yield "asked_tokens", f"is {run.asked_tokens}, less than output_tokens, {run.output_tokens}"


def _times_and_rates_agree(_result: Result, run: RunResult) -> Faults:
    decode_s = run.decode_ps / PS_PER_S
    gaps = run.output_tokens - 1
    tokens = run.batch * gaps
    for key, computed, formula in (
        ("decode_s", decode_s, "decode_ps"),
        ("ttft_s", run.prefill_ps / PS_PER_S, "prefill_ps"),
        ("tpot_s", decode_s / gaps, "decode_ps / (output_tokens - 1)"),
        ("mean_pass_s", decode_s / run.passes, "decode_ps / passes"),
        ("decode_tokens_per_s", tokens / decode_s, "batch x (output_tokens - 1) / decode_ps"),
        ("decode_dram_bytes_per_token", _moved(run) / tokens, "bytes over the tokens"),
    ):
        yield from _equal(key, getattr(run, key), computed, formula)


def _cycles_are_those_of_the_clock(result: Result, run: RunResult) -> Faults:
    told = [("decode_cycles", run.decode_cycles, run.decode_ps)]
    told += [(f"ops[{i}].cycles", op.cycles, op.time_ps) for i, op in enumerate(run.ops)]
    for key, cycles, time_ps in told:
        computed = time_ps * result.clock_hz / PS_PER_S
        if abs(cycles - computed) > 0.5 + TOLERANCE * computed:
            yield key, f"is {cycles}, but the clock makes {computed:.0f} in {time_ps} ps"


def _intensity_is_macs_over_bytes(_result: Result, run: RunResult) -> Faults:
    for index, op in enumerate(run.ops):
        key, moved = f"ops[{index}].intensity_macs_per_byte", op.dram_read_bytes
        moved += op.dram_write_bytes
        if (op.intensity_macs_per_byte is None) != (moved == 0):
            yield key, f"is {op.intensity_macs_per_byte}, with {moved} bytes moved"
        elif op.intensity_macs_per_byte is not None:
            formula = "macs over bytes moved"
            yield from _equal(key, op.intensity_macs_per_byte, op.macs / moved, formula)


def _no_more_was_simulated_than_there_is(_result: Result, run: RunResult) -> Faults:
    seen = run.sampling
    if seen.passes != run.passes + run.draft_passes:
        there = f"{run.passes} passes and {run.draft_passes} draft_passes"
        yield "sampling.passes", f"is {seen.passes}, but there are {there}"
    for key, part, whole in (
        ("simulated", seen.simulated, seen.passes),
        ("prefill_layers_simulated", seen.prefill_layers_simulated, seen.prefill_layers),
    ):
        if part > whole:
            yield f"sampling.{key}", f"is {part}, more than the {whole} there are"


def _intervals_hold_their_means(_result: Result, run: RunResult) -> Faults:
    drawn = run.generations
    if drawn is None:
        return
    for field in fields(drawn):
        one = getattr(drawn, field.name)
        if isinstance(one, Estimate) and not one.low <= one.mean <= one.high:
            message = f"{one.mean:.9g} is not between {one.low:.9g} and {one.high:.9g}"
            yield f"generations.{field.name}", message
    for key in ("tpot", "itl"):
        middle, late = (getattr(drawn, f"{key}_{which}_s") for which in ("p50", "p99"))
        if middle > late:
            yield f"generations.{key}_p50_s", f"is {middle:.9g}, more than P99, {late:.9g}"


def _consumers_make_the_energy(_result: Result, run: RunResult) -> Faults:
    energy = run.energy
    for name, consumers, whole in (
        ("decode", energy.decode, energy.decode_j),
        ("prefill", energy.prefill, energy.prefill_j),
    ):
        for case in ("", "low_", "high_"):
            joules = sum(getattr(one, f"{case}pj") for one in consumers) / PJ_PER_J
            stated = getattr(whole, case.rstrip("_") or "value")
            key = f"energy.{name}_j.{case.rstrip('_') or 'value'}"
            yield from _equal(key, stated, joules, f"the sum of {case}pj over the consumers")


def _speedups_follow_from_the_runs(result: Result) -> Faults:
    made = speedups(result.speedup.baseline, result.runs)
    for run in result.runs:
        formula = "tpot_s of the baseline over that of the run"
        stated = result.speedup.by_run[run.name]
        yield from _equal(f"speedup.{run.name}", stated, made.by_run[run.name], formula)
        key = f"speedup_expected.{run.name}"
        told, computed = result.speedup.expected[run.name], made.expected[run.name]
        if told is None or computed is None:
            if told != computed:
                yield key, f"is {told}, but the runs make {computed}"
        else:
            formula = "expected_tokens_per_pass over mean_pass_s, against the baseline,"
            yield from _equal(key, told, computed, formula)


def _moved(run: RunResult) -> int:
    return run.decode_dram_read_bytes + run.decode_dram_write_bytes


LAWS = (
    Law("no figure is negative", _in_each_run(_no_negative_figures)),
    Law("the causes of a group add up to its time", _in_each_run(_causes_make_groups)),
    Law("the groups add up to the run", _in_each_run(_groups_make_the_run)),
    Law("the parts of the model add up to the run", _in_each_run(_parts_make_the_run)),
    Law(
        "a unit is busy, stalled or idle all the time",
        _in_each_run(_units_are_always_in_some_state),
    ),
    Law("the DRAM is in one state all the time", _in_each_run(_dram_is_always_in_some_state)),
    Law("no unit is used more than fully", _in_each_run(_no_unit_is_overused)),
    Law("nothing beats its floor", _in_each_run(_nothing_beats_its_floor)),
    Law("shares of causes add up to one", _in_each_run(_shares_are_of_the_whole)),
    Law("the bound has the largest share", _in_each_run(_the_bound_is_the_largest_share)),
    Law("tokens and passes agree", _in_each_run(_tokens_and_passes_agree)),
    Law("times and rates agree", _in_each_run(_times_and_rates_agree)),
    Law("cycles are those of the clock", _in_each_run(_cycles_are_those_of_the_clock)),
    Law("intensity is MACs over bytes", _in_each_run(_intensity_is_macs_over_bytes)),
    Law(
        "no more was simulated than there is",
        _in_each_run(_no_more_was_simulated_than_there_is),
    ),
    Law("intervals hold their means", _in_each_run(_intervals_hold_their_means)),
    Law("the consumers add up to the energy", _in_each_run(_consumers_make_the_energy)),
    Law("speed-ups follow from the runs", _speedups_follow_from_the_runs),
)
"""All that `faults` checks."""
