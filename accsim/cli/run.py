"""``accsim run``: simulate a workload or a trace on a chip."""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from accsim.cli.options import HtmlFile, json_option, mapping_option, quiet_option
from accsim.cli.window import TimeWindow

if TYPE_CHECKING:
    from accsim.chip import Chip
    from accsim.export.events import PassEvents
    from accsim.mapping import Pinning
    from accsim.ops import OpTrace
    from accsim.pass_view import PassView
    from accsim.pipeline import Progress
    from accsim.provenance import Provenance
    from accsim.result import Result


class FolderPath(click.Path):
    """A folder to write into; an empty name, as of an unset variable, is not the current one."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> str | bytes | os.PathLike[str]:
        if not os.fspath(value):
            self.fail("the name of the folder is empty.", param, ctx)
        return super().convert(value, param, ctx)


def _enough(context: click.Context, parameter: click.Parameter, count: int) -> int:
    """None, or as many generations as an interval follows from."""
    if count == 1:
        raise click.BadParameter("an interval takes at least 2 generations; 0 draws none.")
    return count


@click.command("run", short_help="Simulate a workload on a chip.")
@click.argument("chip")
@click.argument("workload", metavar="WORKLOAD_OR_TRACE")
@json_option
@click.option(
    "--out",
    type=FolderPath(),
    metavar="DIR",
    help="Also write result.json, ops.csv, the timeline of one pass, pass.pftrace, and what "
    "accsim report needs.",
)
@click.option(
    "--report",
    type=HtmlFile(),
    metavar="FILE.html",
    help="Also write all of it as one HTML page, with charts and timelines.",
)
@mapping_option
@click.option(
    "--generations",
    type=click.IntRange(0, 1_000_000),
    default=1000,
    show_default=True,
    callback=_enough,
    metavar="N",
    help="Draw N generations of each run over its pass times; 0 draws none.",
)
@click.option("--exact", is_flag=True, help="Simulate every pass; interpolate none.")
@click.option(
    "--trace-pass",
    metavar="RUN:N",
    help="Which pass the timeline shows; 0 is the first of the prefill.  "
    "[default: the first decode pass of the last run]",
)
@click.option(
    "--trace-window",
    type=TimeWindow(),
    metavar="T0:T1",
    help="Show only this part of the pass, such as 0ms:5ms or 120us:180us.",
)
@click.option("--chrome", is_flag=True, help="Write the timeline as Chrome JSON too, pass.json.gz.")
@quiet_option
def run_command(
    chip: str,
    workload: str,
    as_json: bool,
    out: Path | None,
    report: Path | None,
    mapping: str | None,
    generations: int,
    exact: bool,
    trace_pass: str | None,
    trace_window: tuple[int, int] | None,
    chrome: bool,
    quiet: bool,
) -> None:
    """Simulate every run of a workload on CHIP and say which decodes fastest, and why.

    Of a workload that is a training step, say what each run costs and how long it takes.

    CHIP and WORKLOAD_OR_TRACE are files, or names of those that come with accsim. A name that ends
    in .jsonl or .jsonl.gz is an operator trace.
    """
    from accsim.cli.training import is_step, run_step

    options = {
        "--out": out,
        "--report": report,
        "--mapping": mapping,
        "--trace-pass": trace_pass,
        "--trace-window": trace_window,
        "--chrome": chrome,
    }
    if is_step(workload):
        source = click.get_current_context().get_parameter_source("generations")
        options["--generations"] = source is not ParameterSource.DEFAULT
        run_step(chip, workload, options, as_json=as_json, exact=exact, quiet=quiet)
        return
    for option in ("--trace-pass", "--trace-window", "--chrome"):
        if options[option] not in (None, False) and out is None:
            raise click.UsageError(f"{option} needs --out DIR: it is about a file written there.")

    from accsim.cli.inputs import chosen_pass, load_inputs, load_pins, located, tell_model
    from accsim.cli.progress import progress_bar
    from accsim.cli.writing import check_writable, out_folder

    if report is not None and report.parent != out:
        check_writable(report)
    hardware, trace = load_inputs(chip, workload)
    shown_pass = chosen_pass(trace, trace_pass)
    pinning = load_pins(mapping, trace)
    made_by = _provenance(chip, workload, mapping, generations, exact)
    # Only now: loading the simulator takes longer than refusing a broken file.
    from accsim.pipeline import run

    if not quiet:
        tell_model(hardware)
    written: list[Path] = []
    with nullcontext() if out is None else out_folder(out) as folder:
        views: list[PassView] = []
        with located(chip), progress_bar(quiet) as progress:
            # Before all else, which takes longer: there may be no such part of it.
            shown = None
            if out is not None:
                shown = _shown(hardware, trace, shown_pass, trace_window, pinning, progress)
            result = run(
                hardware,
                trace,
                exact=exact,
                progress=progress,
                pinning=pinning,
                generations=generations,
                show=None if out is None and report is None else views.append,
            )
        if out is not None and folder is not None and shown is not None:
            _write_views(folder, result, views)
            _write_files(folder, result, shown, chrome)
            _write_provenance(folder, made_by)
            written += sorted(out / file.name for file in folder.iterdir())
    if report is not None:
        _write_report(report, result, views, made_by)
        written.append(report)
    if not quiet:
        for path in written:
            click.echo(f"wrote {path}", err=True)
    _print_result(result, as_json)


def _provenance(
    chip: str, workload: str, mapping: str | None, generations: int, exact: bool
) -> Provenance:
    from accsim.cli.provenance import provenance

    source = click.get_current_context().get_parameter_source("generations")
    stated = None if source is ParameterSource.DEFAULT else generations
    options = {"--mapping": mapping, "--generations": stated, "--exact": exact}
    return provenance(chip, workload, options)


def _print_result(result: Result, as_json: bool) -> None:
    if as_json:
        from accsim.report.json_text import result_json

        sys.stdout.write(result_json(result))
        return
    from accsim.cli.printing import stdout_console
    from accsim.report.terminal import print_result

    with stdout_console() as console:
        print_result(result, console)


def _write_provenance(folder: Path, made_by: Provenance) -> None:
    from accsim.cli.report import PROVENANCE
    from accsim.report.json_text import provenance_json

    (folder / PROVENANCE).write_text(provenance_json(made_by), encoding="utf-8")


def _write_report(path: Path, result: Result, views: list[PassView], made_by: Provenance) -> None:
    from accsim.cli.writing import writing
    from accsim.report.run_report import write_run_report

    with writing(path):
        write_run_report(path, result, views, made_by)


def _write_views(folder: Path, result: Result, views: list[PassView]) -> None:
    """Store views of passes for ``accsim report``, by the number of their run."""
    from accsim.export.pass_view_file import view_file, write_view

    numbers = {run.name: number for number, run in enumerate(result.runs, start=1)}
    for view in views:
        write_view(view_file(folder, numbers[view.run]), view)


def _shown(
    chip: Chip,
    trace: OpTrace,
    shown_pass: tuple[str, int],
    window_ps: tuple[int, int] | None,
    pinning: Pinning,
    progress: Progress | None,
) -> PassEvents:
    """What the timeline shows."""
    from accsim.export.events import PassEvents
    from accsim.pipeline import check_runs, simulate_pass

    check_runs(chip, trace)
    shown = simulate_pass(chip, trace, *shown_pass, pinning, progress)
    view = shown.view(chip, *shown_pass)
    if window_ps is not None and window_ps[0] >= view.elapsed_ps:
        from accsim.units import show_time

        message = f"the pass has ended by then: it takes {show_time(view.elapsed_ps)}."
        raise click.BadParameter(message, param_hint="--trace-window")
    return PassEvents(view, window_ps)


def _write_files(folder: Path, result: Result, events: PassEvents, chrome: bool) -> None:
    from accsim.export.chrome import write_chrome_json_gz
    from accsim.export.perfetto import write_pftrace
    from accsim.export.tables import write_ops_csv
    from accsim.report.json_text import result_json

    (folder / "result.json").write_text(result_json(result), encoding="utf-8")
    write_ops_csv(folder / "ops.csv", result)
    write_pftrace(folder / "pass.pftrace", events)
    if chrome:
        write_chrome_json_gz(folder / "pass.json.gz", events)
    if events.dropped:
        click.echo(
            f"warning: the timeline shows only the first {events.cap:,} of "
            f"{events.total_slices:,} slices",
            err=True,
        )
