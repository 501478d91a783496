"""Whole runs on a memory that only the command-level model knows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from accsim.chip import RefreshScheme
from accsim.config.resolve import load_chip
from accsim.dram.standards import PARTS
from accsim.pipeline import run

from .models import SMALL, ordinary, traced


def test_closed_pages_make_every_pass_slower_and_move_the_same_bytes() -> None:
    chip = load_chip("ddr_npu")
    policy = replace(chip.memory.policy, page="closed")
    closed_chip = replace(chip, memory=replace(chip.memory, controller=policy))
    trace = traced(SMALL, ordinary(), prompt=24, output=6)
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


def test_a_hash_of_the_banks_changes_a_decode_pass_by_a_few_per_cent() -> None:
    chip = load_chip("ddr_npu")
    hashed_chip = replace(chip, memory=replace(chip.memory, bank_hash=True))
    trace = traced(SMALL, ordinary(), prompt=24, output=6)
    (usual,), (hashed,) = run(chip, trace).runs, run(hashed_chip, trace).runs
    assert hashed.dram.model == "command_level"
    # Small tiles and keys of many heads: streams that would meet in a bank are kept apart.
    assert 0 < abs(hashed.decode_ps / usual.decode_ps - 1) < 0.06


BANKED: list[tuple[str, str, RefreshScheme]] = [
    ("ddr5_npu", "DDR5-4800", "same_bank"),
    ("lpddr5_soc", "LPDDR5X-8533", "per_bank"),
]


@pytest.mark.parametrize(("chip", "grade", "scheme"), BANKED)
def test_refresh_of_some_banks_costs_a_decode_pass_less_than_of_all(
    chip: str, grade: str, scheme: RefreshScheme
) -> None:
    loaded = load_chip(chip)
    memories = [
        replace(loaded.memory, part=PARTS[grade], refresh=refresh)
        for refresh in ("all_bank", scheme, "off")
    ]
    trace = traced(SMALL, ordinary(), prompt=24, output=6)
    usual, banked, never = (
        run(replace(loaded, memory=memory), trace).runs[0] for memory in memories
    )
    models = [one.dram.model for one in (usual, banked, never)]
    assert models == ["row_granular", "command_level", "row_granular"]
    assert never.decode_ps < banked.decode_ps < usual.decode_ps
    assert banked.decode_dram_read_bytes == usual.decode_dram_read_bytes
    # A rank gets 8 commands in tREFI where all banks take one, and the passes are shorter.
    assert 7 < banked.dram.refreshes / usual.dram.refreshes < 9
