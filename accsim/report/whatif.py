"""What each change of a chip is worth, as a person reads it: a sentence, then tables by run.

Names come from files, so everything is printed as plain `Text`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from rich.console import Console
from rich.table import Table
from rich.text import Text

from accsim.report.metrics import show_seconds
from accsim.report.tables import plain_table
from accsim.report.wording import CAUSE_NAMES, tokens_per_pass
from accsim.result import Cause
from accsim.units import KIB, show_capacity
from accsim.whatif import Change, Effect, RunEffects, WhatIf

NOTED_GAIN = 0.005
"""Gains and losses below this are not worth a line of their own."""

FOILS = ("arrays", "channels")
"""What the best knob is held against in the sentence, the first that is another one."""


_UNITS = {"bytes/cycle": "B/cycle", "MHz": "MHz"}
"""Units that the label does not name."""


class _Side(NamedTuple):
    """Decoding or prefill, as a table shows it."""

    title: str
    time_s: Callable[[Effect], float]
    gain: Callable[[Effect], float]
    elasticity: Callable[[Effect], float | None]
    bound: Callable[[Effect], tuple[Cause, float]]


_DECODING = _Side(
    "TPOT",
    lambda effect: effect.tpot_s,
    lambda effect: effect.tpot_gain,
    lambda effect: effect.tpot_elasticity,
    lambda effect: (effect.bound, effect.bound_share),
)
_PREFILL = _Side(
    "TTFT",
    lambda effect: effect.ttft_s,
    lambda effect: effect.ttft_gain,
    lambda effect: effect.ttft_elasticity,
    lambda effect: (effect.prefill_bound, effect.prefill_bound_share),
)


def print_what_if(found: WhatIf, console: Console) -> None:
    """Print all of it, run by run."""
    changes = {change.knob: change for change in found.changes}
    console.print()
    for run in found.runs:
        console.print(Text(sentence(run, changes), style="bold"))
    console.print()
    setting = f"{found.chip}, {found.workload}. Each row is the chip with one change."
    console.print(Text(setting, style="dim"))
    for run in found.runs:
        tokens = f"{tokens_per_pass(run.tokens_per_step, None)} a step"
        decoding = f"{run.name}: TPOT {show_seconds(run.tpot_s)}, {tokens}, bound by "
        decoding += _bound(run.bound, run.bound_share[run.bound])
        _print_side(console, decoding, run, changes, _DECODING)
        prefill = f"{run.name}: TTFT {show_seconds(run.ttft_s)}, bound by "
        prefill += _bound(run.prefill_bound, run.prefill_bound_share[run.prefill_bound])
        _print_side(console, prefill, run, changes, _PREFILL)
    console.print()
    for change in found.changes:
        if change.refused is not None:
            console.print(Text(f"Not possible: {change.label}: {change.refused}.", style="dim"))
    console.print()


def sentence(run: RunEffects, changes: dict[str, Change]) -> str:
    """What decoding is bound by, what helps most, and what does not."""
    bound = f"Decoding of {run.name} is bound by {_bound(run.bound, run.bound_share[run.bound])}"
    real = {effect.knob: effect for effect in run.effects if not changes[effect.knob].ideal}
    if not real:
        return f"{bound}."
    best = max(real.values(), key=lambda effect: effect.tpot_gain)
    if best.tpot_gain < 1 + NOTED_GAIN:
        return f"{bound}; no single change makes it faster."
    told = [best, *(real[name] for name in FOILS if name in real and name != best.knob)][:2]
    gains = (f"{changed(changes[one.knob])} gives {one.tpot_gain:.2f}x" for one in told)
    return f"{bound}: {', '.join(gains)}."


def changed(change: Change) -> str:
    """A change in words: ``memory channels 2 -> 4``."""
    return f"{change.label} {values(change)}".rstrip()


def values(change: Change) -> str:
    """From which value to which; "" where the knob says it all."""
    if change.ideal or change.after is None:
        return ""
    return shown_values(change.before, change.after, change.unit)


def shown_values(before: int | str, after: int | str, unit: str) -> str:
    """From which value of a knob to which: ``4 MiB -> 8 MiB``."""
    if unit == "KiB":
        return " -> ".join(show_capacity(int(size) * KIB) for size in (before, after))
    return f"{before} -> {after} {_UNITS.get(unit, '')}".rstrip()


def _print_side(
    console: Console, title: str, run: RunEffects, changes: dict[str, Change], side: _Side
) -> None:
    console.print()
    console.print(Text(title, style="bold"))
    effects = sorted(run.effects, key=lambda effect: -side.gain(effect))
    noted = [effect for effect in effects if abs(side.gain(effect) - 1) >= NOTED_GAIN]
    if noted:
        console.print(_table(noted, changes, side))
    if len(noted) < len(effects):
        rest = ", ".join(changes[one.knob].label for one in effects if one not in noted)
        console.print(Text(f"Less than {100 * NOTED_GAIN:g} %: {rest}.", style="dim"))


def _table(effects: list[Effect], changes: dict[str, Change], side: _Side) -> Table:
    table = plain_table(gap=1)
    for heading in ("change", ""):
        table.add_column(Text(heading), overflow="fold")
    for heading in (side.title, "gain", "elasticity", "then bound by"):
        table.add_column(Text(heading), justify="right", overflow="fold")
    for effect in effects:
        change, power = changes[effect.knob], side.elasticity(effect)
        cells = (
            change.label,
            values(change),
            show_seconds(side.time_s(effect)),
            f"{side.gain(effect):.2f}x",
            "-" if power is None else f"{power:.2f}",
            _bound(*side.bound(effect)),
        )
        table.add_row(*map(Text, cells))
    return table


def _bound(cause: Cause, share: float) -> str:
    return f"{CAUSE_NAMES[cause]} ({100 * share:.0f} %)"
