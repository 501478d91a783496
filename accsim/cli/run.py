"""``accsim run``: simulate a workload or a trace on a chip."""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from accsim.cli.options import json_option, mapping_option, quiet_option

if TYPE_CHECKING:
    from accsim.chip import Chip
    from accsim.cli.progress import Report
    from accsim.mapping import Pinning
    from accsim.ops import OpTrace
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
    help="Also write result.json, ops.csv and the timeline of one pass, pass.pftrace.",
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
@click.option("--chrome", is_flag=True, help="Write the timeline as Chrome JSON too, pass.json.gz.")
@quiet_option
def run_command(
    chip: str,
    workload: str,
    as_json: bool,
    out: Path | None,
    mapping: str | None,
    generations: int,
    exact: bool,
    trace_pass: str | None,
    chrome: bool,
    quiet: bool,
) -> None:
    """Simulate every run of a workload on CHIP and say which decodes fastest, and why.

    Of a workload that is a training step, say what each run costs and how long it takes.

    CHIP and WORKLOAD_OR_TRACE are files, or names of those that come with accsim. A name that ends
    in .jsonl or .jsonl.gz is an operator trace.
    """
    from accsim.cli.training import is_step, run_step

    options = {"--out": out, "--mapping": mapping, "--trace-pass": trace_pass, "--chrome": chrome}
    if is_step(workload):
        source = click.get_current_context().get_parameter_source("generations")
        options["--generations"] = source is not ParameterSource.DEFAULT
        run_step(chip, workload, options, as_json=as_json, exact=exact, quiet=quiet)
        return
    for option in ("--trace-pass", "--chrome"):
        if options[option] not in (None, False) and out is None:
            raise click.UsageError(f"{option} needs --out DIR: it is about a file written there.")

    from accsim.cli.inputs import chosen_pass, load_inputs, load_pins, located, tell_model
    from accsim.cli.progress import progress_bar
    from accsim.cli.writing import out_folder

    hardware, trace = load_inputs(chip, workload)
    shown_pass = chosen_pass(trace, trace_pass)
    pinning = load_pins(mapping, trace)
    # Only now: loading the simulator takes longer than refusing a broken file.
    from accsim.pipeline import run

    if not quiet:
        tell_model(hardware)
    with nullcontext() if out is None else out_folder(out) as folder:
        with located(chip), progress_bar(quiet) as progress:
            result = run(
                hardware,
                trace,
                exact=exact,
                progress=progress,
                pinning=pinning,
                generations=generations,
            )
            if folder is not None:
                _write_files(
                    folder,
                    result,
                    hardware,
                    trace,
                    shown_pass,
                    pinning,
                    chrome=chrome,
                    progress=progress,
                )
        if folder is not None:
            written = sorted(file.name for file in folder.iterdir())
    if out is not None and not quiet:
        for name in written:
            click.echo(f"wrote {out / name}", err=True)
    _print_result(result, as_json)


def _print_result(result: Result, as_json: bool) -> None:
    if as_json:
        from accsim.report.json_text import result_json

        sys.stdout.write(result_json(result))
        return
    from accsim.cli.printing import stdout_console
    from accsim.report.terminal import print_result

    with stdout_console() as console:
        print_result(result, console)


def _write_files(
    folder: Path,
    result: Result,
    chip: Chip,
    trace: OpTrace,
    shown_pass: tuple[str, int],
    pinning: Pinning,
    *,
    chrome: bool,
    progress: Report | None,
) -> None:
    from accsim.export.chrome import write_chrome_json_gz
    from accsim.export.events import PassEvents
    from accsim.export.perfetto import write_pftrace
    from accsim.export.tables import write_ops_csv
    from accsim.pipeline import simulate_pass
    from accsim.report.json_text import result_json

    (folder / "result.json").write_text(result_json(result), encoding="utf-8")
    write_ops_csv(folder / "ops.csv", result)
    shown = simulate_pass(chip, trace, *shown_pass, pinning, progress)
    events = PassEvents(chip, shown.graph, shown.program, shown.timeline)
    write_pftrace(folder / "pass.pftrace", events)
    if chrome:
        write_chrome_json_gz(folder / "pass.json.gz", events)
    if events.dropped:
        click.echo(
            f"warning: the timeline shows only the first {events.cap:,} of "
            f"{events.total_slices:,} slices",
            err=True,
        )
