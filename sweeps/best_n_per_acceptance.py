"""The study of best_n_per_acceptance.yaml in Python, without a store: python FILE prints a table.

A study is a plain value, so a program can make one, or change one that was read (`load_study`).
"""

from __future__ import annotations

from accsim.evaluation import evaluate
from accsim.study import Axis, Condition, Objective, Sampler, Study
from accsim.sweep.space import points
from accsim.sweep.tasks import task_of

HEADS = ("n2", "n3", "n4", "n6", "n8")
RATES = tuple(round(0.3 + 0.05 * step, 2) for step in range(14))


def of_all_runs(name: str, field: str, levels: tuple[str | float, ...]) -> Axis:
    """An axis that sets a field of every run with heads to the same."""
    keys = tuple(f"workload.runs.{run}.{field}" for run in HEADS)
    return Axis(name, keys, tuple((level,) * len(keys) for level in levels))


STUDY = Study(
    name="best_n_per_acceptance",
    chips=("ddr_npu", "ddr_dot", "cpu_tiled"),
    workloads=("llama2_n_heads",),
    axes=(
        Axis("chip", ("chip",), (("ddr_npu",), ("ddr_dot",), ("cpu_tiled",))),
        Axis(
            "chip.memory.density_gbit",
            ("chip.memory.density_gbit",),
            ((16,),),
            (Condition("chip", ("ddr_npu", "ddr_dot")),),
        ),
        of_all_runs("layout", "layout", ("constant", "extra")),
        of_all_runs("acceptance", "acceptance.single_rate", RATES),
    ),
    limits=(),
    objectives=(Objective("best.tokens_per_s", maximise=True),),
    metrics=("best.run", "best.speedup", *(f"{run}.speedup" for run in HEADS)),
    sampler=Sampler("grid", None, 1),
    timeout_s=300.0,
)


def main() -> None:
    """Simulate all points here, one after the other, and print what is best at each."""
    print("chip       layout    rate  best      speed-up")
    # A grid is one round of points; a search would be sent the outcomes of each (`send`).
    for settings in next(points(STUDY)):
        found = dict(evaluate(task_of(STUDY, settings)).metrics)
        at = dict(settings)
        chip, layout = at["chip"], at["workload.runs.n2.layout"]
        rate = at["workload.runs.n2.acceptance.single_rate"]
        print(f"{chip:10} {layout:9} {rate:<5} {found['best.run']:9} {found['best.speedup']:.2f}")


if __name__ == "__main__":
    main()
