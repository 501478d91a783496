"""``accsim explain``: how a pass is mapped, and why it takes the time it takes."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import click

from accsim.cli.options import json_option, mapping_option, pass_option, quiet_option

if TYPE_CHECKING:
    from accsim.ops import PassGraph


@click.command("explain", short_help="Tell how a pass is mapped and why it takes its time.")
@click.argument("chip")
@click.argument("workload", metavar="WORKLOAD_OR_TRACE")
@click.option("--op", metavar="NAME", help="One operator in full: its name, a prefix, a pattern.")
@pass_option
@mapping_option
@json_option
@quiet_option
def explain_command(
    chip: str,
    workload: str,
    op: str | None,
    chosen: str | None,
    mapping: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Simulate one pass in full and tell how each operator is mapped and what it waits for.

    CHIP and WORKLOAD_OR_TRACE are as for run. With --op the numbers are put into the formulas, and
    the lines of a mapping file that pin the operator are printed.
    """
    import json

    from accsim.cli.inputs import chosen_pass, load_inputs, load_pins, located, tell_model
    from accsim.cli.progress import progress_bar

    hardware, trace = load_inputs(chip, workload)
    run_name, number = chosen_pass(trace, chosen, option="--pass")
    pinning = load_pins(mapping, trace)
    passes = tuple({one.name: one for one in trace.runs}[run_name].passes())
    name = None if op is None else chosen_op(trace.graphs[passes[number].graph], op)
    # Only now: loading the simulator takes longer than refusing a broken file.
    from accsim.pipeline import explain_pass

    if not quiet:
        tell_model(hardware)
    with located(chip), progress_bar(quiet) as progress:
        told = explain_pass(hardware, trace, run_name, number, pinning, progress)
    if as_json:
        shown = told if name is None else told.only(told.line_of(name)[0])
        click.echo(json.dumps(shown.to_json(), indent=2, allow_nan=False))
        return
    from accsim.cli.printing import stdout_console
    from accsim.report.explain import print_explanation
    from accsim.report.explain_op import print_operator

    with stdout_console() as console:
        if name is None:
            print_explanation(told, console)
        else:
            line, one = told.line_of(name)
            match = name if name == op or line.pattern is None else line.pattern
            print_operator(told, line, one, match, console)


def chosen_op(graph: PassGraph, text: str) -> str:
    """The name of the operator that `text` means.

    That is the one of this name; else the first of those that match it as a pattern, or begin with
    it, if they differ in the number of their layer only.

    Raises:
        BadParameter: there is none, or there are several; the message names some.
    """
    from accsim.analysis.alike import starred
    from accsim.config.text import near

    names = [op.name for op in graph.ops]
    if text in names:
        return text
    matches = [name for name in names if fnmatchcase(name, text)]
    matches = matches or [name for name in names if name.startswith(text)]
    kinds = list(dict.fromkeys(map(starred, matches)))
    if len(kinds) == 1:
        return matches[0]
    if kinds:
        some = ", ".join(kinds[:4]) + (", ..." if len(kinds) > 4 else ".")
        message = f"{text!r} may be any of {len(kinds)} operators: {some}"
    else:
        known = dict.fromkeys([*map(starred, names), *names])
        message = f"no operator {text!r} in {graph.name}{near(text, known) or '.'}"
    raise click.BadParameter(message, param_hint="--op")
