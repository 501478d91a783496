"""What a DRAM standard fixes whatever the speed grade: the shape of a channel, and its densities.

A *density* is the capacity of one device (DDR4, DDR5: one x8 device of a rank; LPDDR: one x16
channel; HBM: one die; GDDR6: one device of two channels). It decides how many rows or banks there
are and how long a refresh takes. Densities that are no power of two (12 and 24 Gbit) are
left out, as addresses are split into whole bits. Only devices of 16 Gbit (HBM) and 8 Gbit (GDDR6)
have a refresh time in a source that can be cited, so those standards come in one density.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from accsim.chip import BankRefresh
from accsim.units import PS_PER_S, Clock

Rounding = Literal["guard_band", "correction", "up"]


@dataclass(frozen=True, slots=True)
class Density:
    """Devices of `gbit` Gbit: banks, rows, and how long refreshes take.

    `tRFC_ns` is tRFC1 (tRFCab) of all banks, `tRFCpb_ns` tRFCpb (tRFCsb) of a bank refresh; that is
    0 where the standard has none or no source gives it.
    """

    gbit: int
    banks_per_group: int
    rows: int
    tRFC_ns: int
    tRFCpb_ns: int
    source: str


@dataclass(frozen=True, slots=True)
class Standard:
    """One channel of a standard: a burst moves `burst_bytes` in `burst_cycles` command clocks.

    `row_bytes` is the page across the channel. `rounding` says how the standard turns nanoseconds
    into cycles (see `to_cycles`). `bank_refresh` is None where refresh is always of all banks.
    """

    name: str
    bus_bits: int
    burst_bytes: int
    burst_cycles: int
    bank_groups: int
    row_bytes: int
    rounding: Rounding
    bank_refresh: BankRefresh | None
    densities: tuple[Density, ...]

    def density(self, gbit: int) -> Density:
        """The row of the density table for devices of `gbit` Gbit.

        Raises:
            KeyError: the table has no such row.
        """
        return {one.gbit: one for one in self.densities}[gbit]


def to_cycles(ns: int, clock: Clock, rounding: Rounding) -> int:
    """The least number of command clock cycles that the standard accepts for `ns` nanoseconds.

    ``guard_band``
        DDR4, JEDEC Standard 21-C, section 4.1.2.L-4: nCK = truncate(t / tCK + 0.974), with t and
        tCK in whole ps.
    ``correction``
        DDR5, JESD79-5, "Rounding Definitions and Algorithms": nCK = truncate(0.997 t / tCK + 1),
        with tCK rounded down to whole ps; the 0.3 % makes up for that.
    ``up``
        The others, RU(t / tCK) in their standards: rounded up, here with the exact tCK.
    """
    time_ps = 1000 * ns
    period_ps = PS_PER_S * clock.hz_den // clock.hz_num
    if rounding == "guard_band":
        return (1000 * time_ps // period_ps + 974) // 1000
    if rounding == "correction":
        return (997 * time_ps // period_ps + 1000) // 1000
    return -(-time_ps * clock.hz_num // (PS_PER_S * clock.hz_den))


# fmt: off
DDR4 = Standard(
    # Eight x8 devices make the 64-bit rank.
    "DDR4", bus_bits=64, burst_bytes=64, burst_cycles=4, bank_groups=4, row_bytes=8192,
    rounding="guard_band", bank_refresh=None,
    densities=(
        Density(4, 4, 32768, 260, 0, "JESD79-4, tRFC1 of 4 Gb; [R2] DDR4_4Gb_x8"),
        Density(8, 4, 65536, 350, 0, "JESD79-4, tRFC1 of 8 Gb; [D3] DDR4_8Gb_x8"),
        Density(16, 4, 131072, 550, 0, "JESD79-4, tRFC1 of 16 Gb; [R2] DDR4_16Gb_x8"),
    ),
)
DDR5 = Standard(
    # One of the two 32-bit sub-channels of a DIMM: four x8 devices.
    "DDR5", bus_bits=32, burst_bytes=64, burst_cycles=8, bank_groups=8, row_bytes=4096,
    rounding="correction",
    # REFsb: the same bank of every bank group, in fine granularity mode.
    bank_refresh=BankRefresh("same_bank", banks=8, rounds=2),
    densities=(
        # Half the banks, not half the rows.
        Density(8, 2, 65536, 195, 115,
                "JESD79-5, tRFC1 and tRFCsb of 8 Gb; [R2] DDR5_8Gb_x8; tRFCsb: [R20] DDR5"),
        Density(16, 4, 65536, 295, 130,
                "JESD79-5, tRFC1 and tRFCsb of 16 Gb; [R2] DDR5_16Gb_x8; tRFCsb: [R20] DDR5"),
        Density(32, 4, 131072, 410, 190,
                "JESD79-5, tRFC1 and tRFCsb of 32 Gb; [R2] DDR5_32Gb_x8; tRFCsb: [R20] DDR5"),
    ),
)
LPDDR4X = Standard(
    # One x16 channel; no bank groups.
    "LPDDR4X", bus_bits=16, burst_bytes=32, burst_cycles=8, bank_groups=1, row_bytes=2048,
    rounding="up", bank_refresh=BankRefresh("per_bank", banks=1),
    densities=(
        Density(8, 8, 65536, 280, 140,
                "JESD209-4, tRFCab and tRFCpb of 8 Gb; [DS] JEDEC_512Mbx16_LPDDR4-4266"),
        Density(16, 8, 131072, 380, 190,
                "JESD209-4, tRFCab and tRFCpb of 16 Gb; [DS] JEDEC_1Gbx16_LPDDR4-4266"),
    ),
)
LPDDR5 = Standard(
    # One x16 device in bank-group mode.
    "LPDDR5", bus_bits=16, burst_bytes=32, burst_cycles=2, bank_groups=4, row_bytes=2048,
    rounding="up",
    # REFpb takes three address bits: with 16 banks, a pair whose bank groups differ in BG1.
    bank_refresh=BankRefresh("per_bank", banks=2),
    densities=(
        Density(8, 4, 32768, 210, 120,
                "JESD209-5, tRFCab and tRFCpb of 8 Gb; [R2] LPDDR5_8Gb_x16; tRFCpb: [R20] LPDDR5"),
        Density(16, 4, 65536, 280, 140,
                "JESD209-5, tRFCab and tRFCpb of 16 Gb; [R2] LPDDR5_16Gb_x16; "
                "tRFCpb: [R20] LPDDR5"),
        # For tRFCpb public sources disagree (190 and 210 ns).
        Density(32, 4, 131072, 380, 0, "JESD209-5, tRFCab of 32 Gb as [R2]; rows: twice 16 Gb"),
    ),
)
LPDDR5X = replace(LPDDR5, name="LPDDR5X")
HBM2E = Standard(
    # One 64-bit pseudo channel. A rank is a stack id: four dies over 16 pseudo channels, 512 MiB
    # each for 16 Gb dies; an 8-high stack of 16 GiB has two.
    "HBM2e", bus_bits=64, burst_bytes=32, burst_cycles=2, bank_groups=4, row_bytes=1024,
    rounding="up", bank_refresh=BankRefresh("per_bank", banks=1),
    densities=(
        Density(16, 4, 32768, 260, 130, "[KPU] HBM2e 3200; rows of [R2] HBM2_4Gb; JESD235"),
    ),
)
HBM3 = Standard(
    # One 32-bit pseudo channel. A rank is a stack id: four dies over 32 pseudo channels, 256 MiB
    # each for 16 Gb dies; an 8-high stack of 16 GiB has two.
    "HBM3", bus_bits=32, burst_bytes=32, burst_cycles=2, bank_groups=4, row_bytes=1024,
    rounding="up", bank_refresh=BankRefresh("per_bank", banks=1),
    densities=(Density(16, 4, 16384, 350, 200, "[R2] HBM3_16Gb_8hi; JESD238"),),
)
GDDR6 = Standard(
    # One of the two 16-bit channels of a device. Point to point, so one rank.
    "GDDR6", bus_bits=16, burst_bytes=32, burst_cycles=2, bank_groups=4, row_bytes=2048,
    rounding="up", bank_refresh=BankRefresh("per_bank", banks=1),
    densities=(
        Density(8, 4, 16384, 120, 60, "[R2] GDDR6_14000_1350mV_double; JESD250"),
    ),
)
# fmt: on
