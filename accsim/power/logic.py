"""Energy and area of what is on the chip, by technology node.

Energies of 45 and 7 nm are those of Jouppi et al., "Ten Lessons From Three Generations Shaped
Google's TPUv4i", ISCA 2021, table 2 (its 45 nm column is M. Horowitz, "Computing's Energy Problem",
ISSCC 2014, figure 1.1.9), in pJ at 45 and 7 nm:

    multiply, FP16 1.1 and 0.34; FP32 3.7 and 1.31; INT8 0.2 and 0.07
    add, FP32 0.9 and 0.38; INT32 0.1 and 0.03
    64 bits of an SRAM of 8 KiB 10 and 7.5; of 32 KiB 20 and 8.5; of 1 MiB 100 and 14

28 and 16 nm lie between them on a straight line of both logarithms, rounded to three digits.

Areas at 7 and 28 nm are those of dies with published shares: TPUv4i (under 400 mm2, 28 % of it
128 MiB of SRAM, 11 % 65,536 bf16 MACs; the same paper) and TPU v1 (331 mm2, 29 % of it 24 MiB of
SRAM, 24 % 65,536 INT8 MACs; Jouppi et al., "In-Datacenter Performance Analysis of a Tensor
Processing Unit", ISCA 2017). They hold the wiring between the cells.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from accsim.energy import Figure, Node
from accsim.units import KIB, MIB

_ENERGY = "Jouppi et al., ISCA 2021 (TPUv4i), table 2; Horowitz, ISSCC 2014"
_TPU4 = "Jouppi et al., ISCA 2021 (TPUv4i), 400 mm2 of 7 nm"
_TPU1 = "Jouppi et al., ISCA 2017 (TPU v1), 331 mm2 of 28 nm"

SRAM_SIZES_KIB = (8, 32, 1024)
"""The SRAMs whose energies `LogicEnergy.sram_pj_per_64_bits` gives."""


@dataclass(frozen=True, slots=True)
class LogicEnergy:
    """A technology node; units in the names.

    mac_pj                 16 bits: FP16 multiply, FP32 add; 8 bits: INT8 multiply, INT32 add;
                           4 bits: a quarter of the INT8 multiplier, INT32 add
    vector_pj_per_element  FP32 multiply and add
    wire_pj_per_bit_mm     a bit that toggles half of the time
    """

    mac_pj: tuple[float, float, float]
    vector_pj_per_element: float
    sram_pj_per_64_bits: tuple[float, float, float]
    wire_pj_per_bit_mm: float
    sram_mm2_per_mib: float
    mac_um2: tuple[float, float, float]


# fmt: off
LOGIC_ENERGY: dict[Node, LogicEnergy] = {
    # SRAM: 0.28 x 400 mm2 / 128 MiB at 7 nm; other nodes by the bit cells of TSMC's nodes (0.299,
    # 0.127, 0.070 and 0.027 um2). At 28 nm that gives 4.1, and TPU v1 has 0.29 x 331 / 24 = 4.0.
    # 16-bit MACs: 0.11 x 400 mm2 / 65,536 at 7 nm. 8 bits: 0.24 x 331 mm2 / 65,536 = 1210 um2 at
    # 28 nm, 0.16 of it at 7 nm (15 and 91 million transistors a mm2): 0.3 of a 16-bit MAC; 4 bits
    # half of that. Other nodes by density of transistors: 6, 15, 29 and 91 million a mm2.
    # Wires: 240 fJ a transition, bit and mm at 40 nm, 115 to 150 at 10 nm (Keckler et al., IEEE
    # Micro 2011, table 1), half of it here; the nodes between on a line, 7 nm as 10.
    45: LogicEnergy((2.0, 0.3, 0.15), 4.6, (10.0, 20.0, 100.0), 0.12, 9.7, (10_200, 3030, 1520)),
    28: LogicEnergy((1.54, 0.227, 0.112), 3.56, (9.29, 16.1, 60.6), 0.099, 4.1, (4070, 1210, 606)),
    16: LogicEnergy((1.13, 0.163, 0.0792), 2.64, (8.52, 12.4, 33.5), 0.077, 2.3, (2110, 630, 315)),
    7: LogicEnergy((0.72, 0.10, 0.0475), 1.69, (7.5, 8.5, 14.0), 0.066, 0.875, (671, 200, 100)),
}
# fmt: on

ARITHMETIC_FACTOR = 2.4
"""Arithmetic alone, without the registers and the clock of a processing element. TPUv4i bounds it
from above: 175 W less 55 W when idle, over 69 x 10^12 bf16 MACs a second, are 1.7 pJ a MAC with all
that feeds it, 2.4 times the 0.72 pJ of the table."""

IDLE_W_PER_MM2 = Figure(
    0.05,
    4,
    "between 0.017 (A100: 54 W less 40 W of HBM on 826 mm2; Antepara et al., SC 2025) and 0.14 "
    "(TPUv4i: 55 W idle on 400 mm2; Jouppi et al., ISCA 2021, table 1)",
)
"""Leakage and clocks of an idle chip, for each mm2 of the parts whose area is known."""

WAY_OF_A_BYTE = 0.75
"""From a bank to a port in the middle of one side of a square SRAM, in sides: half of one across
and a quarter along, on average."""


def mac_energy(node: Node) -> tuple[Figure, Figure, Figure]:
    """What a multiply-accumulate of 16, 8 and 4 bits takes, in pJ."""
    return _each(LOGIC_ENERGY[node].mac_pj, ARITHMETIC_FACTOR, _ENERGY)


def vector_energy(node: Node) -> Figure:
    """What one pass over an element takes, in pJ."""
    return Figure(LOGIC_ENERGY[node].vector_pj_per_element, ARITHMETIC_FACTOR, _ENERGY)


def sram_energy(node: Node, capacity_bytes: int, banks: int, mm2_per_mib: float) -> Figure:
    """What a byte of an SRAM of equal banks takes, in pJ.

    A bank costs what an SRAM of its size costs in the table. Between the sizes there, and beyond
    the largest, energy grows with the side of a square, so with the square root of the size: word
    lines, bit lines and the wires to them do. Below the smallest it stays. From the bank the byte
    travels `WAY_OF_A_BYTE` over the whole SRAM.
    """
    row = LOGIC_ENERGY[node]
    energies = row.sram_pj_per_64_bits
    sides = [math.sqrt(size) for size in SRAM_SIZES_KIB]
    side = max(math.sqrt(capacity_bytes / banks / KIB), sides[0])
    first = 0 if side < sides[1] else 1
    slope = (energies[first + 1] - energies[first]) / (sides[first + 1] - sides[first])
    bank_pj = (energies[first] + slope * (side - sides[first])) / 8
    way_mm = WAY_OF_A_BYTE * math.sqrt(capacity_bytes / MIB * mm2_per_mib)
    wire = "wires: Keckler et al., IEEE Micro 2011, table 1"
    return Figure(bank_pj + 8 * row.wire_pj_per_bit_mm * way_mm, 2, f"{_ENERGY}; {wire}")


def sram_area(node: Node) -> Figure:
    """What a MiB takes, in mm2."""
    source = f"{_TPU4}: 28 % for 128 MiB; {_TPU1}: 29 % for 24 MiB; bit cells of TSMC's nodes"
    return Figure(LOGIC_ENERGY[node].sram_mm2_per_mib, 1.5, source)


def mac_area(node: Node) -> tuple[Figure, Figure, Figure]:
    """What a multiplier and adder of 16, 8 and 4 bits take, in um2."""
    source = f"{_TPU4}: 11 % for 65,536 bf16 MACs; {_TPU1}: 24 % for 65,536 INT8 MACs"
    return _each(LOGIC_ENERGY[node].mac_um2, 2, source)


def _each(
    values: tuple[float, float, float], factor: float, source: str
) -> tuple[Figure, Figure, Figure]:
    bits_16, bits_8, bits_4 = (Figure(value, factor, source) for value in values)
    return bits_16, bits_8, bits_4
