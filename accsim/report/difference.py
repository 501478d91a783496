"""The difference of two results that a person reads: inputs, sentences, then tables.

Names come from files, so everything is printed as plain `Text`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.console import Console
from rich.text import Text

from accsim.difference import Difference, InputChange, Stated
from accsim.report.comparison import print_tables, sentence
from accsim.units import show_capacity, show_count, show_rate

_SHOWN: dict[str, tuple[str, Callable[[float], str]]] = {
    "clock_hz": ("clock", lambda hz: show_count(hz, "Hz")),
    "peak_dram_bytes_per_s": ("peak of the DRAM", show_rate),
    "peak_macs_per_s": ("peak of the array", lambda macs: show_count(macs, "MAC/s")),
    "sram_bytes": ("SRAM", lambda count: show_capacity(int(count))),
}
"""How inputs with a unit are called and shown; others go by their key."""


def print_difference(difference: Difference, console: Console) -> None:
    """Print the whole difference."""
    console.print()
    console.print(Text(f"A is {difference.a}\nB is {difference.b}"))
    console.print(Text(inputs_sentence(difference)))
    console.print()
    for pair in difference.pairs:
        told = sentence(pair.comparison, pair.comparison.columns[1])
        console.print(Text(told, style="bold"))
        console.print()
    for name, others in (("A", difference.only_a), ("B", difference.only_b)):
        if others:
            console.print(Text(f"Not compared, of {name}: {', '.join(others)}."))
    note = "Changes are against A; the times of parts are those on the critical path."
    console.print(Text(note, style="dim"))
    for pair in difference.pairs:
        if len(difference.pairs) > 1:
            title = pair.a if pair.a == pair.b else f"{pair.a} and {pair.b}"
            console.print()
            console.rule(Text(title, style="bold"))
        if pair.inputs:
            console.print(Text(f"These runs differ in {_told(pair.inputs)}."))
        print_tables(pair.comparison, console)
    console.print()


def inputs_sentence(difference: Difference) -> str:
    """What was simulated in B that was not in A, as far as results say."""
    if not difference.inputs:
        return "Of chip, workload and version, the results state the same."
    return f"From A to B change {_told(difference.inputs)}."


def _told(inputs: Sequence[InputChange]) -> str:
    return "; ".join(f"{_name(one.key)} {_change(one)}" for one in inputs)


def _name(key: str) -> str:
    return _SHOWN[key][0] if key in _SHOWN else key.replace("_", " ")


def _change(one: InputChange) -> str:
    before, after = _show(one.key, one.a), _show(one.key, one.b)
    if before == after:  # they differ beyond the digits that are shown
        before, after = str(one.a), str(one.b)
    return f"from {before} to {after}"


def _show(key: str, value: Stated) -> str:
    if value is None:
        return "none"
    if key in _SHOWN and not isinstance(value, str):
        return _SHOWN[key][1](value)
    return f"{value:.6g}" if isinstance(value, float) else str(value)
