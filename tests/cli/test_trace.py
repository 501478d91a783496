"""``accsim trace``, and running what it wrote."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import accsim


@pytest.mark.parametrize("name", ["ops.jsonl", "ops.jsonl.gz"])
def test_a_trace_is_written(name: str, inputs: Path) -> None:
    done = accsim("trace", inputs / "work.yaml", "-o", inputs / name)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == f"wrote {inputs / name}\n"
    assert (inputs / name).stat().st_size > 1000


def test_a_trace_needs_a_name_by_which_it_is_known(inputs: Path) -> None:
    done = accsim("trace", inputs / "work.yaml", "-o", inputs / "ops.json")
    assert done.returncode == 2
    assert "a trace is named in .jsonl or .jsonl.gz, got 'ops.json'." in done.stderr


def test_a_trace_that_cannot_be_written_is_one_line(inputs: Path) -> None:
    target = inputs / "nowhere" / "ops.jsonl"
    done = accsim("trace", inputs / "work.yaml", "-o", target)
    assert done.returncode == 2
    assert done.stderr == f"{target}: cannot be written: No such file or directory\n"


def test_a_broken_workload_is_not_traced(inputs: Path) -> None:
    (inputs / "work.yaml").write_text("name: x\n")
    done = accsim("trace", inputs / "work.yaml", "-o", inputs / "ops.jsonl")
    assert done.returncode == 2
    assert "work.yaml" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (inputs / "ops.jsonl").exists()
