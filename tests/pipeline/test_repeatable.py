"""One result, byte for byte, however it is come by."""

from __future__ import annotations

from pathlib import Path

import pytest

from .files import accsim, write_workload


@pytest.fixture(scope="module")
def workload(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_workload(tmp_path_factory.mktemp("work"))


@pytest.fixture(scope="module")
def printed(workload: Path) -> str:
    """What ``accsim run ddr_npu small.yaml --json`` prints."""
    done = accsim("run", "ddr_npu", workload, "--json", PYTHONHASHSEED="1")
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_neither_hash_seed_nor_folder_changes_a_byte(
    workload: Path, printed: str, tmp_path: Path
) -> None:
    done = accsim("run", "ddr_npu", workload, "--json", cwd=tmp_path, PYTHONHASHSEED="2")
    assert done.returncode == 0, done.stderr
    assert done.stdout == printed


@pytest.mark.parametrize("name", ["small.jsonl", "small.jsonl.gz"])
def test_a_trace_file_of_the_workload_changes_no_byte(
    workload: Path, printed: str, tmp_path: Path, name: str
) -> None:
    trace = tmp_path / name
    traced = accsim("trace", workload, "-o", trace)
    assert traced.returncode == 0, traced.stderr
    done = accsim("run", "ddr_npu", trace, "--json")
    assert done.returncode == 0, done.stderr
    assert done.stdout == printed
