"""What passes cost on a chip: the stages in a row for one pass, and a memory of what is known.

Passes of equal work on chips of equal timing take equal times, whatever their tensors and the chip
are called: the trunk of a model with one prediction head is that of the ordinary model with fewer
layers. So each is simulated once in a process, as long as it is remembered.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import groupby
from threading import Lock

from accsim.analysis.measure import PassStats, measure
from accsim.analysis.pass_view import view_pass
from accsim.analysis.prefill import PrefillStats
from accsim.analysis.sampling import sample
from accsim.chip import Chip
from accsim.energy import FROM_TABLES
from accsim.engine.simulate import simulate
from accsim.lowering.lower import lower
from accsim.mapping import Pin
from accsim.ops import Pass, PassGraph
from accsim.pass_view import PassView
from accsim.program import Program
from accsim.timeline import Timeline
from accsim.tracing.shorten import KEEP, shortened


class Memory:
    """Statistics of the passes that were asked for last; what is not asked for longest goes first.

    Several threads may ask; what two of them miss at once is simulated twice, with equal results.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._known: dict[Hashable, PassStats] = {}
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._known)

    def get(self, key: Hashable, simulated: Callable[[], PassStats]) -> PassStats:
        """What is known by this key, else what `simulated` gives."""
        with self._lock:
            stats = self._known.pop(key, None)
        if stats is None:
            stats = simulated()
        with self._lock:
            self._known[key] = stats
            if len(self._known) > self.most:
                del self._known[next(iter(self._known))]
        return stats

    def forget(self) -> None:
        """Forget everything."""
        with self._lock:
            self._known.clear()


KNOWN = Memory(most=512)
"""Of this process. Statistics of a pass of few layers take some 25 kB: 13 MB in all."""


@dataclass(frozen=True)
class SimulatedPass:
    """One pass as it went: its operators, its tiles and what happened."""

    graph: PassGraph
    program: Program
    timeline: Timeline

    def stats(self, chip: Chip) -> PassStats:
        """What the pass took, on the chip that it was simulated on."""
        return measure(chip, self.graph, self.program, self.timeline)

    def view(self, chip: Chip, run: str, number: int) -> PassView:
        """What there is to see of the pass, the one of that number of that run."""
        return view_pass(chip, self.graph, self.program, self.timeline, run, number)


def simulated(
    chip: Chip,
    graph: PassGraph,
    contexts: tuple[int, ...],
    cache_tokens: int,
    pins: tuple[Pin, ...] = (),
    progress: Callable[[int], None] | None = None,
) -> SimulatedPass:
    """Lower and simulate one pass in full; arguments are those of these stages.

    Raises:
        InputError: it does not fit the SRAM, or a pin cannot be.
        SimulationError: the simulation failed a check (a bug).
    """
    program = lower(chip, graph, contexts, cache_tokens, pins)
    return SimulatedPass(graph, program, simulate(program, chip, progress=progress))


def total_stats(
    chip: Chip,
    graphs: Mapping[str, PassGraph],
    passes: Sequence[Pass],
    cache_tokens: int,
    keep: int = KEEP,
) -> PrefillStats:
    """All of some passes together, of which few are simulated.

    Of layers that are alike, `keep` are simulated and the others take what one of these takes
    (`accsim.tracing.shorten`); of more than three passes of one graph in a row, some are
    interpolated (`accsim.analysis.sampling`). Nothing of it depends on the emitted tokens.

    Args:
        chip: the hardware.
        graphs: by name.
        passes: in order.
        cache_tokens: positions that each KV cache has room for.
        keep: at least 2.

    Raises:
        InputError: a pass does not fit the SRAM.
    """
    total = PrefillStats.none()
    for name, alike in groupby(passes, lambda one: one.graph):
        total += _alike(chip, graphs[name], tuple(alike), cache_tokens, keep)
    return total


def _alike(
    chip: Chip, graph: PassGraph, passes: tuple[Pass, ...], cache_tokens: int, keep: int
) -> PrefillStats:
    """Passes of one graph, which differ in contexts only."""
    short = shortened(graph, keep=keep)
    work = _fingerprint(chip, short.graph)

    def known(number: int) -> PassStats:
        contexts = passes[number].contexts
        return KNOWN.get(
            (work, contexts, cache_tokens),
            lambda: simulated(chip, short.graph, contexts, cache_tokens).stats(chip),
        )

    sampled = sample([one.context for one in passes], known, exact=False)
    return PrefillStats.of(sampled, 0, short.model_ops, short.missing)


def _fingerprint(chip: Chip, graph: PassGraph) -> bytes:
    """What decides the times of passes of a graph on a chip, in few bytes.

    Neither the name of the chip nor its energy and area do.
    """
    timing = replace(chip, name="", energy=FROM_TABLES)
    return blake2b(repr((timing, same_work(graph))).encode(), digest_size=16).digest()


def same_work(graph: PassGraph) -> Hashable:
    """What a pass does, without the names: graphs of equal work take equal times."""
    number, format_number = _Numbers(), _Numbers()
    work = tuple(
        (
            op.kind,
            op.group,
            # Where its cache is known by: the layer is the name but for the last word.
            number(op.name.rpartition(".")[0]),
            (op.rows, op.inner, op.outer, op.attention),
            tuple((number(t.name), t.shape, format_number(t.format), t.place) for t in op.reads),
            tuple((number(t.name), t.shape, format_number(t.format), t.place) for t in op.writes),
        )
        for op in graph.ops
    )
    in_dram = tuple(number(name) for name in sorted(graph.in_dram))
    return graph.sequences, graph.rows, graph.role, work, in_dram, format_number.known


class _Numbers:
    """Numbers in place of things, by first appearance."""

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}

    def __call__(self, thing: Hashable) -> int:
        return self._numbers.setdefault(thing, len(self._numbers))

    @property
    def known(self) -> tuple[Hashable, ...]:
        """What has a number, in the order of the numbers."""
        return tuple(self._numbers)
