"""The comparison of runs that a person reads: sentences, figures, then what changed, part by part.

Names come from files, so everything is printed as plain `Text`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from accsim.comparison import Breakdown, Column, Comparison, Line
from accsim.report.metrics import percent, show_joules, show_seconds
from accsim.report.tables import COLUMN_GAP, blocks, plain_table
from accsim.report.wording import (
    CAUSE_NAMES,
    CONSUMER_NAMES,
    COSTLY,
    NOTED_SHARE,
    tokens_per_pass,
)
from accsim.units import show_bytes, show_count, show_energy, show_time

TOLD_PARTS = 3
"""Parts that a sentence names at most."""
TOLD_SHARE = 0.05
"""A part is named if it changes by this share of what all parts change by."""

PART_NAMES = {"layers": "trunk layers", "heads": "head layers"}

Show = Callable[[float], str]


def print_comparison(comparison: Comparison, console: Console) -> None:
    """Print the whole comparison; as many runs side by side as the console is wide."""
    console.print()
    for column in comparison.columns[1:]:
        console.print(Text(sentence(comparison, column), style="bold"))
        console.print()
    console.print(Text(_setting(comparison), style="dim"))
    print_tables(comparison, console)
    console.print()


def print_tables(comparison: Comparison, console: Console) -> None:
    """Print the figures of whole runs, then what changed, part by part."""
    _print_table(console, "", _figures(comparison.columns))
    for title, breakdown, names, show in _breakdowns(comparison):
        _print_table(console, title, _changes(comparison.columns, breakdown, names, show))


def sentence(comparison: Comparison, column: Column) -> str:
    """How the pass of a run differs from that of the reference, through what, and if that pays."""
    reference, name = comparison.columns[0], column.name
    total = comparison.pass_time_ps.total.amounts
    ratio = total[name] / total[reference.name]
    if ratio >= COSTLY:
        first = f"{name} takes {ratio:.2f}x as long per pass as {reference.name}"
    elif abs(ratio - 1) < NOTED_SHARE:
        first = f"{name} takes as long per pass as {reference.name}"
    else:
        how = "longer" if ratio > 1 else "less time"
        first = f"{name} takes {100 * abs(ratio - 1):.1f} % {how} per pass than {reference.name}"
    times = f"{show_time(total[name])} instead of {show_time(total[reference.name])}"
    causes = _told(comparison.pass_time_ps_by_cause, name, CAUSE_NAMES)
    parts = _told(_told_breakdown(comparison, column), name, PART_NAMES)
    why = f": {parts}" if parts else ""
    through = f"; by cause, {causes}" if causes else ""
    pays, energy = _pays(reference, column), _energy(comparison, column)
    return f"{first} ({times}){why}{through}. {pays}{energy}"


def _told_breakdown(comparison: Comparison, column: Column) -> Breakdown:
    """By trunk and heads where one of the two runs has heads, else by operator group."""
    by_part, by_group = comparison.pass_time_ps_by_part, comparison.pass_time_ps
    return by_part if _has_heads(comparison, column) else by_group


def _has_heads(comparison: Comparison, column: Column) -> bool:
    """Whether one of the two runs has heads."""
    return any(
        line.name == "heads" and bool(line.amounts[column.name] or line.changes[column.name])
        for line in comparison.pass_time_ps_by_part.parts
    )


def _energy(comparison: Comparison, column: Column) -> str:
    """Through which operators a token takes more or less energy; "" where results do not say."""
    breakdown = comparison.token_energy_pj
    if _has_heads(comparison, column) and comparison.token_energy_pj_by_part.parts:
        breakdown = comparison.token_energy_pj_by_part
    name, amounts = column.name, breakdown.total.amounts
    parts = _told(breakdown, name, PART_NAMES, show_energy)
    if not parts:
        return ""
    by_consumer = comparison.token_energy_pj_by_consumer
    through = _told(by_consumer, name, CONSUMER_NAMES, show_energy)
    before = show_energy(amounts[comparison.columns[0].name])
    after = show_energy(amounts[name])
    return f" It takes {after} instead of {before}: {parts}; by what takes it, {through}."


def _told(breakdown: Breakdown, column: str, names: dict[str, str], show: Show = show_time) -> str:
    """The parts that changed most, with sign: ``head layers +28.1 ms, lm_head +0.4 ms``."""
    moved = sum(abs(line.changes[column]) for line in breakdown.parts)
    lines = sorted(breakdown.parts, key=lambda line: -abs(line.changes[column]))
    return ", ".join(
        f"{names.get(line.name, line.name)} {signed(line.changes[column], show)}"
        for line in lines[:TOLD_PARTS]
        if line.changes[column] and abs(line.changes[column]) >= TOLD_SHARE * moved
    )


def _pays(reference: Column, column: Column) -> str:
    """Tokens of a pass and time of a token."""
    mine, theirs = (
        tokens_per_pass(one.mean_tokens_per_pass, one.expected_tokens_per_pass)
        for one in (column, reference)
    )
    brings = f"{mine} in both" if mine == theirs else f"{mine} instead of {theirs}"
    times = f"{show_seconds(column.tpot_s)} instead of {show_seconds(reference.tpot_s)}"
    return f"A pass brings {brings}, and a token takes {times}: {column.speedup:.2f}x as fast."


def signed(amount: int, show: Show) -> str:
    """A change with its sign; ``-`` where nothing changes."""
    if not amount:
        return "-"
    return f"+{show(amount)}" if amount > 0 else show(amount)


def _setting(comparison: Comparison) -> str:
    workloads = dict.fromkeys(column.workload for column in comparison.columns)
    return (
        f"{comparison.chip}, {', '.join(workloads)}. Changes are against {comparison.against}; "
        "the times of parts are those on the critical path."
    )


class _Group(NamedTuple):
    """Columns of a table that stay together: headings, and the cells below each of them."""

    headings: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]

    def width(self, gap: int) -> int:
        """Of the columns and of the gaps before them."""
        return sum(
            gap + 1 + max(map(cell_len, (*heading.split("\n"), *cells)))
            for heading, cells in zip(self.headings, self.cells, strict=True)
        )


class _Table(NamedTuple):
    """Labels of the rows, then what every block shows, then what the blocks share out."""

    labels: tuple[str, ...]
    first: _Group
    others: tuple[_Group, ...]

    def blocks(self, gap: int, width: int) -> list[tuple[int, ...]]:
        first = max(map(cell_len, self.labels)) + self.first.width(gap)
        return list(blocks(first, [group.width(gap) for group in self.others], width))


def _print_table(console: Console, title: str, table: _Table) -> None:
    gap = COLUMN_GAP
    if len(table.blocks(gap, console.width)) > 1:
        gap = 0
    for block in table.blocks(gap, console.width):
        groups = (table.first, *(table.others[number] for number in block))
        shown = plain_table(gap)
        shown.add_column(Text(""), overflow="fold")
        for heading in (heading for group in groups for heading in group.headings):
            shown.add_column(Text(heading), justify="right", overflow="fold")
        columns = (table.labels, *(cells for group in groups for cells in group.cells))
        for row in zip(*columns, strict=True):
            shown.add_row(*map(Text, row))
        console.print()
        if title:
            console.print(Text(title, style="bold"))
        console.print(shown)


def _heading(column: Column) -> str:
    """The run below what its name begins with, such as the workload, where that is more."""
    before = column.name.removesuffix(column.run)
    return f"{before}\n{column.run}" if before else column.run


def _figures(columns: Sequence[Column]) -> _Table:
    """The figures of whole runs."""
    rows: tuple[tuple[str, Callable[[Column], str]], ...] = (
        ("speed-up, drawn", lambda one: f"{one.speedup:.3f}x"),
        ("speed-up, expected", lambda one: _or_dash(one.speedup_expected, "{:.3f}x")),
        ("tokens/s", lambda one: f"{one.decode_tokens_per_s:.4g}"),
        ("TPOT", lambda one: show_seconds(one.tpot_s)),
        ("TTFT", lambda one: show_seconds(one.ttft_s)),
        ("tokens/pass, drawn", lambda one: f"{one.mean_tokens_per_pass:.3f}"),
        ("tokens/pass, expected", lambda one: _or_dash(one.expected_tokens_per_pass, "{:.3f}")),
        ("time/pass", lambda one: show_seconds(one.mean_pass_s)),
        ("DRAM bytes/token", lambda one: show_bytes(one.decode_dram_bytes_per_token)),
        ("energy/token", lambda one: show_joules(one.j_per_token.value)),
        ("DRAM pins busy", lambda one: percent(one.utilization.dram)),
        ("array busy", lambda one: percent(one.utilization.array)),
        ("vector unit busy", lambda one: percent(one.utilization.vector)),
        ("bound by", lambda one: CAUSE_NAMES[one.bound]),
        ("its share", lambda one: percent(one.bound_share[one.bound])),
        ("passes simulated", lambda one: f"{one.passes_simulated} of {one.passes}"),
    )
    groups = [
        _Group((_heading(column),), (tuple(show(column) for _, show in rows),))
        for column in columns
    ]
    return _Table(tuple(label for label, _ in rows), groups[0], tuple(groups[1:]))


def _or_dash(number: float | None, form: str) -> str:
    return "-" if number is None else form.format(number)


def _breakdowns(
    comparison: Comparison,
) -> list[tuple[str, Breakdown, dict[str, str], Show]]:
    """Title, breakdown, names of parts and unit of each table."""
    found: list[tuple[str, Breakdown, dict[str, str], Show]] = [
        ("Time of a mean decode pass, by operator group", comparison.pass_time_ps, {}, show_time),
        ("The same by part of the model", comparison.pass_time_ps_by_part, PART_NAMES, show_time),
        ("The same by cause", comparison.pass_time_ps_by_cause, CAUSE_NAMES, show_time),
        ("DRAM bytes of a mean decode pass", comparison.pass_dram_bytes, {}, show_bytes),
        ("MACs of a mean decode pass", comparison.pass_macs, {}, show_count),
    ]
    energies: tuple[tuple[str, Breakdown, dict[str, str]], ...] = (
        ("Energy of a token, by operator group", comparison.token_energy_pj, {}),
        ("The same by part of the model", comparison.token_energy_pj_by_part, PART_NAMES),
        ("The same by what takes it", comparison.token_energy_pj_by_consumer, CONSUMER_NAMES),
    )
    if comparison.token_energy_pj.parts:
        found += [(*one, show_energy) for one in energies if one[1].parts]
    if len({column.mean_tokens_per_pass for column in comparison.columns}) > 1:
        title = "Time of a token, by operator group"
        found.append((title, comparison.token_time_ps, {}, show_time))
        by_cause = comparison.token_time_ps_by_cause
        found.append(("Time of a token, by cause", by_cause, CAUSE_NAMES, show_time))
    return found


def _changes(
    columns: Sequence[Column], breakdown: Breakdown, names: dict[str, str], show: Show
) -> _Table:
    """The parts that matter by falling change, the others in one line, and the whole."""
    lines = [line for line in breakdown.parts if _matters(line, breakdown.total)]
    rest = [line for line in breakdown.parts if line not in lines and any(line.amounts.values())]
    if rest:
        lines.append(_sum(f"{len(rest)} more", rest))
    lines.append(breakdown.total)
    reference, *others = columns

    def amounts(column: Column) -> tuple[str, ...]:
        found = (line.amounts[column.name] for line in lines)
        return tuple(show(amount) if amount else "-" for amount in found)

    def group(column: Column) -> _Group:
        whole = breakdown.total.changes[column.name]
        # Shares of next to nothing would be huge and say nothing.
        told = abs(whole) > NOTED_SHARE * breakdown.total.amounts[column.name]
        changes = [line.changes[column.name] for line in lines]
        return _Group(
            (_heading(column), "change", "share"),
            (
                amounts(column),
                tuple(signed(change, show) for change in changes),
                tuple(_share(change / whole) if told and change else "-" for change in changes),
            ),
        )

    return _Table(
        tuple(names.get(line.name, line.name) for line in lines),
        _Group((_heading(reference),), (amounts(reference),)),
        tuple(group(column) for column in others),
    )


def _share(share: float) -> str:
    """A share of a change, which may be against it or more than all."""
    return percent(abs(share)) if abs(share) < NOTED_SHARE / 2 else f"{100 * share:.1f} %"


def _matters(line: Line, total: Line) -> bool:
    """Whether the part is worth a line in any column."""
    return any(
        amount >= NOTED_SHARE * total.amounts[column] > 0 for column, amount in line.amounts.items()
    )


def _sum(name: str, lines: Sequence[Line]) -> Line:
    columns = tuple(lines[0].amounts)
    return Line(
        name,
        {column: sum(line.amounts[column] for line in lines) for column in columns},
        {column: sum(line.changes[column] for line in lines) for column in columns},
    )
