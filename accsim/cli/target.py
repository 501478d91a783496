"""``accsim target``: the cheapest changes that make a chip fast enough."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import click

from accsim.cli.options import json_option, quiet_option, workers_option

if TYPE_CHECKING:
    from accsim.analysis.prices import Measure


class Positive(click.ParamType[float]):
    """A number above 0, and finite."""

    name = "number"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Read the number, or fail with what is expected."""
        try:
            number = float(str(value))
        except ValueError:
            number = math.nan
        if not 0 < number < math.inf:
            self.fail(f"{value!r} is no number above 0.", param, ctx)
        return number


class Costs(click.ParamType[str | dict[str, float]]):
    """What is counted, ``area`` or ``pins``, or weights of knobs, ``channels=10,arrays=3``."""

    name = "costs"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str | dict[str, float]:
        """Read what is counted, or the weights that are given, or fail with what is expected."""
        from accsim.analysis.prices import WEIGHTS

        if isinstance(value, dict) or value in ("area", "pins"):
            return value
        weights: dict[str, float] = {}
        for part in str(value).split(","):
            name, is_pair, weight = part.strip().partition("=")
            if not is_pair:
                self.fail(f"{name!r} is neither area, pins nor KNOB=WEIGHT.", param, ctx)
            if name not in WEIGHTS:
                self.fail(f"no knob {name!r}; there are {', '.join(WEIGHTS)}.", param, ctx)
            weights[name] = Positive().convert(weight, param, ctx)
        return weights


@click.command("target", short_help="Find the cheapest changes that make a chip fast enough.")
@click.argument("chip")
@click.argument("workload", metavar="WORKLOAD_OR_TRACE")
@click.option(
    "--tokens-per-s",
    type=Positive(),
    required=True,
    metavar="X",
    help="Decoded tokens per second that it shall reach, of all sequences together.",
)
@click.option("--ttft", type=Positive(), metavar="S", help="Seconds that the first token may take.")
@click.option(
    "--max-power",
    type=Positive(),
    metavar="W",
    help="Mean power that decoding may take, DRAM included.",
)
@click.option("--run", "wanted", metavar="NAME", help="Which run.  [default: the last]")
@click.option(
    "--cost",
    type=Costs(),
    default="area",
    show_default=True,
    metavar="area|pins|KNOB=X,...",
    help="What is cheap: silicon, pins, or by weights of knobs for as much again as there is.",
)
@workers_option
@json_option
@quiet_option
def target_command(
    chip: str,
    workload: str,
    tokens_per_s: float,
    ttft: float | None,
    max_power: float | None,
    wanted: str | None,
    cost: Measure | dict[str, float],
    count: int | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Find the cheapest changes of CHIP with which a run decodes X tokens per second.

    CHIP and WORKLOAD_OR_TRACE are as for run. Knobs are those of whatif, each turned up to 16
    times, the clock twice.
    """
    import json

    from accsim.cli.inputs import chosen_run, load_inputs, located, tell_model
    from accsim.cli.progress import progress_bar

    hardware, trace = load_inputs(chip, workload)
    trace = chosen_run(trace, trace.runs[-1].name if wanted is None else wanted)
    # Only now: loading the simulator takes longer than refusing a broken file.
    from accsim.analysis.prices import measured, weighed
    from accsim.target import Goal
    from accsim.target_pipeline import reach
    from accsim.workers import cores, workers

    if not quiet:
        tell_model(hardware)
    goal = Goal(tokens_per_s, ttft, max_power)
    prices = weighed(cost) if isinstance(cost, dict) else measured(cost, hardware)
    with progress_bar(quiet) as progress, located(chip), workers(count or cores()) as work:
        found = reach(hardware, trace, goal, prices, work, progress)
    if as_json:
        click.echo(json.dumps(found.to_json(), indent=2, allow_nan=False))
        return
    from accsim.cli.printing import stdout_console
    from accsim.report.target import print_target

    with stdout_console() as console:
        print_target(found, console)
