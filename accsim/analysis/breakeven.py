"""From the times of decode steps to answers: which k pays, from which acceptance on, and where.

A step of a variant that takes T_k and emits N tokens on average is S = N T_base / (N_base T_k)
times as fast as the baseline (Leviathan et al. 2023, arXiv 2211.17192, theorem 3.8, with both times
simulated). So it needs N_base T_k / T_base tokens to break even, whatever the rates behind them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from accsim.acceptance import Acceptance, Recording
from accsim.analysis.variants import variants
from accsim.breakeven import (
    RUN_ACCEPTANCE,
    Axis,
    Best,
    Extent,
    Family,
    Place,
    Question,
    Step,
    Variant,
)
from accsim.workload import MultiToken, RunSpec, Scheme

RATE_PRECISION = 1e-6
"""How near to its true value a break-even rate is."""


StepTime = Callable[[Scheme, Place], int]
"""Time in ps of a decode step at a place."""


def tokens_of(spec: RunSpec) -> float:
    """Mean tokens of a step of a run."""
    if spec.acceptance is None:
        return 1.0
    return spec.acceptance.expected_tokens(spec.scheme.drafts + 1)


def analyse(
    spec: RunSpec,
    baseline: RunSpec,
    sets: Mapping[str, Acceptance | Recording],
    places: Sequence[Place],
    wanted: Place,
    step_ps: StepTime,
) -> Family:
    """Answer for one run that drafts.

    Args:
        spec: the run; it says how often its drafts are right.
        baseline: what it has to beat.
        sets: other acceptances by name, for which speed-ups are given too.
        places: where to compare; at least one. All variants and the baseline fit there.
        wanted: near which place to look closer.
        step_ps: asked for all of them, and for some places between.
    """
    assert spec.acceptance is not None
    known = {RUN_ACCEPTANCE: spec.acceptance, **sets}
    schemes = variants(spec.scheme)
    most = schemes[-1].drafts + 1
    own_k = {RUN_ACCEPTANCE: spec.scheme.drafts + 1}
    reach = {name: _reach(given, own_k.get(name, 1), most) for name, given in known.items()}
    compared = _Compared(
        schemes=schemes,
        own=schemes[0] if isinstance(spec.scheme, MultiToken) else None,
        baseline=baseline.scheme,
        baseline_tokens=tokens_of(baseline),
        tokens={
            scheme.drafts + 1: tuple(
                given.expected_tokens(scheme.drafts + 1) if scheme.drafts < reach[name] else None
                for name, given in known.items()
            )
            for scheme in schemes
        },
        step_ps=step_ps,
    )
    reference = nearest(places, wanted)
    k = spec.scheme.drafts + 1
    return Family(
        run=spec.name,
        scheme=spec.scheme.name,
        k=k,
        acceptance=spec.acceptance.name,
        acceptances=tuple(known),
        reference=reference,
        variants=tuple(compared.variant(scheme, places) for scheme in schemes),
        best=tuple(compared.best(place) for place in places),
        extents=tuple(_extents(compared, k, places, reference)),
    )


def break_even_rate(k: int, needed_tokens: float) -> float | None:
    """The single acceptance rate a for which 1 + a + ... + a^(k-1) is `needed_tokens`.

    0 if at most one token is needed, None if more than k are.
    """
    if needed_tokens <= 1:
        return 0.0
    if needed_tokens > k:
        return None
    low, high = 0.0, 1.0
    while high - low > RATE_PRECISION:
        middle = (low + high) / 2
        if sum(middle**position for position in range(k)) < needed_tokens:
            low = middle
        else:
            high = middle
    return high


def nearest(places: Iterable[Place], wanted: Place) -> Place:
    """The place whose batch is nearest to the wanted one, and of those the context; by ratio."""

    def apart(one: int, other: int) -> float:
        return max(one, other) / min(one, other)

    return min(
        places,
        key=lambda place: (apart(place.batch, wanted.batch), apart(place.context, wanted.context)),
    )


def spans(values: Sequence[int], holds: Callable[[int], bool]) -> tuple[tuple[int, int], ...]:
    """Where something holds between the first and the last of rising values.

    Between two neighbours that agree it is taken not to change; between two that differ the change
    is looked for by bisection, so that both its sides have been asked.
    """
    edges = [values[0]] if holds(values[0]) else []
    for low, high in pairwise(values):
        before = holds(low)
        if holds(high) == before:
            continue
        last, first = low, high
        while first - last > 1:
            middle = (last + first) // 2
            if holds(middle) == before:
                last = middle
            else:
                first = middle
        edges.append(last if before else first)
    if len(edges) % 2:
        edges.append(values[-1])
    return tuple(zip(edges[::2], edges[1::2], strict=True))


@dataclass(frozen=True)
class _Compared:
    """A family under comparison; `own` is its k = 1, `tokens` are by k and acceptance."""

    schemes: tuple[Scheme, ...]
    own: Scheme | None
    baseline: Scheme
    baseline_tokens: float
    tokens: dict[int, tuple[float | None, ...]]
    step_ps: StepTime

    def variant(self, scheme: Scheme, places: Sequence[Place]) -> Variant:
        k = scheme.drafts + 1
        steps = tuple(self.step(scheme, place) for place in places)
        return Variant(k, scheme.rows, self.tokens[k], steps)

    def step(self, scheme: Scheme, place: Place) -> Step:
        k = scheme.drafts + 1
        step_ps, baseline_ps = self.step_ps(scheme, place), self.step_ps(self.baseline, place)
        own_ps = None if self.own is None else self.step_ps(self.own, place)
        needed = self.baseline_tokens * step_ps / baseline_ps
        return Step(
            place=place,
            step_ps=step_ps,
            baseline_ps=baseline_ps,
            own_ps=own_ps,
            needed_tokens=needed,
            needed_rate=break_even_rate(k, needed),
            speedup=_over(self.tokens[k], needed),
            speedup_over_own=None if own_ps is None else _over(self.tokens[k], step_ps / own_ps),
        )

    def best(self, place: Place) -> Best:
        """With the acceptance of the run; of equal ones the k that drafts least."""
        speedups = {
            scheme.drafts + 1: self.step(scheme, place).speedup[0] for scheme in self.schemes
        }
        found = {k: speedup for k, speedup in speedups.items() if speedup is not None}
        k = max(found, key=lambda k: found[k])
        return Best(place, k, found[k])


def _over(tokens: Sequence[float | None], needed: float) -> tuple[float | None, ...]:
    return tuple(None if one is None else one / needed for one in tokens)


def _reach(given: Acceptance | Recording, known: int, most: int) -> int:
    """The largest k, from `known` to `most`, that an acceptance says anything about.

    Beyond their last rate expected tokens rise no more.
    """
    k = known
    while k < most and given.expected_tokens(k + 1) > given.expected_tokens(k):
        k += 1
    return k


def _extents(
    compared: _Compared, k: int, places: Sequence[Place], reference: Place
) -> Iterable[Extent]:
    answers: dict[Question, Callable[[Best], bool]] = {
        "beats_baseline": lambda best: best.speedup > 1,
        "beats_own": lambda best: best.k > 1,
        "keeps_k": lambda best: best.k >= k,
    }
    if compared.own is None:
        del answers["beats_own"]
    contexts = sorted(place.context for place in places if place.batch == reference.batch)
    batches = sorted(place.batch for place in places if place.context == reference.context)
    axes: tuple[tuple[Axis, list[int], Callable[[int], Place]], ...] = (
        ("context", contexts, lambda value: Place(value, reference.batch)),
        ("batch", batches, lambda value: Place(reference.context, value)),
    )
    for question, answer in answers.items():
        for axis, values, place_of in axes:

            def holds(
                value: int,
                answer: Callable[[Best], bool] = answer,
                place_of: Callable[[int], Place] = place_of,
            ) -> bool:
                return answer(compared.best(place_of(value)))

            yield Extent(question, axis, values[0], values[-1], spans(values, holds))
