"""Times of a run on a chip, quickly: one decode step for all, and a prefill of few layers.

For asking the same of many chips. Nothing here depends on which drafts were accepted in a draw.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from itertools import groupby

from accsim.analysis.causes import by_cause
from accsim.analysis.measure import PassStats, measure
from accsim.analysis.prefill import PrefillStats
from accsim.analysis.sampling import sample
from accsim.chip import Chip
from accsim.engine.simulate import simulate
from accsim.lowering.lower import lower
from accsim.ops import OpTrace, Pass, PassGraph, TracedRun
from accsim.speed import RunSpeed, Spent
from accsim.tracing.shorten import KEEP, Shortened, shorten

PREFILL_LAYERS = 2
"""Layers kept of a prefill's equal ones: the one that is counted, and one to close. They take so
long that the layer before them, which reads embeddings, is enough to settle: on the shipped chips
prefills were within 0.05 % of those with twice as many."""


@dataclass(frozen=True)
class RunTimes:
    """Times of the runs of a trace on a chip.

    Passes that do the same work on differently named tensors are simulated once: the trunk of a
    model with one prediction head is that of the ordinary model with fewer layers.
    """

    chip: Chip
    trace: OpTrace
    known: dict[Hashable, PassStats] = field(default_factory=dict)

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
        room = max(max(one.contexts) + self.trace.graphs[one.graph].rows for one in run.passes())
        total = PrefillStats.none()
        for name, alike in groupby(passes, lambda one: one.graph):
            total += self._alike(self.trace.graphs[name], tuple(alike), room, keep)
        return Spent(tuple(by_cause(total.path).values()))

    def _alike(
        self, graph: PassGraph, passes: tuple[Pass, ...], room: int, keep: int
    ) -> PrefillStats:
        """Passes of one graph, which differ in contexts only."""
        short = shorten(graph, keep=keep) or Shortened(graph, frozenset(), 0)
        work = same_work(short.graph)

        def simulated(number: int) -> PassStats:
            contexts = passes[number].contexts
            key = (work, contexts, room)
            if key not in self.known:
                program = lower(self.chip, short.graph, contexts, room)
                timeline = simulate(program, self.chip)
                self.known[key] = measure(self.chip, short.graph, program, timeline)
            return self.known[key]

        sampled = sample([one.context for one in passes], simulated, exact=False)
        return PrefillStats.of(sampled, 0, short.model_ops, short.missing)


def middle_step(trace: OpTrace, run: TracedRun) -> tuple[Pass, ...]:
    """The passes of a decode step, with half of the output behind the prompt in the caches."""
    last = next(
        number for number, one in enumerate(run.decode) if trace.graphs[one.graph].role == "target"
    )
    behind = run.output_tokens // 2
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


def same_work(graph: PassGraph) -> Hashable:
    """What a pass does, without the names: graphs of equal work take equal times."""
    number = _Numbers()
    return (
        graph.sequences,
        graph.rows,
        graph.role,
        tuple(
            (
                op.kind,
                op.group,
                # Where its cache is known by: the layer is the name but for the last word.
                number(op.name.rpartition(".")[0]),
                (op.rows, op.inner, op.outer, op.attention),
                tuple((number(t.name), t.shape, t.format, t.place) for t in op.reads),
                tuple((number(t.name), t.shape, t.format, t.place) for t in op.writes),
            )
            for op in graph.ops
        ),
    )


class _Numbers:
    """Numbers in place of names, by first appearance."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}

    def __call__(self, name: str) -> int:
        return self._known.setdefault(name, len(self._known))
