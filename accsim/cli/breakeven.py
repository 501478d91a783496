"""``accsim breakeven``: does drafting pay on this chip, and with how many drafts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from accsim.cli.options import HtmlFile, json_option, quiet_option

if TYPE_CHECKING:
    from accsim.breakeven import BreakEven


class Counts(click.ParamType[tuple[int, ...]]):
    """Whole numbers from 1, with commas between them; given as rising, each once."""

    name = "N,N,..."

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        parts = [part.strip() for part in value.split(",")]
        if not all(part.isascii() and part.isdecimal() and int(part) for part in parts):
            self.fail(f"{value!r} is not a list of whole numbers from 1, as 512,2048.", param, ctx)
        return tuple(sorted({int(part) for part in parts}))


@click.command("breakeven", short_help="Tell whether drafting pays, and with how many drafts.")
@click.argument("chip")
@click.argument("workload")
@click.option(
    "--contexts",
    type=Counts(),
    help="Tokens in the caches before a step.  [default: 128, 512, 2048, ... to the longest]",
)
@click.option(
    "--batches",
    type=Counts(),
    help="Sequences decoded together.  [default: 1, 2, 4, ... 32 and that of the workload]",
)
@click.option(
    "--plot",
    type=HtmlFile(),
    metavar="FILE.html",
    help="Also draw the speed-up by k, by acceptance rate and by batch.",
)
@json_option
@quiet_option
def breakeven_command(
    chip: str,
    workload: str,
    contexts: tuple[int, ...] | None,
    batches: tuple[int, ...] | None,
    plot: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Compare every run of WORKLOAD that drafts with its baseline, step by step, on CHIP.

    Each is simulated with fewer drafts too (prediction heads: up to all that were trained), at
    several contexts and batches. Says which number of drafts is best where, and how often drafts
    must be right for it to pay.
    """
    import json

    from accsim.cli.writing import check_writable, writing

    if plot is not None:
        check_writable(plot)
    told = studied(chip, workload, contexts, batches, quiet=quiet)
    if as_json:
        click.echo(json.dumps(told.to_json(), indent=2, allow_nan=False))
    else:
        from accsim.cli.printing import stdout_console
        from accsim.report.breakeven import print_break_even

        with stdout_console() as console:
            print_break_even(told, console)
    if plot is not None:
        from accsim.report.breakeven_charts import break_even_charts
        from accsim.report.page import write_page

        with writing(plot):
            write_page(plot, f"{told.workload} on {told.chip}: what pays", break_even_charts(told))
        if not quiet:
            click.echo(f"wrote {plot}", err=True)


def studied(
    chip: str,
    workload: str,
    contexts: tuple[int, ...] | None,
    batches: tuple[int, ...] | None,
    *,
    quiet: bool,
) -> BreakEven:
    """What the command says, of two files and the places that its options choose."""
    from accsim.cli.inputs import located, tell_model
    from accsim.cli.progress import progress_bar
    from accsim.config.resolve import load_both

    hardware, described = load_both(chip, workload)
    # Only now: loading the simulator takes longer than refusing a broken file.
    from accsim.costs import break_even, default_batches, default_contexts, longest_context

    contexts, batches = (
        contexts or default_contexts(described),
        batches or default_batches(described),
    )
    longest = longest_context(described)
    if contexts[-1] > longest:
        raise click.BadParameter(
            f"{contexts[-1]} leaves no room for a step: at most {longest}.", param_hint="--contexts"
        )
    if not quiet:
        tell_model(hardware)
    with located(chip), progress_bar(quiet) as progress:
        return break_even(hardware, described, contexts, batches, progress)
