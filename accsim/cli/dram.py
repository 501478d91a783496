"""``accsim dram``: what the memory of a chip does with an address pattern, on its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from accsim.chip import Memory
    from accsim.dram.memory import MemoryStatistics
    from accsim.dram.reference.patterns import Trace

PATTERNS = ("sequential", "streams", "mixed", "random", "strided")
IN_ORDER = ("sequential", "streams")
"""Patterns that the row-granular model is made for: long runs, served in order."""

SCHEMA = "accsim.dram/1"

STATES = ("data", "turnaround", "refresh", "activation")


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
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, nothing else.")
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
    as_json: bool,
) -> None:
    """Offer the memory of CHIP a pattern as fast as it takes it, and say where the time goes.

    The row-granular model that simulates whole chips answers for sequential and streams; every
    other pattern needs the command-level reference, which --reference asks for anywhere.
    """
    if replay is not None:
        _study_file(chip, replay, as_json)
        return
    from accsim.config.resolve import load_chip

    memory = load_chip(chip).memory
    from accsim.dram.reference import patterns

    unit = memory.part.burst_bytes
    for option, value in (("--block", block), ("--stride", stride)):
        if value % unit:
            raise click.BadParameter(
                f"{value} is no multiple of the {unit}-byte burst.", param_hint=option
            )
    round_bytes = {"streams": count * block, "mixed": block, "random": block}.get(pattern, unit)
    if size < round_bytes:
        raise click.BadParameter(
            f"{size} is less than one round of the pattern, {round_bytes}.", param_hint="--bytes"
        )
    trace = {
        "sequential": lambda: patterns.sequential(size, unit),
        "streams": lambda: patterns.streams(size, unit, count=count, block=block),
        "mixed": lambda: patterns.mixed(size, unit, block=block, write_percent=writes),
        "random": lambda: patterns.random(size, unit, block=block, seed=seed),
        "strided": lambda: patterns.strided(size // unit, unit, stride=stride),
    }[pattern]()
    commands = reference or pattern not in IN_ORDER
    cycles, statistics = _by_command(memory, trace) if commands else _by_row(memory, trace)
    model = "command-level reference" if commands else "row-granular"
    found = _findings(memory, trace, cycles, statistics)
    _tell({"schema": SCHEMA, "chip": chip, "pattern": pattern, "model": model, **found}, as_json)


def _study_file(chip: str, file: Path, as_json: bool) -> None:
    from accsim.config.resolve import load_chip
    from accsim.dram.text_trace import read_addresses

    memory = load_chip(chip).memory
    trace = read_addresses(file, memory.capacity_bytes)
    cycles, statistics = _by_command(memory, trace)
    found = _findings(memory, trace, cycles, statistics)
    model = "command-level reference"
    _tell({"schema": SCHEMA, "chip": chip, "pattern": file.name, "model": model, **found}, as_json)


def _tell(outcome: dict[str, Any], as_json: bool) -> None:
    if as_json:
        import json

        click.echo(json.dumps(outcome, indent=2))
        return
    _print(outcome)


def _by_command(memory: Memory, trace: Trace) -> tuple[int, MemoryStatistics]:
    from accsim.dram.address import AddressMap
    from accsim.dram.reference.memory import replay
    from accsim.dram.reference.policy import usual_policy

    played = replay(AddressMap(memory), usual_policy(memory), *trace)
    return played.cycles, played.statistics


def _by_row(memory: Memory, trace: Trace) -> tuple[int, MemoryStatistics]:
    """Offer runs of consecutive bursts, all at time 0, to the row-granular model."""
    import numpy as np

    from accsim.dram.memory import RowGranularMemory

    model, unit = RowGranularMemory(memory), memory.part.burst_bytes
    addresses = trace[0]
    starts = np.flatnonzero(np.diff(addresses, prepend=-2 * unit) != unit)
    lengths = np.diff(starts, append=len(addresses)) * unit
    cycles = 0
    for start, length in zip(addresses[starts].tolist(), lengths.tolist(), strict=True):
        model.submit(0, start, 1, length, 0, False)
        cycles = max(cycles, int(model.window[:, 1].max()))
    return cycles, model.statistics()


def _findings(
    memory: Memory, trace: Trace, cycles: int, statistics: MemoryStatistics
) -> dict[str, Any]:
    moved = len(trace[0]) * memory.part.burst_bytes
    seconds = memory.part.clock.edge_ps(cycles) / 1e12
    peak = float(memory.peak_bytes_per_s)
    # Shares of the whole time, averaged over the channels.
    shares = (statistics.states.sum(axis=0) / (cycles * memory.channels)).tolist()
    states = dict(zip(STATES, shares, strict=True))
    return {
        "bytes": moved,
        "write_bytes": int(trace[1].sum()) * memory.part.burst_bytes,
        "cycles": cycles,
        "seconds": seconds,
        "bytes_per_s": moved / seconds,
        "peak_bytes_per_s": peak,
        "efficiency": moved / seconds / peak,
        "bus_share": {**states, "idle": 1 - sum(shares)},
        "row_hits": int(statistics.row_hits.sum()),
        "row_misses": int(statistics.row_misses.sum()),
        "row_conflicts": int(statistics.row_conflicts.sum()),
        "activates": int(statistics.activates.sum()),
        "refreshes": int(statistics.refreshes.sum()),
    }


def _print(outcome: dict[str, Any]) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from accsim.cli.printing import stdout_console
    from accsim.units import show_bytes, show_rate, show_time

    # The name of a chip may be a path, so it is not read as markup.
    title = Text(f"{outcome['chip']}: {outcome['pattern']}")
    table = Table(title=title, title_justify="left", box=box.SIMPLE, show_header=False)
    table.add_column()
    table.add_column(justify="right")
    table.add_row("model", outcome["model"])
    table.add_row("moved", show_bytes(outcome["bytes"]))
    table.add_row("time", show_time(outcome["seconds"] * 1e12))
    table.add_row("bandwidth", show_rate(outcome["bytes_per_s"]))
    table.add_row("of the pins", f"{100 * outcome['efficiency']:.2f} %")
    for name, share in outcome["bus_share"].items():
        table.add_row(f"bus: {name}", f"{100 * share:.2f} %")
    for name in ("row_hits", "row_misses", "row_conflicts", "activates", "refreshes"):
        table.add_row(name.replace("_", " "), f"{outcome[name]:,}")
    with stdout_console() as console:
        console.print(table)
