"""The store of a small sweep as it might have been found, with a point of every kind."""

from __future__ import annotations

from pathlib import Path

from accsim.study import Axis, Limit, Objective, Outcome, Point, Row, Sampler, Study
from accsim.sweep.space import Space
from accsim.sweep.store import open_store

STUDY = Study(
    name="pockets",
    chips=("chip.yaml",),
    workloads=("work.yaml",),
    axes=(
        Axis("chip.core.clock_mhz", ("chip.core.clock_mhz",), ((1000,),)),
        Axis("chip.memory.channels", ("chip.memory.channels",), ((1,), (2,), (4,))),
        Axis("array", ("chip.array.rows", "chip.array.columns"), ((16, 16), (32, 32))),
    ),
    limits=(Limit("area_mm2", None, 30.0),),
    objectives=(Objective("ordinary.tokens_per_s", True), Objective("area_mm2", False)),
    metrics=("ordinary.bound", "ordinary.energy_per_token_j"),
    sampler=Sampler("grid", None, 1),
    timeout_s=60.0,
)

OUTCOMES = (
    ("done", 100.0, 10.0, "dram", 0.5, ""),
    ("done", 150.0, 11.0, "dram", 0.4, ""),
    # Beaten by the one before.
    ("done", 140.0, 20.0, "array", 0.6, ""),
    ("done", 151.0, 21.0, "dram", 0.3, ""),
    ("excluded", None, 31.0, None, None, "area_mm2 31 is above 30"),
    ("failed", None, None, None, None, "ZeroDivisionError: of all things"),
)
"""Status, the metrics, reason: of the points in their order."""

FRONT = (0, 1, 3)


def rows(study: Study = STUDY) -> tuple[Row, ...]:
    """The points of the study with what became of them."""
    names = ("ordinary.tokens_per_s", "area_mm2", "ordinary.bound", "ordinary.energy_per_token_j")
    space, found = Space(study.axes), []
    for place, (status, *values, reason) in enumerate(OUTCOMES):
        metrics = tuple(
            (name, value) for name, value in zip(names, values, strict=True) if value is not None
        )
        outcome = Outcome(status, metrics, str(reason), 0.5)  # type: ignore[arg-type]
        found.append(Row(Point(place, f"{place:08x}beef", space.at(place)), outcome))
    return tuple(found)


def write_found(path: Path, study: Study = STUDY, finished: int = len(OUTCOMES)) -> Path:
    """The store of the first points."""
    with open_store(path, study, "name: pockets  # as it was", resume=False) as store:
        for row in rows(study)[:finished]:
            store.put(row)
    return path
