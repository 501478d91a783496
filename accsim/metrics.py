"""What a point of a design-space sweep is measured by: names, units, and which way is better.

A metric of the chip is asked for by its own name, one of a run as ``RUN.metric``, one of the run
with the most tokens per second as ``best.metric``; ``best.run`` is the name of that run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from accsim.result import CAUSES

Better = Literal["larger", "smaller"]
Value = float | int | str
"""A number, or a name such as that of a bound."""

BEST = "best"
"""Stands for the run with the most tokens per second; of equal ones the first of the workload."""
BEST_RUN = f"{BEST}.run"


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure.

    name      without the name of a run
    unit      "" for plain numbers and names
    meaning   in a few words
    better    None where neither is
    per_run   whether each run has its own; else it is a matter of the chip alone
    is_name   whether it is a name and no number
    """

    name: str
    unit: str
    meaning: str
    better: Better | None
    per_run: bool
    is_name: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """A metric that is asked for; `run` may be `BEST`, and is None for those of the chip."""

    run: str | None
    metric: Metric


def _of_chip(name: str, unit: str, meaning: str, better: Better | None) -> Metric:
    return Metric(name, unit, meaning, better, per_run=False)


def _of_run(name: str, unit: str, meaning: str, better: Better | None) -> Metric:
    return Metric(name, unit, meaning, better, per_run=True)


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        _of_chip("area_mm2", "mm2", "SRAM, array and DRAM interface by the area tables", "smaller"),
        # Clocks, strobes and commands are not counted: no source gives them for all standards.
        _of_chip("pins", "", "data pins of all DRAM channels: channels times bits", "smaller"),
        _of_chip("peak_dram_bytes_per_s", "B/s", "what the DRAM's pins can carry", "larger"),
        _of_chip("peak_macs_per_s", "MAC/s", "peak of the array with 16-bit operands", "larger"),
        _of_chip("sram_bytes", "B", "capacity of the SRAM", "smaller"),
        _of_run("tokens_per_s", "tokens/s", "decoded tokens of all sequences", "larger"),
        _of_run("tpot_s", "s", "time per output token of a sequence", "smaller"),
        _of_run("ttft_s", "s", "time to the first token: the prefill", "smaller"),
        _of_run("step_s", "s", "time of a decode step, draft passes included", "smaller"),
        _of_run("tokens_per_step", "", "expected tokens of a step for each sequence", "larger"),
        _of_run("speedup", "", "time per token of the baseline over that of the run", "larger"),
        Metric("bound", "", "cause with the largest share", None, per_run=True, is_name=True),
        *(
            _of_run(f"share.{cause}", "", f"part of the decode time due to {cause}", None)
            for cause in CAUSES
        ),
        _of_run("utilization.dram", "", "bytes moved over what the pins could have", None),
        _of_run("utilization.array", "", "useful MACs over what the array could do", None),
        _of_run("energy_per_token_j", "J", "energy of decoding a token", "smaller"),
        _of_run("power_w", "W", "mean power while decoding, DRAM included", "smaller"),
        _of_run("dram_bytes_per_token", "B", "DRAM bytes read and written for a token", "smaller"),
    )
}
"""Every metric by its name."""

_BEST_RUN = Metric("run", "", "run with the most tokens/s", None, per_run=True, is_name=True)


def asked(name: str) -> Asked:
    """The metric that a name means; which runs there are is not known here.

    Raises:
        KeyError: there is no such metric.
    """
    if name == BEST_RUN:
        return Asked(BEST, _BEST_RUN)
    for metric in METRICS.values():
        if metric.per_run and name.endswith(f".{metric.name}"):
            run = name.removesuffix(f".{metric.name}")
            if run:
                return Asked(run, metric)
        elif not metric.per_run and name == metric.name:
            return Asked(None, metric)
    raise KeyError(name)


def metric_names(runs: Sequence[str]) -> tuple[str, ...]:
    """Every name that can be asked for where there are these runs."""
    of_chip = [metric.name for metric in METRICS.values() if not metric.per_run]
    of_runs = [
        f"{run}.{metric.name}"
        for run in (*runs, BEST)
        for metric in METRICS.values()
        if metric.per_run
    ]
    return (*of_chip, *of_runs, BEST_RUN)
