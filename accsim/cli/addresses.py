"""``accsim addresses``: what a pass asks of the DRAM, for other DRAM simulators."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from accsim.cli.options import pass_option, quiet_option

PS_PER_US = 10**6


class Window(click.ParamType[tuple[int, int]]):
    """Two numbers of microseconds, ``START:END``; given on in picoseconds."""

    name = "window"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """Read the window, or fail with what is expected."""
        if isinstance(value, tuple):
            return value
        start, _, end = str(value).partition(":")
        try:
            low, high = (round(float(text) * PS_PER_US) for text in (start, end))
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is not START:END in microseconds, such as 0:20.", param, ctx)
        if not 0 <= low < high:
            self.fail(f"{value!r} is empty: START must be below END.", param, ctx)
        return low, high


@click.command("addresses", short_help="Write a window of a pass for other DRAM simulators.")
@click.argument("chip")
@click.argument("workload", metavar="WORKLOAD_OR_TRACE")
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), metavar="FILE", required=True, help="Where to."
)
@click.option(
    "--format",
    "style",
    type=click.Choice(["dramsim3", "ramulator2"]),
    default="dramsim3",
    show_default=True,
)
@pass_option
@click.option(
    "--window",
    type=Window(),
    metavar="START:END",
    default="0:20",
    show_default=True,
    help="Microseconds from the start of the pass: all bursts of the descriptors handed over then.",
)
@quiet_option
def addresses_command(
    chip: str,
    workload: str,
    out: Path,
    style: Literal["dramsim3", "ramulator2"],
    chosen: str | None,
    window: tuple[int, int],
    quiet: bool,
) -> None:
    """Write the DRAM bursts that CHIP issues in a window of one pass, a line each.

    accsim dram CHIP --replay FILE reads the same formats.
    """
    from accsim.cli.inputs import chosen_pass, load_inputs, located, tell_model
    from accsim.cli.progress import progress_bar
    from accsim.cli.writing import writing
    from accsim.export.addresses import write_addresses
    from accsim.files import whole_file
    from accsim.pipeline import simulate_pass

    hardware, trace = load_inputs(chip, workload)
    run_name, number = chosen_pass(trace, chosen, option="--pass")
    if not quiet:
        tell_model(hardware)
    with located(chip), progress_bar(quiet) as progress:
        one = simulate_pass(hardware, trace, run_name, number, progress=progress)
    with writing(out), whole_file(out) as temporary:
        count = write_addresses(temporary, style, hardware, one.program, one.timeline, *window)
        if not count:
            raise click.BadParameter(
                "no descriptor is handed over in it; a wider one is needed.", param_hint="--window"
            )
    if not quiet:
        click.echo(f"wrote {out}: {count:,} bursts", err=True)
