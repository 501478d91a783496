"""Section 5: where the time of a prefill goes."""

from __future__ import annotations

from typing import Any

from accsim.units import show_bytes

from .markdown import cause_name, four, listed, ms, percent, table
from .prefill import PARTS

NAMES = {
    "useful": "MACs at the peak",
    "folds": "fill, drain, edges, masked pairs",
    "sram_bandwidth": "SRAM bandwidth",
    "load": "waits for loads",
    "store": "waits for stores",
    "vector": "waits for the vector unit",
    "dispatch": "dispatch",
}
REGIONS = {"weights": "weights", "kv_cache": "KV cache", "activations": "spilled activations"}
NOTED_PART = 0.0005
"""Parts and groups below this share of the time are not worth a column or a row."""


def prefill_section(prefills: list[dict[str, Any]]) -> str:
    """Time, floors, bytes, causes and parts of the same prompt, with double buffers and without."""
    prefills = sorted(prefills, key=lambda one: not one["double_buffered"])
    double, single = prefills
    rows = [
        _row("time", [f"{one['ps'] / 1e12:.3f} s" for one in prefills]),
        _row("MAC utilization", [percent(one["compute_floor_ps"], one["ps"]) for one in prefills]),
        _row("compute floor (MACs at the peak)", [ms(one["compute_floor_ps"]) for one in prefills]),
        _row("traffic floor, least bytes", [ms(one["least_floor_ps"]) for one in prefills]),
        _row("traffic floor, bytes moved", [ms(one["moved_floor_ps"]) for one in prefills]),
        _row("least DRAM bytes", [show_bytes(one["least_bytes"]) for one in prefills]),
        _row("DRAM bytes moved", [show_bytes(one["moved_bytes"]) for one in prefills]),
    ]
    for region, name in REGIONS.items():
        for way in ("read", "written"):
            amounts = [one["excess_bytes"][region][way] for one in prefills]
            if any(amounts):
                label = f"of these beyond the least: {name}, {way}"
                rows.append(_row(label, [show_bytes(amount) for amount in amounts]))
    for cause in single["causes_ps"]:
        shares = [one["causes_ps"][cause] / one["ps"] for one in prefills]
        if max(shares) >= NOTED_PART:
            cells = [percent(one["causes_ps"][cause], one["ps"]) for one in prefills]
            rows.append(_row(f"critical path: {cause_name(cause)}", cells))
    return f"""## 5. The prompt

The {single["tokens"]} tokens of `llama2_mtp` through the ordinary model on `ddr_npu`, all layers
simulated, as the chip is (double-buffered) and with `double_buffered: false`.

{table(["", "double", "single"], rows)}

{_distance(prefills)}

By operator group, in ms; what runs between two products (norms, rotary embedding, residuals, and
the way of their inputs and outputs through DRAM) is a wait of the product that comes next. As the
chip is:

{_groups(double)}

and without double buffers:

{_groups(single)}

The same time by cause on the critical path (which counts a unit only while nothing else could
have made the pass shorter), and by the groups that account for it:

{_critical(double)}

{_double(single, double)}"""


def _row(name: str, values: list[str]) -> list[str]:
    return [name, *values]


def _sums(one: dict[str, Any]) -> dict[str, int]:
    """The time of the array by part, over all groups."""
    return {part: sum(group[part] for group in one["array_ps"].values()) for part in PARTS}


def _noted(part: str, prefills: list[dict[str, Any]]) -> bool:
    """Whether a part is worth a line for any of the prefills."""
    return any(_sums(one)[part] >= NOTED_PART * one["ps"] for one in prefills)


def _distance(prefills: list[dict[str, Any]]) -> str:
    """What lies between the compute floor and the time, in per cent of it."""
    sums = [_sums(one) for one in prefills]
    beyond = [one["ps"] - parts["useful"] for one, parts in zip(prefills, sums, strict=True)]
    rows = [
        [NAMES[part]]
        + [
            f"{ms(parts[part])}, {percent(parts[part], whole)}"
            for parts, whole in zip(sums, beyond, strict=True)
        ]
        for part in PARTS[1:]
        if _noted(part, prefills)
    ]
    total = [f"{ms(whole)}, 100 %" for whole in beyond]
    parts, whole = sums[0], beyond[0]
    first, second = sorted(PARTS[1:], key=lambda part: -parts[part])[:2]
    return f"""The better floor is the compute floor. What lies between it and the time,
seen from the array, which at every moment multiplies, is being filled or drained, or waits for
something before its next tile:

{table(["beyond the compute floor", "double", "single"], [*rows, ["together", *total]])}

So {percent(whole, parts["useful"])} over the floor are mostly {NAMES[first]}
({percent(parts[first], whole)} of it) and {NAMES[second]} ({percent(parts[second], whole)}).
{_traffic(prefills[0])}"""


def _traffic(one: dict[str, Any]) -> str:
    """How far the pins are from being the bound."""
    excess, total = one["excess_bytes"], one["moved_bytes"] - one["least_bytes"]
    again = excess["weights"]["read"] + excess["kv_cache"]["read"]
    spilled = sum(excess["activations"].values())
    pins = one["moved_floor_ps"] / one["ps"]
    near = (
        "So the pins are nearly as busy as the array, and a load that comes late finds no gap to "
        "catch up in."
        if pins > one["compute_floor_ps"] / one["ps"] - 0.1
        else "So the pins have room; but a load that needs the results of a tile, or the room of "
        "one, cannot come before it."
    )
    return f"""The least bytes would take {percent(one["least_floor_ps"], one["ps"])} of
the time at the pins, those that are moved {100 * pins:.1f} %: of the {show_bytes(total)} more,
{percent(again, total)} are weights, keys and values read again, because a block of rows does not
hold all {one["tokens"]}, and {percent(spilled, total)} are activations that do not fit the SRAM.
{near}"""


def _groups(one: dict[str, Any]) -> str:
    parts = [part for part in PARTS if _noted(part, [one])]
    rows, rest = [], dict.fromkeys(parts, 0)
    for group, times in one["array_ps"].items():
        if sum(times.values()) >= NOTED_PART * one["ps"]:
            rows.append([f"`{group}`", *(four(times[part] / 1e9) for part in parts)])
        else:
            rest = {part: rest[part] + times[part] for part in parts}
    if any(round(ps / 1e9, 3) for ps in rest.values()):
        rows.append(["others", *(four(rest[part] / 1e9) for part in parts)])
    rows.append(["together", *(four(_sums(one)[part] / 1e9) for part in parts)])
    return table(["", *(NAMES[part] for part in parts)], rows)


def _critical(one: dict[str, Any]) -> str:
    causes = [cause for cause, ps in one["causes_ps"].items() if ps >= NOTED_PART * one["ps"]]
    rows = [
        [
            f"`{group}`",
            *(percent(times[cause], one["ps"]) for cause in causes),
            percent(sum(times.values()), one["ps"]),
        ]
        for group, times in one["critical_ps"].items()
        if sum(times.values()) >= NOTED_PART * one["ps"]
    ]
    whole = [percent(one["causes_ps"][cause], one["ps"]) for cause in causes]
    rows.append(["all", *whole, "100 %"])
    return table(["", *(cause_name(cause) for cause in causes), "together"], rows)


def _double(single: dict[str, Any], double: dict[str, Any]) -> str:
    before, after = _sums(single), _sums(double)
    saved = before["folds"] - after["folds"]
    gained = single["ps"] - double["ps"]
    grown = [NAMES[part] for part in PARTS[2:] if after[part] - before[part] > 0.1 * saved]
    text = (
        f"Double buffers take {ms(saved)} of fill and drain away and make the prompt {ms(gained)} "
        f"shorter ({percent(gained, single['ps'])} of the time without them)."
    )
    if grown:
        text += f" The rest turns into {listed(grown)}: what the folds hid is then waited for."
    if double["moved_floor_ps"] > double["compute_floor_ps"]:
        text += (
            f" The bytes that are then moved take {ms(double['moved_floor_ps'])} at the pins, "
            "longer than the MACs at the peak: what is left to gain is traffic."
        )
    return text
