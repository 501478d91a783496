"""DRAM speed grades as data: one channel's worth of each grade that a chip file may name.

The timings are JEDEC-typical values as public simulators ship them, in cycles of the command clock;
a chip file can override each. Three rules hold for the whole table:

- **The clock is exact.** ``burst_bytes / burst_cycles x clock`` equals ``bus_bits / 8 x data rate``
  to the last bit, so no stream can beat its pins. The labels 4266 and 8533 stand for 12800/3 and
  25600/3 MT/s. The command clock is data rate / 2 for DDR4, DDR5, LPDDR4X and HBM2e, / 4 for HBM3,
  / 8 for LPDDR5 (CK:WCK 1:4) and GDDR6.
- **tRTW** is CL - CWL + burst + 2, the read-to-write spacing RL + BL/2 - WL + 2 tCK of JESD79-4,
  section 4.24, unless the source gives one. Write latencies can end before read data do, so less
  than CL - CWL + burst would put two bursts on the bus at once.
- **tRFC is tRFCab**, of all banks; tRFCpb is tRFCsb on DDR5 and HBM2e. tRREFD is tREFSBRD of DDR5
  (30 ns), tpbR2act of LPDDR5 (7.5 ns), tRRD of LPDDR4, tRREFD of HBM (8 ns) and GDDR6. tRP is the
  per-bank precharge where the standard has two.

tRFC and tRFCpb in the table belong to the density in the same row. For another density they come
from the nanoseconds of `accsim.dram.organisation`, rounded as the standard says, which for the
row's own density may differ by up to 2 cycles from what the source ships.

Left out everywhere: tCCD_L_WR of DDR5 (writes to one bank group wait longer), tPPD, tDQSCK and the
two-cycle activate commands.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from accsim.chip import DramPart, DramTimings
from accsim.dram.organisation import (
    DDR4,
    DDR5,
    GDDR6,
    HBM2E,
    HBM3,
    LPDDR4X,
    LPDDR5,
    LPDDR5X,
    Standard,
    to_cycles,
)
from accsim.units import Clock

_MHZ = 10**6

Temperature = Literal["normal", "extended"]

SOURCES = {
    "D3": "DRAMsim3, configs/*.ini, commit 29817593b338",
    "R20": "Ramulator 2.0, src/dram/impl, commit 525d045f6760",
    "R2": "Ramulator 2.1, presets of src/dram/impl, commit c5b1c3a478b6",
    "G5": "gem5, src/mem/DRAMInterface.py, commit 1db206b9d371",
    "DS": "DRAMSys, configs/memspec, v5.5.0-60-g2107966",
    "KPU": "stillwater-sc/kpu-sim, hbm2e_configs.hpp, commit b6d27168ccc3",
}
"""What the tags in brackets stand for in the sources of grades and densities."""


@dataclass(frozen=True, slots=True)
class Grade:
    """A speed grade: its clock, and its timings with devices of `gbit` Gbit."""

    standard: Standard
    data_rate_mtps: int
    clock: Clock
    gbit: int
    timings: DramTimings
    source: str

    @property
    def name(self) -> str:
        """What a chip file calls it."""
        return f"{self.standard.name}-{self.data_rate_mtps}"

    @property
    def densities_gbit(self) -> tuple[int, ...]:
        """The densities that its devices come in."""
        return tuple(density.gbit for density in self.standard.densities)

    def part(
        self, density_gbit: int | None = None, temperature: Temperature = "normal"
    ) -> DramPart:
        """One channel of this grade, with its own density unless another is given.

        Above 85 degrees C (`extended`) cells leak faster and tREFI is halved (JESD79-4, JESD79-5:
        tREFI of the extended temperature range; LPDDR: refresh rate x 0.5 in MR4).

        Raises:
            KeyError: the devices do not come in that density.
        """
        standard, timings = self.standard, self.timings
        density = standard.density(density_gbit or self.gbit)
        if density.gbit != self.gbit:
            all_banks, some = (
                to_cycles(ns, self.clock, standard.rounding) if ns else 0
                for ns in (density.tRFC_ns, density.tRFCpb_ns)
            )
            timings = replace(timings, tRFC=all_banks, tRFCpb=some)
        if temperature == "extended":
            timings = replace(timings, tREFI=timings.tREFI // 2)
        return DramPart(
            standard=standard.name,
            grade=self.name,
            data_rate_mtps=self.data_rate_mtps,
            clock=self.clock,
            bus_bits=standard.bus_bits,
            burst_bytes=standard.burst_bytes,
            burst_cycles=standard.burst_cycles,
            bank_groups=standard.bank_groups,
            banks_per_group=density.banks_per_group,
            rows=density.rows,
            row_bytes=standard.row_bytes,
            timings=timings,
            source=self.source,
            bank_refresh=standard.bank_refresh,
        )


# fmt: off
_TABLE = (
    Grade(
        DDR4, 2400, Clock(1200 * _MHZ), gbit=8,
        timings=DramTimings(
            CL=17, CWL=12, tRCD=17, tRCD_WR=17, tRP=17, tRAS=39, tRC=56, tCCD_S=4, tCCD_L=6,
            tRRD_S=4, tRRD_L=6, tFAW=26, tRTP=9, tWR=18, tWTR_S=3, tWTR_L=9, tRTW=11, tRTRS=1,
            tRFC=420, tREFI=9360,
        ),
        source="[D3] DDR4_8Gb_x8_2400; JESD79-4 speed bin 2400U, tRFC1 350 ns of 8 Gb",
    ),
    Grade(
        DDR4, 3200, Clock(1600 * _MHZ), gbit=8,
        timings=DramTimings(
            CL=22, CWL=16, tRCD=22, tRCD_WR=22, tRP=22, tRAS=52, tRC=74, tCCD_S=4, tCCD_L=8,
            tRRD_S=4, tRRD_L=8, tFAW=34, tRTP=12, tWR=24, tWTR_S=4, tWTR_L=12, tRTW=12, tRTRS=1,
            # 350 ns as in JESD79-4; [R2] has 360 ns (576).
            tRFC=560, tREFI=12480,
        ),
        source="[D3] DDR4_8Gb_x8_3200 = [R2] DDR4_3200AA but for tRFC and tRTRS; JESD79-4",
    ),
    Grade(
        DDR5, 4800, Clock(2400 * _MHZ), gbit=16,
        timings=DramTimings(
            CL=34, CWL=32, tRCD=34, tRCD_WR=34, tRP=34, tRAS=77, tRC=111, tCCD_S=8, tCCD_L=12,
            tRRD_S=8, tRRD_L=12, tFAW=48, tRTP=18, tWR=72, tWTR_S=6, tWTR_L=24, tRTW=12, tRTRS=2,
            tRFC=710, tREFI=9375, tRFCpb=312, tRREFD=72,
        ),
        source="[R2] DDR5_4800AN, DDR5_16Gb_x8; tRFCsb: [R20] DDR5; JESD79-5",
    ),
    Grade(
        DDR5, 5600, Clock(2800 * _MHZ), gbit=16,
        timings=DramTimings(
            CL=40, CWL=38, tRCD=40, tRCD_WR=40, tRP=40, tRAS=90, tRC=130, tCCD_S=8, tCCD_L=12,
            # [R2] falls back to 5 ns and 20 ns here (14 and 56); the rule of DDR5-6400 is used.
            tRRD_S=8, tRRD_L=14, tFAW=32,
            tRTP=20, tWR=84, tWTR_S=5, tWTR_L=28, tRTW=12, tRTRS=2, tRFC=827, tREFI=10925,
            tRFCpb=364, tRREFD=84,
        ),
        source="[R2] DDR5_5600AN, DDR5_16Gb_x8; tRRD_S 8 nCK and tFAW 32 nCK as [G5]; "
        "tRFCsb: [R20] DDR5; JESD79-5",
    ),
    Grade(
        DDR5, 6400, Clock(3200 * _MHZ), gbit=16,
        timings=DramTimings(
            CL=46, CWL=44, tRCD=46, tRCD_WR=46, tRP=46, tRAS=103, tRC=149, tCCD_S=8, tCCD_L=16,
            # [R2] falls back to tRRD_S 16 and tFAW 64, which halves random traffic; [G5] takes
            # tRRD_S = 8 nCK and tFAW = max(32 nCK, 10 ns) from Micron's DDR5 core data sheet.
            tRRD_S=8, tRRD_L=16, tFAW=32,
            tRTP=24, tWR=96, tWTR_S=5, tWTR_L=32, tRTW=12, tRTRS=2, tRFC=946, tREFI=12500,
            tRFCpb=416, tRREFD=96,
        ),
        source="[R2] DDR5_6400AN, DDR5_16Gb_x8; tRRD_S, tFAW of [G5] DDR5_6400_4x8; "
        "tRFCsb: [R20] DDR5; JESD79-5",
    ),
    Grade(
        LPDDR4X, 4266, Clock(6400 * _MHZ, 3), gbit=16,
        timings=DramTimings(
            # No bank groups, so each _S equals its _L.
            CL=36, CWL=18, tRCD=39, tRCD_WR=39, tRP=39, tRAS=90, tRC=129, tCCD_S=8, tCCD_L=8,
            tRRD_S=22, tRRD_L=22, tFAW=86, tRTP=17, tWR=39, tWTR_S=22, tWTR_L=22, tRTW=28,
            tRTRS=1, tRFC=812, tREFI=8341, tRFCpb=406, tRREFD=22,
        ),
        source="[DS] JEDEC_1Gbx16_LPDDR4-4266 (LPDDR4X differs in VDDQ only); JESD209-4",
    ),
    Grade(
        LPDDR5, 6400, Clock(800 * _MHZ), gbit=16,
        timings=DramTimings(
            CL=17, CWL=9, tRCD=15, tRCD_WR=15, tRP=15, tRAS=34, tRC=49, tCCD_S=2, tCCD_L=4,
            tRRD_S=4, tRRD_L=4, tFAW=16, tRTP=8, tWR=28, tWTR_S=5, tWTR_L=10, tRTW=12, tRTRS=2,
            tRFC=224, tREFI=3125, tRFCpb=112, tRREFD=6,
        ),
        source="[R2] LPDDR5_6400, LPDDR5_16Gb_x16; tRFCpb: [R20] LPDDR5; JESD209-5",
    ),
    Grade(
        LPDDR5X, 8533, Clock(3200 * _MHZ, 3), gbit=16,
        timings=DramTimings(
            CL=23, CWL=12, tRCD=20, tRCD_WR=20, tRP=20, tRAS=45, tRC=65, tCCD_S=2, tCCD_L=4,
            tRRD_S=6, tRRD_L=6, tFAW=22, tRTP=8, tWR=37, tWTR_S=7, tWTR_L=13, tRTW=15, tRTRS=2,
            tRFC=299, tREFI=4167, tRFCpb=150, tRREFD=8,
        ),
        source="derived: the nanoseconds of LPDDR5-6400, rounded up to 0.9375 ns cycles; JESD209-5",
    ),
    Grade(
        HBM2E, 3200, Clock(1600 * _MHZ), gbit=16,
        timings=DramTimings(
            # JESD235 keeps tCCD_S = 2; the 3 of [KPU] would cap a stream at 2/3 of the pins. Its
            # tRTW of 16 would start write data before the read data end. A change of stack id costs
            # one cycle between bursts, as tCCD_R = burst + 1 of HBM3 (JESD238).
            CL=29, CWL=11, tRCD=19, tRCD_WR=10, tRP=22, tRAS=45, tRC=67, tCCD_S=2, tCCD_L=6,
            tRRD_S=5, tRRD_L=6, tFAW=26, tRTP=10, tWR=26, tWTR_S=6, tWTR_L=13, tRTW=22, tRTRS=1,
            tRFC=416, tREFI=6240, tRFCpb=208, tRREFD=13,
        ),
        source="[KPU] HBM2e 3200 but for tCCD_S and tRTW; rows of [R2] HBM2_4Gb; JESD235",
    ),
    Grade(
        HBM3, 6400, Clock(1600 * _MHZ), gbit=16,
        timings=DramTimings(
            # tRTRS = tCCD_R - burst.
            CL=20, CWL=10, tRCD=31, tRCD_WR=15, tRP=26, tRAS=45, tRC=72, tCCD_S=2, tCCD_L=4,
            tRRD_S=4, tRRD_L=5, tFAW=24, tRTP=9, tWR=33, tWTR_S=7, tWTR_L=10, tRTW=20, tRTRS=1,
            tRFC=560, tREFI=6240, tRFCpb=320, tRREFD=13,
        ),
        source="[R2] HBM3_6400Mbps, HBM3_16Gb_8hi; JESD238",
    ),
    Grade(
        GDDR6, 14000, Clock(1750 * _MHZ), gbit=8,
        timings=DramTimings(
            # One rank only, so tRTRS has no meaning.
            CL=24, CWL=6, tRCD=27, tRCD_WR=16, tRP=27, tRAS=53, tRC=79, tCCD_S=2, tCCD_L=4,
            tRRD_S=8, tRRD_L=8, tFAW=29, tRTP=4, tWR=27, tWTR_S=9, tWTR_L=11, tRTW=22, tRTRS=1,
            tRFC=211, tREFI=3333, tRFCpb=105, tRREFD=15,
        ),
        source="[R2] GDDR6_14000_1350mV_double; JESD250",
    ),
)
# fmt: on

GRADES: dict[str, Grade] = {grade.name: grade for grade in _TABLE}
"""Every grade by the name that a chip file gives it."""

PARTS: dict[str, DramPart] = {grade.name: grade.part() for grade in _TABLE}
"""The part of each grade with devices of its own density at normal temperature."""


def cited(source: str) -> str:
    """A source with each tag in brackets spelled out behind it."""
    tags = dict.fromkeys(re.findall(r"\[(\w+)\]", source))
    return source + "".join(f"; [{tag}] is {SOURCES[tag]}" for tag in tags)
