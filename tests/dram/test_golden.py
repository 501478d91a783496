"""Sequential streams against recorded runs of command-level DRAM simulators."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from accsim.chip import RefreshScheme
from accsim.dram.standards import PARTS

from .rig import Rig

GOLDEN = Path(__file__).parent.parent / "golden" / "dram_streams.csv"


def recorded() -> list[dict[str, str]]:
    with GOLDEN.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    "row",
    recorded(),
    ids=lambda row: f"{row['config']}-{row['bytes']}-{'write' if int(row['write']) else 'read'}",
)
def test_a_stream_takes_the_recorded_time_within_one_percent(row: dict[str, str]) -> None:
    scheme: RefreshScheme = "all_bank" if int(row["refresh"]) else "off"
    rig = Rig(PARTS[row["grade"]], channels=int(row["channels"]), refresh=scheme)
    bursts = int(row["bytes"]) // rig.part.burst_bytes
    end = rig.access(0, bursts=bursts, write=bool(int(row["write"])))[1]
    assert end == pytest.approx(int(row["cycles"]), rel=0.01)


def test_the_record_has_the_reference_configuration_in_both_directions() -> None:
    directions = {row["write"] for row in recorded() if row["config"] == "d3_ddr4_3200_bgi"}
    assert directions == {"0", "1"}
