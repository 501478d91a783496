"""Values of input files as people write them."""

from __future__ import annotations

from collections.abc import Sequence

from accsim.provenance import ResolvedValue
from accsim.units import show_capacity, show_count, show_rate


def shown_value(value: ResolvedValue) -> str:
    """A value as people write it, in a unit that keeps it short."""
    number, unit = value.value, value.unit
    if isinstance(number, bool):
        return "true" if number else "false"
    if isinstance(number, str):
        return number
    if unit == "bytes/s":
        return show_rate(number)
    if unit == "MACs/s":
        return show_count(number, "MAC/s")
    if unit == "bytes":
        return show_capacity(int(number))
    if unit == "of time":
        return f"{100 * number:.2f} %"
    return f"{number:.6g} {unit}".rstrip() if isinstance(number, float) else f"{number} {unit}"


def value_groups(
    values: Sequence[ResolvedValue],
) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """Rows of key, value and origin below the first word of their keys ("" where that is all)."""
    groups: list[tuple[str, list[tuple[str, str, str]]]] = []
    for value in values:
        first, _, rest = value.key.partition(".")
        title = first if rest else ""
        if not groups or groups[-1][0] != title:
            groups.append((title, []))
        groups[-1][1].append((rest or first, shown_value(value), value.origin))
    return groups
