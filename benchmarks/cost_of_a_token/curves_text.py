"""Section 1: the cost curves, and why each bends where it does."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .markdown import cause_name, four, largest, listed, ms, percent, share, subject, table
from .studies import CHIPS, CURVE_ROWS, FULL_ROWS, KNEE


def ratios(found: dict[str, Any]) -> dict[str, dict[str, dict[int, float]]]:
    """T(m)/T(1) by weight format and chip, for the picture."""
    return {
        f"{precision} weights": {
            chip: dict(zip(CURVE_ROWS, (ps / one["ps"][0] for ps in one["ps"]), strict=True))
            for chip, one in by_chip.items()
            if "refused" not in one
        }
        for precision, by_chip in found["curves"].items()
    }


def curves_section(curves: dict[str, Any]) -> str:
    """Tables of T(m)/T(1), and of the knees with what grew up to them."""
    parts = [_HEAD, _refused(curves)]
    for precision, by_chip in curves.items():
        fitting = {chip: one for chip, one in by_chip.items() if "refused" not in one}
        rows = [
            [str(m), *(f"{one['ps'][m - 1] / one['ps'][0]:.3f}" for one in fitting.values())]
            for m in FULL_ROWS
        ]
        parts += [
            f"### {precision} weights",
            table(["m", *(f"`{chip}`" for chip in fitting)], rows, left=0),
            "Where the curves bend, and what grew up to there:",
            table(_KNEE_HEADINGS, [_knee_row(chip, one) for chip, one in fitting.items()]),
            _reading(fitting),
        ]
    return "\n\n".join(filter(None, parts))


_HEAD = f"""## 1. T(m)/T(1) on the shipped chips

![T(m)/T(1) over m, for fp16, int8 and int4 weights](cost-of-a-token.svg)

Activations and KV cache are fp16 throughout, so each product runs at the rate for 16 bits. The
grey line is T(m) = m T(1): no gain. Points at m = 1 to 16 and every fourth m beyond are simulated
in full; of the others, equal layers are extrapolated from one of them. The *knee* is the first m
of all with T(m)/T(1) > {KNEE}.

The roofline knows two numbers of a chip: its curve is flat up to m* = peak MAC rate / (bandwidth
x MACs per byte and row) and would reach {KNEE} at {KNEE} m*. *Array alone* is what the array
takes for all products of the pass, one after the other, each fold by fold
(`accsim.array.cycles`): the array's own staircase, with what it pays for rows and columns that it
does not use."""

_KNEE_HEADINGS = (
    "chip",
    "T(1)",
    "m = 1 waits for",
    "knee",
    "T(knee) - T(1)",
    "of that, by cause",
    "share of the path",
    "array alone",
    "DRAM bytes",
    "roofline m*, knee",
)
FORESEEN = 0.1
NOTED_GROWTH = 0.05
"""Causes that change by less than this part of the growth are not worth naming."""


def _refused(curves: dict[str, Any]) -> str:
    refused = [
        f"`{chip}` ({precision}): {one['refused']}"
        for precision, by_chip in curves.items()
        for chip, one in by_chip.items()
        if "refused" in one
    ]
    if not refused:
        return f"The model fits the DRAM of all {len(CHIPS)} chips in each format."
    return "Not simulated, for want of room: " + "; ".join(refused) + "."


def _end(one: dict[str, Any]) -> dict[str, Any]:
    """The pass at the knee, or at the most rows."""
    found: dict[str, Any] = one["at"][str(one["knee"] or CURVE_ROWS[-1])]
    return found


def _growth(one: dict[str, Any]) -> dict[str, int]:
    """Time on the critical path gained by each cause up to the knee, the largest first."""
    before, after = one["at"]["1"]["causes_ps"], _end(one)["causes_ps"]
    gained = {
        cause: after.get(cause, 0) - before.get(cause, 0)
        for cause in dict.fromkeys([*before, *after])
    }
    return dict(sorted(gained.items(), key=lambda item: -item[1]))


def _roofline_knee(one: dict[str, Any]) -> int:
    """The first m at which the roofline's T(m)/T(1) = max(m, m*) / max(1, m*) exceeds `KNEE`."""
    return int(KNEE * max(1.0, one["roofline_rows"])) + 1


def _knee_row(chip: str, one: dict[str, Any]) -> list[str]:
    first, end, growth = one["at"]["1"], _end(one), _growth(one)
    before, after = first["causes_ps"], end["causes_ps"]
    more_ps = end["ps"] - first["ps"]
    grown = next(iter(growth))
    return [
        f"`{chip}`",
        ms(first["ps"]),
        f"{cause_name(largest(before))}, {share(before, largest(before))}",
        str(one["knee"]) if one["knee"] else f"none up to {CURVE_ROWS[-1]}",
        ms(more_ps),
        ", ".join(
            f"{cause_name(cause)} {'+' if ps > 0 else '-'}{ms(abs(ps))}"
            for cause, ps in growth.items()
            if abs(ps) > NOTED_GROWTH * more_ps
        ),
        f"{cause_name(grown)} {share(before, grown)} to {share(after, grown)}",
        f"{four(first['folds_ps'] / 1e9)} to {ms(end['folds_ps'])}",
        f"{100 * (end['dram_bytes'] / first['dram_bytes'] - 1):+.1f} %",
        f"{one['roofline_rows']:.1f}, {_roofline_knee(one)}",
    ]


def _reading(fitting: dict[str, Any]) -> str:
    """Which chips the roofline is right about, and why not about the others."""
    busy = [chip for chip, one in fitting.items() if _is_busy_from_the_start(one)]
    right: list[str] = []
    others: list[str] = []
    for chip, one in fitting.items():
        if chip not in busy:
            (right if _is_foreseen(one) else others).append(chip)
    sentences = []
    if right:
        sentences.append(f"The roofline foresees the knee, or its absence, of {_chips(right)}.")
    if busy:
        sentences.append(_busy({chip: fitting[chip] for chip in busy}))
    sentences += [_other(chip, fitting[chip]) for chip in others]
    return " ".join(sentences)


def _is_busy_from_the_start(one: dict[str, Any]) -> bool:
    """Whether the array leads at one row although the roofline would let more pass."""
    return largest(one["at"]["1"]["causes_ps"]) == "array" and one["roofline_rows"] > 1


def _is_foreseen(one: dict[str, Any]) -> bool:
    knee: int | None = one["knee"]
    by_roofline = _roofline_knee(one)
    if knee is None:
        return by_roofline > CURVE_ROWS[-1]
    return abs(knee - by_roofline) <= max(1.0, FORESEEN * by_roofline)


def _busy(those: dict[str, Any]) -> str:
    amounts = listed(
        [
            f"{four(one['at']['1']['folds_ps'] / 1e9)} of {ms(one['at']['1']['ps'])} on `{chip}`"
            for chip, one in those.items()
        ]
    )
    reasons = "; ".join(f"`{chip}`: {_grown(one)}" for chip, one in those.items())
    return f"""On {_chips(those)} the array leads from the first row on, which the
roofline, with its m* above 1, does not see: the folds of one row take {amounts}, and hardly
longer for all rows that fit the same folds. So T(1) is high already, and the curve is flat until
something else grows ({reasons})."""


def _other(chip: str, one: dict[str, Any]) -> str:
    expected = _roofline_knee(one)
    if one["knee"] is None:
        return (
            f"`{chip}` does not bend up to {CURVE_ROWS[-1]} rows, the roofline does at {expected}: "
            f"{_grown(one)}."
        )
    way = "earlier" if one["knee"] < expected else "later"
    return f"`{chip}` bends {way} than the roofline: {_grown(one)}, where it says {expected}."


def _grown(one: dict[str, Any]) -> str:
    """What has grown most at the knee, and what there is behind it."""
    first, end = one["at"]["1"], _end(one)
    cause, ps = next(iter(_growth(one).items()))
    text = f"at {one['knee'] or CURVE_ROWS[-1]} rows {subject(cause)} has {ms(ps)} more"
    if cause == "array":
        text += (
            f", its folds taking {ms(end['folds_ps'])} and the MACs at the peak "
            f"{ms(end['at_peak_ps'])}"
        )
    elif cause == "dram":
        more = end["dram_bytes"] - first["dram_bytes"]
        text += f", with {percent(more, first['dram_bytes'])} more bytes to move"
    return text


def _chips(names: Iterable[str]) -> str:
    return listed([f"`{name}`" for name in names])
