"""``accsim target`` from end to end, and the keys of ``accsim.target/1``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from .conftest import accsim

Json = dict[str, Any]

TOP = [
    "schema", "chip", "workload", "accsim_version", "run", "batch", "tokens_per_step", "goal",
    "floor", "costs", "base", "reached", "solutions", "nearest", "simulated", "complete",
    "cost_unit",
]  # fmt: skip
CANDIDATE = [
    "changes", "cost", "tokens_per_s", "tpot_s", "bound", "bound_share", "ttft_s", "prefill_bound",
    "prefill_bound_share", "power_w",
]  # fmt: skip
FLOOR = [
    "dram_bytes_per_token", "macs_per_token", "needed_bytes_per_s", "pins_bytes_per_s",
    "most_bytes_per_s", "channels_needed", "grade", "prefill_dram_bytes",
    "dram_io_w", "prefill_array_s",
]  # fmt: skip


def target(inputs: Path, *options: str) -> Json:
    files = (inputs / "chip.yaml", inputs / "work.yaml")
    done = accsim("target", *files, *options, "--workers", "1", "--json")
    assert done.returncode == 0, done.stderr
    found: Json = json.loads(done.stdout)
    return found


def test_the_object_has_the_keys_of_the_contract(inputs: Path) -> None:
    base = target(inputs, "--tokens-per-s", "1", "--cost", "pins", "--max-power", "1000")
    assert list(base) == TOP
    assert base["schema"] == "accsim.target/1"
    assert base["reached"] is True
    assert base["run"] == "two_heads"
    assert base["goal"]["power_w"] == 1000
    assert list(base["goal"]) == ["tokens_per_s", "ttft_s", "power_w"]
    assert list(base["floor"]) == FLOOR
    goal = 1.2 * base["base"]["tokens_per_s"]
    found = target(inputs, "--tokens-per-s", str(goal), "--cost", "clock=1000,dma=2")
    assert (found["costs"]["clock"], found["costs"]["dma"], found["costs"]["channels"]) == (
        (1000, 2, 10)
    )
    assert (base["cost_unit"], found["cost_unit"]) == ("pins", "")
    assert found["solutions"]
    for candidate in (found["base"], *found["solutions"]):
        assert list(candidate) == CANDIDATE
        for change in candidate["changes"]:
            assert list(change) == ["knob", "label", "unit", "before", "after", "factor"]


def test_the_report_is_plain_text(inputs: Path) -> None:
    files = (inputs / "chip.yaml", inputs / "work.yaml")
    options = ("--tokens-per-s", "1", "--run", "ordinary", "--workers", "1")
    done = accsim("target", *files, *options)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip().startswith("ordinary on pocket needs no change: it reaches 1 token")
    assert "Cost of as much again as the chip has, in mm2:" in " ".join(done.stdout.split())
    assert all(line == line.rstrip() for line in done.stdout.splitlines())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "Missing option '--tokens-per-s'."),
        (("--tokens-per-s", "0"), "Invalid value for '--tokens-per-s': '0' is no number above 0."),
        (("--tokens-per-s", "fast"), "'fast' is no number above 0."),
        (("--tokens-per-s", "inf"), "'inf' is no number above 0."),
        (("--tokens-per-s", "1", "--cost", "pins=3"), "no knob 'pins'; there are channels, "),
        (
            ("--tokens-per-s", "1", "--cost", "arae"),
            "'arae' is neither area, pins nor KNOB=WEIGHT.",
        ),
        (("--tokens-per-s", "1", "--max-power", "0"), "'--max-power': '0' is no number above 0."),
        (("--tokens-per-s", "1", "--cost", "dma=-1"), "'-1' is no number above 0."),
        (("--tokens-per-s", "1", "--run", "x"), "no run 'x'; there are ordinary, two_heads."),
    ],
)
def test_usage_errors(inputs: Path, options: tuple[str, ...], message: str) -> None:
    done = accsim("target", inputs / "chip.yaml", inputs / "work.yaml", *options)
    assert done.returncode == 2
    assert message in " ".join(done.stderr.split())
