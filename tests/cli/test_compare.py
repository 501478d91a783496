"""``accsim compare`` from end to end, and the keys of ``accsim.comparison/1``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from accsim.cli.compare import chosen_runs
from accsim.cli.main import cli
from accsim.ops import OpTrace, Pass, TracedRun

from .conftest import accsim

Json = dict[str, Any]

TOP: dict[str, type] = {
    "schema": str,
    "chip": str,
    "accsim_version": str,
    "against": str,
    "columns": list,
    "pass_time_ps": dict,
    "pass_time_ps_by_part": dict,
    "pass_time_ps_by_cause": dict,
    "pass_dram_bytes": dict,
    "pass_macs": dict,
    "token_time_ps": dict,
    "token_time_ps_by_cause": dict,
    "token_energy_pj": dict,
    "token_energy_pj_by_part": dict,
    "token_energy_pj_by_consumer": dict,
}
COLUMN: dict[str, type] = {
    "name": str,
    "workload": str,
    "run": str,
    "seed": int,
    "batch": int,
    "passes": int,
    "passes_simulated": int,
    "mean_tokens_per_pass": float,
    "expected_tokens_per_pass": float,
    "ttft_s": float,
    "tpot_s": float,
    "decode_tokens_per_s": float,
    "mean_pass_s": float,
    "decode_dram_bytes_per_token": float,
    "utilization": dict,
    "bound": str,
    "bound_share": dict,
    "speedup": float,
    "speedup_expected": float,
    "j_per_token": dict,
}
BREAKDOWNS = list(TOP)[5:]


def traced(workload: str, *names: str) -> OpTrace:
    step = Pass("decode", (16,), (1,))
    runs = tuple(
        TracedRun(name, "autoregressive", 1, 16, 2, 1, None, 0, (step,), (step,)) for name in names
    )
    return OpTrace(workload, 0, names[0], {}, runs)


ALONE = [traced("work", "a", "b", "c")]
SEVERAL = [traced("x", "a", "b"), traced("y", "a")]


def columns(*arguments: Any) -> list[str]:
    return [pick.column for pick in chosen_runs(*arguments)]


def refused(*arguments: Any) -> str:
    with pytest.raises(click.UsageError) as error:
        chosen_runs(*arguments)
    return error.value.format_message()


def test_all_runs_are_compared_with_the_first_by_default() -> None:
    assert columns(ALONE) == ["a", "b", "c"]


def test_runs_of_several_workloads_are_named_after_both() -> None:
    assert chosen_runs(SEVERAL) == [("x/a", 0, "a"), ("x/b", 0, "b"), ("y/a", 1, "a")]


def test_runs_come_in_the_order_in_which_they_are_asked_for() -> None:
    assert columns(ALONE, ["c", "a"]) == ["c", "a"]


def test_the_name_of_a_run_means_it_in_every_workload() -> None:
    assert columns(SEVERAL, ["a"]) == ["x/a", "y/a"]
    assert columns(SEVERAL, ["y/a", "b"]) == ["y/a", "x/b"]


def test_the_reference_stands_first() -> None:
    assert columns(ALONE, [], "b") == ["b", "a", "c"]
    assert columns(ALONE, ["a", "c"], "c") == ["c", "a"]


def test_the_reference_need_not_be_asked_for() -> None:
    assert columns(ALONE, ["c"], "a") == ["a", "c"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((ALONE, ["z"]), "Invalid value for --run: no run 'z'; there are a, b, c."),
        ((ALONE, [], "z"), "Invalid value for --against: no run 'z'; there are a, b, c."),
        ((SEVERAL, ["x/c"]), "Invalid value for --run: no run 'x/c'; there are x/a, x/b, y/a."),
        ((SEVERAL, [], "a"), "Invalid value for --against: 'a' may be x/a or y/a."),
        ((ALONE, ["a", "b", "a"]), "--run asks for 'a' twice."),
        ((SEVERAL, ["x/a", "a"]), "--run asks for 'x/a' twice."),
        (
            (SEVERAL[:1] * 2,),
            "two runs are named 'x/a'; their workloads need different names.",
        ),
        ((ALONE, ["a"]), "'a' is the only run: nothing to compare it with."),
        ((ALONE, ["a"], "a"), "'a' is the only run: nothing to compare it with."),
    ],
)
def test_names_that_do_not_say_what_to_compare(arguments: tuple[Any, ...], message: str) -> None:
    assert refused(*arguments) == message


def second(inputs: Path, text: str = "") -> Path:
    """Another workload, in fp16 with a KV cache of 8 bits, or of the given text."""
    work = (inputs / "work.yaml").read_text()
    other = work.replace("pocket_text", "narrow").replace("kv_cache: fp16", "kv_cache: int8")
    (inputs / "other.yaml").write_text(text or other)
    return inputs / "other.yaml"


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Json:
    """Both runs of one workload and one of another, read back."""
    from .conftest import write_inputs

    folder = tmp_path_factory.mktemp("compared")
    write_inputs(folder)
    other = second(folder)
    files = [str(folder / "chip.yaml"), str(folder / "work.yaml"), str(other)]
    picked = ("--run", "pocket_text/ordinary", "--run", "two_heads")
    done = CliRunner().invoke(cli, ["compare", *files, *picked, "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.stderr
    found: Json = json.loads(done.stdout)
    return found


def check_types(found: Json, expected: Mapping[str, type]) -> None:
    assert {key: type(value) for key, value in found.items()} == expected
    assert list(found) == list(expected)


def test_the_object_has_the_keys_of_the_contract(document: Json) -> None:
    check_types(document, TOP)
    assert document["schema"] == "accsim.comparison/1"
    for column in document["columns"]:
        check_types(column, COLUMN)


def test_the_lines_of_a_breakdown_have_the_keys_of_the_contract(document: Json) -> None:
    names = ["pocket_text/ordinary", "pocket_text/two_heads", "narrow/two_heads"]
    assert document["against"] == names[0]
    assert [column["name"] for column in document["columns"]] == names
    for breakdown in (document[name] for name in BREAKDOWNS):
        check_types(breakdown, {"total": dict, "parts": list})
        for line in (breakdown["total"], *breakdown["parts"]):
            check_types(line, {"name": str, "amounts": dict, "changes": dict})
            for kind in ("amounts", "changes"):
                check_types(line[kind], dict.fromkeys(names, int))
            assert line["changes"][names[0]] == 0


def test_the_parts_of_every_breakdown_add_up_exactly(document: Json) -> None:
    for breakdown in (document[name] for name in BREAKDOWNS):
        for kind in ("amounts", "changes"):
            for column, whole in breakdown["total"][kind].items():
                assert whole == sum(part[kind][column] for part in breakdown["parts"])


def test_the_totals_are_those_of_the_runs(document: Json) -> None:
    for column in document["columns"]:
        name = column["name"]
        for key, figure in (("pass_time_ps", "mean_pass_s"), ("token_time_ps", "tpot_s")):
            assert abs(document[key]["total"]["amounts"][name] - column[figure] * 1e12) <= 0.51


def test_the_runs_are_those_of_accsim_run(inputs: Path, document: Json) -> None:
    done = CliRunner().invoke(
        cli, ["run", str(inputs / "chip.yaml"), str(inputs / "work.yaml"), "--json"]
    )
    result = json.loads(done.stdout)
    for one, column in zip(result["runs"], document["columns"], strict=False):
        assert one["name"] == column["run"]
        for key in ("passes", "mean_tokens_per_pass", "ttft_s", "tpot_s", "utilization", "bound"):
            assert one[key] == column[key]
        column_bytes = document["pass_dram_bytes"]["total"]["amounts"][column["name"]]
        moved = one["decode_dram_read_bytes"] + one["decode_dram_write_bytes"]
        assert abs(column_bytes * one["passes"] - moved) <= one["passes"] / 2


def test_a_comparison_in_a_pipe_is_plain_text(inputs: Path) -> None:
    done = accsim("compare", inputs / "chip.yaml", inputs / "work.yaml", "--against", "two_heads")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert done.stdout.strip().startswith("ordinary takes ")
    assert " per pass than two_heads " in " ".join(done.stdout.split())
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert all(line == line.rstrip() for line in lines)
    assert "\x1b" not in done.stdout


def test_a_recorded_trace_can_be_compared(inputs: Path) -> None:
    other = second(inputs)
    assert accsim("trace", other, "-o", inputs / "t.jsonl").returncode == 0
    files = (inputs / "chip.yaml", inputs / "work.yaml", inputs / "t.jsonl")
    done = accsim("compare", *files, "--run", "ordinary", "--json")
    assert json.loads(done.stdout)["against"] == "pocket_text/ordinary"


def test_problems_of_all_files_are_told_at_once_and_each_once(inputs: Path) -> None:
    other = second(inputs, "name: z\n")
    (inputs / "chip.yaml").write_text("name: x\n")
    (inputs / "work.yaml").write_text("name: y\n")
    done = accsim("compare", inputs / "chip.yaml", inputs / "work.yaml", other)
    assert done.returncode == 2
    assert done.stdout == ""
    for name in ("chip.yaml", "work.yaml", "other.yaml"):
        assert name in done.stderr
    alone = accsim("show", inputs / "chip.yaml").stderr
    assert done.stderr.count("chip.yaml:") == alone.count("chip.yaml:")


def test_workloads_too_large_for_the_chip_are_told_before_any_is_simulated(inputs: Path) -> None:
    """One channel holds 8 GiB; 7 G parameters in fp16 take 12.6, 13 G take 24.2."""
    chip = inputs / "chip.yaml"
    chip.write_text(chip.read_text().replace("channels: 2", "channels: 1"))
    arguments = ("compare", chip, inputs / "work.yaml", "llama2_single", "llama2_13b_mtp")
    done = accsim(*arguments, "--run", "ordinary")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("does not fit the ") == 2


def test_a_workload_is_needed(inputs: Path) -> None:
    done = accsim("compare", inputs / "chip.yaml")
    assert done.returncode == 2
    assert "Missing argument 'WORKLOAD_OR_TRACE...'" in done.stderr


def test_an_unknown_run_is_a_usage_error(inputs: Path) -> None:
    done = accsim("compare", inputs / "chip.yaml", inputs / "work.yaml", "--run", "three")
    assert done.returncode == 2
    assert done.stderr.endswith("no run 'three'; there are ordinary, two_heads.\n")
