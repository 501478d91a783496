"""``accsim compare``: runs side by side, and what grew and shrank between them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import click

from accsim.cli.options import json_option, quiet_option

if TYPE_CHECKING:
    from accsim.analysis.comparison import Compared
    from accsim.chip import Chip
    from accsim.cli.progress import Report
    from accsim.ops import OpTrace


class Pick(NamedTuple):
    """A run of the trace at that place, and the name of its column."""

    column: str
    trace: int
    run: str


@click.command("compare", short_help="Tell what grows and shrinks from one run to another.")
@click.argument("chip")
@click.argument("workloads", metavar="WORKLOAD_OR_TRACE...", nargs=-1, required=True)
@click.option(
    "--run",
    "wanted",
    metavar="NAME",
    multiple=True,
    help="Only this run; may be given several times.  [default: all]",
)
@click.option(
    "--against",
    metavar="NAME",
    help="Which run the others are compared with.  [default: the first]",
)
@json_option
@quiet_option
def compare_command(
    chip: str,
    workloads: tuple[str, ...],
    wanted: tuple[str, ...],
    against: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Simulate runs on CHIP and tell, part by part, what changes from one to the others.

    CHIP and the workloads are as for run. A run goes by its name; with several workloads, as
    WORKLOAD/RUN.
    """
    import json

    from accsim.cli.inputs import load_all, tell_model
    from accsim.cli.progress import progress_bar

    hardware, traces = load_all(chip, workloads)
    picks = chosen_runs(traces, wanted, against)
    if not quiet:
        tell_model(hardware)
    with progress_bar(quiet) as progress:
        compared = _simulated(chip, hardware, traces, picks, progress)
    from accsim.analysis.comparison import compare

    comparison = compare(compared)
    if as_json:
        click.echo(json.dumps(comparison.to_json(), indent=2, allow_nan=False))
        return
    from accsim.cli.printing import stdout_console
    from accsim.report.comparison import print_comparison

    with stdout_console() as console:
        print_comparison(comparison, console)


def chosen_runs(
    traces: Sequence[OpTrace], wanted: Sequence[str] = (), against: str | None = None
) -> list[Pick]:
    """The runs to compare, the reference first.

    Args:
        traces: those of the command line.
        wanted: names of columns, or of a run in any workload; all runs if there are none.
        against: the reference, which need not be among `wanted`; by default the first of those.

    Raises:
        ClickException: a name is unknown, or names several where one is meant; two columns have the
            same name; there is nothing to compare.
    """
    known = [
        Pick(f"{trace.workload}/{run.name}" if len(traces) > 1 else run.name, number, run.name)
        for number, trace in enumerate(traces)
        for run in trace.runs
    ]
    _refuse_twice(known, "two runs are named {!r}; their workloads need different names.")
    picks = [pick for name in wanted for pick in _named(known, name, "--run")] or known
    _refuse_twice(picks, "--run asks for {!r} twice.")
    if against is not None:
        found = _named(known, against, "--against")
        if len(found) > 1:
            several = " or ".join(pick.column for pick in found)
            raise click.BadParameter(f"{against!r} may be {several}.", param_hint="--against")
        picks = [*found, *(pick for pick in picks if pick not in found)]
    if len(picks) < 2:
        raise click.UsageError(f"{picks[0].column!r} is the only run: nothing to compare it with.")
    return picks


def _named(known: Sequence[Pick], name: str, option: str) -> list[Pick]:
    found = [pick for pick in known if name in (pick.column, pick.run)]
    if not found:
        there = ", ".join(pick.column for pick in known)
        raise click.BadParameter(f"no run {name!r}; there are {there}.", param_hint=option)
    return found


def _refuse_twice(picks: Sequence[Pick], message: str) -> None:
    name, times = Counter(pick.column for pick in picks).most_common(1)[0]
    if times > 1:
        raise click.UsageError(message.format(name))


def _simulated(
    chip: str,
    hardware: Chip,
    traces: Sequence[OpTrace],
    picks: Sequence[Pick],
    progress: Report | None,
) -> list[Compared]:
    """Simulate the picked runs, and no others.

    Raises:
        InputError: with what is wrong with any of them on this chip.
    """
    # Only now: loading the simulator takes longer than refusing a broken file.
    from accsim.analysis.comparison import Compared
    from accsim.cli.inputs import gather, located
    from accsim.pipeline import check_runs, run

    by_trace: dict[int, list[Pick]] = {}
    for pick in picks:
        by_trace.setdefault(pick.trace, []).append(pick)
    parts = {number: _only(traces[number], mine) for number, mine in by_trace.items()}
    found: dict[Pick, Compared] = {}
    with located(chip):
        gather(lambda part: check_runs(hardware, part), parts.values())
        for number, mine in by_trace.items():

            def told(text: str, done: int, _total: int, before: int = len(found)) -> None:
                if progress:
                    progress(text, before + done, len(picks))

            result = run(hardware, parts[number], progress=told)
            for pick, one in zip(mine, result.runs, strict=True):
                found[pick] = Compared(pick.column, result, one)
    return [found[pick] for pick in picks]


def _only(trace: OpTrace, picks: Sequence[Pick]) -> OpTrace:
    """A trace without the runs that nobody asked for."""
    runs = {run.name: run for run in trace.runs}
    return replace(trace, baseline=picks[0].run, runs=tuple(runs[pick.run] for pick in picks))
