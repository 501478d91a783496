"""What a store is to scripts: rows, the front, tables."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from accsim.errors import InputError
from accsim.study import Sampler
from accsim.sweep.reading import open_study, to_json
from accsim.sweep.store import open_store

from .found import FRONT, STUDY, rows, write_found


def test_a_store_is_read_while_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    with open_store(path, STUDY, "text", resume=False) as store:
        for row in rows()[:2]:
            store.put(row)
        sweep = open_study(path)
        assert sweep.rows == rows()[:2]
        assert sweep.findings().total == 6
        store.put(rows()[2])
    assert len(open_study(path).rows) == 3
    assert len(sweep.rows) == 2


def test_the_front_is_of_simulated_points_alone(tmp_path: Path) -> None:
    sweep = open_study(str(write_found(tmp_path / "s.sqlite")))
    assert tuple(row.point.place for row in sweep.pareto()) == FRONT
    assert sweep.findings().front == FRONT


def test_chosen_rows_have_a_front_of_their_own(tmp_path: Path) -> None:
    sweep = open_study(write_found(tmp_path / "s.sqlite"))
    assert sweep.findings(sweep.rows[2:]).front == (2, 3)


def test_a_store_without_points_has_no_front(tmp_path: Path) -> None:
    found = open_study(write_found(tmp_path / "s.sqlite", finished=0)).findings()
    assert (found.rows, found.front) == ((), ())
    assert [one.levels for one in found.effects] == 4 * [()]


def test_the_total_is_what_the_sampler_takes_of_the_space(tmp_path: Path) -> None:
    few = replace(STUDY, sampler=Sampler("random", 4, 1))
    assert open_study(write_found(tmp_path / "a.sqlite", few)).findings().total == 4
    many = replace(STUDY, sampler=Sampler("random", 400, 1))
    assert open_study(write_found(tmp_path / "b.sqlite", many)).findings().total == 6


def test_a_record_has_every_column_in_order(tmp_path: Path) -> None:
    sweep = open_study(write_found(tmp_path / "s.sqlite"))
    records = sweep.to_records()
    assert all(tuple(record) == sweep.columns() for record in records)
    assert records[1] == {
        "place": 1,
        "status": "done",
        "on_front": True,
        "chip.core.clock_mhz": 1000,
        "chip.memory.channels": 1,
        "chip.array.rows": 32,
        "chip.array.columns": 32,
        "ordinary.tokens_per_s": 150.0,
        "area_mm2": 11.0,
        "ordinary.bound": "dram",
        "ordinary.energy_per_token_j": 0.4,
        "reason": "",
        "seconds": 0.5,
        "key": "00000001beef",
    }
    assert records[4]["ordinary.tokens_per_s"] is None
    assert records[4]["reason"] == "area_mm2 31 is above 30"


def test_a_frame_has_the_records_by_place(tmp_path: Path) -> None:
    pytest.importorskip("pandas")
    frame = open_study(write_found(tmp_path / "s.sqlite")).to_pandas()
    assert frame.index.name == "place"
    assert list(frame.loc[frame["on_front"], "area_mm2"]) == [10.0, 11.0, 21.0]
    assert frame["chip.memory.channels"].tolist() == [1, 1, 2, 2, 4, 4]


def test_a_frame_without_pandas_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    sweep = open_study(write_found(tmp_path / "s.sqlite"))
    with pytest.raises(InputError) as caught:
        sweep.to_pandas()
    assert str(caught.value) == "to_pandas: needs the extra: pip install 'accsim[pandas]'"


def test_json_has_the_counts_of_all_and_the_points_that_are_asked_for(tmp_path: Path) -> None:
    sweep = open_study(write_found(tmp_path / "s.sqlite"))
    made = to_json(sweep.findings(), sweep.rows[5:])
    assert made == {
        "schema": "accsim.sweep.points/1",
        "study": "pockets",
        "total": 6,
        "done": 4,
        "excluded": 1,
        "failed": 1,
        "timed_out": 0,
        "objectives": {"ordinary.tokens_per_s": "maximise", "area_mm2": "minimise"},
        "front": [0, 1, 3],
        "points": [
            {
                "place": 5,
                "key": "00000005beef",
                "on_front": False,
                "settings": {
                    "chip.array.columns": 32,
                    "chip.array.rows": 32,
                    "chip.core.clock_mhz": 1000,
                    "chip.memory.channels": 4,
                },
                "status": "failed",
                "metrics": {},
                "reason": "ZeroDivisionError: of all things",
                "seconds": 0.5,
            }
        ],
    }


def test_metrics_that_this_accsim_does_not_know_are_refused(tmp_path: Path) -> None:
    path = write_found(tmp_path / "s.sqlite", replace(STUDY, metrics=("ordinary.luck",)))
    with pytest.raises(InputError) as caught:
        open_study(path)
    message = "holds the metric 'ordinary.luck', which this accsim does not know"
    assert str(caught.value) == f"{path}: {message}"
