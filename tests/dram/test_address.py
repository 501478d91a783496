"""Where addresses lie."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accsim.chip import ADDRESS_FIELDS, SEQUENTIAL, AddressField, Memory
from accsim.dram.address import AddressMap, from_letters
from accsim.dram.standards import PARTS

from .rig import DDR4

# DDR4: 4 bank groups of 4 banks, rows of 128 bursts of 64 bytes, 65536 rows.
ONE = Memory(DDR4, 1, 1, 64, 32, refresh="all_bank")
TWO_RANKS = replace(ONE, ranks=2)


def place(mapping: AddressMap, burst: int) -> dict[str, int]:
    return dict(zip(ADDRESS_FIELDS, mapping.places(np.array([burst]))[0].tolist(), strict=True))


def test_the_sequential_order_rotates_over_groups_then_columns_banks_ranks_rows() -> None:
    # 3 + 4 x (5 + 128 x (2 + 4 x (1 + 2 x 7)))
    burst = 3 + 4 * (5 + 128 * (2 + 4 * (1 + 2 * 7)))
    expected = {"bank_group": 3, "column": 5, "bank": 2, "rank": 1, "row": 7}
    assert place(AddressMap(TWO_RANKS), burst) == expected


def test_another_order_fills_its_lowest_field_first() -> None:
    order: tuple[AddressField, ...] = ("column", "bank_group", "bank", "rank", "row")
    mapping = AddressMap(replace(ONE, address_order=order))
    assert place(mapping, 127)["column"] == 127
    assert place(mapping, 128) == {"bank_group": 1, "column": 0, "bank": 0, "rank": 0, "row": 0}


def test_a_hash_folds_row_bits_into_group_and_bank() -> None:
    # Row 0b0110: its low two bits 10 flip the group, the next two 01 the bank.
    burst = 0b0110 * 4 * 128 * 4
    expected = {"bank_group": 0b10, "column": 0, "bank": 0b01, "rank": 0, "row": 0b0110}
    assert place(AddressMap(replace(ONE, bank_hash=True)), burst) == expected


@given(
    st.permutations(SEQUENTIAL),
    st.booleans(),
    st.lists(st.integers(0, 2**23), min_size=2, max_size=50, unique=True),
)
def test_no_two_bursts_share_a_place(
    order: tuple[AddressField, ...], hashed: bool, bursts: list[int]
) -> None:
    memory = replace(TWO_RANKS, address_order=tuple(order), bank_hash=hashed)
    places = AddressMap(memory).places(np.array(bursts))
    assert len(np.unique(places, axis=0)) == len(bursts)
    assert (places >= 0).all()
    assert (places < AddressMap(TWO_RANKS).sizes()).all()


def test_channels_take_turns_of_the_interleave() -> None:
    mapping = AddressMap(Memory(DDR4, 2, 1, 256, 32, refresh="all_bank"))
    channel, local = mapping.local(np.array([0, 255, 256, 511, 512, 600]))
    assert channel.tolist() == [0, 0, 1, 1, 0, 0]
    assert local.tolist() == [0, 255, 0, 255, 256, 344]


def test_past_the_last_row_addresses_begin_again() -> None:
    burst = DDR4.rank_bytes // 64
    assert place(AddressMap(ONE), burst) == place(AddressMap(ONE), 0)


def test_the_letters_of_other_simulators_read_from_the_highest_field_down() -> None:
    order, below_channel = from_letters("rorabachcobg")
    assert order == SEQUENTIAL
    assert below_channel == 2


@pytest.mark.parametrize("letters", ["", "rorabaco", "rorabachcoco", "rorabachcobgbg", "xx"])
def test_letters_that_do_not_name_each_field_once_are_refused(letters: str) -> None:
    with pytest.raises(ValueError, match="an order names ba bg ch co ra ro once each, got"):
        from_letters(letters)


def test_an_order_that_leaves_a_field_out_is_refused() -> None:
    with pytest.raises(ValueError, match="names bank_group, column, bank, rank, row once each"):
        replace(ONE, address_order=("column", "bank", "rank", "row"))


def test_a_hash_of_three_banks_is_refused() -> None:
    part = replace(PARTS["DDR4-3200"], banks_per_group=3)
    with pytest.raises(ValueError, match="a hash needs powers of two, got 3 bank groups or banks"):
        replace(ONE, part=part, bank_hash=True)
