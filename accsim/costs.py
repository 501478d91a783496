"""What decode steps cost at any context and batch, and whether drafting pays there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from accsim import __version__
from accsim.analysis.breakeven import analyse, tokens_of
from accsim.analysis.variants import variants
from accsim.breakeven import BreakEven, Family, LeftOut, Place, Store
from accsim.chip import Chip
from accsim.config.models import ACCEPTANCES
from accsim.errors import InputError, Problem
from accsim.ops import Pass, PassGraph
from accsim.passes import total_stats
from accsim.tracing.decoding import resident_bytes
from accsim.tracing.schemes import Part, Setting, step_parts
from accsim.units import show_capacity
from accsim.workload import DraftModel, Scheme, Workload

LEAST_CONTEXT = 128
CONTEXT_STEP = 4
"""Contexts looked at by default: 128, 512, 2048, ... and the last that leaves room for a step."""
BATCHES = (1, 2, 4, 8, 16, 32)
"""Batches looked at by default, beside that of the workload."""

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""


@dataclass(frozen=True)
class StepCosts:
    """Times of decode steps of a workload's model on a chip; every pass is simulated once.

    Of layers that are alike a few are simulated and the others take what one of these takes, as in
    a prefill (`accsim.tracing.shorten`).
    """

    chip: Chip
    workload: Workload
    known_ps: dict[tuple[Scheme, Place], int] = field(default_factory=dict)

    def step_ps(self, scheme: Scheme, place: Place) -> int:
        """Time of a step, all its passes together.

        Raises:
            InputError: a pass does not fit the SRAM.
        """
        if (scheme, place) not in self.known_ps:
            self.known_ps[scheme, place] = sum(
                self._pass_ps(part.graph, place.context + part.ahead)
                for part in self._parts(scheme, place)
            )
        return self.known_ps[scheme, place]

    def resident_bytes(self, scheme: Scheme, place: Place) -> int:
        """DRAM that a step needs: weights, and caches with room for what it writes."""
        here = replace(
            self.workload, prompt_tokens=place.context, output_tokens=0, batch=place.batch
        )
        graphs = tuple(part.graph for part in self._parts(scheme, place))
        return resident_bytes(here, scheme, graphs)

    def _parts(self, scheme: Scheme, place: Place) -> tuple[Part, ...]:
        setting = Setting(self.workload.model, self.workload.precision, place.batch)
        return step_parts(setting, scheme)

    def _pass_ps(self, graph: PassGraph, context: int) -> int:
        one = Pass(graph.name, (context,) * graph.sequences, (0,) * graph.sequences)
        room = context + graph.rows
        return total_stats(self.chip, {graph.name: graph}, (one,), room).elapsed_ps


def default_contexts(workload: Workload) -> tuple[int, ...]:
    """Contexts from short to the longest that leaves room for a step of any variant."""
    longest = longest_context(workload)
    contexts = []
    context = LEAST_CONTEXT
    while context < longest:
        contexts.append(context)
        context *= CONTEXT_STEP
    return (*contexts, longest)


def default_batches(workload: Workload) -> tuple[int, ...]:
    """Powers of two, and the batch of the workload."""
    return tuple(sorted({*BATCHES, workload.batch}))


def longest_context(workload: Workload) -> int:
    """The longest context from which a step of any variant, and of the baseline, can be made."""
    schemes = [scheme for spec in workload.runs for scheme in variants(spec.scheme)]
    drafters = [scheme.model for scheme in schemes if isinstance(scheme, DraftModel)]
    positions = min(model.max_positions for model in (workload.model, *drafters))
    return positions - max(scheme.rows for scheme in schemes)


def break_even(
    chip: Chip,
    workload: Workload,
    contexts: Sequence[int],
    batches: Sequence[int],
    progress: Progress | None = None,
) -> BreakEven:
    """Compare every run that drafts, and its variants, with the workload's baseline.

    Args:
        chip: the hardware.
        workload: its prompt, output and batch only say near which place to look closer.
        contexts: tokens in the caches before a step, rising, at most `longest_context`.
        batches: sequences decoded together, rising.
        progress: called before the steps of each place are simulated.

    Raises:
        InputError: no run drafts, or there is one that fits the chip at no place.
    """
    baseline = next(spec for spec in workload.runs if spec.name == workload.baseline)
    drafting = [spec for spec in workload.runs if spec.scheme.drafts]
    if not drafting:
        raise InputError(Problem(workload.name, "no run drafts tokens, so none can pay or not"))
    costs = StepCosts(chip, workload)
    grid = [Place(context, batch) for context in contexts for batch in batches]
    wanted = Place(workload.prompt_tokens + workload.output_tokens // 2, workload.batch)
    families: list[Family] = []
    left_out: list[LeftOut] = []
    for number, spec in enumerate(drafting):
        schemes = (baseline.scheme, *variants(spec.scheme))
        refused: dict[Place, tuple[Store, Problem]] = {}
        for done, place in enumerate(grid, number * len(grid)):
            if progress:
                where = f"{place.context} tokens, batch {place.batch}"
                progress(f"{spec.name}: {where}", done, len(drafting) * len(grid))
            refusal = _refusal(costs, spec.name, schemes, place)
            if refusal is not None:
                refused[place] = refusal
        places = [place for place in grid if place not in refused]
        if not places:
            raise InputError(next(iter(refused.values()))[1])
        left_out += [LeftOut(spec.name, place, store) for place, (store, _) in refused.items()]
        families.append(analyse(spec, baseline, ACCEPTANCES, places, wanted, costs.step_ps))
    return BreakEven(
        chip=chip.name,
        workload=workload.name,
        accsim_version=__version__,
        baseline=baseline.name,
        baseline_tokens=tokens_of(baseline),
        dram_bytes=chip.memory.capacity_bytes,
        sram_bytes=chip.sram.capacity_bytes,
        families=tuple(families),
        left_out=tuple(left_out),
    )


def _refusal(
    costs: StepCosts, run: str, schemes: Sequence[Scheme], place: Place
) -> tuple[Store, Problem] | None:
    """The store that is too small for a step of some scheme; None if all could be simulated."""
    capacity = costs.chip.memory.capacity_bytes
    needed = max(costs.resident_bytes(scheme, place) for scheme in schemes)
    if needed > capacity:
        message = (
            f"run {run} needs {show_capacity(needed)} of DRAM at context {place.context} and batch "
            f"{place.batch}, and there are {show_capacity(capacity)}"
        )
        return "dram", Problem(costs.chip.name, message, key="memory.channels")
    try:
        for scheme in schemes:
            costs.step_ps(scheme, place)
    except InputError as error:
        return "sram", error.problems[0]
    return None
