"""``accsim dram``: what the memory of a chip does with an address pattern, on its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from accsim.cli.options import HtmlFile, json_option, quiet_option
from accsim.dram.catalogue import PATTERNS, Sizes

if TYPE_CHECKING:
    from accsim.chip import Memory
    from accsim.dram.study import Study

SCHEMA = "accsim.dram/1"

COUNTS = ("row_hits", "row_misses", "row_conflicts", "activates", "refreshes")
MODEL_NAMES = {"row_granular": "row-granular", "command_level": "command-level reference"}

DEFAULT = Sizes()

bytes_option = click.option(
    "--bytes",
    "size",
    type=click.IntRange(1 << 12, 1 << 30),
    default=DEFAULT.size,
    show_default=True,
    help="How much to move.",
)


@click.command("dram", short_help="Study the memory of a chip alone.")
@click.argument("chip")
@click.option("--pattern", type=click.Choice(PATTERNS), default="sequential", show_default=True)
@bytes_option
@click.option(
    "--block",
    type=click.IntRange(32, 1 << 24),
    default=DEFAULT.block,
    show_default=True,
    help="streams, mixed, random: consecutive bytes at a time.",
)
@click.option(
    "--streams",
    "count",
    type=click.IntRange(1, 64),
    default=DEFAULT.count,
    show_default=True,
    help="streams: how many take turns.",
)
@click.option(
    "--stride",
    type=click.IntRange(32, 1 << 26),
    default=DEFAULT.stride,
    show_default=True,
    help="strided: bytes from one burst to the next.",
)
@click.option(
    "--writes",
    type=click.IntRange(0, 100),
    default=DEFAULT.writes,
    show_default=True,
    help="mixed: percentage of blocks that are written.",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=DEFAULT.seed,
    show_default=True,
    help="random only.",
)
@click.option(
    "--replay",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Instead of a pattern: an address trace in the text format of DRAMsim3 or Ramulator 2.",
)
@click.option("--reference", is_flag=True, help="Simulate every DRAM command.")
@click.option(
    "--plot",
    type=HtmlFile(),
    metavar="FILE.html",
    help="Also draw the time by state and channel, and beside it that of the other patterns.",
)
@json_option
@quiet_option
def dram_command(
    chip: str,
    pattern: str,
    size: int,
    block: int,
    count: int,
    stride: int,
    writes: int,
    seed: int,
    replay: Path | None,
    reference: bool,
    plot: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Offer the memory of CHIP a pattern as fast as it takes it, and say where the time goes.

    The row-granular model that simulates whole chips answers for sequential and streams, if it
    knows the chip's controller; all else needs the command-level reference, which --reference asks
    for anywhere.
    """
    from accsim.cli.progress import progress_bar
    from accsim.cli.writing import check_writable
    from accsim.config.resolve import load_chip

    if plot is not None:
        check_writable(plot)
    memory = load_chip(chip).memory
    asked = [] if replay is not None else [pattern]
    if plot is not None and asked:
        asked += [name for name in PATTERNS if name != pattern]
    sizes, unit = Sizes(size, block, count, stride, writes, seed), memory.part.burst_bytes
    for name in asked:
        check_sizes(sizes, name, unit)

    def found(name: str) -> Study:
        return sizes.study(memory, name, by_command=reference)

    studies: list[Study] = []
    with progress_bar(quiet) as progress:
        for number, name in enumerate(asked or [str(replay)]):
            if progress:
                progress(name, number, len(asked) or 1)
            studies.append(found(name) if replay is None else _recorded(memory, replay))
    if as_json:
        _print_json(chip, studies[0])
    else:
        _print(chip, studies[0])
    if plot is not None:
        _plot(plot, chip, memory, studies)
        if not quiet:
            click.echo(f"wrote {plot}", err=True)


def check_sizes(sizes: Sizes, pattern: str, unit: int) -> None:
    """Refuse what makes no whole bursts of `unit` bytes, or no whole round of a pattern.

    Raises:
        BadParameter: names the option.
    """
    for option, value in (("--block", sizes.block), ("--stride", sizes.stride)):
        if value % unit:
            raise click.BadParameter(
                f"{value} is no multiple of the {unit}-byte burst.", param_hint=option
            )
    least = sizes.round_bytes(pattern, unit)
    if sizes.size < least:
        raise click.BadParameter(
            f"{sizes.size} is less than one round of {pattern}, {least}.", param_hint="--bytes"
        )


def _recorded(memory: Memory, file: Path) -> Study:
    from accsim.dram.study import study
    from accsim.dram.text_trace import read_addresses

    trace = read_addresses(file, memory.capacity_bytes)
    return study(memory, file.name, trace, by_command=True)


def _plot(file: Path, chip: str, memory: Memory, studies: list[Study]) -> None:
    from accsim.cli.writing import writing
    from accsim.report.charts import dram_charts
    from accsim.report.page import write_page

    with writing(file):
        write_page(file, f"{chip}: the memory alone", dram_charts(memory, studies))


def _print_json(chip: str, found: Study) -> None:
    import json

    document = {
        "schema": SCHEMA,
        "chip": chip,
        "pattern": found.pattern,
        "model": MODEL_NAMES[found.model],
        "bytes": found.bytes,
        "write_bytes": found.write_bytes,
        "cycles": found.cycles,
        "seconds": found.seconds,
        "bytes_per_s": found.bytes_per_s,
        "peak_bytes_per_s": found.peak_bytes_per_s,
        "efficiency": found.efficiency,
        "bus_share": found.bus_share,
        **{name: getattr(found, name) for name in COUNTS},
    }
    click.echo(json.dumps(document, indent=2))


def _print(chip: str, found: Study) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from accsim.cli.printing import stdout_console
    from accsim.units import show_bytes, show_rate, show_time

    # The name of a chip may be a path, so it is not read as markup.
    title = Text(f"{chip}: {found.pattern}")
    table = Table(title=title, title_justify="left", box=box.SIMPLE, show_header=False)
    table.add_column()
    table.add_column(justify="right")
    table.add_row("model", MODEL_NAMES[found.model])
    table.add_row("moved", show_bytes(found.bytes))
    table.add_row("time", show_time(found.seconds * 1e12))
    table.add_row("bandwidth", show_rate(found.bytes_per_s))
    table.add_row("of the pins", f"{100 * found.efficiency:.2f} %")
    for name, share in found.bus_share.items():
        table.add_row(f"bus: {name}", f"{100 * share:.2f} %")
    for name in COUNTS:
        table.add_row(name.replace("_", " "), f"{getattr(found, name):,}")
    with stdout_console() as console:
        console.print(table)
