"""Times of a run on a chip, quickly: one decode step for all, and a prefill of few layers.

For asking the same of many chips. Nothing here depends on which drafts were accepted in a draw.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from accsim.analysis.causes import by_cause
from accsim.analysis.energy import energy_pj
from accsim.analysis.prefill import PrefillStats
from accsim.chip import Chip
from accsim.ops import OpTrace, Pass, TracedRun
from accsim.passes import total_stats
from accsim.speed import RunSpeed, Spent
from accsim.tracing.shorten import KEEP

PREFILL_LAYERS = 2
"""Layers kept of a prefill's equal ones: the one that is counted, and one to close. They take so
long that the layer before them, which reads embeddings, is enough to settle: on the shipped chips
prefills were within 0.05 % of those with twice as many."""


@dataclass(frozen=True)
class RunTimes:
    """Times of the runs of a trace on a chip."""

    chip: Chip
    trace: OpTrace

    def speed(self, run: TracedRun) -> RunSpeed:
        """A decode step in the middle of the run, and its prefill.

        Raises:
            InputError: a pass does not fit the SRAM.
        """
        tokens = tokens_per_step(self.trace, run)
        return RunSpeed(
            run.name, run.batch, tokens, self.step(run), self.prefill(run), self.power_w(run)
        )

    def step(self, run: TracedRun) -> Spent:
        """A decode step with half of the output in the caches.

        Raises:
            InputError: a pass does not fit the SRAM.
        """
        return _spent(self._stats(run, middle_step(self.trace, run), KEEP))

    def power_w(self, run: TracedRun) -> float:
        """Mean power during that step, DRAM included, by the energy figures of the chip.

        Raises:
            InputError: a pass does not fit the SRAM.
        """
        passes = middle_step(self.trace, run)
        stats = self._stats(run, passes, KEEP)
        pairs = [(self.trace.graphs[one.graph], one.context) for one in passes]
        # 1 pJ in 1 ps is 1 W.
        return energy_pj(self.chip, pairs, stats) / stats.elapsed_ps

    def prefill(self, run: TracedRun) -> Spent:
        """All prefill passes.

        Raises:
            InputError: a pass does not fit the SRAM.
        """
        return _spent(self._stats(run, run.prefill, PREFILL_LAYERS))

    def _stats(self, run: TracedRun, passes: tuple[Pass, ...], keep: int) -> PrefillStats:
        room = self.trace.cache_tokens(run)
        return total_stats(self.chip, self.trace.graphs, passes, room, keep)


def _spent(stats: PrefillStats) -> Spent:
    return Spent(tuple(by_cause(stats.path).values()))


def middle_step(trace: OpTrace, run: TracedRun) -> tuple[Pass, ...]:
    """The passes of a decode step, with half of the output behind the prompt in the caches."""
    return step_at(trace, run, run.output_tokens // 2)


def step_at(trace: OpTrace, run: TracedRun, behind: int) -> tuple[Pass, ...]:
    """The passes of a decode step, with so many tokens behind the prompt in the caches."""
    last = next(
        number for number, one in enumerate(run.decode) if trace.graphs[one.graph].role == "target"
    )
    return tuple(
        replace(one, contexts=tuple(context + behind for context in one.contexts))
        for one in run.decode[: last + 1]
    )


def tokens_per_step(trace: OpTrace, run: TracedRun) -> float:
    """Mean tokens of a step: as the acceptance promises, or else as they were drawn."""
    if run.expected_tokens_per_pass is not None:
        return run.expected_tokens_per_pass
    steps = [one for one in run.decode if trace.graphs[one.graph].role == "target"]
    return sum(sum(one.emitted) for one in steps) / (len(steps) * run.batch)
