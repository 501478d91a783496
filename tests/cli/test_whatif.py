"""``accsim whatif`` from end to end, and the keys of ``accsim.whatif/1``."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from accsim.cli.main import cli

from .conftest import accsim, write_inputs

Json = dict[str, Any]

TOP: dict[str, type] = {
    "schema": str,
    "chip": str,
    "workload": str,
    "accsim_version": str,
    "changes": list,
    "runs": list,
}
CHANGE: dict[str, tuple[type, ...]] = {
    "knob": (str,),
    "label": (str,),
    "unit": (str,),
    "ideal": (bool,),
    "before": (int, str),
    "after": (int, str, type(None)),
    "factor": (float, type(None)),
    "refused": (str, type(None)),
}
RUN: dict[str, type] = {
    "name": str,
    "scheme": str,
    "batch": int,
    "tokens_per_step": float,
    "tpot_s": float,
    "bound": str,
    "bound_share": dict,
    "ttft_s": float,
    "prefill_bound": str,
    "prefill_bound_share": dict,
    "effects": list,
}
EFFECT: dict[str, tuple[type, ...]] = {
    "knob": (str,),
    "tpot_s": (float,),
    "tpot_gain": (float,),
    "tpot_elasticity": (float, type(None)),
    "bound": (str,),
    "bound_share": (float,),
    "ttft_s": (float,),
    "ttft_gain": (float,),
    "ttft_elasticity": (float, type(None)),
    "prefill_bound": (str,),
    "prefill_bound_share": (float,),
}


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Json:
    folder = tmp_path_factory.mktemp("whatif")
    write_inputs(folder)
    files = [str(folder / "chip.yaml"), str(folder / "work.yaml")]
    options = ["--workers", "1", "--json"]
    done = CliRunner().invoke(cli, ["whatif", *files, *options], catch_exceptions=False)
    assert done.exit_code == 0, done.stderr
    found: Json = json.loads(done.stdout)
    return found


def test_the_object_has_the_keys_of_the_contract(document: Json) -> None:
    assert {key: type(found) for key, found in document.items()} == TOP
    assert document["schema"] == "accsim.whatif/1"
    for run in document["runs"]:
        assert {key: type(found) for key, found in run.items()} == RUN
        for effect in run["effects"]:
            assert list(effect) == list(EFFECT)
            assert all(isinstance(effect[key], kinds) for key, kinds in EFFECT.items())
    for change in document["changes"]:
        assert list(change) == list(CHANGE)
        assert all(isinstance(change[key], kinds) for key, kinds in CHANGE.items())


def test_ideals_have_no_factor_and_refused_changes_no_value(document: Json) -> None:
    for change in document["changes"]:
        assert (change["after"] is None) == (change["refused"] is not None)
        assert (change["factor"] is None) == (change["ideal"] or change["refused"] is not None)


def test_the_report_is_plain_text(inputs: Path) -> None:
    done = accsim("whatif", inputs / "chip.yaml", inputs / "work.yaml", "--workers", "1")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip().startswith("Decoding of ordinary is bound by ")
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert all(line == line.rstrip() for line in lines)


def test_one_run_can_be_asked_for(inputs: Path) -> None:
    files = (inputs / "chip.yaml", inputs / "work.yaml")
    done = accsim("whatif", *files, "--run", "two_heads", "--workers", "1", "--json")
    assert [run["name"] for run in json.loads(done.stdout)["runs"]] == ["two_heads"]


def test_a_recorded_trace_can_be_asked_about(inputs: Path, document: Json) -> None:
    assert accsim("trace", inputs / "work.yaml", "-o", inputs / "t.jsonl").returncode == 0
    chip = inputs / "chip.yaml"
    done = accsim("whatif", chip, inputs / "t.jsonl", "--workers", "1", "--json")
    assert json.loads(done.stdout) == document


def test_an_unknown_run_is_a_usage_error(inputs: Path) -> None:
    done = accsim("whatif", inputs / "chip.yaml", inputs / "work.yaml", "--run", "three")
    assert done.returncode == 2
    assert done.stderr.endswith("no run 'three'; there are ordinary, two_heads.\n")


def test_what_does_not_fit_is_told_with_its_place_in_the_chip_file(inputs: Path) -> None:
    chip = inputs / "chip.yaml"
    chip.write_text(chip.read_text().replace("capacity_kib: 256", "capacity_kib: 1"))
    done = accsim("whatif", chip, inputs / "work.yaml", "--workers", "2")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{chip}:5:" in done.stderr
    assert "Traceback" not in done.stderr


def test_ctrl_c_ends_all_workers_without_a_traceback(inputs: Path) -> None:
    """The whole group gets the signal, as from a terminal."""
    command = [sys.executable, "-m", "accsim", "whatif", "ddr_npu", "llama2_mtp", "--workers", "2"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as running:
        time.sleep(3)
        assert running.poll() is None
        os.killpg(running.pid, signal.SIGINT)
        # The pipes are open for as long as any worker lives.
        out, err = running.communicate(timeout=20)
    assert (running.returncode, out, err.strip()) == (130, "", "interrupted")
