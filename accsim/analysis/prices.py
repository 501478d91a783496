"""What it costs to turn knobs: silicon, pins, or weights of one's own.

Area is that of `accsim.power`: SRAM, arrays, and the PHY of each DRAM channel. For what takes none
there, two rules stand in:

- A rate costs what the parallel hardware would that does as much more: twice the core clock as much
  as twice the arrays, a faster DRAM grade as so many more channels.
- What no table prices costs `UNPRICED` of the whole for as much again. The figure is a convention:
  it only says that such changes are small beside the others, and not free.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from accsim.chip import Chip
from accsim.power.figures import area_mm2

Measure = Literal["area", "pins"]

WEIGHTS = {
    # Pins, PHY and devices of as many channels again; faster ones cost as much for their rate.
    "channels": 10.0,
    "data_rate": 10.0,
    # Area of a memory-bound chip: SRAM before multipliers.
    "sram": 4.0,
    "sram_bandwidth": 2.0,
    # A larger array shares its control, another one does not.
    "arrays": 4.0,
    "array_rows": 3.0,
    "array_columns": 3.0,
    "array_lanes": 3.0,
    "array_width": 3.0,
    "array_tile_rows": 3.0,
    # Another design point of all logic, in power if not in area.
    "clock": 6.0,
    "vector_lanes": 1.0,
    "dispatch": 1.0,
    "dma": 0.5,
}
"""Where someone weighs knobs, the weights of those that are not named: pins and area, by rough
thought. They are a convention of this simulator, made to be replaced by one's own."""

UNPRICED = 0.01

_ARRAY = (
    "arrays", "array_rows", "array_columns",
    "array_lanes", "array_width", "array_tile_rows", "clock",
)  # fmt: skip
_PHY = ("channels", "data_rate")


@dataclass(frozen=True, slots=True)
class Prices:
    """What turned knobs cost together.

    unit     of the costs; "" where they are weights
    by_knob  what it costs to add as much again of each knob as the chip has, if it alone is turned
    parts    knobs that make the same part larger: their factors multiply; all others add up
    """

    unit: str
    by_knob: Mapping[str, float]
    parts: tuple[tuple[str, ...], ...] = ()

    def of(self, factors: Mapping[str, float]) -> float:
        """The cost of knobs that get so many times better."""
        parts = {knob: part for part in self.parts for knob in part}
        grown: dict[tuple[str, ...], float] = {}
        for knob, factor in factors.items():
            part = parts.get(knob, (knob,))
            grown[part] = grown.get(part, 1.0) * factor
        return sum(self.by_knob[part[0]] * (factor - 1) for part, factor in grown.items())


def weighed(weights: Mapping[str, float]) -> Prices:
    """Prices by weights of some knobs; the others have those of `WEIGHTS`."""
    return Prices("", WEIGHTS | dict(weights))


def measured(measure: Measure, chip: Chip) -> Prices:
    """Prices in mm2 of the chip, or in data pins of its DRAM."""
    if measure == "pins":
        pins = chip.memory.channels * chip.memory.part.bus_bits
        by_knob = dict.fromkeys(WEIGHTS, UNPRICED * pins)
        return Prices("pins", by_knob | {"channels": float(pins)})
    areas = {part: figure.value for part, figure in area_mm2(chip).items()}
    by_knob = dict.fromkeys(WEIGHTS, UNPRICED * sum(areas.values()))
    by_knob |= dict.fromkeys(_ARRAY, areas["array"])
    by_knob |= dict.fromkeys(_PHY, areas["phy"])
    return Prices("mm2", by_knob | {"sram": areas["sram"]}, parts=(_ARRAY, _PHY))
