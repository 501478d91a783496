"""``accsim plot``: one kind of chart on a page of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from accsim.cli.breakeven import Counts, studied
from accsim.cli.dram import bytes_option, check_sizes
from accsim.cli.options import HtmlFile, quiet_option

if TYPE_CHECKING:
    from accsim.report.page import Chart
    from accsim.result import Result

page_option = click.option(
    "-o",
    "--output",
    type=HtmlFile(),
    metavar="FILE.html",
    required=True,
    help="The page to write.",
)


@click.group("plot", short_help="Draw one kind of chart.")
def plot_command() -> None:
    """Write charts to an HTML page that needs no network and no other file.

    accsim.plots gives the same figures to scripts and notebooks.
    """


@plot_command.command("roofline", short_help="Operators under the roofs of pins and array.")
@click.argument("given", metavar="CHIP_OR_RESULT")
@click.argument("workload", metavar="[WORKLOAD_OR_TRACE]", required=False)
@page_option
@quiet_option
def roofline_command(given: str, workload: str | None, output: Path, quiet: bool) -> None:
    """Draw what operators reach in the runs of a workload on a chip, or of a saved result.json."""
    from accsim.cli.writing import check_writable

    check_writable(output)
    if workload is None:
        from accsim.config.result_file import load_result

        result = load_result(given)
    else:
        result = _simulated(given, workload, quiet)
    from accsim.report.page import Chart
    from accsim.report.roofline import ROOFLINE_NOTE, roofline_figure

    title = f"{result.workload} on {result.chip}"
    _write(output, title, [Chart("Roofline", ROOFLINE_NOTE, roofline_figure(result))], quiet)


@plot_command.command("cost", short_help="What further query rows of a pass cost.")
@click.argument("chip")
@click.argument("workload")
@click.option(
    "--rows",
    type=click.IntRange(2, 1024),
    metavar="M",
    help="The most query rows of a pass.  [default: 64]",
)
@click.option(
    "--context",
    type=click.IntRange(1),
    metavar="N",
    help="Tokens in the KV cache before it.  [default: half of the model's positions]",
)
@page_option
@quiet_option
def cost_command(
    chip: str, workload: str, rows: int | None, context: int | None, output: Path, quiet: bool
) -> None:
    """Draw T(m) / T(1): what a pass of m query rows takes on CHIP over one of a single row.

    Model, precision and batch are those of WORKLOAD.
    """
    from accsim.cli.inputs import located, tell_model
    from accsim.cli.progress import progress_bar
    from accsim.cli.writing import check_writable
    from accsim.config.resolve import load_both

    check_writable(output)
    hardware, described = load_both(chip, workload)
    # Only now: loading the simulator takes longer than refusing a broken file.
    from accsim.cost_curve import MOST_ROWS, cost_curve, default_context, default_rows
    from accsim.report.cost_chart import cost_chart

    if not quiet:
        tell_model(hardware)
    context = context or default_context(described)
    with located(chip), progress_bar(quiet) as progress:
        costs = cost_curve(hardware, described, default_rows(rows or MOST_ROWS), context, progress)
    ps = {number: cost.ps for number, cost in costs.items()}
    chart = cost_chart(hardware.name, described.name, context, described.batch, ps)
    _write(output, f"{described.name} on {hardware.name}", [chart], quiet)


@plot_command.command("breakeven", short_help="Whether drafting pays.")
@click.argument("chip")
@click.argument("workload")
@click.option("--contexts", type=Counts(), help="As of accsim breakeven.")
@click.option("--batches", type=Counts(), help="As of accsim breakeven.")
@page_option
@quiet_option
def breakeven_command(
    chip: str,
    workload: str,
    contexts: tuple[int, ...] | None,
    batches: tuple[int, ...] | None,
    output: Path,
    quiet: bool,
) -> None:
    """Draw the speed-up by drafts, by acceptance rate and by batch, as accsim breakeven --plot."""
    from accsim.cli.writing import check_writable

    check_writable(output)
    told = studied(chip, workload, contexts, batches, quiet=quiet)
    from accsim.report.breakeven_charts import break_even_charts

    _write(output, f"{told.workload} on {told.chip}: what pays", break_even_charts(told), quiet)


@plot_command.command("dram", short_help="Memory efficiency by address pattern.")
@click.argument("chip")
@bytes_option
@page_option
@quiet_option
def dram_command(chip: str, size: int, output: Path, quiet: bool) -> None:
    """Draw what the memory of CHIP makes of five address patterns, as accsim dram --plot."""
    from accsim.cli.progress import progress_bar
    from accsim.cli.writing import check_writable
    from accsim.config.resolve import load_chip
    from accsim.dram.catalogue import PATTERNS, Sizes

    check_writable(output)
    hardware, sizes = load_chip(chip), Sizes(size)
    for name in PATTERNS:
        check_sizes(sizes, name, hardware.memory.part.burst_bytes)
    from accsim.report.charts import dram_charts

    studies = []
    with progress_bar(quiet) as progress:
        for number, name in enumerate(PATTERNS):
            if progress:
                progress(name, number, len(PATTERNS))
            studies.append(sizes.study(hardware.memory, name))
    charts = dram_charts(hardware.memory, studies)
    _write(output, f"{hardware.name}: the memory alone", charts, quiet)


@plot_command.command("pareto", short_help="What a sweep found, over its objectives.")
@click.argument("store", type=click.Path(path_type=Path))
@page_option
@quiet_option
def pareto_command(store: Path, output: Path, quiet: bool) -> None:
    """Draw the points of the sweep in STORE, and its Pareto front.

    accsim sweep report has all else that is to be seen of a sweep.
    """
    from accsim.cli.writing import check_writable
    from accsim.sweep.reading import open_study

    check_writable(output)
    found = open_study(store).findings()
    from accsim.report.sweep_charts import pareto_chart

    _write(output, found.study.name, [pareto_chart(found)], quiet)


def _simulated(chip: str, workload: str, quiet: bool) -> Result:
    from accsim.cli.inputs import load_inputs, located, tell_model
    from accsim.cli.progress import progress_bar

    hardware, trace = load_inputs(chip, workload)
    from accsim.pipeline import run

    if not quiet:
        tell_model(hardware)
    with located(chip), progress_bar(quiet) as progress:
        return run(hardware, trace, progress=progress)


def _write(path: Path, title: str, charts: Sequence[Chart], quiet: bool) -> None:
    from accsim.cli.writing import writing
    from accsim.report.page import write_page

    with writing(path):
        write_page(path, title, charts)
    if not quiet:
        click.echo(f"wrote {path}", err=True)
