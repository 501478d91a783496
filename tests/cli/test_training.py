"""``accsim run`` with a training step, in a process of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .conftest import accsim

STEP = """\
kind: train_step
name: pocket_step
model: {config_json: config.json}
precision: bf16
sequence_tokens: 24
baseline: plain
runs:
  - {name: plain}
  - {name: two, heads: 2}
"""


@pytest.fixture
def step(inputs: Path) -> Path:
    path = inputs / "step.yaml"
    path.write_text(STEP)
    return path


def test_a_step_is_reported(inputs: Path, step: Path) -> None:
    done = accsim("run", inputs / "chip.yaml", step)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("\nA training step of plain takes ")
    assert "Against the baseline" in done.stdout


def test_the_json_is_one_object_and_nothing_else(inputs: Path, step: Path) -> None:
    done = accsim("run", inputs / "chip.yaml", step, "--json", "--quiet", "--exact")
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    assert document["schema"] == "accsim.training/1"
    assert [run["name"] for run in document["runs"]] == ["plain", "two"]
    # Two heads of three layers: one more LM head of 512 x 128, forward and back.
    macs = [run["macs"] for run in document["runs"]]
    assert macs[1] - macs[0] == 3 * 24 * 512 * 128


@pytest.mark.parametrize(
    ("options", "option"),
    [
        (["--out", "folder"], "--out"),
        (["--report", "r.html"], "--report"),
        (["--mapping", "pins.yaml"], "--mapping"),
        (["--trace-pass", "plain:0"], "--trace-pass"),
        (["--chrome"], "--chrome"),
        (["--generations", "0"], "--generations"),
    ],
)
def test_options_of_decoding_are_refused(
    inputs: Path, step: Path, options: list[str], option: str
) -> None:
    done = accsim("run", inputs / "chip.yaml", step, *options)
    assert done.returncode == 2
    assert done.stderr.endswith(
        f"Error: {option} is for workloads that decode, and {step} is a training step.\n"
    )


@pytest.mark.parametrize(
    "command", [["explain", "chip.yaml", "step.yaml"], ["trace", "step.yaml", "-o", "x.jsonl"]]
)
def test_only_run_takes_a_step(
    inputs: Path, step: Path, command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(inputs)
    done = accsim(*command)
    assert done.returncode == 2
    assert done.stderr.startswith("step.yaml:1:7: kind: only accsim run takes a training step\n")


def test_a_chip_without_room_is_told_at_its_line(inputs: Path) -> None:
    done = accsim("run", "ddr_npu", "llama2_train", "--quiet")
    assert done.returncode == 2
    assert "memory.channels: a training step does not fit the 16 GiB of DRAM: one_head" in (
        done.stderr
    )


def test_a_mistake_in_a_step_is_told_with_its_place(inputs: Path, step: Path) -> None:
    step.write_text(STEP.replace("sequence_tokens: 24", "prompt_tokens: 24"))
    done = accsim("run", inputs / "chip.yaml", step)
    assert done.returncode == 2
    assert "no key 'prompt_tokens' here: it belongs to workloads that decode" in done.stderr
    assert "this key is required: tokens of each sequence" in done.stderr
