"""What searches find of a front, held against a look at all 2000 points of a space.

python benchmarks/sweep_search.py --store grid.sqlite [--count 200] [--seeds 10] [--workers N]

The space is that of sweeps/search_2000.yaml. All of its points are simulated first, unless the
store holds them already (minutes to half an hour); the samplers are then told what it holds. What
is measured is the hypervolume of the front that a sampler has found, over that of the whole front;
the reference point is the worst value of each objective among all simulated points.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from statistics import mean, stdev

from accsim.analysis.pareto import Vector, hypervolume
from accsim.config.sweep_file import load_study
from accsim.evaluation import evaluate
from accsim.study import Outcome, Sampler, SamplerKind, Settings, Study
from accsim.sweep.driver import drive
from accsim.sweep.executors import crew
from accsim.sweep.reading import open_study
from accsim.sweep.space import points
from accsim.sweep.store import open_store
from accsim.sweep.tasks import task_of
from accsim.workers import cores

SAMPLERS: tuple[SamplerKind, ...] = ("random", "sobol", "latin_hypercube", "tpe", "nsga2")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--workers", type=int, default=cores())
    options = parser.parse_args()
    study = load_study("search_2000")
    outcomes = all_outcomes(study, options.store, options.workers)
    done = [vector(study, one) for one in outcomes.values() if one.status == "done"]
    worst = [
        (min if aim.maximise else max)(one[at] for one in done)
        for at, aim in enumerate(study.objectives)
    ]
    whole = volume(study, done, worst)
    print(f"{len(outcomes)} points, {len(done)} simulated; {options.count} for each sampler")
    print(
        f"{'sampler':16} {'mean':>6} {'sd':>6} {'least':>6} {'most':>6}   of {options.seeds} seeds"
    )
    for kind in SAMPLERS:
        shares = []
        for seed in range(1, options.seeds + 1):
            sampler = Sampler(kind, options.count, seed)
            found = sampled(replace(study, sampler=sampler), outcomes)
            shares.append(volume(study, found, worst) / whole)
        figures = (mean(shares), stdev(shares), min(shares), max(shares))
        print(f"{kind:16} " + " ".join(f"{one:6.3f}" for one in figures))


def all_outcomes(study: Study, path: Path, workers: int) -> dict[Settings, Outcome]:
    """What becomes of every point of the space."""
    grid = replace(study, name=f"{study.name}_grid", sampler=Sampler("grid", None, 1))
    with (
        crew("process", workers, evaluate, grid.timeout_s) as running,
        open_store(path, grid, "", resume=True) as store,
    ):
        drive(grid, points(grid), task_of, store, running, lambda _outcome, _before: None)
    return {row.point.settings: row.outcome for row in open_study(path).rows}


def sampled(study: Study, outcomes: dict[Settings, Outcome]) -> list[Vector]:
    """The objectives at the points that a sampler asks for, of those that are simulated."""
    found: list[Outcome] = []
    rounds = points(study)
    asked = list(next(rounds))
    while True:
        told = [outcomes[settings] for settings in asked]
        found += told
        try:
            asked = list(rounds.send(told))
        except StopIteration:
            return [vector(study, one) for one in found if one.status == "done"]


def vector(study: Study, outcome: Outcome) -> Vector:
    """The objectives of a simulated point."""
    metrics = dict(outcome.metrics)
    return [float(metrics[aim.metric]) for aim in study.objectives]


def volume(study: Study, found: list[Vector], worst: Vector) -> float:
    """The hypervolume of the front of some points."""
    return hypervolume(found, [aim.maximise for aim in study.objectives], worst)


if __name__ == "__main__":
    main()
