"""Chip, trace and pass from the words of the command line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click
import pytest

from accsim.cli.inputs import chosen_pass, load_inputs
from accsim.config.shipped import folder
from accsim.errors import InputError
from accsim.ops import OpTrace, Pass, TracedRun
from accsim.tracing.file import write_trace


def traced(name: str, passes: int) -> TracedRun:
    step = Pass("decode", (16,), (1,))
    return TracedRun(
        name, "autoregressive", 1, 16, passes + 1, 1, None, 0, (step,), (step,) * passes
    )


TRACE = OpTrace("work", 0, "ordinary", {}, (traced("ordinary", 7), traced("a:b", 4)))


def test_the_first_decode_pass_of_the_last_run_is_shown_by_default() -> None:
    assert chosen_pass(TRACE, None) == ("a:b", 1)


def test_the_passes_of_a_prefill_in_chunks_are_numbered_first() -> None:
    run = traced("ordinary", 2)
    chunked = OpTrace("work", 0, "ordinary", {}, (replace(run, prefill=run.prefill * 3),))
    assert chosen_pass(chunked, None) == ("ordinary", 3)
    assert chosen_pass(chunked, "ordinary:4") == ("ordinary", 4)
    with pytest.raises(click.BadParameter, match="there are ordinary:0 to ordinary:4"):
        chosen_pass(chunked, "ordinary:5")


@pytest.mark.parametrize(
    ("text", "chosen"),
    [("ordinary:0", ("ordinary", 0)), ("ordinary:7", ("ordinary", 7)), ("a:b:4", ("a:b", 4))],
)
def test_a_pass_is_named_by_run_and_number(text: str, chosen: tuple[str, int]) -> None:
    assert chosen_pass(TRACE, text) == chosen


@pytest.mark.parametrize("text", ["ordinary:8", "ordinary:-1", "ordinary", "extra:1", "", "a:b:x"])
def test_a_pass_that_is_not_there_is_refused_with_those_that_are(text: str) -> None:
    with pytest.raises(click.BadParameter) as refused:
        chosen_pass(TRACE, text)
    assert refused.value.message == (
        f"no pass {text!r}; there are ordinary:0 to ordinary:7, a:b:0 to a:b:4."
    )


def test_a_written_trace_gives_the_passes_of_its_workload(inputs: Path) -> None:
    chip, trace = load_inputs(str(inputs / "chip.yaml"), str(inputs / "work.yaml"))
    write_trace(trace, inputs / "ops.jsonl.gz")
    again = load_inputs(str(inputs / "chip.yaml"), str(inputs / "ops.jsonl.gz"))
    assert again == (chip, trace)


def test_problems_of_chip_and_trace_are_told_together(inputs: Path) -> None:
    (inputs / "chip.yaml").write_text("name: x\n")
    (inputs / "ops.jsonl").write_text("{}\n")
    with pytest.raises(InputError) as refused:
        load_inputs(str(inputs / "chip.yaml"), str(inputs / "ops.jsonl"))
    files = [problem.file for problem in refused.value.problems]
    assert str(inputs / "chip.yaml") in files
    assert str(inputs / "ops.jsonl") in files


def test_a_shipped_trace_is_found_by_its_name(
    inputs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chip, trace = load_inputs(str(inputs / "chip.yaml"), str(inputs / "work.yaml"))
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    write_trace(trace, shelf / "shipped_example.jsonl")
    monkeypatch.setattr("accsim.loading.folder", lambda kind: shelf)
    assert load_inputs(str(inputs / "chip.yaml"), "shipped_example.jsonl") == (chip, trace)
    assert folder("traces") != shelf


def test_a_mistyped_trace_gets_a_suggestion(inputs: Path) -> None:
    with pytest.raises(InputError) as refused:
        load_inputs(str(inputs / "chip.yaml"), "llama2_7b_decode1.jsonl.gz")
    assert str(refused.value) == (
        "llama2_7b_decode1.jsonl.gz: no such file, and no shipped trace of that name, did you mean "
        "'llama2_7b_decode_1.jsonl.gz'? (allowed: llama2_7b_decode_1.jsonl.gz, "
        "llama2_7b_mtp_pass_k4.jsonl.gz, llama2_7b_prefill_1920.jsonl.gz)"
    )


def test_a_trace_in_a_folder_is_never_a_shipped_one(inputs: Path) -> None:
    path = inputs / "llama2_7b_decode_1.jsonl.gz"
    with pytest.raises(InputError) as refused:
        load_inputs(str(inputs / "chip.yaml"), str(path))
    assert [problem.file for problem in refused.value.problems] == [str(path)]
