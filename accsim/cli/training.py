"""``accsim run`` with a workload that is a training step."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import click


def is_step(workload: str) -> bool:
    """Whether an argument of the command line means a training step."""
    from accsim.config.training_file import is_training
    from accsim.loading import TRACE_SUFFIXES

    return not workload.endswith(TRACE_SUFFIXES) and is_training(workload)


def run_step(
    chip: str,
    workload: str,
    decoding_options: Mapping[str, object],
    *,
    as_json: bool,
    exact: bool,
    quiet: bool,
) -> None:
    """Simulate every run of a training step on a chip and print the result.

    Raises:
        UsageError: one of the options that only decoding has is given.
        InputError: with the problems of both files, or what does not fit.
    """
    for option, value in decoding_options.items():
        if value not in (None, False):
            raise click.UsageError(
                f"{option} is for workloads that decode, and {workload} is a training step."
            )
    from accsim.cli.inputs import located, tell_model
    from accsim.cli.progress import progress_bar
    from accsim.config.resolve import load_pair
    from accsim.config.training_file import load_training

    hardware, described = load_pair(chip, workload, load_training)
    # Only now: loading the simulator takes longer than refusing a broken file.
    from accsim.training_pipeline import run_training

    if not quiet:
        tell_model(hardware)
    with located(chip), progress_bar(quiet) as progress:
        result = run_training(hardware, described, exact=exact, progress=progress)
    if as_json:
        from accsim.report.json_text import training_json

        sys.stdout.write(training_json(result))
        return
    from accsim.cli.printing import stdout_console
    from accsim.report.training import print_training

    with stdout_console() as console:
        print_training(result, console)
