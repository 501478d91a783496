"""``accsim diff`` from end to end, and the keys of ``accsim.diff/1``."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import pytest
from analysis.sound import sound_result, sound_run

from accsim.cli.diff import chosen_pairs
from accsim.config.result_file import load_result
from accsim.report.json_text import result_json
from accsim.result import Result, Speedup

from .conftest import accsim, write_inputs

Json = dict[str, Any]


def with_runs(*names: str) -> Result:
    ones = dict.fromkeys(names, 1.0)
    runs = tuple(sound_run(name, 10) for name in names)
    return replace(sound_result(), runs=runs, speedup=Speedup(names[0], ones, dict(ones)))


A, B = with_runs("x", "y", "z"), with_runs("z", "w", "x")


def refused(*arguments: Any) -> str:
    with pytest.raises(click.UsageError) as error:
        chosen_pairs(*arguments)
    return error.value.format_message()


def test_runs_of_the_same_name_are_paired_in_the_order_of_a() -> None:
    assert chosen_pairs(A, B) == [("x", "x"), ("z", "z")]


def test_runs_of_different_names_are_paired_when_asked_for() -> None:
    assert chosen_pairs(A, B, ["y=w", "z"]) == [("y", "w"), ("z", "z")]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((A, B, ["q=w"]), "Invalid value for --run: no run 'q' in A; there are x, y, z."),
        ((A, B, ["y"]), "Invalid value for --run: no run 'y' in B; there are z, w, x."),
        ((A, B, ["x=w", "x=z"]), "--run names 'x' of A twice."),
        ((A, B, ["x=w", "y=w"]), "--run names 'w' of B twice."),
        (
            (with_runs("p", "q"), with_runs("r")),
            "no run has the same name in both: A has p, q, B has r; "
            "pair them with --run NAME=NAME.",
        ),
    ],
)
def test_names_that_do_not_say_what_to_pair(arguments: tuple[Any, ...], message: str) -> None:
    assert refused(*arguments) == message


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with results of two chips, ``a.json`` and ``b.json``."""
    folder = tmp_path_factory.mktemp("saved")
    write_inputs(folder)
    chip = (folder / "chip.yaml").read_text()
    (folder / "one.yaml").write_text(chip.replace("channels: 2", "channels: 1"))
    for chip_file, name in (("chip.yaml", "a.json"), ("one.yaml", "b.json")):
        done = accsim("run", folder / chip_file, folder / "work.yaml", "--json", "--quiet")
        assert done.returncode == 0, done.stderr
        (folder / name).write_text(done.stdout)
    return folder


@pytest.fixture(scope="module")
def document(saved: Path) -> Json:
    done = accsim("diff", saved / "a.json", saved / "b.json", "--json")
    assert done.returncode == 0, done.stderr
    found: Json = json.loads(done.stdout)
    return found


def test_a_simulated_result_is_read_back_to_the_byte(saved: Path) -> None:
    file = saved / "a.json"
    assert result_json(load_result(str(file))) == file.read_text()


def test_the_object_has_the_keys_of_the_contract(saved: Path, document: Json) -> None:
    assert list(document) == ["schema", "a", "b", "inputs", "pairs", "only_a", "only_b"]
    assert document["schema"] == "accsim.diff/1"
    assert (document["a"], document["b"]) == (str(saved / "a.json"), str(saved / "b.json"))
    for pair in document["pairs"]:
        assert list(pair) == ["a", "b", "inputs", "comparison"]
        assert list(pair["comparison"]) == [
            "against",
            "columns",
            "pass_time_ps",
            "pass_time_ps_by_part",
            "pass_time_ps_by_cause",
            "pass_dram_bytes",
            "pass_macs",
            "token_time_ps",
            "token_time_ps_by_cause",
            "token_energy_pj",
            "token_energy_pj_by_part",
            "token_energy_pj_by_consumer",
        ]


def test_half_the_channels_are_half_the_peak(document: Json) -> None:
    change = next(one for one in document["inputs"] if one["key"] == "peak_dram_bytes_per_s")
    assert change["b"] == change["a"] / 2


def test_the_changes_are_those_between_the_two_files(saved: Path, document: Json) -> None:
    runs = [json.loads((saved / name).read_text())["runs"] for name in ("a.json", "b.json")]
    for a, b, pair in zip(*runs, document["pairs"], strict=True):
        change = b["decode_ps"] / b["passes"] - a["decode_ps"] / a["passes"]
        for key in ("pass_time_ps", "pass_time_ps_by_part", "pass_time_ps_by_cause"):
            breakdown = pair["comparison"][key]
            told = breakdown["total"]["changes"][f"B/{b['name']}"]
            assert abs(told - change) <= 1
            assert told == sum(part["changes"][f"B/{b['name']}"] for part in breakdown["parts"])


def test_a_difference_in_a_pipe_is_plain_text(saved: Path) -> None:
    done = accsim("diff", saved / "a.json", saved / "b.json", "--run", "ordinary=two_heads")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "B/two_heads takes " in done.stdout
    assert "Not compared, of A: two_heads." in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80 + len(str(saved / "a.json"))
    assert "\x1b" not in done.stdout


def test_problems_of_both_files_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"schema": "accsim.training/1"}')
    (tmp_path / "b.json").write_text("{")
    done = accsim("diff", tmp_path / "a.json", tmp_path / "b.json")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "a.json: schema: this is the result of a training step" in done.stderr
    assert "b.json:1:2: not valid JSON" in done.stderr


def test_a_result_that_breaks_a_law_is_not_compared(tmp_path: Path) -> None:
    broken: Json = sound_result().to_json()
    broken["runs"][0]["units"][0]["idle_ps"] = 1
    (tmp_path / "a.json").write_text(json.dumps(broken))
    (tmp_path / "b.json").write_text(result_json(sound_result()))
    done = accsim("diff", tmp_path / "a.json", tmp_path / "b.json")
    assert done.returncode == 2
    assert done.stderr == (
        f"{tmp_path}/a.json: runs[0].units[0]: adds up to 10000000001 ps, not to 10000000000 "
        "(a unit is busy, stalled or idle all the time)\n"
    )
