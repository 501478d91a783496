"""The table of DRAM parts: laws that every entry keeps."""

from __future__ import annotations

from dataclasses import fields
from fractions import Fraction

import pytest

from accsim.chip import DramPart, DramTimings, RefreshScheme
from accsim.dram.standards import PARTS

EXACT_RATE_MTPS = {"LPDDR4X-4266": Fraction(12_800, 3), "LPDDR5X-8533": Fraction(25_600, 3)}
EVERY_PART = pytest.mark.parametrize("part", PARTS.values(), ids=list(PARTS))


@EVERY_PART
def test_bursts_back_to_back_fill_the_pins_exactly(part: DramPart) -> None:
    rate = EXACT_RATE_MTPS.get(part.grade, Fraction(part.data_rate_mtps)) * 10**6
    clock = Fraction(part.clock.hz_num, part.clock.hz_den)
    assert (
        Fraction(part.burst_bytes, part.burst_cycles) * clock == Fraction(part.bus_bits, 8) * rate
    )


@EVERY_PART
def test_the_label_is_the_data_rate_rounded_down(part: DramPart) -> None:
    exact = EXACT_RATE_MTPS.get(part.grade, Fraction(part.data_rate_mtps))
    assert part.data_rate_mtps == int(exact)
    assert part.grade == f"{part.standard}-{part.data_rate_mtps}"


@pytest.mark.parametrize(
    ("grade", "mib"),
    [
        ("DDR4-2400", 8192),  # 8 devices x 8 Gb
        ("DDR4-3200", 8192),
        ("DDR5-4800", 8192),  # 4 devices x 16 Gb
        ("DDR5-5600", 8192),
        ("DDR5-6400", 8192),
        ("LPDDR4X-4266", 2048),  # 1 channel of 16 Gb
        ("LPDDR5-6400", 2048),  # 1 device of 16 Gb
        ("LPDDR5X-8533", 2048),
        ("HBM2e-3200", 512),  # 4 dies x 16 Gb / 16 pseudo channels
        ("HBM3-6400", 256),  # 4 dies x 16 Gb / 32 pseudo channels
        ("GDDR6-14000", 512),  # half a device of 8 Gb
    ],
)
def test_a_rank_holds_what_its_devices_do(grade: str, mib: int) -> None:
    assert PARTS[grade].rank_bytes == mib * 2**20


@EVERY_PART
def test_bursts_of_different_bank_groups_can_be_seamless(part: DramPart) -> None:
    assert part.timings.tCCD_S == part.burst_cycles


@EVERY_PART
def test_write_data_never_meet_read_data_on_the_bus(part: DramPart) -> None:
    timings = part.timings
    assert timings.tRTW >= timings.CL - timings.CWL + part.burst_cycles


@EVERY_PART
def test_read_to_write_follows_jedec_unless_the_source_gives_it(part: DramPart) -> None:
    timings = part.timings
    given = {"HBM3-6400": 20}
    jedec = timings.CL - timings.CWL + part.burst_cycles + 2
    assert timings.tRTW == given.get(part.grade, jedec)


@EVERY_PART
def test_long_timings_are_no_shorter_than_short_ones(part: DramPart) -> None:
    timings = part.timings
    for name in ("tCCD", "tRRD", "tWTR"):
        assert getattr(timings, f"{name}_L") >= getattr(timings, f"{name}_S")


@EVERY_PART
def test_a_row_cycle_holds_activation_and_precharge(part: DramPart) -> None:
    timings = part.timings
    assert timings.tRC >= timings.tRAS >= timings.tRCD
    # Sources round each from nanoseconds, so the sum may be off by a cycle.
    assert abs(timings.tRC - timings.tRAS - timings.tRP) <= 1


@EVERY_PART
def test_refresh_leaves_more_than_nine_tenths_of_the_time(part: DramPart) -> None:
    assert part.timings.tRFC * 10 < part.timings.tREFI


@EVERY_PART
def test_organisations_are_powers_of_two(part: DramPart) -> None:
    for count in (part.bank_groups, part.banks_per_group, part.rows, part.row_bytes):
        assert count & (count - 1) == 0
    assert part.row_bytes % part.burst_bytes == 0


@EVERY_PART
def test_every_part_names_its_source(part: DramPart) -> None:
    assert "JESD" in part.source


@EVERY_PART
def test_every_timing_is_a_positive_number_of_cycles(part: DramPart) -> None:
    absent = set() if part.bank_refresh else {"tRFCpb", "tRREFD"}
    for field in fields(DramTimings):
        assert (getattr(part.timings, field.name) > 0) == (field.name not in absent)


@EVERY_PART
def test_a_bank_refresh_is_shorter_than_one_of_all_banks(part: DramPart) -> None:
    assert part.timings.tRREFD <= part.timings.tRFCpb < part.timings.tRFC or not part.bank_refresh


@pytest.mark.parametrize(
    ("grade", "scheme", "turns"),
    [
        ("DDR4-3200", "all_bank", 1),
        ("DDR4-3200", "off", 0),
        ("DDR5-4800", "all_bank", 1),
        ("DDR5-4800", "same_bank", 8),  # four banks of a group, twice: fine granularity
        ("LPDDR4X-4266", "per_bank", 8),
        ("LPDDR5-6400", "per_bank", 8),  # pairs of 16 banks: tREFIpb = tREFI / 8
        ("HBM3-6400", "per_bank", 16),  # tREFIpb = tREFI / 16
        ("GDDR6-14000", "per_bank", 16),
    ],
)
def test_a_rank_gets_as_many_refreshes_in_an_interval_as_the_standard_says(
    grade: str, scheme: RefreshScheme, turns: int
) -> None:
    assert PARTS[grade].refresh_turns(scheme) == turns
