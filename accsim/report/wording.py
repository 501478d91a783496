"""The sentences of the report: what the numbers say, without promising more than they do."""

from __future__ import annotations

from accsim.result import CAUSES, Result, RunResult
from accsim.units import show_capacity, show_count, show_rate, show_time

CAUSE_NAMES = {
    "dram": "DRAM",
    "array": "array",
    "vector": "vector unit",
    "sram": "SRAM capacity",
    "sram_bandwidth": "SRAM bandwidth",
    "dma": "DMA",
    "dispatch": "dispatch",
    "dependency": "dependencies",
}

CONSUMER_NAMES = {
    "dram_activation": "DRAM rows",
    "dram_io": "DRAM bits",
    "dram_background": "DRAM background",
    "dram_refresh": "DRAM refresh",
    "sram": "SRAM",
    "array": "array",
    "vector": "vector unit",
    "static": "static",
}
"""What takes energy, for people."""

DETAIL_NAMES = {
    "data": "data",
    "turnaround": "turnaround",
    "refresh": "refresh",
    "activation": "row activation",
    "latency": "latency",
    "compute": "compute",
    "fill_drain": "fill and drain",
}
"""Parts of causes (`accsim.result.CAUSE_PARTS`)."""

NOTED_SHARE = 0.001
"""Groups and causes below this share of the time are not worth a line."""

NOTED_LUCK = 0.01
"""From this relative difference on, drawn and expected tokens per pass are told apart."""

COSTLY = 1.5
"""From this ratio on, the longer pass is the story, and what bounds it the reason."""

NEAR_FLOOR = 1.1
"""Below this ratio of time to floor, a run is near what its bytes and MACs allow at best."""

BUSY = 0.9
"""Above this utilization a unit is next to full."""

_AGREEING = {
    "memory": ("dram",),
    "compute": ("array",),
    "on_chip": tuple(cause for cause in CAUSES if cause != "dram"),
}


def told_runs(result: Result) -> tuple[RunResult, ...]:
    """The runs that the headline speaks of: the baseline, the answer and the bolder one, if any.

    The answer is the fastest run beside the baseline, over all generations where those were drawn:
    one draw may be lucky. The bolder one has the most tokens per pass of all, and more than the
    answer: it should have won.
    """
    base = next(run for run in result.runs if run.name == result.speedup.baseline)
    others = [run for run in result.runs if run is not base]
    if not others:
        return (base,)
    answer = max(others, key=lambda run: speedup_of(run, result))
    bold = max(others, key=mean_tokens)
    if mean_tokens(bold) > mean_tokens(answer):
        return base, answer, bold
    return base, answer


def headline(result: Result) -> str:
    """How fast, why, and what holds it back, in a few sentences."""
    base, *compared = told_runs(result)
    if not compared:
        return (
            f"{base.name} decodes {tokens_per_s(base)} tokens/s on {result.chip}, "
            f"{tokens_of_pass(base)} per pass of {pass_time(base)}. "
            f"It is bound by {_bound(base)} of the critical path.{_also_full(base)}"
        )
    run, *bolder = compared
    factor = speedup_of(run, result)
    speeds = f"{tokens_per_s(run)} tokens/s instead of {tokens_per_s(base)}{_over(run)}"
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
    undone = "".join(_undone(bold, base, result) for bold in bolder)
    return f"{first}: {speeds}. {_why(run, base)}{undone}"


def _why(run: RunResult, base: RunResult) -> str:
    """A speed-up is tokens per pass over the cost of a pass; what bounds the pass sets the cost."""
    cost = run.mean_pass_s / base.mean_pass_s
    joint = "and" if cost < COSTLY else "but"
    tokens, base_tokens = tokens_of_pass(run), tokens_of_pass(base)
    brings = f"{tokens} in both" if tokens == base_tokens else f"{tokens} instead of {base_tokens}"
    passes = (
        f"A pass brings {brings} {joint} takes {cost:.2f}x as long "
        f"({pass_time(run)} instead of {pass_time(base)})"
    )
    if run.bound == base.bound:
        shares = _share(run) if _share(run) == _share(base) else f"{_share(base)} and {_share(run)}"
        bound = f"{CAUSE_NAMES[run.bound]} ({shares} of the critical path)"
        return f"{passes}. Both are bound by {bound}.{_also_full(run)}"
    close = _also_full(run) or _also_full(base)
    if close:
        return (
            f"{passes}; {base.name} is bound by {_bound(base)}, {run.name} by {_bound(run)} "
            f"of the critical path.{close}"
        )
    moved = f"the bound moves from {_bound(base)} to {_bound(run)} of the critical path"
    return f"{passes}, because {moved}." if cost >= COSTLY else f"{passes}; {moved}."


def _undone(bold: RunResult, base: RunResult, result: Result) -> str:
    """Why more tokens per pass than in the answer did not pay."""
    cost = bold.mean_pass_s / base.mean_pass_s
    return (
        f" {bold.name} brings {tokens_of_pass(bold)} per pass, yet decodes only "
        f"{speedup_of(bold, result):.2f}x as fast: its pass takes {cost:.2f}x as long, "
        f"bound by {_bound(bold)} of the critical path.{_also_full(bold)}"
    )


def _also_full(run: RunResult) -> str:
    """The sentence on a unit that is next to full beside the one that binds; "" if there is none.

    Near the floor with both next to full, which of them the critical path names is a close call.
    """
    if run.decode_s / run.floor_s >= NEAR_FLOOR:
        return ""
    if run.bound != "dram" and run.utilization.dram > BUSY:
        full = f"The DRAM pins of {run.name} are {100 * run.utilization.dram:.0f} %"
    elif run.bound != "array" and run.utilization.array > BUSY:
        full = f"The array of {run.name} is {100 * run.utilization.array:.0f} %"
    else:
        return ""
    return f" {full} busy too, so the two limits are close."


def speedup_of(run: RunResult, result: Result) -> float:
    """Over the baseline: the mean of all generations, or of the one draw where that is all."""
    if run.generations is not None and run.generations.speedup is not None:
        return run.generations.speedup.mean
    return result.speedup.by_run[run.name]


def _over(run: RunResult) -> str:
    """What a mean speed-up is the mean of."""
    drawn = run.generations
    if drawn is None or drawn.speedup is None or drawn.speedup.low == drawn.speedup.high:
        return ""
    half = (drawn.speedup.high - drawn.speedup.low) / 2 / drawn.speedup.mean
    return f" (mean of {drawn.count} generations, ± {100 * half:.2g} %)"


def mean_tokens(run: RunResult) -> float:
    """Tokens per pass: the mean of all generations, or of the one draw where that is all."""
    if run.generations is not None:
        return run.generations.tokens_per_pass.mean
    return run.mean_tokens_per_pass


def tokens_of_pass(run: RunResult) -> str:
    """Tokens of a pass, over all generations where those were drawn."""
    if run.generations is not None:
        return tokens_per_pass(run.generations.tokens_per_pass.mean, None)
    return tokens_per_pass(run.mean_tokens_per_pass, run.expected_tokens_per_pass)


def tokens_per_pass(mean: float, expected: float | None) -> str:
    """Tokens of a pass; says so where this draw differs from what the statistics promise."""
    noun = "token" if f"{mean:.3g}" == "1" else "tokens"
    if expected is None or abs(mean / expected - 1) < NOTED_LUCK:
        return f"{mean:.3g} {noun}"
    return f"{mean:.3g} {noun} in this draw ({expected:.3g} expected)"


def disagreements(run: RunResult) -> str:
    """Where the roofline class of a group and what it waited for differ; "" where nowhere."""
    parts = [
        f"{op.name} is {op.roofline_bound.replace('_', '-')} by intensity, yet waits for "
        f"{CAUSE_NAMES[op.bound]}"
        for op in sorted(run.ops, key=lambda op: -op.time_ps)
        if op.time_ps > NOTED_SHARE * run.decode_ps and op.bound not in _AGREEING[op.roofline_bound]
    ]
    if not parts:
        return ""
    return f"Roofline and attribution disagree in {run.name}: {'; '.join(parts)}."


def cut_short(result: Result) -> str:
    """Which runs ended with a recording, before all tokens were there; "" if none did."""
    return "".join(
        f" The recording of {run.name} ends after {run.output_tokens} of {run.asked_tokens} "
        "output tokens."
        for run in result.runs
        if run.asked_tokens is not None
    )


def setting(result: Result) -> str:
    """What was simulated, in one paragraph."""
    ridge = result.peak_macs_per_s / result.peak_dram_bytes_per_s
    pinned = f" Mapping pinned by {result.mapping}." if result.mapping else ""
    area = result.area_mm2.total
    commands = " Every DRAM command is simulated." if _by_command(result) else ""
    return (
        f"{result.chip}: DRAM {show_rate(result.peak_dram_bytes_per_s)}, "
        f"{show_count(result.peak_macs_per_s, 'MAC/s')}, ridge at {ridge:.3g} MACs/B, "
        f"SRAM {show_capacity(result.sram_bytes)}, {show_count(result.clock_hz, 'Hz')}; "
        f"SRAM, array and DRAM pins take {area.value:.3g} mm2 ({area.low:.3g} to {area.high:.3g}). "
        f"Workload {result.workload}, seed {result.seed}.{pinned}{commands}{cut_short(result)}"
    )


def _by_command(result: Result) -> bool:
    return any(run.dram.model == "command_level" for run in result.runs)


def tokens_per_s(run: RunResult) -> str:
    """Output tokens per second of the batch, over all generations where those were drawn."""
    if run.generations is not None:
        return f"{run.batch / run.generations.decode_s_per_token.mean:.4g}"
    return f"{run.decode_tokens_per_s:.4g}"


def pass_time(run: RunResult) -> str:
    """Time of a mean decode pass."""
    return show_time(run.mean_pass_s * 1e12)


def _share(run: RunResult) -> str:
    return f"{100 * run.bound_share[run.bound]:.0f} %"


def _bound(run: RunResult) -> str:
    return f"{CAUSE_NAMES[run.bound]} with {_share(run)}"
