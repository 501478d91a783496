"""The sentences of the report: what the numbers say, without promising more than they do."""

from __future__ import annotations

from accsim.result import OpStats, Result, RunResult
from accsim.units import show_time

CAUSE_NAMES = {
    "dram": "DRAM",
    "array": "array",
    "vector": "vector unit",
    "sram": "SRAM",
    "dma": "DMA",
    "dispatch": "dispatch",
    "dependency": "dependencies",
}

NOTED_SHARE = 0.001
"""Groups below this share of the time are not worth a remark."""

_AGREEING = {
    "memory": ("dram",),
    "compute": ("array",),
    "on_chip": ("array", "vector", "sram", "dma", "dispatch", "dependency"),
}


def answering_run(result: Result) -> RunResult:
    """The run that the headline is about: the fastest beside the baseline, else the baseline."""
    others = [run for run in result.runs if run.name != result.speedup.baseline]
    if not others:
        return baseline_run(result)
    return max(others, key=lambda run: result.speedup.by_run[run.name])


def baseline_run(result: Result) -> RunResult:
    """The run that speed-ups refer to."""
    return next(run for run in result.runs if run.name == result.speedup.baseline)


def headline(result: Result) -> str:
    """How fast, why, and what holds it back, in two or three sentences."""
    run, base = answering_run(result), baseline_run(result)
    if run is base:
        return (
            f"{run.name} decodes {_speed(run)} tokens/s on {result.chip}, "
            f"{run.mean_tokens_per_pass:.3g} per pass of {_pass_time(run)}. "
            f"It is bound by {_bound(run)} of the critical path."
        )
    factor = result.speedup.by_run[run.name]
    speeds = f"{_speed(run)} tokens/s instead of {_speed(base)}"
    if factor >= 1.005:
        first = f"{run.name} decodes {factor:.2f}x as fast as {base.name} on {result.chip}"
    elif factor >= 0.995:
        first = f"{run.name} decodes no faster than {base.name} on {result.chip}"
    elif len(result.runs) > 2:
        first = (
            f"No run beats {base.name} on {result.chip}; the best, {run.name}, "
            f"decodes {factor:.2f}x as fast"
        )
    else:
        first = (
            f"{run.name} decodes slower than {base.name} on {result.chip}, {factor:.2f}x as fast"
        )
    return f"{first}: {speeds}. {_why(run, base)}"


def _why(run: RunResult, base: RunResult) -> str:
    """A speed-up is tokens per pass over the cost of a pass; what bounds the pass sets the cost."""
    cost = run.mean_pass_s / base.mean_pass_s
    joint = "and" if cost < 1.5 else "but"
    passes = (
        f"A pass brings {run.mean_tokens_per_pass:.3g} tokens instead of "
        f"{base.mean_tokens_per_pass:.3g} {joint} takes {cost:.2f}x as long "
        f"({_pass_time(run)} instead of {_pass_time(base)})"
    )
    if run.bound == base.bound:
        share = f"{_share(base)} and {_share(run)} of the critical path"
        return f"{passes}. Both are bound by {CAUSE_NAMES[run.bound]} ({share})."
    moved = f"the bound moves from {_bound(base)} to {_bound(run)} of the critical path"
    return f"{passes}, because {moved}." if cost >= 1.5 else f"{passes}; {moved}."


def disagreements(run: RunResult) -> str:
    """Where the roofline class of a group and what it waited for differ; "" where nowhere."""
    noted = [op for op in run.ops if _disagrees(op, run)]
    if not noted:
        return ""
    noted.sort(key=lambda op: -op.time_ps)
    parts = [
        f"{op.name} is {op.roofline_bound.replace('_', '-')} by intensity, yet waits for "
        f"{CAUSE_NAMES[op.bound]}"
        for op in noted
    ]
    return f"Roofline and attribution disagree in {run.name}: {'; '.join(parts)}."


def _disagrees(op: OpStats, run: RunResult) -> bool:
    return op.time_ps > NOTED_SHARE * run.decode_ps and op.bound not in _AGREEING[op.roofline_bound]


def _speed(run: RunResult) -> str:
    return f"{run.decode_tokens_per_s:.4g}"


def _pass_time(run: RunResult) -> str:
    return show_time(run.mean_pass_s * 1e12)


def _share(run: RunResult) -> str:
    return f"{100 * run.bound_share[run.bound]:.0f} %"


def _bound(run: RunResult) -> str:
    return f"{CAUSE_NAMES[run.bound]} with {_share(run)}"
