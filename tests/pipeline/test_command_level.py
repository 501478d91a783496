"""Whole runs on a memory that only the command-level model knows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from accsim.chip import RefreshScheme
from accsim.config.resolve import load_chip
from accsim.pipeline import run

from .models import SMALL, ordinary, traced


def test_closed_pages_make_every_pass_slower_and_move_the_same_bytes() -> None:
    chip = load_chip("ddr_npu")
    policy = replace(chip.memory.policy, page="closed")
    closed_chip = replace(chip, memory=replace(chip.memory, controller=policy))
    trace = traced(SMALL, ordinary(SMALL), prompt=24, output=6)
    (usual,), (closed,) = run(chip, trace).runs, run(closed_chip, trace).runs
    assert (usual.dram.model, closed.dram.model) == ("row_granular", "command_level")
    assert closed.decode_ps > usual.decode_ps
    assert closed.prefill_ps > usual.prefill_ps
    moved = [(one.decode_dram_read_bytes, one.decode_dram_write_bytes) for one in (usual, closed)]
    assert moved[0] == moved[1]
    # Every burst opens its row; a refresh may close some of the four banks before their burst.
    assert closed.dram.row_hits == 0
    opened_in_vain = closed.dram.activates - closed.dram.row_misses - closed.dram.row_conflicts
    assert 0 <= opened_in_vain <= 4 * closed.dram.refreshes


def test_a_hash_of_the_banks_hardly_changes_a_decode_pass() -> None:
    chip = load_chip("ddr_npu")
    hashed_chip = replace(chip, memory=replace(chip.memory, bank_hash=True))
    trace = traced(SMALL, ordinary(SMALL), prompt=24, output=6)
    (usual,), (hashed,) = run(chip, trace).runs, run(hashed_chip, trace).runs
    assert hashed.dram.model == "command_level"
    assert abs(hashed.decode_ps / usual.decode_ps - 1) < 0.02


@pytest.mark.parametrize(
    ("chip", "scheme", "all_banks", "less"),
    [
        # A stream loses 8.4 % to tRFC of all banks, 3.6 % where one bank of each group rests.
        ("ddr5_npu", "same_bank", 0.084, 0.02),
        # 7.2 % (tRFC 299 of tREFI 4167) and what closes and opens rows; a pair of banks hides most.
        ("cpu_tiled", "per_bank", 0.086, 0.04),
    ],
)
def test_refresh_of_some_banks_is_simulated_command_by_command_and_costs_less(
    chip: str, scheme: RefreshScheme, all_banks: float, less: float
) -> None:
    usual_chip = load_chip(chip)
    banked_chip = replace(usual_chip, memory=replace(usual_chip.memory, refresh=scheme))
    trace = traced(SMALL, ordinary(SMALL), prompt=24, output=6)
    (usual,), (banked,) = run(usual_chip, trace).runs, run(banked_chip, trace).runs
    assert (usual.dram.model, banked.dram.model) == ("row_granular", "command_level")
    assert banked.decode_dram_read_bytes == usual.decode_dram_read_bytes
    print(chip, banked.decode_ps / usual.decode_ps, usual.dram, banked.dram)
