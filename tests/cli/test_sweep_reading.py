"""``accsim sweep show`` and ``export``: what is printed of a store, and what is refused."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sweep.found import FRONT, STUDY, write_found

from accsim.cli.main import cli
from accsim.errors import InputError
from accsim.sweep.reading import open_study


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return write_found(tmp_path / "s.sqlite")


def sweep(*words: str | Path) -> Result:
    return CliRunner().invoke(cli, ["sweep", *map(str, words)], env={"COLUMNS": "100"})


def numbers(output: str) -> list[str]:
    """Of the points in the first table."""
    table = output.split("─\n")[1].split("\n\n")[0]
    return [line.split()[0] for line in table.splitlines()]


def test_first_the_answer_then_the_front_the_best_first(store: Path) -> None:
    done = sweep("show", store)
    assert done.exit_code == 0
    assert done.output.lstrip().startswith("ordinary.tokens_per_s is largest, 151, at point #3")
    assert "pockets, 6 of 6 points: 4 done, 1 excluded, 1 failed" in done.output
    assert "Pareto front: largest ordinary.tokens_per_s, smallest area_mm2" in done.output
    assert numbers(done.output) == ["#3", "#1", "#0"]
    assert "clock_mhz" not in done.output


def test_all_points_in_the_order_of_the_study(store: Path) -> None:
    done = sweep("show", store, "--all")
    assert numbers(done.output) == [f"#{place}" for place in range(6)]
    lines = done.output.splitlines()
    assert next(line for line in lines if line.startswith("#1")).split()[:3] == [
        "#1",
        "front",
        "done",
    ]
    assert next(line for line in lines if line.startswith("#2")).split()[:2] == ["#2", "done"]


def test_conditions_choose_who_competes(store: Path) -> None:
    done = sweep("show", store, "--where", "memory.channels >= 2", "--where", "status = done")
    assert numbers(done.output) == ["#3", "#2"]
    assert "2 of 6 points: 2 done" in done.output


def test_points_are_sorted_and_cut_off(store: Path) -> None:
    done = sweep("show", store, "--all", "--sort", "area_mm2", "--limit", "2")
    assert numbers(done.output) == ["#0", "#1"]


def test_failed_points_come_with_their_reasons(store: Path) -> None:
    done = sweep("show", store, "--failed")
    assert numbers(done.output) == ["#4", "#5"]
    assert "#4 excluded: area_mm2 31 is above 30\n" in done.output
    assert "#5 failed: ZeroDivisionError: of all things\n" in done.output
    assert "is largest" not in done.output


def test_no_such_points_are_said_to_be_none(store: Path) -> None:
    done = sweep("show", store, "--where", "area_mm2 > 1000")
    assert (done.exit_code, done.output.split("\n\n")[-2]) == (0, "no such points")


def test_json_has_the_same_points(store: Path) -> None:
    done = sweep("show", store, "--json", "--limit", "1")
    made = json.loads(done.output)
    assert made["schema"] == "accsim.sweep.points/1"
    assert [one["place"] for one in made["points"]] == [3]
    assert made["front"] == list(FRONT)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--where", "area = 3"], "--where: no key or metric 'area', did you mean 'area_mm2'?"),
        (["--sort", "speed"], "--sort: no key or metric 'speed'"),
    ],
)
def test_names_that_there_are_not_are_refused(store: Path, words: list[str], message: str) -> None:
    done = sweep("show", store, *words)
    assert isinstance(done.exception, InputError)
    assert str(done.exception).startswith(message)


def test_all_and_failed_exclude_each_other(store: Path) -> None:
    done = sweep("show", store, "--all", "--failed")
    assert done.exit_code == 2
    assert "--all and --failed exclude each other." in done.output


@pytest.mark.parametrize("command", ["show", "export", "report"])
def test_what_is_no_store_is_refused(tmp_path: Path, command: str) -> None:
    path = tmp_path / "notes.txt"
    path.write_text(100 * "no store at all, ")
    words: list[str | Path] = [] if command == "show" else ["-o", tmp_path / "x.csv"]
    done = sweep(command, path, *words)
    assert str(done.exception) == f"{path}: is no store of a sweep"


def test_an_export_has_a_line_for_each_point(store: Path, tmp_path: Path) -> None:
    out = tmp_path / "points.csv"
    done = sweep("export", store, "-o", out)
    assert (done.exit_code, done.output) == (0, f"wrote {out}: 6 points\n")
    with out.open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert tuple(lines[0]) == open_study(store).columns()
    assert [line["on_front"] for line in lines] == ["true", "true", "false", "true"] + 2 * ["false"]
    assert lines[4]["ordinary.tokens_per_s"] == ""
    assert float(lines[3]["ordinary.tokens_per_s"]) == 151.0


def test_an_export_that_cannot_be_written_is_refused(store: Path, tmp_path: Path) -> None:
    out = tmp_path / "nowhere" / "points.csv"
    done = sweep("export", store, "-o", out)
    assert str(done.exception) == f"{out}: cannot be written: No such file or directory"


def test_reading_a_store_changes_nothing(store: Path) -> None:
    before = store.read_bytes()
    sweep("show", store)
    assert store.read_bytes() == before
    assert list(store.parent.iterdir()) == [store]


def test_of_a_study_without_objectives_all_points_are_listed(tmp_path: Path) -> None:
    store = write_found(tmp_path / "s.sqlite", replace(STUDY, objectives=()))
    done = sweep("show", store)
    assert done.output.lstrip().startswith("The study has no objectives: no point is better")
    assert numbers(done.output) == [f"#{place}" for place in range(6)]
    told = json.loads(sweep("show", store, "--json").output)
    assert (told["front"], told["objectives"], len(told["points"])) == ([], {}, 6)
