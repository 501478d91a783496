"""What is found out about one point of a design-space sweep: `evaluate`.

Everything is a pure function of the task. Decoding is looked at without the luck of a draw: a step
emits the tokens that the acceptance promises, and its time is the mean over the output by the
trapezoidal rule from three simulated steps, with the first, the middle and the last context of the
output in the caches. Three things are thereby not exact:

- Between the three contexts time is taken to be linear. It nearly is (`accsim.analysis.sampling`
  checks that where `accsim run` interpolates).
- A run that emits several tokens a step has its last step some tokens earlier; sequences of a batch
  drift apart. Both change contexts by less than the tokens of a few steps.
- Of layers that are alike, `LAYERS` are simulated.

With the shipped workloads the mean time of a step is within 0.01 % of that of `accsim run` on
``ddr_npu``, and within 0.15 % on the shipped chips that decoding is less bound to memory on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from time import perf_counter

from accsim.analysis.bounds import compute_floor_ps, memory_floor_ps, peak_macs_per_s
from accsim.analysis.causes import by_cause
from accsim.analysis.energy import area, energy_pj
from accsim.analysis.prefill import PrefillStats
from accsim.chip import Chip
from accsim.errors import InputError, Problem
from accsim.metrics import BEST, BEST_RUN, Asked, Value, asked
from accsim.ops import OpTrace, Pass, TracedRun
from accsim.passes import total_stats
from accsim.pipeline import check_runs
from accsim.run_times import step_at, tokens_per_step
from accsim.speed import Spent
from accsim.study import Limit, Outcome, Task
from accsim.tracing.decoding import trace_workload
from accsim.units import PS_PER_S

LAYERS = 2
"""Layers kept of equal ones: the one that is counted, and one to close. On the shipped chips decode
steps were within 0.03 % of those with twice as many."""

_traced = lru_cache(maxsize=8)(trace_workload)
"""Points that differ in their chips only share the trace."""


def evaluate(task: Task) -> Outcome:
    """Find the metrics that a task asks for, and hold them against its limits as early as possible.

    What belongs to the point never raises: where the model does not fit the chip, or a run that is
    asked for does not exist, or a limit is broken, the outcome is ``excluded``, with the reason and
    with what was found until then.

    Raises:
        KeyError: a metric that is asked for does not exist.
        SimulationError: a simulation failed a check (a bug).
    """
    start = perf_counter()
    names = dict.fromkeys((*task.metrics, *(limit.metric for limit in task.limits)))
    found: dict[str, Value] = {}
    reason = ""
    try:
        for more in _findings(task, [asked(name) for name in names]):
            found |= more
            reason = _broken(task.limits, found)
            if reason:
                break
    except InputError as error:
        reason = "; ".join(problem.message for problem in error.problems)
    metrics = tuple((name, found[name]) for name in names if name in found)
    return Outcome("excluded" if reason else "done", metrics, reason, perf_counter() - start)


def _broken(limits: tuple[Limit, ...], found: dict[str, Value]) -> str:
    """Which limits do not hold, of what is known; "" if all do."""
    broken = []
    for limit in limits:
        value = found.get(limit.metric)
        if value is None or isinstance(value, str):
            continue
        if limit.least is not None and value < limit.least:
            broken.append(f"{limit.metric} {value:.4g} is below {limit.least:.4g}")
        if limit.most is not None and value > limit.most:
            broken.append(f"{limit.metric} {value:.4g} is above {limit.most:.4g}")
    return "; ".join(broken)


def _findings(task: Task, wanted: list[Asked]) -> Iterator[dict[str, Value]]:
    """Metrics by name, the cheapest first; runs that none is wanted of are not simulated."""
    yield chip_metrics(task.chip)
    of_runs = {(one.run, one.metric.name) for one in wanted if one.run is not None}
    if not of_runs:
        return
    trace = _traced(task.workload)
    decoded = {run for run, metric in of_runs if metric != "ttft_s" or run == BEST}
    late = {run for run, metric in of_runs if metric == "ttft_s"}
    compared = any(metric == "speedup" for _, metric in of_runs)
    needed = decoded | late | ({trace.baseline} if compared else set())
    runs = _runs(task.chip, trace, needed)
    base = runs[trace.baseline] if compared else None
    for name, run in runs.items():
        if name in decoded or BEST in decoded:
            yield {f"{name}.{metric}": value for metric, value in run.metrics(base).items()}
    found = dict(runs)
    if BEST in decoded:
        best = found[BEST] = max(runs.values(), key=lambda run: run.tokens_per_s)
        yield {BEST_RUN: best.run.name}
        yield {f"{BEST}.{metric}": value for metric, value in best.metrics(base).items()}
    for name, run in found.items():
        if name in late:
            yield {f"{name}.ttft_s": run.ttft_s}


def _runs(chip: Chip, trace: OpTrace, needed: set[str]) -> dict[str, Decoding]:
    """Runs by name: those that are needed, or all where the best is to be found.

    Raises:
        InputError: there is no such run, or it does not fit the DRAM, or decodes nothing.
    """
    there = [run.name for run in trace.runs]
    unknown = sorted(needed.difference((*there, BEST)))
    if unknown:
        message = f"no run {unknown[0]!r}; there are {', '.join(there)}"
        raise InputError(Problem(trace.workload, message))
    runs = tuple(run for run in trace.runs if BEST in needed or run.name in needed)
    check_runs(chip, replace(trace, runs=runs))
    return {run.name: Decoding(chip, trace, run) for run in runs}


def chip_metrics(chip: Chip) -> dict[str, Value]:
    """The metrics of a chip, by name."""
    return {
        "area_mm2": area(chip).total.value,
        "pins": chip.memory.channels * chip.memory.part.bus_bits,
        "peak_dram_bytes_per_s": float(chip.memory.peak_bytes_per_s),
        "peak_macs_per_s": peak_macs_per_s(chip),
        "sram_bytes": chip.sram.capacity_bytes,
    }


@dataclass(frozen=True)
class Decoding:
    """The mean decode step of a run on a chip, and its prefill, each simulated when asked for.

    Raises:
        InputError: a pass does not fit the SRAM.
    """

    chip: Chip
    trace: OpTrace
    run: TracedRun

    @cached_property
    def tokens(self) -> float:
        """Expected tokens of a step, of all sequences."""
        return tokens_per_step(self.trace, self.run) * self.run.batch

    @cached_property
    def steps(self) -> tuple[tuple[Pass, ...], ...]:
        """The first step of the output, the middle one twice, the last: their mean is that of all.

        The prefill emits the first token, so the last but one is in the caches before the last.
        """
        last = self.run.output_tokens - 2
        return tuple(step_at(self.trace, self.run, at) for at in (0, last // 2, last // 2, last))

    @cached_property
    def stats(self) -> PrefillStats:
        """All of `steps` together."""
        return sum((self._stats(step) for step in self.steps), PrefillStats.none())

    def _stats(self, passes: tuple[Pass, ...]) -> PrefillStats:
        run, graphs = self.run, self.trace.graphs
        rows = max(graphs[one.graph].rows for one in run.decode)
        room = run.prompt_tokens + run.output_tokens + rows
        return total_stats(self.chip, graphs, passes, room, LAYERS)

    @property
    def step_s(self) -> float:
        """Time of a step."""
        return self.stats.elapsed_ps / len(self.steps) / PS_PER_S

    @property
    def tokens_per_s(self) -> float:
        """Of all sequences."""
        return self.tokens / self.step_s

    @property
    def ttft_s(self) -> float:
        """Time of the prefill."""
        return self._stats(self.run.prefill).elapsed_ps / PS_PER_S

    def metrics(self, baseline: Decoding | None) -> dict[str, Value]:
        """The metrics of decoding by name; ``speedup`` where a baseline is given."""
        ps, per_step = self.stats.elapsed_ps, self.tokens / self.run.batch
        spent = Spent(tuple(by_cause(self.stats.path).values()))
        moved = self.stats.read_bytes + self.stats.write_bytes
        all_tokens = self.tokens * len(self.steps)
        pairs = [(self.trace.graphs[one.graph], one.context) for step in self.steps for one in step]
        floor_ps = sum(compute_floor_ps(self.chip, graph, context) for graph, context in pairs)
        spent_pj = energy_pj(self.chip, pairs, self.stats)
        found: dict[str, Value] = {
            "tokens_per_s": self.tokens_per_s,
            "tpot_s": self.step_s / per_step,
            "step_s": self.step_s,
            "tokens_per_step": per_step,
            "bound": spent.bound,
            **{f"share.{cause}": share for cause, share in spent.shares.items()},
            "utilization.dram": float(memory_floor_ps(self.chip, moved) / ps),
            "utilization.array": float(floor_ps / ps),
            "energy_per_token_j": spent_pj / all_tokens / 10**12,
            # 1 pJ in 1 ps is 1 W.
            "power_w": spent_pj / ps,
            "dram_bytes_per_token": moved / all_tokens,
        }
        if baseline is not None:
            found["speedup"] = self.tokens_per_s / baseline.tokens_per_s
        return found
