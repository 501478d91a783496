"""``accsim show``: every value of a chip, with its unit and where it comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from accsim.cli.options import json_option

if TYPE_CHECKING:
    from rich.table import Table

    from accsim.provenance import ResolvedValue


@click.command("show", short_help="Print every value of a chip and where it comes from.")
@click.argument("chip")
@json_option
def show_command(chip: str, as_json: bool) -> None:
    """Print each value of CHIP with its unit and origin, and what follows from them.

    CHIP is a file, or the name of one that comes with accsim. An origin is a line of that file, a
    default, a table of DRAM standards or a formula.
    """
    from accsim.config.origins import chip_values

    values = chip_values(chip)
    if as_json:
        _print_json(values)
    else:
        _print_table(values)


def _print_json(values: tuple[ResolvedValue, ...]) -> None:
    import json
    from dataclasses import asdict

    document = {"schema": "accsim.chip_values/1", "values": [asdict(value) for value in values]}
    click.echo(json.dumps(document, indent=2, allow_nan=False))


def _print_table(values: tuple[ResolvedValue, ...]) -> None:
    from rich.padding import Padding
    from rich.text import Text

    from accsim.cli.printing import stdout_console

    sources = dict.fromkeys((value.origin, value.source) for value in values if value.source)
    with stdout_console() as console:
        console.print()
        console.print(_table(values))
        for origin, source in sources:
            # Names and paths come from files, so nothing is read as markup.
            console.print(Padding(Text(f"{origin}: {source}", style="dim"), (1, 0, 0, 0)))
        console.print()


def _table(values: tuple[ResolvedValue, ...]) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from accsim.report.values import shown_value

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 2, 0, 0), pad_edge=False, show_edge=False)
    table.add_column(Text(""), no_wrap=True)
    table.add_column(Text("value"), justify="right", overflow="fold")
    table.add_column(Text("origin"), overflow="fold")
    part = ""
    for value in values:
        first, _, rest = value.key.partition(".")
        if rest and first != part:
            table.add_row()
            table.add_row(Text(first, style="bold"))
            part = first
        label = f" {rest}" if rest else first
        table.add_row(Text(label), Text(shown_value(value)), Text(value.origin))
    return table
