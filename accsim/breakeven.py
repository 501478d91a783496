"""What drafting costs and gains on a chip, over how many tokens are drafted: frozen values.

A run that drafts stands for a *family*: its way of decoding with fewer drafts, and more where the
model has them. k is the most tokens that a decode step of such a *variant* emits, its drafts and
one. The times are those of whole steps, drafting included.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

SCHEMA = "accsim.breakeven/1"

RUN_ACCEPTANCE = "run"
"""How the acceptance of the run itself is called beside the named sets."""

Question = Literal["beats_baseline", "beats_own", "keeps_k"]
"""``beats_baseline``: the best k is faster than the baseline; ``beats_own``: it is faster than the
same model with k = 1; ``keeps_k``: it is at least the k that the workload asks for."""
Axis = Literal["context", "batch"]
Store = Literal["dram", "sram"]


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Tokens in the cache of each sequence before a step, and sequences decoded together."""

    context: int
    batch: int

    def to_json(self) -> dict[str, int]:
        return {"context": self.context, "batch": self.batch}


@dataclass(frozen=True, slots=True)
class Step:
    """A decode step of a variant at one place, and of what it is compared with.

    Speed-ups have the order of `Family.acceptances`; None where the rates do not reach so far.

    step_ps           simulated time of the step
    baseline_ps       of a step of the baseline there
    own_ps            of a step of the same model with k = 1; None where there is no such thing
    needed_tokens     tokens of a step that would make it as fast as the baseline
    needed_rate       the same as one acceptance rate at every position (0: at most one token is
                      needed, pays at any; None: more than k are, loses at any)
    speedup           over the baseline
    speedup_over_own  over k = 1; None where `own_ps` is
    """

    place: Place
    step_ps: int
    baseline_ps: int
    own_ps: int | None
    needed_tokens: float
    needed_rate: float | None
    speedup: tuple[float | None, ...]
    speedup_over_own: tuple[float | None, ...] | None

    @property
    def cost(self) -> float:
        """How much longer than a step of the baseline it takes."""
        return self.step_ps / self.baseline_ps


@dataclass(frozen=True, slots=True)
class Variant:
    """One k: query rows of its verifying pass, mean tokens of a step, and its steps by place."""

    k: int
    rows: int
    tokens: tuple[float | None, ...]
    steps: tuple[Step, ...]

    def at(self, place: Place) -> Step:
        """The step at a place of the family."""
        return next(step for step in self.steps if step.place == place)


@dataclass(frozen=True, slots=True)
class Best:
    """The fastest k at a place, with the acceptance of the run."""

    place: Place
    k: int
    speedup: float


@dataclass(frozen=True, slots=True)
class Extent:
    """Where along one axis the answer to a question is yes.

    The other coordinate is that of `Family.reference`. `spans` are pairs (first, last), both
    simulated; `low` and `high` are the ends of what was looked at.
    """

    question: Question
    axis: Axis
    low: int
    high: int
    spans: tuple[tuple[int, int], ...]

    @property
    def everywhere(self) -> bool:
        return self.spans == ((self.low, self.high),)


@dataclass(frozen=True, slots=True)
class Family:
    """What the sweep of one run says.

    run, scheme   name of the run, and of its way of decoding
    k             the k that the workload asks for
    acceptance    name of the run's acceptance
    acceptances   sets of rates that speed-ups are given for; the first is the run's
    reference     the place that the extents go through: the one nearest to the workload
    variants      by rising k
    best          by place
    """

    run: str
    scheme: str
    k: int
    acceptance: str
    acceptances: tuple[str, ...]
    reference: Place
    variants: tuple[Variant, ...]
    best: tuple[Best, ...]
    extents: tuple[Extent, ...]

    @property
    def places(self) -> tuple[Place, ...]:
        return tuple(best.place for best in self.best)

    def best_at(self, place: Place) -> Best:
        """The best k at a place of the family."""
        return next(best for best in self.best if best.place == place)

    def variant(self, k: int) -> Variant:
        """The variant of that k."""
        return next(variant for variant in self.variants if variant.k == k)

    def extent(self, question: Question, axis: Axis) -> Extent | None:
        """The extent of an answer; None where the question makes no sense."""
        found = [one for one in self.extents if (one.question, one.axis) == (question, axis)]
        return found[0] if found else None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A place where some variant of a run, or the baseline, finds no room in a store."""

    run: str
    place: Place
    store: Store


@dataclass(frozen=True, slots=True)
class BreakEven:
    """All families of a workload on a chip, and the places that were too large for it.

    `baseline_tokens` are the mean tokens of a step of the baseline, 1 where it drafts nothing.
    """

    chip: str
    workload: str
    accsim_version: str
    baseline: str
    baseline_tokens: float
    dram_bytes: int
    sram_bytes: int
    families: tuple[Family, ...]
    left_out: tuple[LeftOut, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain values in the order of docs/breakeven.md."""
        return {
            "schema": SCHEMA,
            "chip": self.chip,
            "workload": self.workload,
            "accsim_version": self.accsim_version,
            "baseline": self.baseline,
            "baseline_tokens": self.baseline_tokens,
            "families": [_family(family) for family in self.families],
            "left_out": [
                {"run": one.run, **one.place.to_json(), "store": one.store} for one in self.left_out
            ],
        }


def _family(family: Family) -> dict[str, Any]:
    names = family.acceptances
    return {
        "run": family.run,
        "scheme": family.scheme,
        "k": family.k,
        "acceptance": family.acceptance,
        "reference": family.reference.to_json(),
        "variants": [
            {
                "k": one.k,
                "rows": one.rows,
                "tokens": dict(zip(names, one.tokens, strict=True)),
                "steps": [_step(step, names) for step in one.steps],
            }
            for one in family.variants
        ],
        "best": [
            {**one.place.to_json(), "k": one.k, "speedup": one.speedup} for one in family.best
        ],
        "extents": [
            {
                "question": one.question,
                "axis": one.axis,
                "low": one.low,
                "high": one.high,
                "spans": [list(span) for span in one.spans],
            }
            for one in family.extents
        ],
    }


def _step(step: Step, names: tuple[str, ...]) -> dict[str, Any]:
    over_own = step.speedup_over_own
    return {
        **step.place.to_json(),
        "step_ps": step.step_ps,
        "baseline_ps": step.baseline_ps,
        "own_ps": step.own_ps,
        "cost": step.cost,
        "needed_tokens": step.needed_tokens,
        "needed_rate": step.needed_rate,
        "speedup": dict(zip(names, step.speedup, strict=True)),
        "speedup_over_own": None if over_own is None else dict(zip(names, over_own, strict=True)),
    }
