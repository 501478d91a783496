"""Simulating a chip with one knob turned at a time."""

from __future__ import annotations

from collections.abc import Sequence

from accsim import __version__
from accsim.analysis.knobs import IDEALS, Knob, knobs
from accsim.analysis.whatif import change, run_effects
from accsim.chip import Chip
from accsim.errors import InputError
from accsim.ops import OpTrace
from accsim.pipeline import Progress, check_runs
from accsim.run_times import RunTimes
from accsim.speed import RunSpeed
from accsim.whatif import WhatIf
from accsim.workers import Map

Job = tuple[Chip, OpTrace]


def what_if(chip: Chip, trace: OpTrace, work: Map, progress: Progress | None = None) -> WhatIf:
    """Simulate the runs of a trace on a chip as it is, and with each knob turned by one step.

    Args:
        chip: the hardware.
        trace: the runs.
        work: what simulates chips side by side (`accsim.workers`); the result does not depend on
            how many.
        progress: called after each chip.

    Raises:
        InputError: a run does not fit the chip as it is, or decodes nothing.
        SimulationError: a simulation failed a check (a bug).
    """
    check_runs(chip, trace)
    turned = {knob: _turned(knob, chip) for knob in (*knobs(chip), *IDEALS)}
    possible = {knob: after for knob, after in turned.items() if isinstance(after, Chip)}
    names = ["the chip as it is", *(f"{knob.label} changed" for knob in possible)]
    done = 0

    def told(number: int) -> None:
        nonlocal done
        done += 1
        if progress:
            progress(names[number], done, len(names))

    jobs = [(one, trace) for one in (chip, *possible.values())]
    base, *found = work(_speeds, jobs, told)
    if isinstance(base, InputError):
        raise base
    speeds: dict[Knob, Sequence[RunSpeed]] = {}
    for knob, speed in zip(possible, found, strict=True):
        if isinstance(speed, InputError):
            turned[knob] = "; ".join(problem.message for problem in speed.problems)
        else:
            speeds[knob] = speed
    changes = {knob: change(knob, chip, after) for knob, after in turned.items()}
    return WhatIf(
        chip=chip.name,
        workload=trace.workload,
        accsim_version=__version__,
        changes=tuple(changes.values()),
        runs=tuple(
            run_effects(
                run.scheme,
                base[place],
                {knob.name: (changes[knob].factor, these[place]) for knob, these in speeds.items()},
            )
            for place, run in enumerate(trace.runs)
        ),
    )


def _turned(knob: Knob, chip: Chip) -> Chip | str:
    try:
        return knob.turned(chip, 1)
    except ValueError as error:
        return str(error)


def _speeds(job: Job) -> Sequence[RunSpeed] | InputError:
    """All runs on one chip; what is wrong with it, if they do not fit."""
    chip, trace = job
    times = RunTimes(chip, trace)
    try:
        return [times.speed(run) for run in trace.runs]
    except InputError as error:
        return error
