"""A chip in the place of a workload, and the other way round: one problem that says so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from accsim.config.kinds import WrongKindError
from accsim.config.resolve import load_both, load_chip, load_workload
from accsim.config.shipped import find, folder
from accsim.errors import InputError

CHIP_FILE = str(folder("chips") / "ddr_npu.yaml")
WORKLOAD_FILE = str(folder("workloads") / "llama2_mtp.yaml")


def test_a_workload_file_is_no_chip() -> None:
    with pytest.raises(WrongKindError) as refused:
        load_chip(WORKLOAD_FILE)
    assert str(refused.value) == f"{WORKLOAD_FILE}: this is a workload, not a chip"


def test_a_chip_file_is_no_workload() -> None:
    with pytest.raises(WrongKindError) as refused:
        load_workload(CHIP_FILE)
    assert str(refused.value) == f"{CHIP_FILE}: this is a chip, not a workload"


@pytest.mark.parametrize(
    ("chip", "what"),
    [(WORKLOAD_FILE, "a workload"), ("llama2_mtp", "a shipped workload")],
)
def test_a_workload_before_the_chip_is_told_the_order(chip: str, what: str) -> None:
    with pytest.raises(InputError) as refused:
        load_both(chip, "llama2_mtp")
    assert str(refused.value) == (
        f"{chip}: this is {what}, not a chip; the chip comes first: accsim run CHIP WORKLOAD"
    )


def test_two_files_in_the_wrong_order_are_one_problem_each() -> None:
    with pytest.raises(InputError) as refused:
        load_both(WORKLOAD_FILE, CHIP_FILE)
    assert [problem.file for problem in refused.value.problems] == [WORKLOAD_FILE, CHIP_FILE]


def test_a_shipped_chip_is_no_workload() -> None:
    with pytest.raises(InputError) as refused:
        load_both("ddr_npu", "ddr_npu")
    assert str(refused.value) == "ddr_npu: this is a shipped chip, not a workload"


def test_a_shipped_trace_without_its_suffix_is_told_its_file() -> None:
    with pytest.raises(WrongKindError) as refused:
        find("workloads", "llama2_7b_decode_1")
    assert str(refused.value) == (
        "llama2_7b_decode_1: this is a shipped trace, not a workload; "
        "its file is named llama2_7b_decode_1.jsonl.gz"
    )


def test_a_stray_key_of_the_other_format_is_just_unknown(tmp_path: Path) -> None:
    path = tmp_path / "chip.yaml"
    path.write_text(Path(CHIP_FILE).read_text() + "batch: 2\n")
    with pytest.raises(InputError, match="batch: unknown key 'batch'"):
        load_chip(str(path))


def test_a_file_with_keys_of_neither_format_is_checked_as_what_is_expected(tmp_path: Path) -> None:
    path = tmp_path / "chip.yaml"
    path.write_text("name: x\n")
    with pytest.raises(InputError, match="core: this key is required"):
        load_chip(str(path))


@pytest.mark.parametrize("load", [load_chip, load_workload])
def test_an_output_of_accsim_is_one_problem(load: Callable[[str], object], tmp_path: Path) -> None:
    saved = tmp_path / "result.json"
    saved.write_text('{"schema": "accsim.result/1", "chip": "ddr_npu", "runs": [{"name": "one"}]}')
    with pytest.raises(InputError) as refused:
        load(str(saved))
    kind = "chip" if load is load_chip else "workload"
    assert str(refused.value) == (
        f"{saved}: this is an output of accsim ('accsim.result/1'), not a {kind}"
    )
