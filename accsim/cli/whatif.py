"""``accsim whatif``: what each change of a chip is worth."""

from __future__ import annotations

import click

from accsim.cli.options import json_option, quiet_option, workers_option


@click.command("whatif", short_help="Tell what each change of a chip is worth.")
@click.argument("chip")
@click.argument("workload", metavar="WORKLOAD_OR_TRACE")
@click.option("--run", "wanted", metavar="NAME", help="Only this run.  [default: all]")
@workers_option
@json_option
@quiet_option
def whatif_command(
    chip: str, workload: str, wanted: str | None, count: int | None, as_json: bool, quiet: bool
) -> None:
    """Simulate the runs of a workload on CHIP with one thing changed at a time.

    Sizes and rates are doubled, delays halved, and the memory takes the next faster grade of its
    standard. CHIP and WORKLOAD_OR_TRACE are as for run.
    """
    import json

    from accsim.cli.inputs import chosen_run, load_inputs, located, tell_model
    from accsim.cli.progress import progress_bar

    hardware, trace = load_inputs(chip, workload)
    if wanted is not None:
        trace = chosen_run(trace, wanted)
    # Only now: loading the simulator takes longer than refusing a broken file.
    from accsim.whatif_pipeline import what_if
    from accsim.workers import cores, workers

    if not quiet:
        tell_model(hardware)
    with progress_bar(quiet) as progress, located(chip), workers(count or cores()) as work:
        found = what_if(hardware, trace, work, progress)
    if as_json:
        click.echo(json.dumps(found.to_json(), indent=2, allow_nan=False))
        return
    from accsim.cli.printing import stdout_console
    from accsim.report.whatif import print_what_if

    with stdout_console() as console:
        print_what_if(found, console)
