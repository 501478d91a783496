"""What an architect can turn on a chip: a knob for each size and rate, and the ideals.

Only the chip changes; whether it is still possible, its own values decide.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from fractions import Fraction

from accsim.chip import (
    SEQUENTIAL,
    Chip,
    DramPart,
    DramTimings,
    SramPorts,
    SystolicArray,
)
from accsim.dram.standards import GRADES, Grade, Temperature
from accsim.result import Cause
from accsim.units import KIB, Clock

MOST_CHANNELS = 1024
MOST_CLOCK_MHZ = 10_000
"""Limits of a chip file (`accsim.config.chip_schema`)."""

Value = int | str


@dataclass(frozen=True)
class Knob:
    """One thing to turn, in steps: a doubling of a size or rate, or the next speed grade.

    name    as the command line and JSON have it
    label   as tables have it
    unit    of its values, "" for plain counts and names
    causes  whose time on a critical path it can shorten
    value   what it is on a chip
    turned  the chip with the knob so many steps further; raises ValueError if there is no such chip
    most    steps that are worth a thought
    ideal   whether it is no part of any chip: it says what is lost to the real thing
    """

    name: str
    label: str
    unit: str
    causes: tuple[Cause, ...]
    value: Callable[[Chip], Value]
    turned: Callable[[Chip, int], Chip]
    most: int = 4
    ideal: bool = False

    def factor(self, before: Chip, after: Chip) -> Fraction | None:
        """How many times better the knob got; None for ideals, which are no multiple of it."""
        if self.ideal:
            return None
        if self.name == "data_rate":
            return after.memory.peak_bytes_per_s / before.memory.peak_bytes_per_s
        old, new = self.value(before), self.value(after)
        assert isinstance(old, int)
        assert isinstance(new, int)
        # Of delays, less is better.
        return Fraction(max(old, new), min(old, new))


def knobs(chip: Chip) -> tuple[Knob, ...]:
    """Every knob of a chip but the ideals.

    Those that let the DRAM bring more come last: where several are turned, in this order, the SRAM
    can take it by then.
    """
    return (_SRAM_BANDWIDTH, _CLOCK, *_array_knobs(chip), *_OTHERS, _DATA_RATE, _CHANNELS)


def turn_all(chip: Chip, steps: Mapping[str, int]) -> Chip:
    """The chip with several knobs turned, by their names.

    Raises:
        ValueError: there is no such chip; the message says why.
    """
    for knob in knobs(chip):
        if steps.get(knob.name, 0):
            chip = knob.turned(chip, steps[knob.name])
    return chip


def roomy(chip: Chip) -> Chip:
    """The chip with an SRAM that takes whatever pins could bring, to turn knobs without a limit."""
    sram = replace(chip.sram, bank_bytes_per_cycle=1 << 40, ports=SramPorts())
    return replace(chip, sram=sram)


def most_steps(knob: Knob, chip: Chip) -> int:
    """How many steps of a knob there are, if the SRAM can take it."""
    steps = 0
    while steps < knob.most:
        try:
            knob.turned(roomy(chip), steps + 1)
        except ValueError:
            break
        steps += 1
    return steps


def faster_grades(part: DramPart) -> tuple[DramPart, ...]:
    """The same devices at each faster grade of their standard, the slowest first.

    Raises:
        ValueError: the part has timings of its own, which hold for its own grade only.
    """
    mine = GRADES[part.grade]
    density, temperature = _devices(mine, part)
    faster = [
        grade
        for grade in GRADES.values()
        if grade.standard == mine.standard and grade.data_rate_mtps > mine.data_rate_mtps
    ]
    faster.sort(key=lambda grade: grade.data_rate_mtps)
    return tuple(grade.part(density, temperature) for grade in faster)


def _devices(grade: Grade, part: DramPart) -> tuple[int, Temperature]:
    """Density and temperature that make a part of its grade."""
    temperatures: tuple[Temperature, ...] = ("normal", "extended")
    for density in grade.densities_gbit:
        for temperature in temperatures:
            if grade.part(density, temperature) == part:
                return density, temperature
    raise ValueError(f"the timings of the chip file hold for {grade.name} only")


def _of_part(
    name: str,
    label: str,
    causes: tuple[Cause, ...],
    part: str,
    field: str,
    *,
    unit: str = "",
    scale: int = 1,
) -> Knob:
    """A count or size of a part of the chip; `scale` of it are one `unit`."""

    def value(chip: Chip) -> int:
        return int(getattr(getattr(chip, part), field)) // scale

    def turned(chip: Chip, steps: int) -> Chip:
        owner = getattr(chip, part)
        more = replace(owner, **{field: getattr(owner, field) << steps})
        return replace(chip, **{part: more})

    return Knob(name, label, unit, causes, value, turned)


def _array_knobs(chip: Chip) -> tuple[Knob, ...]:
    fields_of_array = {"arrays": ("arrays", "count")}
    if isinstance(chip.array, SystolicArray):
        fields_of_array["array_rows"] = ("array rows", "rows")
        fields_of_array["array_columns"] = ("array columns", "columns")
    else:
        fields_of_array["array_lanes"] = ("dot products at once", "lanes")
        fields_of_array["array_width"] = ("dot-product width", "width")
        fields_of_array["array_tile_rows"] = ("rows at a time", "tile_rows")
    return tuple(
        _of_part(name, label, ("array",), "array", field)
        for name, (label, field) in fields_of_array.items()
    )


def _more_channels(chip: Chip, steps: int) -> Chip:
    channels = chip.memory.channels << steps
    if channels > MOST_CHANNELS:
        raise ValueError(f"a chip has at most {MOST_CHANNELS} channels")
    return replace(chip, memory=replace(chip.memory, channels=channels))


def _faster_grade(chip: Chip, steps: int) -> Chip:
    part = chip.memory.part
    faster = faster_grades(part)
    if steps > len(faster):
        fastest = (part, *faster)[-1].grade
        raise ValueError(f"no grade of {part.standard} faster than {fastest} is known")
    return replace(chip, memory=replace(chip.memory, part=faster[steps - 1]))


def _faster_sram(chip: Chip, steps: int) -> Chip:
    """All banks, and every port that has a limit of its own."""
    limits = {port.name: getattr(chip.sram.ports, port.name) for port in fields(SramPorts)}
    wider = SramPorts(**{name: limit and limit << steps for name, limit in limits.items()})
    bank = chip.sram.bank_bytes_per_cycle << steps
    return replace(chip, sram=replace(chip.sram, bank_bytes_per_cycle=bank, ports=wider))


def _faster_clock(chip: Chip, steps: int) -> Chip:
    clock = Clock(chip.clock.hz_num << steps, chip.clock.hz_den)
    if clock.hz > MOST_CLOCK_MHZ * 10**6:
        raise ValueError(f"a core clock has at most {MOST_CLOCK_MHZ} MHz")
    return replace(chip, clock=clock)


def _less_dispatch(chip: Chip, steps: int) -> Chip:
    fewer = chip.dispatch_cycles >> steps
    if not fewer:
        raise ValueError(f"{chip.dispatch_cycles} dispatch cycles cannot be halved")
    return replace(chip, dispatch_cycles=fewer)


def _no_refresh(chip: Chip, _steps: int) -> Chip:
    if chip.memory.refresh == "off":
        raise ValueError("refresh is off already")
    return replace(chip, memory=replace(chip.memory, refresh="off"))


def _ideal_memory(chip: Chip, _steps: int) -> Chip:
    """Pins that never rest: each burst follows the one before without a gap.

    There is no latency, no row command, no refresh and no turnaround. What is left is the order of
    the descriptors, and how evenly they spread over the channels.
    """
    part = chip.memory.part
    nothing = DramTimings(*(0 for _ in fields(DramTimings)))
    burst = part.burst_cycles
    timings = replace(nothing, tCCD_S=burst, tCCD_L=burst, tRTW=burst)
    memory = replace(
        chip.memory,
        part=replace(part, timings=timings),
        refresh="off",
        address_order=SEQUENTIAL,
        bank_hash=False,
        controller=None,
    )
    return replace(chip, memory=memory)


def _memory_kind(chip: Chip) -> str:
    return chip.memory.part.grade if chip.memory.part.timings.tRC else "pins"


_SRAM_BANDWIDTH = Knob(
    "sram_bandwidth",
    "SRAM bandwidth",
    "bytes/cycle",
    ("sram_bandwidth",),
    lambda chip: chip.sram.bytes_per_cycle,
    _faster_sram,
)
_CLOCK = Knob(
    "clock",
    "core clock",
    "MHz",
    ("array", "vector", "sram_bandwidth", "dma", "dispatch"),
    lambda chip: round(chip.clock.hz / 10**6),
    _faster_clock,
    # More than twice the clock is another design, in another technology.
    most=1,
)
_OTHERS = (
    _of_part(
        "sram", "SRAM capacity", ("dram", "sram"), "sram", "capacity_bytes", unit="KiB", scale=KIB
    ),
    _of_part("vector_lanes", "vector lanes", ("vector",), "vector", "lanes"),
    Knob(
        "dispatch",
        "dispatch cycles",
        "cycles",
        ("dispatch",),
        lambda chip: chip.dispatch_cycles,
        _less_dispatch,
    ),
    _of_part("dma", "DMA outstanding", ("dram", "dma"), "dma", "outstanding"),
)
_DATA_RATE = Knob(
    "data_rate",
    "data rate",
    "",
    ("dram", "dependency"),
    lambda chip: chip.memory.part.grade,
    _faster_grade,
)
_CHANNELS = Knob(
    "channels",
    "memory channels",
    "",
    ("dram", "dependency"),
    lambda chip: chip.memory.channels,
    _more_channels,
)
IDEALS = (
    Knob(
        "no_refresh",
        "no refresh",
        "",
        ("dram",),
        lambda chip: chip.memory.refresh,
        _no_refresh,
        ideal=True,
    ),
    Knob("ideal_memory", "ideal memory", "", ("dram",), _memory_kind, _ideal_memory, ideal=True),
)
"""What no chip can be: DRAM that needs no refresh, and DRAM as fast as its pins."""
