"""``accsim sweep``: simulate many chips and workloads into a store, and look at it."""

from __future__ import annotations

from pathlib import Path

import click

from accsim.cli.exit_codes import INTERRUPTED, TERMINATED, UNFINISHED
from accsim.cli.options import json_option, workers_option
from accsim.cli.stopping import Terminated
from accsim.cli.sweep_reading import export_command, show_command
from accsim.cli.sweep_report import report_command


class DefaultRun(click.Group):
    """A group whose command is `run` where the first word is none of its commands.

    So ``accsim sweep FILE`` is ``accsim sweep run FILE``.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `run` before the words that are meant for it."""
        if args and args[0] not in (*self.commands, *ctx.help_option_names):
            args = ["run", *args]
        return super().parse_args(ctx, args)


class ExecutorName(click.ParamType[str]):
    """``process``, ``mpi``, or ``dask:`` and an address."""

    name = "executor"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Read the name, or fail with those there are."""
        text = str(value)
        if text not in ("process", "mpi") and not (text.startswith("dask:") and text[5:]):
            self.fail(f"{text!r} is none of process, dask:ADDRESS, mpi.", param, ctx)
        return text


@click.group("sweep", cls=DefaultRun, short_help="Simulate many chips and workloads.")
def sweep_command() -> None:
    """Simulate the points of a study: accsim sweep FILE -o STORE.

    FILE says what is varied; STORE is a file that keeps what is found.
    """


@sweep_command.command("run", short_help="Simulate the points of a study (the default).")
@click.argument("file")
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), required=True, metavar="STORE", help="SQLite."
)
@workers_option
@click.option(
    "--executor",
    type=ExecutorName(),
    default="process",
    show_default=True,
    metavar="NAME",
    help="process, dask:ADDRESS of a scheduler, or mpi.",
)
@click.option("--resume", is_flag=True, help="Go on with STORE: do only what is missing.")
@click.option("--quiet", is_flag=True, help="No progress, and no summary.")
@json_option
@click.pass_context
def run_command(
    context: click.Context,
    file: str,
    out: Path,
    count: int | None,
    executor: str,
    resume: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Simulate the points of the study in FILE, and keep what is found in STORE.

    Ctrl-C and SIGTERM keep the points that are finished. The exit code is 0, or 3 if points failed
    or timed out.
    """
    import json
    import shlex

    from accsim.config.shipped import find
    from accsim.config.sweep_file import load_study

    study = load_study(file)
    text = find("sweeps", file).read_text(encoding="utf-8")
    # Only now: what simulates takes longer to load than a broken file to refuse.
    from accsim.cli.sweep_progress import Tally, telling
    from accsim.evaluation import evaluate
    from accsim.sweep.driver import drive
    from accsim.sweep.executors import crew
    from accsim.sweep.space import Space, points
    from accsim.sweep.store import open_store
    from accsim.sweep.tasks import task_of
    from accsim.workers import cores

    size = Space(study.axes).size
    tally = Tally(study.name, min(study.sampler.count or size, size))
    try:
        with (
            crew(executor, count or cores(), evaluate, study.timeout_s) as workers,
            open_store(out, study, text, resume) as store,
            telling(tally, quiet) as tell,
        ):
            drive(study, points(study), task_of, store, workers, tell)
    except (KeyboardInterrupt, Terminated) as stop:
        told, code = "interrupted", INTERRUPTED
        if isinstance(stop, Terminated):
            told, code = "terminated", TERMINATED
        again = f"accsim sweep {shlex.quote(file)} -o {shlex.quote(str(out))} --resume"
        click.echo(f"{told}; {tally.counts()}; to go on: {again}", err=True)
        context.exit(code)
    if as_json:
        click.echo(json.dumps(tally.to_json(), indent=2))
    elif not quiet:
        click.echo(tally.counts())
        if tally.points > tally.done:
            why = f"accsim sweep show {shlex.quote(str(out))} --failed"
            click.echo(f"why points have no result: {why}", err=True)
    context.exit(UNFINISHED if tally.lost else 0)


sweep_command.add_command(show_command)
sweep_command.add_command(export_command)
sweep_command.add_command(report_command)
