"""What the row-granular model is right for, and what stands in for it elsewhere."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from accsim.chip import AddressField, Chip, Memory, RefreshScheme
from accsim.dram.choice import chosen_model, model_of
from accsim.dram.memory import RowGranularMemory, outside_domain
from accsim.dram.reference.memory import ReferenceMemory
from accsim.dram.standards import PARTS
from accsim.engine.simulate import simulate
from accsim.lowering.lower import lower
from accsim.ops import PassGraph
from accsim.units import KIB

from .rig import DDR4
from .test_reference_twin import appended, cache, finish, weights

USUAL = Memory(DDR4, 2, 1, 256, 32, refresh="all_bank")
COLUMN_FIRST: tuple[AddressField, ...] = ("column", "bank_group", "bank", "rank", "row")


def controlled(memory: Memory = USUAL, **settings: Any) -> Memory:
    """A memory whose controller differs from the usual one."""
    return replace(memory, controller=replace(memory.policy, **settings))


CLOSED = controlled(page="closed")


def by_bank(grade: str) -> Memory:
    """The usual memory of another grade, refreshed some banks at a time."""
    part = PARTS[grade]
    assert part.bank_refresh is not None
    return replace(USUAL, part=part, refresh=part.bank_refresh.scheme)


def test_the_usual_memory_is_known() -> None:
    assert outside_domain(USUAL) is None
    assert chosen_model(USUAL) == "row_granular"
    assert isinstance(model_of(USUAL), RowGranularMemory)


@pytest.mark.parametrize(
    ("memory", "unknown"),
    [
        (CLOSED, "the page policy 'closed'"),
        (controlled(page="timeout", timeout_cycles=9), "the page policy 'timeout'"),
        (replace(USUAL, bank_hash=True), "a hash of the banks"),
        (
            replace(USUAL, address_order=COLUMN_FIRST),
            "the address order column, bank_group, bank, rank, row",
        ),
        (
            replace(CLOSED, bank_hash=True),
            "a hash of the banks and the page policy 'closed'",
        ),
        (by_bank("DDR5-4800"), "same_bank refresh"),
        (by_bank("LPDDR4X-4266"), "per_bank refresh"),
        (by_bank("LPDDR5X-8533"), "per_bank refresh"),
    ],
)
def test_what_is_not_known_is_named_and_refused(memory: Memory, unknown: str) -> None:
    assert outside_domain(memory) == unknown
    with pytest.raises(ValueError, match=f"^the row-granular model does not know {unknown}$"):
        RowGranularMemory(memory)
    assert chosen_model(memory) == "command_level"
    assert isinstance(model_of(memory), ReferenceMemory)


@pytest.mark.parametrize("grade", ["DDR4-3200", "DDR5-4800", "LPDDR4X-4266", "LPDDR5X-8533"])
@pytest.mark.parametrize("refresh", ["all_bank", "off"])
def test_refresh_of_all_banks_or_none_is_known_on_any_part(
    grade: str, refresh: RefreshScheme
) -> None:
    assert outside_domain(replace(USUAL, part=PARTS[grade], refresh=refresh)) is None


def test_a_field_of_one_value_may_stand_anywhere_in_the_order() -> None:
    order: tuple[AddressField, ...] = ("rank", "bank_group", "column", "bank", "row")
    assert outside_domain(replace(USUAL, address_order=order)) is None
    assert outside_domain(replace(USUAL, address_order=order, ranks=2)) is not None
    # LPDDR4X has no bank groups.
    flat = replace(USUAL, part=PARTS["LPDDR4X-4266"], address_order=COLUMN_FIRST)
    assert outside_domain(flat) is None


@pytest.mark.parametrize(
    "settings",
    [
        {"hit_limit": 1},
        {"starvation_limit": 1, "hit_limit": 1},
        {"starvation_limit": 10**6, "hit_limit": 10**6},
        {"drain_from": 1},
        {"drain_from": 8, "drain_to": 4},
    ],
    ids=str,
)
@pytest.mark.parametrize("grade", ["DDR4-3200", "LPDDR5-6400"])
def test_limits_and_drain_change_nothing_for_what_a_decoding_chip_asks(
    grade: str, settings: dict[str, int]
) -> None:
    memory = replace(USUAL, part=PARTS[grade])
    asked = weights(256 * KIB, 6) + appended(700, 8) + cache(700, 8, 2) + weights(512 * KIB, 6)
    other = controlled(memory, **settings)
    assert outside_domain(other) is None
    slow = finish(ReferenceMemory(other), asked)
    assert finish(RowGranularMemory(other), asked) == pytest.approx(slow, rel=0.005)


def test_a_pass_on_closed_pages_takes_longer_and_moves_the_same_bytes(
    small_chip: Chip, small_decode: PassGraph
) -> None:
    program = lower(small_chip, small_decode, (500,), 600)
    usual = simulate(program, small_chip)
    memory = controlled(small_chip.memory, page="closed")
    closed = simulate(program, replace(small_chip, memory=memory))
    # A stream needs a burst of each of 4 banks every tRC: 16 of 74 cycles carry data.
    assert 2 < closed.elapsed_ps / usual.elapsed_ps < 74 / 16
    bursts = [
        (one.memory.row_hits + one.memory.row_misses + one.memory.row_conflicts).tolist()
        for one in (usual, closed)
    ]
    assert bursts[0] == bursts[1]
    assert closed.memory.row_hits.sum() == 0
