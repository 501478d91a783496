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

from accsim.analysis.agreement import TOLERANCE, Faults, add_up, equal
from accsim.analysis.energy_laws import (
    consumers_make_the_energy,
    operators_make_the_energy,
    quotients_follow_from_the_energy,
)
from accsim.analysis.summary import speedups
from accsim.result import OpStats, PartStats, Result, RunResult
from accsim.units import PS_PER_S

INTERVALS = (("mean", "low", "high"), ("value", "low", "high"), ("pj", "low_pj", "high_pj"))
"""Keys of a figure and of the ends of its interval."""


class Fault(NamedTuple):
    """A law broken: which, at which key of the file, and how."""

    law: str
    key: str
    message: str


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


def _of_run(check: Callable[[RunResult], Faults]) -> Callable[[Result, RunResult], Faults]:
    return lambda _result, run: check(run)


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


def _operators(run: RunResult) -> Iterator[tuple[str, OpStats | PartStats]]:
    """Groups of operators and parts of the model, by key."""
    yield from ((f"ops[{index}]", op) for index, op in enumerate(run.ops))
    yield from ((f"parts[{index}]", part) for index, part in enumerate(run.parts))


def _causes_make_groups(_result: Result, run: RunResult) -> Faults:
    for key, one in _operators(run):
        yield from add_up(f"{key}.causes_ps", sum(one.causes_ps.values()), one.time_ps)


def _parts_make_causes(_result: Result, run: RunResult) -> Faults:
    told = [
        ("causes_detail_ps", run.causes_detail_ps, run.causes_ps),
        ("prefill_causes_detail_ps", run.prefill_causes_detail_ps, run.prefill_causes_ps),
        *(
            (f"{key}.causes_detail_ps", one.causes_detail_ps, one.causes_ps)
            for key, one in _operators(run)
        ),
    ]
    for key, details, causes in told:
        for cause, parts in details.items():
            yield from add_up(f"{key}.{cause}", sum(parts.values()), causes.get(cause, 0))


def _causes_make_the_run(_result: Result, run: RunResult) -> Faults:
    yield from add_up("causes_ps", sum(run.causes_ps.values()), run.decode_ps)
    yield from add_up("prefill_causes_ps", sum(run.prefill_causes_ps.values()), run.prefill_ps)


def _groups_make_the_run(_result: Result, run: RunResult) -> Faults:
    for whole, part, unit in (
        ("decode_ps", "time_ps", "ps"),
        ("decode_dram_read_bytes", "dram_read_bytes", "bytes"),
        ("decode_dram_write_bytes", "dram_write_bytes", "bytes"),
        ("decode_macs", "macs", "MACs"),
    ):
        parts = sum(getattr(op, part) for op in run.ops)
        yield from add_up(f"ops[].{part}", parts, getattr(run, whole), unit)


def _parts_make_the_run(_result: Result, run: RunResult) -> Faults:
    yield from add_up("parts_ps", sum(run.parts_ps.values()), run.decode_ps)
    for index, part in enumerate(run.parts):
        there = run.parts_ps.get(part.name, 0)
        if part.time_ps != there:
            yield f"parts[{index}].time_ps", f"is {part.time_ps}, but parts_ps has {there}"


def _units_are_always_in_some_state(_result: Result, run: RunResult) -> Faults:
    for index, unit in enumerate(run.units):
        times = unit.busy_ps + unit.stalled_ps + unit.idle_ps
        yield from add_up(f"units[{index}]", times, run.decode_ps)


def _dram_is_always_in_some_state(_result: Result, run: RunResult) -> Faults:
    names = (field.name for field in fields(run.dram) if field.name.endswith("_ps"))
    yield from add_up("dram", sum(getattr(run.dram, name) for name in names), run.decode_ps)


def _no_unit_is_overused(result: Result, run: RunResult) -> Faults:
    for unit, used in asdict(run.utilization).items():
        if used > 1 + TOLERANCE:
            yield f"utilization.{unit}", f"is {used:.9g}, more than 1"
    could = result.peak_dram_bytes_per_s * run.decode_ps / PS_PER_S
    formula = "bytes moved over what the pins could move"
    yield from equal("utilization.dram", run.utilization.dram, _moved(run) / could, formula)


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
        yield from equal(f"bound_share.{cause}", share, caused / run.decode_ps, formula)


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
    yield from equal(
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
        yield from equal(key, getattr(run, key), computed, formula)


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
            yield from equal(key, op.intensity_macs_per_byte, op.macs / moved, formula)


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


def _percentiles_are_in_order(_result: Result, run: RunResult) -> Faults:
    if run.generations is None:
        return
    for key in ("tpot", "itl"):
        middle, late = (getattr(run.generations, f"{key}_{which}_s") for which in ("p50", "p99"))
        if middle > late:
            yield f"generations.{key}_p50_s", f"is {middle:.9g}, more than P99, {late:.9g}"


def _intervals_hold_their_figures(result: Result) -> Faults:
    yield from _outside("", result.to_json())


def _outside(key: str, value: Any) -> Faults:  # noqa: ANN401 (whatever a result holds)
    if isinstance(value, dict):
        for figure, low, high in INTERVALS:
            if {figure, low, high} <= value.keys():
                middle, least, most = value[figure], value[low], value[high]
                if not least <= middle <= most:
                    yield key, f"{middle:.9g} is not between {least:.9g} and {most:.9g}"
        for name, one in value.items():
            yield from _outside(f"{key}.{name}" if key else name, one)
    elif isinstance(value, (tuple, list)):
        for index, one in enumerate(value):
            yield from _outside(f"{key}[{index}]", one)


def _speedups_follow_from_the_runs(result: Result) -> Faults:
    made = speedups(result.speedup.baseline, result.runs)
    for run in result.runs:
        formula = "tpot_s of the baseline over that of the run"
        stated = result.speedup.by_run[run.name]
        yield from equal(f"speedup.{run.name}", stated, made.by_run[run.name], formula)
        key = f"speedup_expected.{run.name}"
        told, computed = result.speedup.expected[run.name], made.expected[run.name]
        if told is None or computed is None:
            if told != computed:
                yield key, f"is {told}, but the runs make {computed}"
        else:
            formula = "expected_tokens_per_pass over mean_pass_s, against the baseline,"
            yield from equal(key, told, computed, formula)


def _moved(run: RunResult) -> int:
    return run.decode_dram_read_bytes + run.decode_dram_write_bytes


LAWS = (
    Law("no figure is negative", _in_each_run(_no_negative_figures)),
    Law("the causes of a group add up to its time", _in_each_run(_causes_make_groups)),
    Law("the parts of a cause add up to it", _in_each_run(_parts_make_causes)),
    Law("the causes add up to the run", _in_each_run(_causes_make_the_run)),
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
    Law("percentiles are in order", _in_each_run(_percentiles_are_in_order)),
    Law("intervals hold their figures", _intervals_hold_their_figures),
    Law("the consumers add up to the energy", _in_each_run(_of_run(consumers_make_the_energy))),
    Law("the operators add up to the energy", _in_each_run(_of_run(operators_make_the_energy))),
    Law(
        "energy per token, pass and row follows from it",
        _in_each_run(_of_run(quotients_follow_from_the_energy)),
    ),
    Law("speed-ups follow from the runs", _speedups_follow_from_the_runs),
)
"""All that `faults` checks."""
