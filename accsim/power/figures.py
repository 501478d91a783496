"""The figures of a chip: what its file states, and for the rest the rows of the tables.

Left out of the area, and so of the idle power that follows from it: vector unit, DMA, command
processor, wiring between the blocks, and all other interfaces. In TPUv4i SRAM and MACs are 39 %.
"""

from __future__ import annotations

from accsim.chip import Chip, precision_index
from accsim.energy import ByPrecision, EnergyFigures, Figure
from accsim.power.dram import DRAM_ENERGY
from accsim.power.logic import (
    IDLE_W_PER_MM2,
    mac_area,
    mac_energy,
    sram_area,
    sram_energy,
    vector_energy,
)
from accsim.units import MIB

GIB = 1024 * MIB
PRECISIONS = (16, 8, 4)


def energy_figures(chip: Chip) -> EnergyFigures:
    """What a chip's work and silicon cost."""
    stated, part, node = chip.energy, chip.memory.part, chip.energy.node_nm
    dram = DRAM_ENERGY[part.standard]
    sram_mm2 = _chosen(stated.sram_mm2_per_mib, sram_area(node))
    mac_um2 = _each(stated.mac_um2, mac_area(node))
    phy_mm2 = _chosen(stated.phy_mm2_per_channel, dram.phy_mm2_per_channel)
    area = _parts_mm2(chip, sram_mm2, mac_um2, phy_mm2)
    idle = IDLE_W_PER_MM2.times(sum(figure.value for figure in area.values()))
    refresh = dram.refresh_pj_per_gib.times(part.rank_bytes / GIB)
    sram = sram_energy(node, chip.sram.capacity_bytes, chip.sram.banks, sram_mm2.value)
    return EnergyFigures(
        dram_activation_pj_per_row=_chosen(
            stated.dram_activation_pj_per_row, dram.activation_pj_per_row
        ),
        dram_io_pj_per_bit=_chosen(stated.dram_io_pj_per_bit, dram.io_pj_per_bit),
        dram_background_mw_per_rank=_chosen(
            stated.dram_background_mw_per_rank, dram.background_mw_per_rank
        ),
        dram_refresh_pj_per_rank=_chosen(stated.dram_refresh_pj_per_rank, refresh),
        sram_pj_per_byte=_chosen(stated.sram_pj_per_byte, sram),
        mac_pj=_each(stated.mac_pj, mac_energy(node)),
        vector_pj_per_element=_chosen(stated.vector_pj_per_element, vector_energy(node)),
        static_w=_chosen(stated.static_w, idle),
        sram_mm2_per_mib=sram_mm2,
        mac_um2=mac_um2,
        phy_mm2_per_channel=phy_mm2,
    )


def area_mm2(chip: Chip) -> dict[str, Figure]:
    """Area of the parts that are known: ``sram``, ``array`` and ``phy``."""
    figures = energy_figures(chip)
    return _parts_mm2(chip, figures.sram_mm2_per_mib, figures.mac_um2, figures.phy_mm2_per_channel)


def _parts_mm2(
    chip: Chip, sram: Figure, mac_um2: tuple[Figure, Figure, Figure], phy: Figure
) -> dict[str, Figure]:
    return {
        "sram": sram.times(chip.sram.capacity_bytes / MIB),
        "array": _array_mm2(chip, mac_um2),
        "phy": phy.times(chip.memory.channels),
    }


def _array_mm2(chip: Chip, mac_um2: tuple[Figure, Figure, Figure]) -> Figure:
    """One multiplier serves all precisions: the one that needs the most area sets it."""
    needs = (
        mac_um2[precision_index(bits)].times(chip.array.macs_per_cycle(bits) / 10**6)
        for bits in PRECISIONS
    )
    return max(needs, key=lambda figure: figure.value)


def _chosen(stated: float | None, table: Figure) -> Figure:
    return table if stated is None else Figure(stated)


def _each(
    stated: ByPrecision, table: tuple[Figure, Figure, Figure]
) -> tuple[Figure, Figure, Figure]:
    bits_16, bits_8, bits_4 = map(_chosen, stated, table)
    return bits_16, bits_8, bits_4
