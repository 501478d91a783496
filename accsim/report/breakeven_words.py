"""The sentences of a break-even study: what pays, from which acceptance on, and where."""

from __future__ import annotations

from collections.abc import Iterator

from accsim.breakeven import Axis, BreakEven, Extent, Family, LeftOut, Place, Question, Step
from accsim.units import show_capacity

NEXT_TO_NONE = 0.005
"""Below this break-even rate, which prints as 0.00, any draft model worth the name pays."""

_PLURALS: dict[Axis, str] = {"context": "contexts", "batch": "batches"}


def headline(told: BreakEven, family: Family) -> str:
    """Which k is best, by how much, what it needs for that, and where it pays."""
    at, best = family.reference, family.best_at(family.reference)
    named = f"k = {best.k}" if best.k > 1 else "k = 1 (no drafts)"
    factor = f"{best.speedup:.2f}x as fast as {told.baseline}"
    if best.speedup > 1:
        first = f"{named} is best, {factor} at {place_words(at)}"
    else:
        first = f"nothing pays at {place_words(at)}; the best, {named}, is {factor}"
    variant = family.variant(best.k if best.k > 1 else family.k)
    step, brings = variant.at(at), variant.tokens[0]
    assert brings is not None
    where = " and ".join(
        extent_words(extent)
        for axis in ("context", "batch")
        if (extent := family.extent("beats_baseline", axis)) is not None
    )
    return (
        f"{family.run} on {told.chip}: {first}. With k = {variant.k} a step brings {brings:.2f} "
        f"tokens and needs {step.needed_tokens:.2f} to break even: "
        f"{needed_words(variant.k, step)}. "
        f"With its best k it beats {told.baseline} {where}."
    )


def needed_words(k: int, step: Step) -> str:
    """From which acceptance on a step pays."""
    rate = step.needed_rate
    if rate is None:
        return f"more than the {k} that it can bring, so it loses at any acceptance"
    if rate == 0:
        return "it pays at any acceptance"
    if rate < NEXT_TO_NONE:
        return "it pays at next to any acceptance"
    return f"it pays where drafts are right at a rate above {rate:.2f} at every position"


def rate_words(rate: float | None) -> str:
    """A break-even rate in a table."""
    if rate is None:
        return "never"
    return "any" if rate == 0 else f"{rate:.2f}"


def extent_words(extent: Extent) -> str:
    """Where an answer is yes: ``at contexts 128 to 700 of 128 to 4092``."""
    axis, all_of_them = extent.axis, _range(extent.low, extent.high)
    if extent.low == extent.high:
        return f"{'at' if extent.spans else 'not at'} {axis} {extent.low}"
    if extent.everywhere:
        return f"at every {axis} from {all_of_them}"
    if not extent.spans:
        return f"at no {axis} from {all_of_them}"
    parts = [_range(first, last) for first, last in extent.spans]
    alone = len(parts) == 1 and extent.spans[0][0] == extent.spans[0][1]
    named = axis if alone else _PLURALS[axis]
    return f"at {named} {' and '.join(parts)} of {all_of_them}"


def extent_lines(told: BreakEven, family: Family) -> Iterator[str]:
    """Each question, and below it the answer along each axis."""
    questions: dict[Question, str] = {
        "beats_baseline": f"The best k beats {told.baseline}",
        "beats_own": "Drafting beats the same model with k = 1",
        "keeps_k": f"The best k is {family.k}" + ("" if _is_most(family) else " or more"),
    }
    along: dict[Axis, str] = {
        "context": f"(batch {family.reference.batch})",
        "batch": f"(context {family.reference.context})",
    }
    for question, words in questions.items():
        extents = [family.extent(question, axis) for axis in along]
        if all(extents):
            yield words
            yield from (f"  {extent_words(one)} {along[one.axis]}" for one in extents if one)


def left_out_line(told: BreakEven, family: Family) -> str:
    """What was not simulated for want of room; "" if nothing was."""
    mine = [one for one in told.left_out if one.run == family.run]
    stores = {"dram": (told.dram_bytes, "DRAM"), "sram": (told.sram_bytes, "SRAM")}
    parts = [
        f"does not fit the {show_capacity(size)} of {name}: "
        + "; ".join(_places([one for one in mine if one.store == store]))
        for store, (size, name) in stores.items()
        if any(one.store == store for one in mine)
    ]
    return f"Left out, as it {', or '.join(parts)}." if parts else ""


def place_words(place: Place) -> str:
    """``context 2048, batch 1``."""
    return f"context {place.context}, batch {place.batch}"


def _places(ones: list[LeftOut]) -> Iterator[str]:
    batches: dict[int, list[str]] = {}
    for one in ones:
        batches.setdefault(one.place.context, []).append(str(one.place.batch))
    for context, mine in batches.items():
        yield f"batch {', '.join(mine)} at context {context}"


def _range(first: int, last: int) -> str:
    return f"{first}" if first == last else f"{first} to {last}"


def _is_most(family: Family) -> bool:
    return family.k == family.variants[-1].k
