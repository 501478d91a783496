"""``accsim dram``: what the memory of a chip does with an address pattern, on its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from accsim.cli.options import json_option, quiet_option

if TYPE_CHECKING:
    from accsim.chip import Memory
    from accsim.dram.reference.patterns import Trace
    from accsim.dram.study import Study

PATTERNS = ("sequential", "streams", "mixed", "random", "strided")
IN_ORDER = ("sequential", "streams")
"""Patterns that the row-granular model is made for: long runs, served in order."""

SCHEMA = "accsim.dram/1"

COUNTS = ("row_hits", "row_misses", "row_conflicts", "activates", "refreshes")
MODEL_NAMES = {"row_granular": "row-granular", "command_level": "command-level reference"}


@dataclass(frozen=True)
class Sizes:
    """How the patterns are cut: all options that they share."""

    size: int
    block: int
    count: int
    stride: int
    writes: int
    seed: int

    def check(self, pattern: str, unit: int) -> None:
        """Refuse what makes no whole bursts of `unit` bytes, or no whole round of a pattern.

        Raises:
            BadParameter: names the option.
        """
        for option, value in (("--block", self.block), ("--stride", self.stride)):
            if value % unit:
                raise click.BadParameter(
                    f"{value} is no multiple of the {unit}-byte burst.", param_hint=option
                )
        rounds = {"streams": self.count * self.block, "mixed": self.block, "random": self.block}
        least = rounds.get(pattern, unit)
        if self.size < least:
            raise click.BadParameter(
                f"{self.size} is less than one round of {pattern}, {least}.", param_hint="--bytes"
            )

    def trace(self, pattern: str, unit: int) -> Trace:
        """The bursts of a pattern."""
        from accsim.dram.reference import patterns

        size, block = self.size, self.block
        match pattern:
            case "sequential":
                return patterns.sequential(size, unit)
            case "streams":
                return patterns.streams(size, unit, count=self.count, block=block)
            case "mixed":
                return patterns.mixed(size, unit, block=block, write_percent=self.writes)
            case "random":
                return patterns.random(size, unit, block=block, seed=self.seed)
            case _:
                return patterns.strided(size // unit, unit, stride=self.stride)


@click.command("dram", short_help="Study the memory of a chip alone.")
@click.argument("chip")
@click.option("--pattern", type=click.Choice(PATTERNS), default="sequential", show_default=True)
@click.option(
    "--bytes",
    "size",
    type=click.IntRange(1 << 12, 1 << 30),
    default=16 << 20,
    show_default=True,
    help="How much to move.",
)
@click.option(
    "--block",
    type=click.IntRange(32, 1 << 24),
    default=4096,
    show_default=True,
    help="streams, mixed, random: consecutive bytes at a time.",
)
@click.option(
    "--streams",
    "count",
    type=click.IntRange(1, 64),
    default=4,
    show_default=True,
    help="streams: how many take turns.",
)
@click.option(
    "--stride",
    type=click.IntRange(32, 1 << 26),
    default=4096,
    show_default=True,
    help="strided: bytes from one burst to the next.",
)
@click.option(
    "--writes",
    type=click.IntRange(0, 100),
    default=25,
    show_default=True,
    help="mixed: percentage of blocks that are written.",
)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="random only.")
@click.option(
    "--replay",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Instead of a pattern: an address trace in the text format of DRAMsim3 or Ramulator 2.",
)
@click.option("--reference", is_flag=True, help="Simulate every DRAM command.")
@click.option(
    "--plot",
    type=click.Path(path_type=Path),
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
    from accsim.config.resolve import load_chip

    memory = load_chip(chip).memory
    asked = [] if replay is not None else [pattern]
    if plot is not None and asked:
        asked += [name for name in PATTERNS if name != pattern]
    sizes, unit = Sizes(size, block, count, stride, writes, seed), memory.part.burst_bytes
    for name in asked:
        sizes.check(name, unit)
    from accsim.dram.study import study

    def found(name: str) -> Study:
        by_command = reference or name not in IN_ORDER
        return study(memory, name, sizes.trace(name, unit), by_command=by_command)

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
