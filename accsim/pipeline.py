"""All stages in a row: a chip and an operator trace become a result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import groupby

from accsim import __version__
from accsim.analysis.bounds import peak_macs_per_s
from accsim.analysis.energy import area
from accsim.analysis.explain import explain
from accsim.analysis.generations import over_generations, with_speedups
from accsim.analysis.measure import PassStats
from accsim.analysis.operators import SeenPass
from accsim.analysis.prefill import PrefillStats
from accsim.analysis.sampling import SampledPasses, sample, sample_each
from accsim.analysis.summary import speedups, summarize
from accsim.chip import Chip
from accsim.errors import InputError, Problem
from accsim.explanation import PassExplanation
from accsim.lowering.account import account
from accsim.lowering.lower import sram_problem
from accsim.mapping import UNPINNED, Pin, Pinning
from accsim.ops import OpTrace, Pass, PassGraph, TracedRun
from accsim.pass_view import VIEW_CAP, PassView
from accsim.passes import SimulatedPass, simulated
from accsim.result import Result, RunResult
from accsim.tracing.shorten import shortened, whole
from accsim.units import show_capacity

LOOK_ROWS = 16384
"""Of a run that does not fit the DRAM, a pass of more rows is not tried on the SRAM too: that would
take from seconds to minutes."""

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""


def run(
    chip: Chip,
    trace: OpTrace,
    *,
    exact: bool = False,
    progress: Progress | None = None,
    pinning: Pinning = UNPINNED,
    generations: int = 0,
    show: Callable[[PassView], None] | None = None,
) -> Result:
    """Simulate every run of a trace on a chip.

    Args:
        chip: the hardware.
        trace: what to execute, from `accsim.tracing`.
        exact: simulate every pass and every layer; otherwise some decode passes are interpolated
            and the equal layers of the prefill extrapolated (`RunResult.sampling` says how far).
        progress: called before each simulated pass and with every per cent of it.
        pinning: what a mapping file fixes.
        generations: how many further generations of each run are drawn over its pass times
            (`RunResult.generations`); at least 2, or 0 for none.
        show: called with the first decode pass of each run that emits tokens (those before it are
            of a draft model), `VIEW_CAP` slices of it at most.

    Raises:
        InputError: the model does not fit the DRAM, or a pass not the SRAM, or a run decodes
            nothing, or a pin cannot be.
        SimulationError: the simulation failed a check (a bug).
    """
    check_runs(chip, trace)
    runs = tuple(
        _run(chip, trace, one, exact, progress, number, pinning, generations, show)
        for number, one in enumerate(trace.runs)
    )
    if progress:
        progress("done", len(runs), len(runs))
    return Result(
        chip=chip.name,
        workload=trace.workload,
        accsim_version=__version__,
        seed=trace.seed,
        clock_hz=chip.clock.hz,
        peak_dram_bytes_per_s=float(chip.memory.peak_bytes_per_s),
        peak_macs_per_s=peak_macs_per_s(chip),
        sram_bytes=chip.sram.capacity_bytes,
        runs=with_speedups(trace.baseline, runs) if generations else runs,
        speedup=speedups(trace.baseline, runs),
        area_mm2=area(chip),
        mapping=pinning.name,
    )


def simulate_pass(
    chip: Chip,
    trace: OpTrace,
    run_name: str,
    pass_index: int,
    pinning: Pinning = UNPINNED,
    progress: Progress | None = None,
) -> SimulatedPass:
    """Simulate one pass in full.

    Passes are numbered from 0: those of the prefill (one, but for a prompt that is read in chunks),
    then the decode passes. `progress` is called with every per cent of the pass.

    Raises:
        InputError: the model does not fit the DRAM, or the pass not the SRAM, or a pin cannot be.
        KeyError, IndexError: no such run or pass.
    """
    check_fits(chip, trace)
    chosen = {one.name: one for one in trace.runs}[run_name]
    one = tuple(chosen.passes())[pass_index]
    graph = trace.graphs[one.graph]
    cache_tokens, pins = trace.cache_tokens(chosen), pinning.of(graph.name)

    def inside(percent: int) -> None:
        if progress:
            progress(f"{run_name}: pass {pass_index}", percent, 100)

    inside(0)
    return simulated(chip, graph, one.contexts, cache_tokens, pins, inside)


def explain_pass(
    chip: Chip,
    trace: OpTrace,
    run_name: str,
    pass_index: int,
    pinning: Pinning = UNPINNED,
    progress: Progress | None = None,
) -> PassExplanation:
    """Simulate one pass in full and say how it is mapped and what its time goes to.

    Passes are numbered, errors raised and `progress` called as by `simulate_pass`.
    """
    one = simulate_pass(chip, trace, run_name, pass_index, pinning, progress)
    graph, program = one.graph, one.program
    traced = {each.name: each for each in trace.runs}[run_name]
    cache_tokens, pins = trace.cache_tokens(traced), pinning.of(graph.name)
    told = account(chip, graph, program, cache_tokens, pins)
    seen = SeenPass(chip, graph, program, one.timeline, one.stats(chip), told)
    return explain(seen, trace, traced, pass_index, pinning.name)


def check_fits(chip: Chip, trace: OpTrace) -> None:
    """Check that the DRAM holds weights and KV caches of every run.

    Raises:
        InputError: it does not; names every run that is too large, and the channels that would do.
    """
    memory = chip.memory
    large = [one for one in trace.runs if one.resident_bytes > memory.capacity_bytes]
    if not large:
        return
    channels = memory.channels
    while memory.part.rank_bytes * memory.ranks * channels < max(r.resident_bytes for r in large):
        channels *= 2
    named = ", ".join(f"{one.name} ({show_capacity(one.resident_bytes)})" for one in large)
    runs, do, them = ("run", "does", "it") if len(large) == 1 else ("runs", "do", "them")
    ranks = "rank" if memory.ranks == 1 else "ranks"
    problems = [
        Problem(
            chip.name,
            f"{runs} {named} {do} not fit the {show_capacity(memory.capacity_bytes)} of DRAM: "
            f"{channels} channels of {memory.part.grade} with {memory.ranks} {ranks} each would "
            f"hold {them}, or use more ranks, denser devices or fewer bits per weight",
            key="memory.channels",
        )
    ]
    # What else is wrong with the chip is told in the same breath.
    for one in large:
        # Of a prompt in parts, the first has the most rows and the last the LM head.
        steps: tuple[Pass, ...] = (one.prefill[0], one.prefill[-1], *one.decode[:1])
        for step in dict.fromkeys(steps):
            graph = trace.graphs[step.graph]
            if graph.sequences * graph.rows > LOOK_ROWS:
                continue
            short = sram_problem(chip, graph, step.contexts, trace.cache_tokens(one))
            if short is not None:
                raise InputError([*problems, short])
    raise InputError(problems)


def check_runs(chip: Chip, trace: OpTrace) -> None:
    """Check what `run` asks of its inputs before anything is simulated.

    Raises:
        InputError: a run decodes nothing, or the model does not fit the DRAM (`check_fits`).
    """
    problems = [
        Problem(trace.workload, f"run {one.name!r} ends with the token that its prefill emits")
        for one in trace.runs
        if not one.decode
    ]
    if problems:
        raise InputError(problems)
    check_fits(chip, trace)


def _run(
    chip: Chip,
    trace: OpTrace,
    one: TracedRun,
    exact: bool,
    progress: Progress | None,
    number: int,
    pinning: Pinning,
    generations: int,
    show: Callable[[PassView], None] | None,
) -> RunResult:
    cache_tokens = trace.cache_tokens(one)
    roles = (trace.graphs[each.graph].role for each in one.decode)
    shown = next((index for index, role in enumerate(roles) if role == "target"), None)

    def step(text: str) -> None:
        if progress:
            progress(f"{one.name}: {text}", number, len(trace.runs))

    def within(text: str) -> Callable[[int], None]:
        step(text)
        return lambda percent: step(f"{text}, {percent} %")

    def decode_pass(index: int) -> PassStats:
        inside = within(f"decode pass {index + 1} of {len(one.decode)}")
        this = one.decode[index]
        pins = pinning.of(this.graph)
        graph = trace.graphs[this.graph]
        seen = simulated(chip, graph, this.contexts, cache_tokens, pins, inside)
        if show and index == shown:
            show(seen.view(chip, one.name, len(one.prefill) + index).capped(VIEW_CAP))
        return seen.stats(chip)

    prefill = _prefill(chip, trace, one, cache_tokens, exact, pinning, within)
    decode = sample_each(
        [each.graph for each in one.decode],
        [each.context for each in one.decode],
        decode_pass,
        exact=exact,
    )
    result = summarize(chip, trace, one, prefill, decode)
    if not generations:
        return result
    knots = _step_knots(trace, one, decode)
    drawn = over_generations(one, knots, count=generations, seed=trace.seed)
    return replace(result, generations=drawn)


def _step_knots(trace: OpTrace, one: TracedRun, decode: SampledPasses) -> dict[int, int]:
    """The ps of each decode step whose own pass was simulated, by its cached tokens."""
    knots: dict[int, int] = {}
    spent = 0
    for number, (step, stats) in enumerate(zip(one.decode, decode.stats, strict=True)):
        spent += stats.elapsed_ps
        if trace.graphs[step.graph].role == "target":
            if number in decode.known:
                knots[step.context] = spent
            spent = 0
    return knots


def _prefill(
    chip: Chip,
    trace: OpTrace,
    one: TracedRun,
    cache_tokens: int,
    exact: bool,
    pinning: Pinning,
    within: Callable[[str], Callable[[int], None]],
) -> PrefillStats:
    count = len(one.prefill)

    def measured(graph: PassGraph, number: int) -> PassStats:
        inside = within("prefill" if count == 1 else f"prefill pass {number + 1} of {count}")
        pins = pinning.of(graph.name)
        contexts = one.prefill[number].contexts
        return simulated(chip, graph, contexts, cache_tokens, pins, inside).stats(chip)

    total = PrefillStats.none()
    for name, numbers in groupby(range(count), lambda number: one.prefill[number].graph):
        graph, pins = trace.graphs[name], pinning.of(name)
        total += _alike(one, graph, tuple(numbers), exact, pins, measured)
    return total


def _alike(
    one: TracedRun,
    graph: PassGraph,
    numbers: tuple[int, ...],
    exact: bool,
    pins: tuple[Pin, ...],
    measured: Callable[[PassGraph, int], PassStats],
) -> PrefillStats:
    """Prefill passes of one graph: they differ in contexts only, as decode passes do."""
    layers = len({op.layer for op in graph.ops if op.layer is not None})
    short = whole(graph) if exact else shortened(graph, pins)
    passes = sample(
        [one.prefill[number].context for number in numbers],
        lambda index: measured(short.graph, numbers[index]),
        exact=exact,
    )
    return PrefillStats.of(passes, layers, short.model_ops, short.missing)
