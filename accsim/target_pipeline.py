"""Simulating ever dearer chips until some reach a goal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple

from accsim import __version__
from accsim.analysis.bounds import compute_floor_ps, memory_floor_ps
from accsim.analysis.energy import PJ_PER_J
from accsim.analysis.knobs import Knob, knobs, most_steps, roomy, turn_all
from accsim.analysis.prices import Prices
from accsim.analysis.target import MOST_SIMULATED, Found, Levels, Verdict, search
from accsim.chip import Chip
from accsim.errors import InputError
from accsim.ops import OpTrace, Pass, TracedRun
from accsim.pipeline import Progress, check_runs
from accsim.power.figures import energy_figures
from accsim.run_times import RunTimes, middle_step, tokens_per_step
from accsim.speed import RunSpeed, Spent
from accsim.target import Candidate, Floor, Goal, Target, Turned
from accsim.units import PS_PER_S
from accsim.workers import Map

NOTED_SHARE = 0.01
"""Knobs against causes below this share of a critical path are not turned."""

MEMORY = ("channels", "data_rate")
"""What lowers the floor of bytes over pins."""
COMPUTE = (
    "clock", "arrays", "array_rows", "array_columns",
    "array_lanes", "array_width", "array_tile_rows",
)  # fmt: skip
"""What lowers the floor of MACs over the array's peak."""
SRAM_SPEED = ("sram_bandwidth", "clock")
"""What helps where the SRAM is slower than the pins."""
ENERGY = ("sram",)
"""What may lower the energy of a token: what the SRAM holds is not read again. All other knobs make
a chip faster, or larger."""


class _Job(NamedTuple):
    """A chip to be judged, and what may be: ps of its step and its prefill, power in W."""

    chip: Chip
    trace: OpTrace
    step_ps: float
    prefill_ps: float | None
    power_w: float | None


class _Step(NamedTuple):
    """A decode step, and the power that it takes."""

    spent: Spent
    power_w: float


def reach(
    chip: Chip,
    trace: OpTrace,
    goal: Goal,
    prices: Prices,
    work: Map,
    progress: Progress | None = None,
) -> Target:
    """Find the cheapest changes with which a chip reaches a goal.

    Args:
        chip: the hardware.
        trace: one run.
        goal: how fast it shall be, and at what power.
        prices: what it costs to turn knobs.
        work: what simulates chips side by side; the result does not depend on how many.
        progress: called with the number of chips simulated so far.

    Raises:
        InputError: the run does not fit the chip as it is, or decodes nothing.
        SimulationError: a simulation failed a check (a bug).
    """
    check_runs(chip, trace)
    space = _Space(chip, trace, goal, prices)
    [base] = work(_speed, [(chip, trace)])
    floor = space.floor
    start = space.candidate((0,) * len(space.knobs), base)
    reached = space.is_reached(base)
    found = Found((), None, 0, complete=True)
    judge = _Judge(space, work, progress)
    possible = floor.most_bytes_per_s >= floor.needed_bytes_per_s and not floor.exceeds(goal)
    if not reached and possible:
        found = search(space.most, space.price, judge)
    told = found.solutions or ((found.nearest,) if found.nearest is not None else ())
    left = [levels for levels in told if levels not in judge.speeds]
    speeds = work(_speed, [(turn_all(chip, space.steps(levels)), trace) for levels in left])
    known = judge.speeds | dict(zip(left, speeds, strict=True))
    chips = tuple(space.candidate(levels, known[levels]) for levels in told)
    return Target(
        chip=chip.name,
        workload=trace.workload,
        accsim_version=__version__,
        run=base.run,
        batch=base.batch,
        tokens_per_step=base.tokens_per_step,
        goal=goal,
        floor=floor,
        costs={knob.name: prices.by_knob[knob.name] for knob in space.knobs},
        base=start,
        reached=reached,
        solutions=chips if found.solutions else (),
        nearest=None if found.solutions or not chips else chips[0],
        simulated=1 + found.simulated,
        complete=found.complete,
        cost_unit=prices.unit,
    )


@dataclass(frozen=True)
class _Space:
    """The chips that are tried, and what is asked of them."""

    chip: Chip
    trace: OpTrace
    goal: Goal
    prices: Prices

    @property
    def run(self) -> TracedRun:
        return self.trace.runs[0]

    @cached_property
    def knobs(self) -> tuple[Knob, ...]:
        return knobs(self.chip)

    @cached_property
    def most(self) -> Levels:
        """The steps of each knob that there are, whatever the others."""
        return tuple(most_steps(knob, self.chip) for knob in self.knobs)

    @cached_property
    def tokens(self) -> float:
        """Tokens of a step, of all sequences."""
        return tokens_per_step(self.trace, self.run) * self.run.batch

    @cached_property
    def step(self) -> tuple[Pass, ...]:
        return middle_step(self.trace, self.run)

    @property
    def step_ps(self) -> float:
        """What a step may take."""
        return self.tokens / self.goal.tokens_per_s * PS_PER_S

    @property
    def prefill_ps(self) -> float | None:
        """What the prefill may take."""
        return None if self.goal.ttft_s is None else self.goal.ttft_s * PS_PER_S

    def is_reached(self, speed: RunSpeed) -> bool:
        fast = speed.step.ps <= self.step_ps and not self.exceeds(speed.power_w)
        return fast and (self.prefill_ps is None or speed.prefill.ps <= self.prefill_ps)

    def exceeds(self, power_w: float) -> bool:
        return self.goal.power_w is not None and power_w > self.goal.power_w

    def steps(self, levels: Levels) -> dict[str, int]:
        """Steps by the names of the knobs."""
        return {knob.name: count for knob, count in zip(self.knobs, levels, strict=True)}

    def places(self, names: Sequence[str]) -> tuple[int, ...]:
        return tuple(place for place, knob in enumerate(self.knobs) if knob.name in names)

    def price(self, levels: Levels) -> float:
        return self.prices.of({one.knob: one.factor for one in self.turned(levels)})

    def turned(self, levels: Levels) -> tuple[Turned, ...]:
        """The knobs that are not as they were, each with its values."""
        found = []
        for knob, count in zip(self.knobs, levels, strict=True):
            if count:
                # What one knob alone cannot be, it may be together with others.
                before = self.chip if knob.name in SRAM_SPEED else roomy(self.chip)
                after = knob.turned(before, count)
                factor = knob.factor(before, after)
                assert factor is not None
                values = (knob.value(before), knob.value(after))
                found.append(Turned(knob.name, knob.label, knob.unit, *values, float(factor)))
        return tuple(found)

    def candidate(self, levels: Levels, speed: RunSpeed) -> Candidate:
        return Candidate(
            changes=self.turned(levels),
            cost=self.price(levels),
            tokens_per_s=self.tokens / speed.step.seconds,
            tpot_s=speed.tpot_s,
            bound=speed.step.bound,
            bound_share=speed.step.shares[speed.step.bound],
            ttft_s=speed.ttft_s,
            prefill_bound=speed.prefill.bound,
            prefill_bound_share=speed.prefill.shares[speed.prefill.bound],
            power_w=speed.power_w,
        )

    def dram_bytes(self, passes: Sequence[Pass]) -> int:
        """Bytes that passes move at least, each tensor once."""
        graphs = ((self.trace.graphs[one.graph], one.context) for one in passes)
        return sum(
            graph.dram_read_bytes(context) + graph.dram_write_bytes() for graph, context in graphs
        )

    def macs_ps(self, chip: Chip, passes: Sequence[Pass]) -> Fraction:
        """Time that the arrays of a chip need for passes, at their peak."""
        graphs = ((self.trace.graphs[one.graph], one.context) for one in passes)
        return sum((compute_floor_ps(chip, *one) for one in graphs), Fraction(0))

    @cached_property
    def floor(self) -> Floor:
        """What the goal needs of pins and MACs, and what pins are tried."""
        per_token = self.dram_bytes(self.step) / self.tokens
        needed = per_token * self.goal.tokens_per_s
        limits = dict(zip((knob.name for knob in self.knobs), self.most, strict=True))
        memory = turn_all(roomy(self.chip), {name: limits[name] for name in MEMORY}).memory
        macs = sum(self.trace.graphs[one.graph].macs(one.context) for one in self.step)
        return Floor(
            dram_bytes_per_token=per_token,
            macs_per_token=macs / self.tokens,
            needed_bytes_per_s=needed,
            pins_bytes_per_s=float(self.chip.memory.peak_bytes_per_s),
            most_bytes_per_s=float(memory.peak_bytes_per_s),
            channels_needed=math.ceil(needed / memory.part.peak_bytes_per_s),
            grade=memory.part.grade,
            prefill_dram_bytes=self.dram_bytes(self.run.prefill),
            dram_io_w=8 * needed * energy_figures(self.chip).dram_io_pj_per_bit.value / PJ_PER_J,
            prefill_array_s=float(self.macs_ps(self.chip, self.run.prefill)) / PS_PER_S,
        )


class _Judge:
    """What is known of chips: from their bounds, if those are enough, else by simulating them."""

    def __init__(self, space: _Space, work: Map, progress: Progress | None) -> None:
        self._space = space
        self._work = work
        self._progress = progress
        self._simulated = 0
        self.speeds: dict[Levels, RunSpeed] = {}
        """Of chips whose step and prefill were both simulated."""

    def __call__(self, batch: Sequence[Levels]) -> list[Verdict]:
        space = self._space
        chips = [self._chip(levels) for levels in batch]
        jobs = [
            _Job(chip, space.trace, space.step_ps, space.prefill_ps, space.goal.power_w)
            for chip in chips
            if isinstance(chip, Chip)
        ]
        times = iter(self._work(_times, jobs, self._told))
        verdicts = []
        for levels, chip in zip(batch, chips, strict=True):
            found = next(times) if isinstance(chip, Chip) else chip
            if isinstance(found, RunSpeed):
                self.speeds[levels] = found
            verdicts.append(found if isinstance(found, Verdict) else self._verdict(found))
        return verdicts

    def _told(self, _number: int) -> None:
        self._simulated += 1
        if self._progress:
            text = f"{self._simulated} chips simulated"
            self._progress(text, min(self._simulated, MOST_SIMULATED), MOST_SIMULATED)

    def _chip(self, levels: Levels) -> Chip | Verdict:
        """The chip, where it can be and its floors are not too high."""
        space = self._space
        try:
            chip = turn_all(space.chip, space.steps(levels))
        except ValueError:
            return self._failed(0, 1.0, SRAM_SPEED, simulated=False)
        phases = ((space.step, space.step_ps), (space.run.prefill, space.prefill_ps))
        for passes, allowed_ps in phases:
            if allowed_ps is None:
                continue
            if memory_floor_ps(chip, space.dram_bytes(passes)) > allowed_ps:
                return self._failed(0, 1.0, MEMORY, simulated=False)
            if space.macs_ps(chip, passes) > allowed_ps:
                return self._failed(0, 1.0, COMPUTE, simulated=False)
        return chip

    def _verdict(self, found: RunSpeed | _Step | InputError) -> Verdict:
        space = self._space
        if isinstance(found, InputError):
            return self._failed(0, 1.0, ("sram",), simulated=True)
        step = found.step if isinstance(found, RunSpeed) else found.spent
        if step.ps > space.step_ps:
            return self._missed(1, step, space.step_ps)
        if space.exceeds(found.power_w):
            assert space.goal.power_w is not None
            return self._failed(2, found.power_w / space.goal.power_w, ENERGY, simulated=True)
        if isinstance(found, RunSpeed) and not space.is_reached(found):
            assert space.prefill_ps is not None
            return self._missed(3, found.prefill, space.prefill_ps)
        return Verdict(reached=True, stage=4, ratio=1.0, helpful=(), simulated=True)

    def _missed(self, stage: int, spent: Spent, allowed_ps: float) -> Verdict:
        noted = [cause for cause, share in spent.shares.items() if share >= NOTED_SHARE]
        names = [
            knob.name for knob in self._space.knobs if any(cause in noted for cause in knob.causes)
        ]
        return self._failed(stage, spent.ps / allowed_ps, names, simulated=True)

    def _failed(
        self, stage: int, ratio: float, names: Sequence[str], *, simulated: bool
    ) -> Verdict:
        return Verdict(False, stage, ratio, self._space.places(names), simulated)


def _times(job: _Job) -> RunSpeed | _Step | InputError:
    """The run on a chip; its step alone where that fails, or the prefill does not matter."""
    times, run = RunTimes(job.chip, job.trace), job.trace.runs[0]
    try:
        step = _Step(times.step(run), times.power_w(run))
        too_much = job.power_w is not None and step.power_w > job.power_w
        if job.prefill_ps is None or step.spent.ps > job.step_ps or too_much:
            return step
        return times.speed(run)
    except InputError as error:
        return error


def _speed(job: tuple[Chip, OpTrace]) -> RunSpeed:
    """The run on a chip."""
    chip, trace = job
    return RunTimes(chip, trace).speed(trace.runs[0])
