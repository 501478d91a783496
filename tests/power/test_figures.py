"""The figures of a chip: rows of tables, what its file states, and what follows from both."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import get_args

import pytest

from accsim.chip import Chip, Memory, Sram, SystolicArray
from accsim.dram.standards import GRADES, PARTS
from accsim.energy import Figure, Node, StatedEnergy
from accsim.power.dram import DRAM_ENERGY
from accsim.power.figures import area_mm2, energy_figures
from accsim.power.logic import LOGIC_ENERGY, sram_energy
from accsim.units import KIB, MIB


def test_a_figure_lies_between_its_value_over_and_times_its_factor() -> None:
    assert (Figure(6.0, 1.5).low, Figure(6.0, 1.5).high) == (4.0, 9.0)


def test_a_scaled_figure_is_as_uncertain_as_before() -> None:
    assert Figure(6.0, 1.5, "a table").times(0.5) == Figure(3.0, 1.5, "a table")


@pytest.mark.parametrize(
    ("value", "factor", "told"), [(-1, 2, "-1 within a factor of 2"), (1, 0.5, "1 within a .* 0.5")]
)
def test_a_figure_that_cannot_be_is_refused(value: float, factor: float, told: str) -> None:
    with pytest.raises(ValueError, match=f"^a figure is at least 0 and .* at least 1, got {told}$"):
        Figure(value, factor)


def test_every_standard_that_a_chip_may_name_has_figures() -> None:
    assert {grade.standard.name for grade in GRADES.values()} == set(DRAM_ENERGY)


def test_every_node_that_a_chip_may_name_has_figures() -> None:
    assert tuple(LOGIC_ENERGY) == get_args(Node)


def test_nothing_takes_more_energy_or_area_on_a_smaller_node() -> None:
    rows = [
        (*row.mac_pj, row.vector_pj_per_element, *row.sram_pj_per_64_bits, row.wire_pj_per_bit_mm,
         row.sram_mm2_per_mib, *row.mac_um2)
        for row in LOGIC_ENERGY.values()
    ]  # fmt: skip
    for larger, smaller in pairwise(rows):
        assert all(less < more for more, less in zip(larger, smaller, strict=True))


def test_a_published_energy_lies_in_the_interval_of_each_standard() -> None:
    # pJ a bit: Jouppi et al., ISCA 2021 (DDR4); Moon et al., SK hynix, IEDM 2023 (HBM2e); SK hynix
    # of HBM3E; Micron, Ultra-Bandwidth Solutions (GDDR6).
    published = {"DDR4": 20.3, "HBM2e": 4.3, "HBM3": 4.05, "GDDR6": 7.5}
    for standard, energy in published.items():
        figure = DRAM_ENERGY[standard].io_pj_per_bit
        assert figure.low < energy < figure.high


def test_ddr4_rows_and_refreshes_follow_from_the_currents_of_the_data_sheet() -> None:
    # TN-40-07 with IDD0 57, IDD2N 37, IDD3N 52, IDD5AB 250 mA at 1.2 V; tRAS 32.5, tRC 46.25, tRFC
    # 350 ns; eight devices of 1 GiB. mA x V x ns is pJ.
    row = 8 * 1.2 * (57 * 46.25 - 52 * 32.5 - 37 * 13.75)
    assert DRAM_ENERGY["DDR4"].activation_pj_per_row.value == pytest.approx(row, rel=0.01)
    refresh = 1.2 * (250 - 52) * 350
    assert DRAM_ENERGY["DDR4"].refresh_pj_per_gib.value == pytest.approx(refresh, rel=0.01)
    assert DRAM_ENERGY["DDR4"].background_mw_per_rank.value == pytest.approx(8 * 1.2 * 52, rel=0.01)


def test_a_refresh_costs_by_the_capacity_of_the_rank(small_chip: Chip) -> None:
    # A rank of 8 Gb devices has 8 GiB, of 16 Gb devices 16 GiB.
    assert energy_figures(small_chip).dram_refresh_pj_per_rank.value == 8 * 83_200
    part = GRADES["DDR4-3200"].part(16)
    denser = replace(small_chip, memory=replace(small_chip.memory, part=part))
    assert energy_figures(denser).dram_refresh_pj_per_rank.value == 16 * 83_200


def test_another_standard_has_other_figures(small_chip: Chip) -> None:
    memory = Memory(PARTS["LPDDR5-6400"], 4, 1, 256, 32, refresh="all_bank")
    figures = energy_figures(replace(small_chip, memory=memory))
    assert figures.dram_io_pj_per_bit.value == 6.0
    assert figures.phy_mm2_per_channel.value == 2.1


@pytest.mark.parametrize(
    ("kib", "per_64_bits"),
    [
        (8, 7.5),
        (32, 8.5),
        (1024, 14.0),
        # sqrt 16: 8.5 + (16 - sqrt 32) x 5.5 / (32 - sqrt 32) = 8.5 + 10.343 x 0.208783
        (256, 10.65947),
        # Beyond the table on the same line: 14 + 32 x 0.208783
        (4096, 20.68105),
        # Below the smallest no less.
        (2, 7.5),
    ],
)
def test_a_bank_costs_what_the_table_has_for_its_size(kib: int, per_64_bits: float) -> None:
    # No area, so no way to go.
    energy = sram_energy(7, kib * KIB, 1, mm2_per_mib=0)
    assert energy.value == pytest.approx(per_64_bits / 8, rel=1e-6)


def test_a_byte_travels_three_quarters_of_the_side_of_the_sram() -> None:
    # Four banks of 1 MiB at 1 mm2 each: 2 mm a side, 1.5 mm of wires for 8 bits.
    energy = sram_energy(7, 4 * MIB, 4, mm2_per_mib=1)
    assert energy.value == pytest.approx(14 / 8 + 8 * 0.066 * 1.5)


def test_area_is_that_of_sram_macs_and_pins(small_chip: Chip) -> None:
    # 512 KiB at 0.875 mm2/MiB; 256 MACs of 671 um2; two channels of DDR4.
    area = area_mm2(small_chip)
    assert area["sram"].value == pytest.approx(0.4375)
    assert area["array"].value == pytest.approx(0.171776)
    assert area["phy"].value == pytest.approx(19.8)


def test_the_precision_that_needs_most_sets_the_area_of_the_array(small_chip: Chip) -> None:
    # 4 MACs of 8 bits, 200 um2 each, instead of one of 16 bits, 671 um2.
    array = SystolicArray(1, 10, 10, "output_stationary", (1, 4, 4))
    assert area_mm2(replace(small_chip, array=array))["array"].value == pytest.approx(0.08)


def test_idle_power_grows_with_the_area(small_chip: Chip) -> None:
    # 0.05 W a mm2.
    total = 0.4375 + 0.171776 + 19.8
    assert energy_figures(small_chip).static_w.value == pytest.approx(0.05 * total)


def test_a_smaller_sram_takes_less_energy_a_byte(small_chip: Chip) -> None:
    smaller = replace(small_chip, sram=Sram(64 * KIB, banks=8, bank_bytes_per_cycle=32))
    more, less = energy_figures(small_chip), energy_figures(smaller)
    assert less.sram_pj_per_byte.value < more.sram_pj_per_byte.value


def test_what_the_chip_states_replaces_the_table_and_is_exact(small_chip: Chip) -> None:
    stated = StatedEnergy(dram_io_pj_per_bit=5.0, static_w=0.0, mac_pj=(None, 0.3, None))
    figures = energy_figures(replace(small_chip, energy=stated))
    assert figures.dram_io_pj_per_bit == Figure(5.0, 1.0, "")
    assert figures.static_w.value == 0
    assert [figure.value for figure in figures.mac_pj] == [0.72, 0.3, 0.0475]


def test_the_node_chooses_the_row_for_all_on_the_chip(small_chip: Chip) -> None:
    figures = energy_figures(replace(small_chip, energy=StatedEnergy(node_nm=28)))
    assert figures.mac_pj[0].value == 1.54
    assert figures.sram_mm2_per_mib.value == 4.1
    assert figures.dram_io_pj_per_bit.value == 13.4
