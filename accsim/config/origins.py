"""Every resolved value of a chip file, and where it comes from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from fractions import Fraction
from pathlib import Path

from accsim.chip import Chip, DramPart, DramTimings, Memory
from accsim.config.chip_schema import ChipFile, MemorySection, SramSection
from accsim.config.fields import Section
from accsim.config.resolve import read_chip_file, resolve_chip
from accsim.config.yaml_source import Document, KeyPath, dotted
from accsim.dram.standards import GRADES, Grade, cited
from accsim.energy import EnergyFigures, Figure
from accsim.power.figures import PRECISIONS, area_mm2, energy_figures
from accsim.provenance import ResolvedValue, Scalar

_UNITS_BY_SECTION = {
    "macs_per_pe": "MACs/cycle",
    "cycles_per_element": "cycles",
    "ports": "bytes/cycle",
    "timings": "nCK",
    "mac_pj": "pJ",
    "mac_um2": "um2",
}
_UNITS_BY_ENDING = {
    "bytes_per_cycle": "bytes/cycle",
    "_bytes": "bytes",
    "_kib": "KiB",
    "_gbit": "Gbit",
    "_bits": "bits",
    "_bursts": "bursts",
    "timeout_cycles": "nCK",
    "_cycles": "cycles",
    "_mhz": "MHz",
    "_mtps": "MT/s",
    "_nm": "nm",
    "_pj_per_row": "pJ/row",
    "_pj_per_bit": "pJ/bit",
    "_pj_per_byte": "pJ/byte",
    "_pj_per_element": "pJ/element",
    "_pj_per_rank": "pJ/rank",
    "_mw_per_rank": "mW/rank",
    "static_w": "W",
    "_mm2": "mm2",
    "_mm2_per_mib": "mm2/MiB",
    "_mm2_per_channel": "mm2/channel",
}
"""Units live in names; what ends in none of these is a count or a name."""

OPERAND_BITS = (16, 8, 4)


def chip_values(path_or_name: str) -> tuple[ResolvedValue, ...]:
    """All values of a chip file, by path or by the name of a shipped one, in the order of the file
    format; each part is followed by what is computed from it.

    Raises:
        InputError: every problem of the file.
    """
    return chip_file_values(*read_chip_file(path_or_name))


def chip_file_values(document: Document, file: ChipFile) -> tuple[ResolvedValue, ...]:
    """The same of a chip file that was read."""
    chip = resolve_chip(file)
    found: list[ResolvedValue] = []
    for name in ChipFile.model_fields:
        found += stated(document, getattr(file, name), (name,))
        if name == "memory":
            found += _controller(file.memory, chip.memory)
            found += _dram(document, file.memory, chip.memory.part)
            found += _memory_figures(chip)
        elif name == "sram":
            found += _sram_figures(file.sram, chip)
        elif name == "array":
            found += _array_figures(chip)
        elif name == "energy":
            found += _energy_figures(chip)
    return tuple(found)


def stated(document: Document, value: object, path: KeyPath) -> Iterator[ResolvedValue]:
    """What the file says or leaves to a default, but for what a DRAM grade decides."""
    if isinstance(value, Section):
        for name in type(value).model_fields:
            yield from stated(document, getattr(value, name), (*path, name))
    elif isinstance(value, list) and value and isinstance(value[0], Section):
        for index, one in enumerate(value):
            yield from stated(document, one, (*path, index))
    elif isinstance(value, Scalar | list) and path[:2] != ("memory", "timings"):
        origin = _place(document, path) or "default"
        shown = ", ".join(map(str, value)) if isinstance(value, list) else value
        yield ResolvedValue(dotted(path), shown, _unit(path), origin)


def _place(document: Document, path: KeyPath) -> str | None:
    place = document.values.get(path)
    return None if place is None else f"{Path(document.file).name}:{place.line}"


def _unit(path: KeyPath) -> str:
    *above, name = map(str, path)
    if above and above[-1] in _UNITS_BY_SECTION:
        return _UNITS_BY_SECTION[above[-1]]
    return next((unit for end, unit in _UNITS_BY_ENDING.items() if name.endswith(end)), "")


def _controller(section: MemorySection, memory: Memory) -> Iterator[ResolvedValue]:
    """What the controllers take from the rest of the memory."""
    policy, key = memory.policy, "memory.controller"
    if section.controller.drain_from is None:
        yield _computed(f"{key}.drain_from", policy.drain_from, "", "queue_bursts")
    yield _computed(f"{key}.buffer", policy.buffer, "bursts", "queue_bursts, for reads and writes")
    formula = "row and column commands on buses of their own, which HBM alone has"
    yield ResolvedValue(f"{key}.two_commands", policy.two_commands, "", f"computed: {formula}")


def _dram(document: Document, memory: MemorySection, part: DramPart) -> Iterator[ResolvedValue]:
    """Density, organisation and timings, which the grade decides unless the file does."""
    grade = GRADES[memory.grade]
    by_grade = (f"grade {grade.name}", cited(grade.source))
    by_density = by_grade
    if memory.density_gbit is None:
        yield ResolvedValue("memory.density_gbit", grade.gbit, "Gbit", *by_grade)
    elif memory.density_gbit != grade.gbit:
        density = grade.standard.density(memory.density_gbit)
        by_density = (f"density table, {density.gbit} Gbit", cited(density.source))
    for name in ("data_rate_mtps", "bus_bits", "burst_bytes", "burst_cycles", "bank_groups"):
        yield _organisation(part, name, by_grade)
    for name in ("banks_per_group", "rows"):
        yield _organisation(part, name, by_density)
    yield _organisation(part, "row_bytes", by_grade)
    for field in fields(DramTimings):
        if not getattr(part.timings, field.name) and field.name in ("tRFCpb", "tRREFD"):
            continue
        path = ("memory", "timings", field.name)
        origin = by_grade
        if getattr(memory.timings, field.name) is not None:
            origin = (_place(document, path) or "default", "")
        elif field.name in ("tRFC", "tRFCpb"):
            origin = by_density
        elif field.name == "tREFI" and memory.temperature == "extended":
            origin = (_halved(grade), "")
        yield ResolvedValue(dotted(path), getattr(part.timings, field.name), "nCK", *origin)


def _halved(grade: Grade) -> str:
    return f"computed: half of {grade.timings.tREFI} nCK of the grade (extended temperature)"


def _organisation(part: DramPart, name: str, origin: tuple[str, str]) -> ResolvedValue:
    unit = "nCK" if name == "burst_cycles" else _unit((name,))
    return ResolvedValue(f"memory.{name}", getattr(part, name), unit, *origin)


def _memory_figures(chip: Chip) -> Iterator[ResolvedValue]:
    memory, part = chip.memory, chip.memory.part
    peak_formula = "channels x burst_bytes / (burst_cycles x tCK)"
    capacity_formula = "channels x ranks x bank_groups x banks_per_group x rows x row_bytes"
    period_formula = f"1 / command clock of {part.grade}"
    yield _computed("memory.tCK_ps", part.clock.period_ps, "ps", period_formula)
    yield _computed("memory.peak_bytes_per_s", memory.peak_bytes_per_s, "bytes/s", peak_formula)
    yield _computed("memory.capacity_bytes", memory.capacity_bytes, "bytes", capacity_formula)
    yield from _refresh_figures(memory)


def _refresh_figures(memory: Memory) -> Iterator[ResolvedValue]:
    """How much of the time a bank is being refreshed, and how often a rank gets the command."""
    part, t, own = memory.part, memory.part.timings, memory.part.bank_refresh
    formula = "tRFC / tREFI"
    if memory.refresh == "off":
        formula = "refresh is off"
    elif own is not None and memory.refresh == own.scheme:
        grade = f"grade {part.grade}"
        turns = part.refresh_turns(own.scheme)
        yield ResolvedValue("memory.banks_per_refresh", own.banks, "", grade)
        yield _computed(
            "memory.refresh_interval",
            Fraction(t.tREFI, turns),
            "nCK",
            f"tREFI / {turns} refreshes of a rank, {own.rounds} of each bank",
        )
        formula = "tRFCpb / tREFI, of each bank"
        if own.rounds > 1:
            formula = f"{own.rounds} x {formula}"
    yield _computed("memory.refresh_share", memory.refresh_share, "of time", formula)


def _sram_figures(section: SramSection, chip: Chip) -> Iterator[ResolvedValue]:
    unit = "bytes/cycle"
    for user in ("dma", "array", "vector"):
        if getattr(section.ports, user) is None:
            yield _computed(f"sram.ports.{user}", chip.sram.port(user), unit, "all banks")
    figures = (
        ("", chip.sram.bytes_per_cycle, "banks x bank_bytes_per_cycle"),
        ("dma_", chip.sram_dma_bytes_per_cycle, "memory.peak_bytes_per_s / core clock, rounded up"),
        ("compute_", chip.sram_compute_bytes_per_cycle, "bytes_per_cycle - dma_bytes_per_cycle"),
    )
    for name, value, formula in figures:
        yield _computed(f"sram.{name}bytes_per_cycle", value, unit, formula)


def _array_figures(chip: Chip) -> Iterator[ResolvedValue]:
    shape = "count x rows x columns"
    if chip.array.kind == "dot_product":
        shape = "count x tile_rows x lanes x width"
    peaks = {
        bits: Fraction(chip.array.macs_per_cycle(bits) * chip.clock.hz_num, chip.clock.hz_den)
        for bits in OPERAND_BITS
    }
    for bits, peak in peaks.items():
        formula = f"{shape} x macs_per_pe.bits_{bits} x core clock"
        yield _computed(f"array.peak_macs_per_s.bits_{bits}", peak, "MACs/s", formula)
    for bits, peak in peaks.items():
        ridge = peak / chip.memory.peak_bytes_per_s
        formula = "peak MACs/s / peak bytes/s"
        yield _computed(f"array.ridge_macs_per_byte.bits_{bits}", ridge, "MACs/byte", formula)


def _energy_figures(chip: Chip) -> Iterator[ResolvedValue]:
    """Figures of energy and area that the file leaves to the tables, and the area they make."""
    figures = energy_figures(chip)
    for field in fields(EnergyFigures):
        found = getattr(figures, field.name)
        stated = getattr(chip.energy, field.name)
        if isinstance(found, Figure):
            if stated is None:
                yield _tabled(chip, field.name, field.name, found)
            continue
        for bits, given, one in zip(PRECISIONS, stated, found, strict=True):
            if given is None:
                yield _tabled(chip, field.name, f"{field.name}.bits_{bits}", one)
    total = sum(figure.value for figure in area_mm2(chip).values())
    formula = "computed: sram + array + phy, the parts that are known"
    yield ResolvedValue("energy.area_mm2", total, "mm2", formula)


def _tabled(chip: Chip, name: str, key: str, figure: Figure) -> ResolvedValue:
    node = f"{chip.energy.node_nm} nm"
    origin = f"energy table, {node}"
    if name.startswith(("dram_", "phy_")):
        origin = f"energy table, {chip.memory.part.standard}"
    elif name == "sram_pj_per_byte":
        origin = f"computed: a bank by the energy table of {node}, and wires over the SRAM"
    elif name == "static_w":
        origin = "computed: idle W/mm2 x area_mm2"
    path = ("energy", *key.split("."))
    source = f"{name}: {figure.source}; within a factor of {figure.factor:g}"
    return ResolvedValue(dotted(path), figure.value, _unit(path), origin, source)


def _computed(key: str, value: int | Fraction, unit: str, formula: str) -> ResolvedValue:
    exact = Fraction(value)
    number = exact.numerator if exact.denominator == 1 else float(exact)
    return ResolvedValue(key, number, unit, f"computed: {formula}")
