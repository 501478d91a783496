"""Systolic arrays, cycle by cycle, against recorded outputs of SCALE-Sim."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import pytest

from accsim.array.cycles import TileCost, tile_cost
from accsim.chip import Dataflow, SystolicArray

GOLDEN = Path(__file__).parent.parent / "golden" / "array_scalesim.csv"
DATAFLOWS: dict[str, Dataflow] = {
    "os": "output_stationary",
    "ws": "weight_stationary",
    "is": "input_stationary",
}


@dataclass(frozen=True)
class Recorded:
    """One row: the array, the product, and what the tool reported."""

    array: SystolicArray
    shape: tuple[int, int, int]
    last_cycle: int
    a_reads: int
    b_reads: int
    c_writes: int

    @property
    def cost(self) -> TileCost:
        return tile_cost(self.array, *self.shape, 16)


def read_golden() -> list[Recorded]:
    with GOLDEN.open(newline="") as file:
        return [
            Recorded(
                SystolicArray(
                    1,
                    int(row["rows"]),
                    int(row["columns"]),
                    DATAFLOWS[row["dataflow"]],
                    (1, 1, 1),
                ),
                (int(row["m"]), int(row["k"]), int(row["n"])),
                *(int(row[name]) for name in ("last_cycle", "a_reads", "b_reads", "c_writes")),
            )
            for row in csv.DictReader(file)
        ]


@pytest.fixture(scope="module")
def recorded() -> list[Recorded]:
    return read_golden()


def test_the_record_covers_all_dataflows_and_odd_sizes(recorded: list[Recorded]) -> None:
    assert len(recorded) > 400
    assert {row.array.dataflow for row in recorded} == set(DATAFLOWS.values())
    assert any(row.shape[1] % row.array.rows for row in recorded)


def test_cycles_are_one_more_than_the_last_cycle_of_every_recorded_run(
    recorded: list[Recorded],
) -> None:
    wrong = [row for row in recorded if row.cost.cycles != row.last_cycle + 1]
    assert wrong == []


def test_input_and_weight_reads_are_those_of_every_recorded_run(recorded: list[Recorded]) -> None:
    wrong = [
        row
        for row in recorded
        if (row.cost.a_reads, row.cost.b_reads) != (row.a_reads, row.b_reads)
    ]
    assert wrong == []


def test_output_writes_are_those_of_every_recorded_run_but_for_the_tools_overcount(
    recorded: list[Recorded],
) -> None:
    # Output stationary, the tool adds R + C words for each fold to the m n outputs.
    wrong = []
    for row in recorded:
        overcount = 0
        if row.array.dataflow == "output_stationary":
            m, _, n = row.shape
            folds = -(-m // row.array.rows) * -(-n // row.array.columns)
            overcount = folds * (row.array.rows + row.array.columns)
        if row.cost.c_writes + overcount != row.c_writes:
            wrong.append(row)
    assert wrong == []
