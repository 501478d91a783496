"""``accsim breakeven``: the command and the keys of ``accsim.breakeven/1``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from accsim.cli.breakeven import breakeven_command
from accsim.config.models import ACCEPTANCES
from accsim.errors import InputError

from .conftest import accsim

Json = dict[str, Any]

SMALL_GRID = ("--contexts", "16,64", "--batches", "1,2")

TOP: dict[str, type] = {
    "schema": str,
    "chip": str,
    "workload": str,
    "accsim_version": str,
    "baseline": str,
    "baseline_tokens": float,
    "families": list,
    "left_out": list,
}
FAMILY: dict[str, type] = {
    "run": str,
    "scheme": str,
    "k": int,
    "acceptance": str,
    "reference": dict,
    "variants": list,
    "best": list,
    "extents": list,
}
VARIANT: dict[str, type] = {"k": int, "rows": int, "tokens": dict, "steps": list}
STEP: dict[str, type] = {
    "context": int,
    "batch": int,
    "step_ps": int,
    "baseline_ps": int,
    "own_ps": int,
    "cost": float,
    "needed_tokens": float,
    "needed_rate": float,
    "speedup": dict,
    "speedup_over_own": dict,
}
BEST: dict[str, type] = {"context": int, "batch": int, "k": int, "speedup": float}
EXTENT: dict[str, type] = {
    "question": str,
    "axis": str,
    "low": int,
    "high": int,
    "spans": list,
}
LEFT_OUT: dict[str, type] = {"run": str, "context": int, "batch": int, "store": str}


def asked(inputs: Path, *arguments: str) -> str:
    """What the command prints on stdout for the pocket chip and model."""
    command = [str(inputs / "chip.yaml"), str(inputs / "work.yaml"), *arguments]
    done = CliRunner().invoke(breakeven_command, command)
    assert done.exit_code == 0, done.output
    return done.stdout


def refusal(inputs: Path, *arguments: str) -> str:
    command = [str(inputs / "chip.yaml"), str(inputs / "work.yaml"), *arguments]
    done = CliRunner().invoke(breakeven_command, command)
    assert done.exit_code == 2
    return " ".join(done.output.split())


@pytest.fixture
def answer(inputs: Path) -> Json:
    # Keys and values of a token are 3 layers x 2 x 2 heads x 32 x 2 B = 768 B: those of 2**20
    # sequences of 64 tokens need 48 GiB.
    told: Json = json.loads(
        asked(inputs, "--contexts", "64,128", "--batches", "1,2,1048576", "--json")
    )
    return told


def check(found: Mapping[str, Any], keys: Mapping[str, type]) -> None:
    assert list(found) == list(keys)
    for key, kind in keys.items():
        assert type(found[key]) is kind, key


def test_the_keys_of_the_document_and_their_types_are_pinned(answer: Json) -> None:
    check(answer, TOP)
    assert answer["schema"] == "accsim.breakeven/1"
    [family] = answer["families"]
    check(family, FAMILY)
    assert family["reference"] == {"context": 64, "batch": 1}
    for variant in family["variants"]:
        check(variant, VARIANT)
        assert list(variant["tokens"]) == ["run", *ACCEPTANCES]
        for step in variant["steps"]:
            check(step, STEP)
            assert {type(speedup) for speedup in step["speedup"].values()} <= {float, type(None)}
            assert list(step["speedup"]) == list(variant["tokens"])
            assert list(step["speedup_over_own"]) == list(variant["tokens"])
    for best in family["best"]:
        check(best, BEST)
    for extent in family["extents"]:
        check(extent, EXTENT)
    for one in answer["left_out"]:
        check(one, LEFT_OUT)


def test_the_questions_are_asked_along_both_axes(answer: Json) -> None:
    asked_for = [(one["question"], one["axis"]) for one in answer["families"][0]["extents"]]
    assert asked_for == [
        (question, axis)
        for question in ("beats_baseline", "beats_own", "keeps_k")
        for axis in ("context", "batch")
    ]


def test_what_does_not_fit_is_listed(answer: Json) -> None:
    assert answer["left_out"] == [
        {"run": "two_heads", "context": context, "batch": 1048576, "store": "dram"}
        for context in (64, 128)
    ]


def test_the_report_begins_with_the_answer(inputs: Path) -> None:
    lines = asked(inputs, *SMALL_GRID).splitlines()
    assert lines[1].startswith("two_heads on pocket: k = 2 is best, ")
    assert max(map(len, lines)) <= 80
    assert all(line == line.rstrip() for line in lines)


def test_contexts_and_batches_are_sorted_and_counted_once(inputs: Path) -> None:
    told = json.loads(asked(inputs, "--contexts", "64, 16,64", "--batches", "2,1", "--json"))
    steps = told["families"][0]["variants"][0]["steps"]
    places = [(step["context"], step["batch"]) for step in steps]
    assert places == [(16, 1), (16, 2), (64, 1), (64, 2)]


@pytest.mark.parametrize("text", ["", "0", "1,,2", "-1", "1.5", "many"])
def test_what_is_no_list_of_counts_is_refused(inputs: Path, text: str) -> None:
    message = f"Invalid value for '--batches': {text!r} is not a list of whole numbers from 1"
    assert message in refusal(inputs, "--batches", text)


def test_a_context_without_room_for_a_step_is_refused(inputs: Path) -> None:
    # 100,000 positions, of which a step of two heads takes 2.
    text = refusal(inputs, "--contexts", "16,99999")
    assert "Invalid value for --contexts: 99999 leaves no room for a step: at most 99998." in text


def test_a_workload_without_drafts_is_refused() -> None:
    done = CliRunner().invoke(breakeven_command, ["ddr_npu", "llama2_single"])
    assert isinstance(done.exception, InputError)
    assert str(done.exception).endswith("no run drafts tokens, so none can pay or not")


def test_a_plot_is_a_page_with_three_charts(inputs: Path, tmp_path: Path) -> None:
    page = tmp_path / "plot.html"
    done = accsim(
        "breakeven", inputs / "chip.yaml", inputs / "work.yaml", *SMALL_GRID, "--plot", page
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == f"wrote {page}\n"
    text = page.read_text(encoding="utf-8")
    assert [part.split("</h2>")[0] for part in text.split("<h2>")[1:]] == [
        "two_heads: speed-up by k",
        "two_heads: speed-up by acceptance rate",
        "two_heads: speed-up by batch",
    ]


def test_a_plot_that_cannot_be_written_is_refused_before_the_work(
    inputs: Path, tmp_path: Path
) -> None:
    page = tmp_path / "missing" / "plot.html"
    command = [str(inputs / "chip.yaml"), str(inputs / "work.yaml"), *SMALL_GRID]
    done = CliRunner().invoke(breakeven_command, [*command, "--plot", str(page)])
    assert isinstance(done.exception, InputError)
    assert str(done.exception) == f"{page}: cannot be written: No such file or directory"
    assert done.stdout == ""


def test_the_same_question_has_the_same_bytes_for_an_answer(inputs: Path) -> None:
    command = ("breakeven", inputs / "chip.yaml", inputs / "work.yaml", *SMALL_GRID, "--json")
    first, second = accsim(*command), accsim(*command)
    assert first.returncode == 0, first.stderr
    assert first.stderr == ""
    assert first.stdout == second.stdout
