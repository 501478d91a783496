"""The reference model against recorded runs of other simulators."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "validate_dram.py"


def _script() -> ModuleType:
    """The script that writes the table of all cases: the tests run some of them the same way."""
    spec = importlib.util.spec_from_file_location("validate_dram", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["validate_dram"] = module
    spec.loader.exec_module(module)
    return module


script = _script()
CONFIGS = script.configs()
CASES = {(case.config, case.pattern): case for case in script.cases()}

# Patterns that take long for what they add are left to the script.
QUICK = [
    key
    for key, case in CASES.items()
    if case.simulator == "dramsim3"
    and key[1].startswith(("seq_rd_1", "mix_w50", "lat", "str_8192"))
]
STREAMS = [
    key
    for key, case in CASES.items()
    if case.simulator != "dramsim3" and key[1] in ("seq_rd_1MiB", "rnd_b1024")
]
# Two DRAMsim3 engines where other commands than ours take part: precharges that keep apart (tPPD),
# or a second command in a cycle.
NEAR = ("d3_hbm2", "d3_lpddr", "d3_gddr6")


@pytest.mark.parametrize("key", QUICK, ids="-".join)
def test_dramsim3_is_met(key: tuple[str, str]) -> None:
    case = CASES[key]
    cycles = script.run(case, CONFIGS[case.config]).cycles
    if case.config.startswith(NEAR) or case.config.endswith("_close"):
        assert cycles == pytest.approx(case.cycles, rel=0.01)
    elif case.config.endswith(("_2rk", "_stock")) and "wpct" in case.parameters:
        assert cycles == pytest.approx(case.cycles, rel=case.limit)
    else:
        assert cycles == case.cycles


@pytest.mark.parametrize("key", [key for key in QUICK if key[1].startswith("lat")], ids="-".join)
def test_isolated_latencies_of_dramsim3_are_met_to_the_cycle(key: tuple[str, str]) -> None:
    case = CASES[key]
    assert script.run(case, CONFIGS[case.config]).cycles == case.cycles


@pytest.mark.parametrize("key", STREAMS, ids="-".join)
def test_streams_of_other_simulators_are_near_or_the_difference_has_a_name(
    key: tuple[str, str],
) -> None:
    case = CASES[key]
    cycles = script.run(case, CONFIGS[case.config]).cycles
    if abs(cycles / case.cycles - 1) > case.limit:
        assert script.reason(case) in script.REASONS


def test_a_pattern_that_is_not_the_recorded_one_is_refused() -> None:
    case = CASES["d3_ddr4_3200_bgi", "seq_rd_1MiB"]
    other = {**case.parameters, "bytes": 1 << 19}
    wrong = type(case)(**{**vars(case), "parameters": other})
    with pytest.raises(ValueError, match="seq_rd_1MiB: these are not the addresses"):
        script.run(wrong, CONFIGS[case.config])


def test_rows_hit_and_opened_are_those_of_dramsim3() -> None:
    # Recorded: 64886 hits, 356 misses, 294 conflicts, 655 activates, 22 refreshes.
    case = CASES["d3_ddr4_3200_bgi", "seq_rd_4MiB"]
    counts = script.run(case, CONFIGS[case.config]).statistics
    found = [counts.row_hits, counts.row_misses, counts.row_conflicts, counts.activates]
    assert [int(column.sum()) for column in found] == [64886, 356, 294, 655]
    assert counts.refreshes.sum() == 22
