"""What a chip file may say of energy and area."""

from __future__ import annotations

from pydantic import Field

from accsim.config.fields import Amount, Section
from accsim.energy import Node, StatedEnergy


class EnergyByPrecision(Section):
    """A figure for each width of the wider operand."""

    bits_16: Amount | None = Field(default=None, description="for operands of more than 8 bits")
    bits_8: Amount | None = Field(default=None, description="for operands of 5 to 8 bits")
    bits_4: Amount | None = Field(default=None, description="for operands of up to 4 bits")

    def stated(self) -> tuple[float | None, float | None, float | None]:
        """For 16, 8 and 4 bits."""
        return self.bits_16, self.bits_8, self.bits_4


class EnergySection(Section):
    """Energy and area: a technology node, and figures in place of those of the tables."""

    node_nm: Node = Field(default=7, description="technology node of the chip in nm")
    dram_activation_pj_per_row: Amount | None = Field(
        default=None, description="pJ to open and close a row in all devices of a rank"
    )
    dram_io_pj_per_bit: Amount | None = Field(
        default=None, description="pJ of a bit read or written, with the pins at both ends"
    )
    dram_background_mw_per_rank: Amount | None = Field(
        default=None, description="mW of a rank of a channel that does nothing"
    )
    dram_refresh_pj_per_rank: Amount | None = Field(
        default=None, description="pJ of one refresh of all banks of a rank, beyond the background"
    )
    sram_pj_per_byte: Amount | None = Field(
        default=None, description="pJ of a byte read from or written to SRAM"
    )
    mac_pj: EnergyByPrecision = Field(
        default=EnergyByPrecision(), description="pJ of a multiply-accumulate"
    )
    vector_pj_per_element: Amount | None = Field(
        default=None, description="pJ of one pass of the vector unit over an element"
    )
    static_w: Amount | None = Field(
        default=None, description="W of leakage and clocks, DRAM not included"
    )
    sram_mm2_per_mib: Amount | None = Field(default=None, description="mm2 of a MiB of SRAM")
    mac_um2: EnergyByPrecision = Field(
        default=EnergyByPrecision(), description="um2 of a multiplier and adder"
    )
    phy_mm2_per_channel: Amount | None = Field(
        default=None, description="mm2 of pins and controller of a DRAM channel"
    )

    def stated(self) -> StatedEnergy:
        """The same as the simulator has it."""
        named = {name: getattr(self, name) for name in type(self).model_fields}
        by_precision = {name: named[name].stated() for name in ("mac_pj", "mac_um2")}
        return StatedEnergy(**named | by_precision)
