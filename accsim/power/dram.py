"""Energy of DRAM by standard, and the area of its pins on the chip.

Three kinds of figures stand behind the table.

**Currents of data sheets** (IDD) give activation, background and refresh by the formulas of
Micron's TN-40-07, "Calculating Memory Power for DDR4 SDRAM", per device and then times the devices
of a rank:

    activation   VDD (IDD0 tRC - IDD3N tRAS - IDD2N (tRC - tRAS))
    background   VDD IDD3N: a row is open somewhere, no power-down
    refresh      VDD (IDD5AB - IDD3N) tRFC

Sheets state maxima over all parts, so these are rather too high than too low.

**Published totals per bit** give what a bit costs beyond that. Where two sources differ, the figure
is their geometric mean and the factor spans both.

**Scaling**, where no source was found that can be cited: with the square of the supply voltage
between DDR4 and DDR5 (1.2 V, 1.1 V), LPDDR4X and LPDDR5 (1.1 V, 1.05 V), HBM2e and HBM3 (1.2 V,
1.1 V). Such rows have the larger factors.
"""

from __future__ import annotations

from dataclasses import dataclass

from accsim.energy import Figure

_D3 = "DRAMsim3, configs/"
_DS = "DRAMSys, MICRON_6Gb_LPDDR4-3200_32bit_A.json"
_TEN = "Jouppi et al., ISCA 2021 (TPUv4i), table 2"
_FINE = "O'Connor et al., MICRO 2017, section 2 and table 3"
_TPU1 = "Jouppi et al., ISCA 2017 (TPU v1), figure 2: a 64-bit DDR3 port is 3 % of 331 mm2"
_FIJI = "3dcenter.org, November 2015: a 4096-bit HBM interface takes 30 to 60 mm2 of Fiji"
_HAWAII = "3dcenter.org, November 2015: 512 bits of GDDR5 take about 55 mm2 of Hawaii"


@dataclass(frozen=True, slots=True)
class DramEnergy:
    """One channel of a standard.

    Units are those of `EnergyFigures`, but `refresh_pj_per_gib` is for each GiB of the rank that is
    refreshed: a command takes 1/8192 of the rows (GDDR6: 1/16384), however many there are.
    """

    activation_pj_per_row: Figure
    io_pj_per_bit: Figure
    background_mw_per_rank: Figure
    refresh_pj_per_gib: Figure
    phy_mm2_per_channel: Figure


# fmt: off
DRAM_ENERGY: dict[str, DramEnergy] = {
    # Eight x8 devices. 1.2 V x (57 mA x 46.25 ns - 52 x 32.5 - 37 x 13.75) = 525 pJ each;
    # 1.2 V x 52 mA = 62.4 mW each; 1.2 V x (250 - 52) mA x 350 ns = 83,200 pJ for a device's GiB.
    # A bit: 1.2 V x (168 - 52) mA / 25.6 Gbit/s = 5.4 pJ in the device, and 3.4 pJ in drivers and
    # terminations (1.2 V over 34 + 48 ohm for half of the bits, and for one strobe line per eight):
    # 8.8, the pins of the chip not included; 1300 pJ per 64 bits, 20.3, in TPUv4i's table.
    "DDR4": DramEnergy(
        Figure(4200, 1.5, f"IDD of {_D3}DDR4_8Gb_x8_3200.ini, eight devices"),
        Figure(13.4, 1.55, f"between 8.8 by IDD and terminations ({_D3}DDR4_8Gb_x8_3200.ini, "
                           f"TN-40-07) and 20.3 ({_TEN})"),
        Figure(500, 1.5, f"IDD3N of {_D3}DDR4_8Gb_x8_3200.ini, eight devices"),
        Figure(83_200, 1.5, f"IDD5AB of {_D3}DDR4_8Gb_x8_3200.ini"),
        Figure(9.9, 2, _TPU1),
    ),
    # Four x8 devices; everything per device or bit times (1.1 / 1.2)^2 = 0.84.
    "DDR5": DramEnergy(
        Figure(1760, 2, "DDR4 per device at 1.1 V, four devices"),
        Figure(11.3, 1.8, "DDR4 at 1.1 V"),
        Figure(210, 2, "DDR4 per device at 1.1 V, four devices"),
        Figure(69_900, 2, "DDR4 at 1.1 V"),
        Figure(5.0, 2, f"half of DDR4, for half of the pins: {_TPU1}"),
    ),
    # An x16 channel. VDD2 1.1 V x (45 mA x 60.6 ns - 30 x 42.5 - 27 x 18.1) + VDD1 1.8 V x (3.5 x
    # 60.6 - 2.25 x 42.5 - 2 x 18.1) = 1060 + 145 pJ; 1.1 V x 30 mA + 1.8 V x 2.25 mA = 37 mW;
    # 1.1 V x 60 mA x 280 ns + 1.8 V x 7.75 mA x 280 ns = 22,400 pJ for 0.75 GiB.
    # A bit: 1.1 V x 245 mA / 51.2 Gbit/s = 5.3 pJ, and pins of 1.1 V x 150 mA / 51.2 Gbit/s =
    # 3.2 pJ with LPDDR4, (0.6 / 1.1)^2 of it, 1.0 pJ, with LPDDR4X.
    "LPDDR4X": DramEnergy(
        Figure(1200, 1.5, f"IDD of {_DS}"),
        Figure(7.3, 1.6, f"between 6.3 by IDD with pins at 0.6 V and 8.5 at 1.1 V ({_DS}); "
                         "pins of the chip not included"),
        Figure(37, 1.5, f"IDD3N of {_DS}"),
        Figure(29_900, 2, f"IDD5 of {_DS}"),
        Figure(2.1, 2.5, f"16 pins at 0.13 mm2, between {_TPU1} and {_HAWAII}"),
    ),
    "LPDDR5": DramEnergy(
        Figure(1090, 2, "LPDDR4X at 1.05 V"),
        Figure(6.0, 1.6, "between 5.1, 30 % below LPDDR4X (Samsung, July 2019), and 7 (Lee et al., "
                         "AiF, ISCA 2025)"),
        Figure(34, 2, "LPDDR4X at 1.05 V"),
        Figure(27_200, 2, "LPDDR4X at 1.05 V"),
        Figure(2.1, 2.5, f"16 pins at 0.13 mm2, between {_TPU1} and {_HAWAII}"),
    ),
    "LPDDR5X": DramEnergy(
        Figure(1090, 2, "LPDDR4X at 1.05 V"),
        Figure(4.8, 1.8, "20 % below LPDDR5 (Samsung, November 2021)"),
        Figure(34, 2, "LPDDR4X at 1.05 V"),
        Figure(27_200, 2, "LPDDR4X at 1.05 V"),
        Figure(2.1, 2.5, f"16 pins at 0.13 mm2, between {_TPU1} and {_HAWAII}"),
    ),
    # A pseudo channel with rows of 1 KiB. A bit: 1.51 + 1.17 pJ on its way through the stack and
    # 0.80 pJ at the pins in table 3. Background and refresh: half of a 128-bit channel of 1 GiB,
    # 1.2 V x 55 mA = 66 mW and 1.2 V x (250 - 55) mA x 260 ns = 60,800 pJ.
    "HBM2e": DramEnergy(
        Figure(909, 1.5, f"{_FINE}: 909 pJ per row of 1 KiB"),
        Figure(4.6, 1.5, f"between 3.48 ({_FINE}) and 6.0 (Micron, Ultra-Bandwidth Solutions, "
                         "HBM2E device average)"),
        Figure(33, 2, f"IDD3N of {_D3}HBM2_8Gb_x128.ini, half of a channel"),
        Figure(60_800, 2, f"IDD5AB of {_D3}HBM2_8Gb_x128.ini"),
        Figure(0.66, 2, f"{_FIJI}, 64 bits of 42 mm2"),
    ),
    "HBM3": DramEnergy(
        Figure(764, 2, f"HBM2e at 1.1 V: {_FINE}"),
        Figure(3.9, 1.6, "HBM2e at 1.1 V"),
        Figure(14, 2, "HBM2e at 1.1 V, half of its capacity"),
        Figure(51_100, 2, "HBM2e at 1.1 V"),
        Figure(0.33, 2, f"{_FIJI}, 32 bits of 42 mm2"),
    ),
    # Half of a device. Background, activation and refresh by the currents of GDDR5X:
    # 1.35 V x (75 mA x 53.3 ns - 55 x 37.3 - 45 x 16) = 1660 pJ; 1.35 V x 55 mA = 74 mW a device;
    # 1.35 V x (286 - 55) mA x 49 ns = 15,300 pJ for 1 GiB.
    "GDDR6": DramEnergy(
        Figure(1660, 2, f"IDD of {_D3}GDDR5X_8Gb_x32.ini"),
        Figure(6.4, 1.4, f"between 5.5 (350 pJ per 64 bits, {_TEN}) and 7.5 (Micron, "
                         "Ultra-Bandwidth Solutions, GDDR6 device average)"),
        Figure(37, 2, f"IDD3N of {_D3}GDDR5X_8Gb_x32.ini, half of a device"),
        Figure(15_300, 2, f"IDD5AB of {_D3}GDDR5X_8Gb_x32.ini"),
        Figure(1.7, 2, f"{_HAWAII}, 16 bits"),
    ),
}
# fmt: on
"""By the name of the standard, as `accsim.dram.organisation` has it."""
