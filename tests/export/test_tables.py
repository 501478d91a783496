"""ops.csv, read back with csv."""

from __future__ import annotations

import csv
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from accsim.export.tables import write_ops_csv
from accsim.result import CAUSES, Area, Bounded, OpStats, Result, RunResult, Speedup

NORM = OpStats(
    name="norm, final",
    kind="rms_norm",
    count=2,
    cycles=30,
    time_ps=30_000,
    dram_read_bytes=0,
    dram_write_bytes=0,
    macs=0,
    intensity_macs_per_byte=None,
    roofline_bound="on_chip",
    bound="vector",
    causes_ps={"vector": 20_000, "dispatch": 10_000},
    causes_detail_ps={"array": {"compute": 7, "fill_drain": 3}},
    energy_pj={"vector": 5, "static": 4},
)
PARTS = [
    *("dram_data_ps", "dram_turnaround_ps", "dram_refresh_ps", "dram_activation_ps"),
    *("dram_latency_ps", "array_compute_ps", "array_fill_drain_ps"),
]
ENERGIES = [
    *("dram_activation_pj", "dram_io_pj", "dram_background_pj", "dram_refresh_pj"),
    *("sram_pj", "array_pj", "vector_pj", "static_pj"),
]
UP = replace(NORM, name="up", intensity_macs_per_byte=0.5, macs=7)


def run(name: str, *ops: OpStats) -> RunResult:
    """A run of which only name and operators matter."""
    filled: dict[str, Any] = {field.name: 0 for field in fields(RunResult)}
    return RunResult(**{**filled, "name": name, "ops": ops})


def rows(folder: Path) -> list[dict[str, str]]:
    runs = (run("ordinary", NORM, UP), run("heads", UP))
    none = Bounded(0, 0, 0)
    area = Area(none, none, none, none)
    speedup = Speedup("ordinary", {}, {})
    result = Result("chip", "work", "0", 0, 1e9, 1.0, 1.0, 1, runs, speedup, area)
    path = folder / "ops.csv"
    write_ops_csv(path, result)
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_there_is_a_line_for_each_run_and_group(tmp_path: Path) -> None:
    assert [(row["run"], row["name"]) for row in rows(tmp_path)] == [
        ("ordinary", "norm, final"),
        ("ordinary", "up"),
        ("heads", "up"),
    ]


def test_every_field_of_the_statistics_is_a_column(tmp_path: Path) -> None:
    nested = ("causes_ps", "causes_detail_ps", "energy_pj")
    plain = [field.name for field in fields(OpStats) if field.name not in nested]
    causes = [f"{cause}_ps" for cause in CAUSES]
    assert list(rows(tmp_path)[0]) == ["run", *plain, *causes, *PARTS, "energy_pj", *ENERGIES]


def test_causes_are_columns_and_missing_ones_zero(tmp_path: Path) -> None:
    first = rows(tmp_path)[0]
    spent = {"vector": "20000", "dispatch": "10000"}
    assert [first[f"{cause}_ps"] for cause in CAUSES] == [spent.get(c, "0") for c in CAUSES]


def test_parts_of_causes_are_columns_and_missing_ones_zero(tmp_path: Path) -> None:
    first = rows(tmp_path)[0]
    assert [first[name] for name in PARTS] == ["0", "0", "0", "0", "0", "7", "3"]


def test_consumers_of_energy_are_columns_beside_their_sum_and_missing_ones_zero(
    tmp_path: Path,
) -> None:
    first = rows(tmp_path)[0]
    assert [first[name] for name in ENERGIES] == ["0", "0", "0", "0", "0", "0", "5", "4"]
    assert first["energy_pj"] == "9"


def test_an_intensity_without_dram_bytes_is_empty(tmp_path: Path) -> None:
    assert [row["intensity_macs_per_byte"] for row in rows(tmp_path)] == ["", "0.5", "0.5"]
