"""``accsim run`` with a workload that is a training step."""

from __future__ import annotations

import sys
from contextlib import nullcontext


def run_step(chip: str, workload: str, *, as_json: bool, exact: bool, quiet: bool) -> None:
    """Simulate every run of a training step on a chip and print the result.

    Raises:
        InputError: with the problems of both files, or what does not fit.
    """
    from accsim.cli.inputs import located, tell_model
    from accsim.cli.progress import progress_bar
    from accsim.config.resolve import load_pair
    from accsim.config.training_file import load_training

    hardware, described = load_pair(chip, workload, load_training)
    # Only now: loading the simulator takes longer than refusing a broken file.
    from accsim.training_pipeline import run_training

    if not quiet:
        tell_model(hardware)
    with located(chip), nullcontext() if quiet else progress_bar() as progress:
        result = run_training(hardware, described, exact=exact, progress=progress)
    if as_json:
        from accsim.report.json_text import training_json

        sys.stdout.write(training_json(result))
        return
    from accsim.cli.printing import stdout_console
    from accsim.report.training import print_training

    with stdout_console() as console:
        print_training(result, console)
