"""What work costs in energy and silicon in area: figures with their uncertainty, and what of them a
chip file states. Where the rest comes from is the matter of `accsim.power`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Node = Literal[45, 28, 16, 7]
"""Technology nodes in nm that the tables know."""

ByPrecision = tuple[float | None, float | None, float | None]
"""A figure for operands of 16, 8 and 4 bits; None where the chip file is silent."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure and how far to trust it: the truth lies from value / factor to value x factor.

    `factor` is 1 where a chip file states the figure, `source` is then "".
    """

    value: float
    factor: float = 1.0
    source: str = ""

    def __post_init__(self) -> None:
        if self.value < 0 or self.factor < 1:
            raise ValueError(
                f"a figure is at least 0 and its factor at least 1, got {self.value:g} within a "
                f"factor of {self.factor:g}"
            )

    @property
    def low(self) -> float:
        return self.value / self.factor

    @property
    def high(self) -> float:
        return self.value * self.factor

    def times(self, scale: float) -> Figure:
        """As uncertain, `scale` times as much."""
        return Figure(self.value * scale, self.factor, self.source)


@dataclass(frozen=True, slots=True)
class StatedEnergy:
    """What a chip file says of energy and area; None where the tables decide.

    Units and meanings are those of `EnergyFigures`. `node_nm` chooses the row of the tables.
    """

    node_nm: Node = 7
    dram_activation_pj_per_row: float | None = None
    dram_io_pj_per_bit: float | None = None
    dram_background_mw_per_rank: float | None = None
    dram_refresh_pj_per_rank: float | None = None
    sram_pj_per_byte: float | None = None
    mac_pj: ByPrecision = (None, None, None)
    vector_pj_per_element: float | None = None
    static_w: float | None = None
    sram_mm2_per_mib: float | None = None
    mac_um2: ByPrecision = (None, None, None)
    phy_mm2_per_channel: float | None = None


FROM_TABLES = StatedEnergy()
"""Nothing is stated: 7 nm, and every figure from the tables."""


@dataclass(frozen=True, slots=True)
class EnergyFigures:
    """The figures of a chip.

    dram_activation_pj_per_row   opening and closing a row, in all devices of a rank
    dram_io_pj_per_bit           a bit read or written: column access, way through the die, pins at
                                 both ends
    dram_background_mw_per_rank  what a rank of a channel takes while it does nothing
    dram_refresh_pj_per_rank     one refresh of all banks of a rank, beyond that
    sram_pj_per_byte             a byte read from or written to SRAM
    mac_pj                       a multiply-accumulate of 16, 8 and 4 bits
    vector_pj_per_element        one pass of a vector operation over an element
    static_w                     leakage and clocks of the chip, DRAM not included
    sram_mm2_per_mib             area of a MiB of SRAM
    mac_um2                      area of a multiplier and adder of 16, 8 and 4 bits
    phy_mm2_per_channel          area of the pins and the controller of a DRAM channel
    """

    dram_activation_pj_per_row: Figure
    dram_io_pj_per_bit: Figure
    dram_background_mw_per_rank: Figure
    dram_refresh_pj_per_rank: Figure
    sram_pj_per_byte: Figure
    mac_pj: tuple[Figure, Figure, Figure]
    vector_pj_per_element: Figure
    static_w: Figure
    sram_mm2_per_mib: Figure
    mac_um2: tuple[Figure, Figure, Figure]
    phy_mm2_per_channel: Figure
