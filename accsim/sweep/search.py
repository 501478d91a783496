"""Searches of the space: samplers that see how good the points of a round were."""

from __future__ import annotations

import random
import warnings
from typing import TYPE_CHECKING, Any

from accsim.study import Axis, Limit, Outcome, Settings, Study, settings_at
from accsim.sweep.space import Points, sampler_missing

if TYPE_CHECKING:
    from optuna.study import Study as Search
    from optuna.trial import Trial

ROUND = 16
"""Points of a round, that is of a generation of NSGA-II. They depend on nothing else, above all not
on the number of workers, so that a search finds the same wherever it runs.

On a made-up space of 2000 points (two coupled axes of 10 levels, two of 5 and 4) generations of 16
came nearer to the front with 200 and with 400 points than those of 32."""

MUTATION = 0.05
"""How often an axis of a child of NSGA-II gets a level at random. On that space 0.05 and blend
crossover did better than Optuna's one in the number of axes and uniform crossover: 97.5 and 99.4 %
of the hypervolume of the front with 200 and 400 points, for 95.9 and 99.0 % (means of five seeds).
"""

TRIES = 2
"""Proposals for each point of a round. A search comes back to points that it knows, which are not
simulated again; what is missing after that are new points near those."""


def search(study: Study, count: int) -> Points:
    """`count` points in rounds of a search by NSGA-II (Deb et al. 2002) or TPE (Bergstra et al.
    2011), as in Optuna; there are more points than that.

    Points that were not simulated to the end count as infeasible, and so worse than any that was;
    those outside of limits by how far they are.

    Raises:
        InputError: Optuna is not installed.
    """
    trials = _start(study)
    draws = random.Random(study.sampler.seed)
    known: dict[Settings, None] = {}
    while len(known) < count:
        size = min(ROUND, count - len(known))
        proposed = _round(study, trials, known, draws, size)
        outcomes = yield [settings for _, settings in proposed]
        for (trial, _), outcome in zip(proposed, outcomes, strict=True):
            _tell(study, trials, trial, outcome)


def _start(study: Study) -> Search:
    try:
        import optuna
    except ImportError:
        raise sampler_missing(study) from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    seed = study.sampler.seed
    sampler: Any = optuna.samplers.TPESampler(seed=seed)
    if study.sampler.kind == "nsga2":
        with warnings.catch_warnings():
            # Blend crossover may change with a version of Optuna, as all its samplers may.
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            crossover = optuna.samplers.nsgaii.BLXAlphaCrossover()
        sampler = optuna.samplers.NSGAIISampler(
            population_size=ROUND, mutation_prob=MUTATION, crossover=crossover, seed=seed
        )
    directions = optuna.study.StudyDirection
    return optuna.create_study(
        sampler=sampler,
        directions=[
            directions.MAXIMIZE if one.maximise else directions.MINIMIZE for one in study.objectives
        ],
    )


Proposal = tuple["Trial", Settings]
"""A point, and the trial of Optuna that is told what became of it."""


def _round(
    study: Study, trials: Search, known: dict[Settings, None], draws: random.Random, count: int
) -> list[Proposal]:
    """`count` points that are not known yet; then they are."""
    from optuna.trial import TrialState

    proposed: list[Proposal] = []
    met: list[Trial] = []
    while len(proposed) < count and len(proposed) + len(met) < TRIES * count:
        trial = trials.ask()
        settings = _suggested(study, trial)
        if settings in known:
            trials.tell(trial, state=TrialState.FAIL)
            met.append(trial)
        else:
            known[settings] = None
            proposed.append((trial, settings))
    for number in range(count - len(proposed)):
        trials.enqueue_trial(_new_near(study, met[number % len(met)], known, draws))
        trial = trials.ask()
        settings = _suggested(study, trial)
        known[settings] = None
        proposed.append((trial, settings))
    return proposed


def _new_near(
    study: Study, trial: Trial, known: dict[Settings, None], draws: random.Random
) -> dict[str, int]:
    """Levels of all axes at a point that is not known, a walk at random away from that of a trial.

    Each step of the walk moves one axis to the next level up or down.
    """
    levels = {
        axis.name: trial.params.get(axis.name, draws.randrange(len(axis.levels)))
        for axis in study.axes
    }
    while settings_at(study.axes, list(levels.values())) in known:
        axis = draws.choice(study.axes)
        level = levels[axis.name] + draws.choice((-1, 1))
        levels[axis.name] = min(max(level, 0), len(axis.levels) - 1)
    return levels


def _suggested(study: Study, trial: Trial) -> Settings:
    """The point that a trial proposes.

    NSGA-II crosses what two points have in common, so it gets a level of every axis, also of those
    that do not exist at the point; TPE learns of each axis where it exists.
    """
    chosen: dict[str, Any] = {}
    for axis in study.axes:
        exists = axis.exists(chosen)
        if not exists and study.sampler.kind != "nsga2":
            continue
        level = axis.levels[_level(axis, trial)]
        if exists:
            chosen.update(zip(axis.keys, level, strict=True))
    return tuple(sorted(chosen.items()))


def _level(axis: Axis, trial: Trial) -> int:
    """The level that a trial proposes: near to others where levels are numbers in order."""
    count = len(axis.levels)
    if _in_order(axis):
        return trial.suggest_int(axis.name, 0, count - 1)
    return int(trial.suggest_categorical(axis.name, list(range(count))))


def _in_order(axis: Axis) -> bool:
    """Whether each key's settings are numbers that rise or fall from level to level."""
    for column in zip(*axis.levels, strict=True):
        numbers = [one for one in column if not isinstance(one, bool | str)]
        if len(numbers) < len(column) or sorted(numbers) not in (numbers, numbers[::-1]):
            return False
    return True


def _tell(study: Study, trials: Search, trial: Trial, outcome: Outcome) -> None:
    metrics = dict(outcome.metrics)
    violation = 0.0 if outcome.status == "done" else _violation(study.limits, metrics)
    trial.set_constraint("excluded", violation)
    if violation:
        # Infeasible points are compared by their violation alone.
        trials.tell(trial, [0.0] * len(study.objectives))
    else:
        trials.tell(trial, [float(metrics[one.metric]) for one in study.objectives])


def _violation(limits: tuple[Limit, ...], metrics: dict[str, float | int | str]) -> float:
    """How far a point that was not simulated to the end is from being allowed, above 0.

    Where metrics tell: by which share of the limit they miss it, summed over the limits; else 1.
    """
    total = 0.0
    for limit in limits:
        value = metrics.get(limit.metric)
        if isinstance(value, str) or value is None:
            continue
        excess = max(
            0.0 if limit.least is None else limit.least - value,
            0.0 if limit.most is None else value - limit.most,
        )
        scale = max(abs(bound) for bound in (limit.least, limit.most) if bound is not None)
        total += max(0.0, excess) / (scale or 1.0)
    return total or 1.0
