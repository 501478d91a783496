"""From the words of the command line to values: chip, operator trace, chosen pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TypeVar

import click

from accsim.chip import Chip
from accsim.config.mapping_file import load_pinning
from accsim.config.resolve import load_both, load_chip
from accsim.config.shipped import find
from accsim.config.yaml_source import read_yaml
from accsim.errors import InputError, Problem
from accsim.loading import TRACE_SUFFIXES, load_trace
from accsim.mapping import UNPINNED, Pinning
from accsim.ops import OpTrace, TracedRun
from accsim.tracing.decoding import trace_workload

SLOWDOWN = 200
"""How much longer a pass takes to simulate command by command (docs/dram-model.md, "Speed")."""

Given = TypeVar("Given")
Made = TypeVar("Made")


def load_inputs(chip: str, workload: str) -> tuple[Chip, OpTrace]:
    """Read a chip and a workload or trace, each a path or the name of a shipped file.

    Raises:
        InputError: with the problems of both files.
    """
    if not workload.endswith(TRACE_SUFFIXES):
        hardware, described = load_both(chip, workload)
        return hardware, trace_workload(described)
    problems: list[Problem] = []
    try:
        hardware = load_chip(chip)
    except InputError as error:
        problems += error.problems
    try:
        trace = load_trace(workload)
    except InputError as error:
        problems += error.problems
    if problems:
        raise InputError(problems)
    return hardware, trace


def load_all(chip: str, workloads: Sequence[str]) -> tuple[Chip, tuple[OpTrace, ...]]:
    """Read a chip and several workloads or traces.

    Raises:
        InputError: with the problems of all files, each once.
    """
    loaded = gather(lambda workload: load_inputs(chip, workload), workloads)
    return loaded[0][0], tuple(trace for _, trace in loaded)


def gather(do: Callable[[Given], Made], each: Iterable[Given]) -> list[Made]:
    """Do the same with each of some inputs, and go on after a faulty one.

    Raises:
        InputError: with the problems of all inputs, each once.
    """
    made: list[Made] = []
    problems: list[Problem] = []
    for one in each:
        try:
            made.append(do(one))
        except InputError as error:
            problems += (found for found in error.problems if found not in problems)
    if problems:
        raise InputError(problems)
    return made


def load_pins(file: str | None, trace: OpTrace) -> Pinning:
    """The mapping file of that path for a trace; without one, everything is left to the mapper.

    Raises:
        InputError: with the problems of the file.
    """
    return UNPINNED if file is None else load_pinning(file, trace)


@contextmanager
def located(chip: str) -> Iterator[None]:
    """Give problems that only show when a chip is used their place in the chip file.

    Args:
        chip: the path or shipped name that the chip was loaded from.
    """
    try:
        yield
    except InputError as error:
        document = read_yaml(str(find("chips", chip)))
        raise InputError(
            document.problem(tuple(one.key.split(".")), one.message)
            if one.key and one.line is None
            else one
            for one in error.problems
        ) from None


def tell_model(chip: Chip) -> None:
    """One line on stderr where the memory of a chip needs the slow model of the DRAM."""
    from accsim.dram.memory import outside_domain

    unknown = outside_domain(chip.memory)
    if unknown is not None:
        click.echo(
            f"the row-granular model does not know {unknown}: every DRAM command is simulated, "
            f"which takes about {SLOWDOWN} times as long",
            err=True,
        )


def chosen_pass(trace: OpTrace, text: str | None, option: str = "--trace-pass") -> tuple[str, int]:
    """The run name and pass index meant by ``RUN:N``; the last run's first decode pass by default.

    Raises:
        BadParameter: there is no such pass; the message lists those there are.
    """
    if text is None:
        last = trace.runs[-1]
        return last.name, min(len(last.prefill), _last_number(last))
    name, _, number = text.rpartition(":")
    for run in trace.runs:
        if run.name == name and number.isdecimal() and int(number) <= _last_number(run):
            return name, int(number)
    there = ", ".join(f"{run.name}:0 to {run.name}:{_last_number(run)}" for run in trace.runs)
    raise click.BadParameter(f"no pass {text!r}; there are {there}.", param_hint=option)


def chosen_run(trace: OpTrace, name: str) -> OpTrace:
    """The trace with one of its runs only.

    Raises:
        BadParameter: there is no such run; the message lists those there are.
    """
    for run in trace.runs:
        if run.name == name:
            return replace(trace, baseline=name, runs=(run,))
    there = ", ".join(run.name for run in trace.runs)
    raise click.BadParameter(f"no run {name!r}; there are {there}.", param_hint="--run")


def _last_number(run: TracedRun) -> int:
    """The number of a run's last pass: its prefill passes count from 0, then its decode passes."""
    return len(run.prefill) + len(run.decode) - 1
