"""Times of a run on a chip, quickly: one decode step for all, and a prefill of few layers.

For asking the same of many chips. Nothing here depends on which drafts were accepted in a draw.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from accsim.analysis.causes import by_cause
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
        return RunSpeed(run.name, run.batch, tokens, self.step(run), self.prefill(run))

    def step(self, run: TracedRun) -> Spent:
        """A decode step with half of the output in the caches.

        Raises:
            InputError: a pass does not fit the SRAM.
        """
        return self._spent(run, middle_step(self.trace, run), KEEP)

    def prefill(self, run: TracedRun) -> Spent:
        """All prefill passes.

        Raises:
            InputError: a pass does not fit the SRAM.
        """
        return self._spent(run, run.prefill, PREFILL_LAYERS)

    def _spent(self, run: TracedRun, passes: tuple[Pass, ...], keep: int) -> Spent:
        graphs = self.trace.graphs
        room = max(max(one.contexts) + graphs[one.graph].rows for one in run.passes())
        total = total_stats(self.chip, graphs, passes, room, keep)
        return Spent(tuple(by_cause(total.path).values()))


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
