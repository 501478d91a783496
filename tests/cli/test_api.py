"""The same answers from Python: ``accsim.run``, ``accsim.plots`` and the like."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import accsim
from accsim.errors import InputError
from accsim.report.json_text import result_json
from accsim.result import Result
from accsim.tracing.decoding import trace_workload
from accsim.tracing.file import write_trace

from .conftest import accsim as command
from .conftest import write_inputs


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("api")
    write_inputs(made)
    return made


@pytest.fixture(scope="module")
def result(folder: Path) -> Result:
    return accsim.run(folder / "chip.yaml", str(folder / "work.yaml"))


def test_a_run_from_python_is_that_of_the_command(folder: Path, result: Result) -> None:
    printed = command("run", folder / "chip.yaml", folder / "work.yaml", "--json").stdout
    assert result_json(result) == printed


def test_a_saved_result_is_read_back(folder: Path, result: Result) -> None:
    (folder / "result.json").write_text(result_json(result))
    assert accsim.load_result(folder / "result.json") == result


def test_values_and_traces_run_as_the_files_do(folder: Path, result: Result) -> None:
    chip = accsim.load_chip(folder / "chip.yaml")
    workload = accsim.load_workload(folder / "work.yaml")
    trace = trace_workload(workload)
    write_trace(trace, folder / "work.jsonl")
    for given in (workload, trace, folder / "work.jsonl"):
        assert accsim.run(chip, given).runs == result.runs


def test_a_changed_chip_is_a_copy(folder: Path, result: Result) -> None:
    chip = accsim.load_chip(folder / "chip.yaml")
    wider = replace(chip, memory=replace(chip.memory, channels=4))
    faster = accsim.run(wider, folder / "work.yaml", generations=0)
    assert faster.runs[0].tpot_s < result.runs[0].tpot_s
    assert faster.runs[0].generations is None


def test_progress_is_told(folder: Path) -> None:
    told: list[str] = []
    accsim.run(
        folder / "chip.yaml",
        folder / "work.yaml",
        generations=0,
        progress=lambda text, done, total: told.append(text),
    )
    assert told[0].startswith("ordinary: ")
    assert told[-1] == "done"


def test_problems_of_files_are_raised() -> None:
    with pytest.raises(InputError, match="no shipped chip of that name"):
        accsim.run("ddr_npx", "llama2_mtp")


def test_nothing_is_loaded_until_it_is_used() -> None:
    script = "import sys, accsim; print([m for m in sys.modules if m.startswith('accsim.')])"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_plotly_waits_for_the_first_figure() -> None:
    script = "import sys, accsim; accsim.run, accsim.plots; print('plotly' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"


def test_what_is_there_is_listed_and_nothing_else_is() -> None:
    assert dir(accsim) == [
        *("__version__", "load_chip", "load_result", "load_workload", "plots", "run")
    ]
    with pytest.raises(AttributeError, match="module 'accsim' has no attribute 'runn'"):
        accsim.runn  # noqa: B018


def test_a_roofline_has_the_runs_of_a_result(folder: Path, result: Result) -> None:
    (folder / "result.json").write_text(result_json(result))
    figure = accsim.plots.roofline(result)
    assert {"ordinary", "two_heads"} <= {trace.name for trace in figure.data}
    assert accsim.plots.roofline(folder / "result.json") == figure


def test_a_cost_curve_begins_at_one(folder: Path) -> None:
    workload = accsim.load_workload(folder / "work.yaml")
    figure = accsim.plots.cost_curve(folder / "chip.yaml", workload, rows=2, context=32)
    (curve,) = [line for line in figure.data if line.name]
    assert (curve.name, list(curve.x), curve.y[0]) == ("pocket", [1, 2], 1.0)


def test_break_even_gives_its_figures_by_what_they_show(folder: Path) -> None:
    chip = accsim.load_chip(folder / "chip.yaml")
    figures = accsim.plots.breakeven(chip, folder / "work.yaml", contexts=[32, 16], batches=[1])
    assert list(figures) == ["two_heads: speed-up by k", "two_heads: speed-up by acceptance rate"]
    lines = [line.name for line in figures["two_heads: speed-up by k"].data if line.name]
    assert lines == ["context 16", "context 32"]


def test_memory_efficiency_has_a_bar_for_each_pattern(
    folder: Path, memory_asked: list[tuple[str, int]]
) -> None:
    figure = accsim.plots.dram_efficiency(folder / "chip.yaml", size=16384)
    names = [name.partition("<br>")[0] for name in figure.data[0].y]
    assert names == ["sequential", "streams", "mixed", "random", "strided"]
    assert {size for _, size in memory_asked} == {16384}


def test_less_than_a_round_of_a_pattern_is_an_error(folder: Path) -> None:
    with pytest.raises(ValueError, match=r"^size must be at least 16384, got 16383$"):
        accsim.plots.dram_efficiency(folder / "chip.yaml", size=16383)
