"""The printed difference: what was simulated, what changed, and by what."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from accsim.analysis.difference import difference
from accsim.difference import Difference
from accsim.report.difference import inputs_sentence, print_difference
from accsim.result import Result

from .results import result, run

A = result(run("x", 300, 100), run("y", 300, 100))


def against_a(b: Result, *pairs: tuple[str, str]) -> Difference:
    return difference(("a.json", "b.json"), (A, b), pairs or [("x", "x")])


def printed(found: Difference) -> str:
    console = Console(file=io.StringIO(), width=100, highlight=False)
    print_difference(found, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"chip": "ddr5_npu"}, "chip from ddr_npu to ddr5_npu"),
        ({"clock_hz": 1.5e9}, "clock from 1 GHz to 1.5 GHz"),
        ({"peak_dram_bytes_per_s": 1e11}, "peak of the DRAM from 51.2 GB/s to 100 GB/s"),
        ({"peak_macs_per_s": 4.096e12}, "peak of the array from 1.024 TMAC/s to 4.096 TMAC/s"),
        ({"sram_bytes": 8 << 20}, "SRAM from 4 MiB to 8 MiB"),
        ({"accsim_version": "0.2.0"}, "accsim version from 0.1.0 to 0.2.0"),
        ({"mapping": "pins.yaml"}, "mapping from none to pins.yaml"),
        ({"clock_hz": 1e9 + 1}, "clock from 1000000000.0 to 1000000001.0"),
        ({"seed": 8, "workload": "w"}, "workload from llama2_7b to w; seed from 7 to 8"),
    ],
)
def test_inputs_that_differ_are_told_in_units(changes: dict[str, object], text: str) -> None:
    b = replace(A, **changes)  # type: ignore[arg-type]
    assert inputs_sentence(against_a(b)) == f"From A to B change {text}."


def test_inputs_that_do_not_differ_are_said_so() -> None:
    told = "Of chip, workload and version, the results state the same."
    assert inputs_sentence(against_a(A)) == told


def test_the_sentence_names_the_runs_of_both_files() -> None:
    text = " ".join(printed(against_a(result(run("x", 330, 100)))).split())
    assert "A is a.json B is b.json" in text
    assert "B/x takes 10.0 % longer per pass than A/x (330 ms instead of 300 ms): gate_up" in text


def test_runs_that_are_not_compared_are_listed() -> None:
    text = printed(against_a(result(run("x", 330, 100), run("z", 1, 1), run("w", 1, 1))))
    assert "Not compared, of A: y." in text
    assert "Not compared, of B: z, w." in text


def test_several_pairs_have_headings_and_one_has_none() -> None:
    b = result(run("x", 330, 100), run("z", 330, 100))
    assert "─ y and z ─" in printed(against_a(b, ("x", "x"), ("y", "z")))
    assert "─ x ─" in printed(against_a(b, ("x", "x"), ("y", "z")))
    assert "─ x ─" not in printed(against_a(b))


def test_what_was_asked_of_the_runs_is_told_above_their_tables() -> None:
    b = result(run("x", 330, 100, batch=2, expected_tokens_per_pass=1.25))
    told = "These runs differ in batch from 1 to 2; expected tokens per pass from none to 1.25."
    assert told in printed(against_a(b))


def test_the_columns_are_headed_by_file_and_run() -> None:
    lines = printed(against_a(result(run("x", 330, 100)))).splitlines()
    first = next(number for number, line in enumerate(lines) if line.split() == ["A/", "B/"])
    assert lines[first + 1].split() == ["x", "x"]


def test_names_are_never_taken_for_markup() -> None:
    b = replace(result(run("x", 330, 100), run("[/]", 1, 1)), chip="[bold]")
    text = printed(against_a(b))
    assert "to [bold]" in text
    assert "of B: [/]." in text
