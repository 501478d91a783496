"""What a user may write in a chip file."""

# ruff: noqa: N815 (JEDEC spelling of DRAM timings)

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from accsim.chip import (
    ADDRESS_FIELDS,
    SEQUENTIAL,
    AddressField,
    Dataflow,
    Dequantise,
    DramPart,
    DramTimings,
    PagePolicy,
    Policy,
    RefreshScheme,
    Remainder,
)
from accsim.config.energy_schema import EnergySection
from accsim.config.fields import Count, Cycles, Name, PowerOfTwo, Section, Whole, known, rule, rules
from accsim.dram.standards import GRADES, PARTS, Temperature


class CoreSection(Section):
    """The clock domain of everything but the DRAM."""

    clock_mhz: Whole = Field(ge=1, le=10_000, description="core clock in MHz")
    dispatch_cycles: Cycles = Field(
        description="core cycles from an operator's inputs being ready to its first tile's start"
    )


class TimingsSection(Section):
    """Overrides of the grade's JEDEC timings, each in cycles of the DRAM command clock."""

    CL: Count | None = Field(default=None, description="read command to first data")
    CWL: Count | None = Field(default=None, description="write command to first data")
    tRCD: Count | None = Field(default=None, description="activate to read")
    tRCD_WR: Count | None = Field(default=None, description="activate to write")
    tRP: Count | None = Field(default=None, description="precharge to activate")
    tRAS: Count | None = Field(default=None, description="activate to precharge")
    tRC: Count | None = Field(default=None, description="activate to activate of one bank")
    tCCD_S: Count | None = Field(default=None, description="column to column, another bank group")
    tCCD_L: Count | None = Field(default=None, description="column to column, same bank group")
    tRRD_S: Count | None = Field(
        default=None, description="activate to activate, another bank group"
    )
    tRRD_L: Count | None = Field(default=None, description="activate to activate, same bank group")
    tFAW: Count | None = Field(default=None, description="window of four activates of a rank")
    tRTP: Count | None = Field(default=None, description="read to precharge")
    tWR: Count | None = Field(default=None, description="end of write data to precharge")
    tWTR_S: Count | None = Field(
        default=None, description="end of write data to read, other bank group"
    )
    tWTR_L: Count | None = Field(
        default=None, description="end of write data to read, same bank group"
    )
    tRTW: Count | None = Field(default=None, description="read to write command")
    tRTRS: Cycles | None = Field(
        default=None, description="gap on the data bus when the rank changes"
    )
    tRFC: Count | None = Field(default=None, description="refresh to activate")
    tREFI: Count | None = Field(default=None, description="mean time between refreshes")
    tRFCpb: Count | None = Field(
        default=None, description="bank refresh to activate of the same bank (DDR5: tRFCsb)"
    )
    tRREFD: Cycles | None = Field(
        default=None, description="bank refresh to activate or refresh of another bank"
    )

    def over(self, part: DramPart) -> DramTimings:
        """The timings of `part` with these in place of its own."""
        return replace(part.timings, **self.model_dump(exclude_none=True))

    def faults(self, part: DramPart) -> list[tuple[tuple[str], str]]:
        """Timings that no device can have, once laid over those of `part`."""
        t, burst = self.over(part), part.burst_cycles
        least = {
            "tRAS": (t.tRCD, "a row stays open for at least tRCD"),
            "tRC": (t.tRAS, "a row cycle holds tRAS"),
            "tCCD_S": (burst, "a burst takes so many cycles of the data bus"),
            "tCCD_L": (t.tCCD_S, "tCCD_S"),
            "tRTW": (t.CL - t.CWL + burst, "CL - CWL + burst, or two bursts meet on the data bus"),
            "tREFI": (t.tRFC + 1, "more than tRFC, or there is time for nothing but refresh"),
        }
        faults = [
            ((name,), f"{name} is {getattr(t, name)}, must be at least {bound}: {why}")
            for name, (bound, why) in least.items()
            if getattr(t, name) < bound
        ]
        if part.bank_refresh is None:
            faults += [
                ((name,), f"{part.grade} refreshes all banks at once and has no {name}")
                for name in ("tRFCpb", "tRREFD")
                if getattr(self, name) is not None
            ]
        return faults

    def faults_of_refresh(self, part: DramPart, scheme: RefreshScheme) -> list[str]:
        """Why `part` with these timings cannot be refreshed so."""
        t = self.over(part)
        if scheme not in part.refresh_schemes:
            allowed = ", ".join(part.refresh_schemes)
            return [f"{part.grade} has no {scheme} refresh (allowed: {allowed})"]
        if part.bank_refresh is None or scheme != part.bank_refresh.scheme:
            return []
        if not t.tRFCpb:
            return [
                f"no source gives tRFCpb of {part.grade} devices of this density; give it in "
                "memory.timings (allowed without: all_bank, off)"
            ]
        turns = part.refresh_turns(scheme)
        least = max(part.bank_refresh.rounds * t.tRFCpb, turns * t.tRREFD) + 1
        if t.tREFI >= least:
            return []
        return [
            f"{turns} refreshes in tREFI, each with tRFCpb {t.tRFCpb} and tRREFD {t.tRREFD}, need "
            f"a tREFI of at least {least}, got {t.tREFI}"
        ]


class ControllerSection(Section):
    """How the controller of each channel chooses among the requests in its buffers."""

    page: PagePolicy = Field(
        default="open",
        description="when a row is closed unasked: never, after each burst, or once it has not "
        "been used for timeout_cycles",
    )
    timeout_cycles: Count | None = Field(
        default=None, description="page timeout: command clock cycles that a row stays open unused"
    )
    drain_from: Count | None = Field(
        default=None,
        description="waiting writes from which on they go before reads; by default queue_bursts",
    )
    drain_to: Cycles = Field(
        default=0, description="how many of the writes that waited then are left to wait on"
    )
    hit_limit: Count = Field(
        default=4,
        description="bursts of a row after which it is closed for an older request to another row "
        "as soon as the device allows",
    )
    starvation_limit: Count = Field(
        default=32, description="bursts of a row after which no more overtake such a request"
    )

    def over(self, usual: Policy) -> Policy:
        """The usual controller of a memory with these settings in place of its own."""
        return replace(usual, **self.model_dump(exclude_none=True))

    def faults(self, queue_bursts: int | None) -> list[tuple[tuple[str], str]]:
        """Settings that do not go together; `queue_bursts` is None where that is wrong itself."""
        found: list[tuple[tuple[str], str]] = []
        if self.page == "timeout" and self.timeout_cycles is None:
            found.append((("page",), "page timeout needs timeout_cycles beside it"))
        if self.page != "timeout" and self.timeout_cycles is not None:
            found.append((("timeout_cycles",), f"has no meaning with page {self.page}"))
        start = self.drain_from or queue_bursts
        if queue_bursts is not None and start is not None and start > queue_bursts:
            message = f"must be at most queue_bursts, {queue_bursts}, got {start}"
            found.append((("drain_from",), message))
        if start is not None and self.drain_to >= start:
            message = f"must be less than drain_from, {start}, got {self.drain_to}"
            found.append((("drain_to",), message))
        return found


Grade = Annotated[
    str,
    AfterValidator(known("memory grade", GRADES)),
    Field(json_schema_extra={"enum": list(GRADES)}),
]


def _part(info: ValidationInfo) -> DramPart | None:
    """The part that the fields so far describe; None if one of them is wrong."""
    checked = info.data
    if not {"grade", "density_gbit", "temperature"} <= checked.keys():
        return None
    return GRADES[checked["grade"]].part(checked["density_gbit"], checked["temperature"])


class MemorySection(Section):
    """The DRAM: equal channels of one standard and speed grade."""

    grade: Grade = Field(description="DRAM standard and data rate in MT/s")
    density_gbit: Count | None = Field(
        default=None,
        description="Gbit of a DRAM device (LPDDR: of an x16 channel, HBM: of a die); by default "
        "that of the grade",
    )
    temperature: Temperature = Field(
        default="normal",
        description="extended (above 85 degrees C) refreshes twice as often as normal",
    )
    channels: PowerOfTwo = Field(
        le=1024, description="number of channels (DDR5: sub-channels, HBM: pseudo channels)"
    )
    ranks: PowerOfTwo = Field(
        default=1, le=64, description="ranks of each channel (HBM: stack ids)"
    )
    interleave_bytes: PowerOfTwo = Field(
        description="consecutive bytes in one channel before the next channel's turn"
    )
    queue_bursts: Count = Field(
        le=4096, description="bursts that the controller of a channel looks ahead"
    )
    address_order: list[AddressField] = Field(
        default=list(SEQUENTIAL),
        description="fields of an address within a channel, the lowest first, each once",
    )
    bank_hash: bool = Field(
        default=False,
        description="whether row bits are folded into bank group and bank by exclusive or",
    )
    controller: ControllerSection = Field(
        default=ControllerSection(), description="page policy, write drain and limits"
    )
    timings: TimingsSection = Field(
        default=TimingsSection(), description="overrides of JEDEC timings, in command clock cycles"
    )
    refresh: RefreshScheme = Field(
        default="all_bank",
        description="which banks of a rank a refresh takes: all_bank, same_bank (DDR5), per_bank "
        "(LPDDR, HBM, GDDR6), or off, with which real DRAM would forget",
    )

    @field_validator("density_gbit")
    @classmethod
    def _density_on_sale(cls, value: int | None, info: ValidationInfo) -> int | None:
        grade = GRADES.get(info.data.get("grade", ""))
        if grade is not None and value is not None and value not in grade.densities_gbit:
            allowed = ", ".join(map(str, grade.densities_gbit))
            raise rule(f"no {grade.name} devices of {value} Gbit (allowed: {allowed})")
        return value

    @field_validator("interleave_bytes")
    @classmethod
    def _whole_bursts_of_a_row(cls, value: int, info: ValidationInfo) -> int:
        part = PARTS.get(info.data.get("grade", ""))
        if part is not None and not part.burst_bytes <= value <= part.row_bytes:
            raise rule(
                f"must lie between the {part.burst_bytes}-byte burst and the "
                f"{part.row_bytes}-byte row of {part.grade}, got {value}"
            )
        return value

    @field_validator("address_order")
    @classmethod
    def _each_field_once(cls, value: list[AddressField]) -> list[AddressField]:
        missing = [name for name in ADDRESS_FIELDS if name not in value]
        twice = [name for name in ADDRESS_FIELDS if value.count(name) > 1]
        faults = [f"leaves out {', '.join(missing)}"] if missing else []
        faults += [f"names {', '.join(twice)} more than once"] if twice else []
        if faults:
            raise rule(f"{' and '.join(faults)} (each once: {', '.join(ADDRESS_FIELDS)})")
        return value

    @field_validator("controller")
    @classmethod
    def _settings_that_go_together(
        cls, value: ControllerSection, info: ValidationInfo
    ) -> ControllerSection:
        rules(value.faults(info.data.get("queue_bursts")))
        return value

    @field_validator("timings")
    @classmethod
    def _possible_timings(cls, value: TimingsSection, info: ValidationInfo) -> TimingsSection:
        part = _part(info)
        if part is not None:
            rules(value.faults(part))
        return value

    @field_validator("refresh")
    @classmethod
    def _refresh_of_the_standard(cls, value: RefreshScheme, info: ValidationInfo) -> RefreshScheme:
        part = _part(info)
        timings = info.data.get("timings")
        if part is not None and timings is not None:
            for fault in timings.faults_of_refresh(part, value):
                raise rule(fault)
        return value


class DmaSection(Section):
    """What moves tiles between DRAM and SRAM."""

    outstanding: Count = Field(le=4096, description="descriptors in the memory system at once")
    issue_cycles: Cycles = Field(description="core cycles to issue one descriptor")


class PortsSection(Section):
    """What each user's port to the SRAM carries at most, in bytes per core cycle."""

    dma: Count | None = Field(default=None, description="of the DMA; by default all banks")
    array: Count | None = Field(default=None, description="of the arrays; by default all banks")
    vector: Count | None = Field(
        default=None, description="of the vector unit; by default all banks"
    )


class SramSection(Section):
    """The on-chip buffer: banks of one port each, addresses interleaved over them."""

    capacity_kib: Count = Field(description="capacity in KiB (1024 bytes)")
    banks: Count = Field(le=65536, description="number of equal banks that work side by side")
    bank_bytes_per_cycle: Count = Field(
        description="bytes that a bank reads or writes in a core cycle"
    )
    ports: PortsSection = Field(
        default=PortsSection(),
        description="what DMA, arrays and vector unit move at most, in bytes per core cycle",
    )

    def faults(self, pins: Fraction) -> list[tuple[tuple[str, ...], str]]:
        """Banks or a DMA port too slow for what the DRAM's pins carry in a core cycle."""
        needed = math.ceil(pins)
        total, port = self.banks * self.bank_bytes_per_cycle, self.ports.dma
        found: list[tuple[tuple[str, ...], str]] = []
        if total <= needed:
            message = (
                f"all banks carry {total} bytes per core cycle ({self.banks} x "
                f"{self.bank_bytes_per_cycle}), must be at least {needed + 1}: the DRAM's pins "
                f"carry {float(pins):g}, array and vector unit share the rest"
            )
            found.append((("banks",), message))
        if port is not None and port < needed:
            message = (
                f"the DMA's port carries {port} bytes per core cycle, must be at least {needed}: "
                f"the DRAM's pins carry {float(pins):g}, and their data cannot wait"
            )
            found.append((("ports", "dma"), message))
        return found


class MacsPerPe(Section):
    """Multiply-accumulates per processing element and cycle, by width of the wider operand."""

    bits_16: Count = Field(default=1, description="for operands of more than 8 bits")
    bits_8: Count = Field(default=1, description="for operands of 5 to 8 bits")
    bits_4: Count = Field(default=1, description="for operands of up to 4 bits")


_DEQUANTISE = (
    "who multiplies by the scales of grouped weights: nobody, at no cost; the array, one reduction "
    "step per scale; or the vector unit"
)


class SystolicSection(Section):
    """Systolic arrays."""

    kind: Literal["systolic"] = Field(description="what the compute array is")
    count: Count = Field(le=65536, description="number of equal arrays")
    rows: Count = Field(le=65536, description="processing elements down an array")
    columns: Count = Field(le=65536, description="processing elements across an array")
    dataflow: Dataflow = Field(description="which operand stays in the processing elements")
    macs_per_pe: MacsPerPe = Field(
        default=MacsPerPe(), description="MACs per element and core cycle"
    )
    double_buffered: bool = Field(
        default=False,
        description="whether shadow registers let a fold begin while another one is in the array",
    )
    dequantise: Dequantise = Field(default="free", description=_DEQUANTISE)


class DotProductSection(Section):
    """Dot-product engines, one input row or one group of rows at a time."""

    kind: Literal["dot_product"] = Field(description="what the compute array is")
    count: Count = Field(le=65536, description="number of equal engines")
    lanes: Count = Field(le=65536, description="dot products of an engine side by side")
    width: Count = Field(le=65536, description="MACs per lane, input row and core cycle")
    tile_rows: Count = Field(
        default=1, le=65536, description="input rows at a time, which share one reading of weights"
    )
    remainder: Remainder = Field(
        default="gemv",
        description="input rows beyond the last whole group: one by one, or padded to a group",
    )
    latency_cycles: Cycles = Field(description="depth of the pipeline in core cycles, per tile")
    macs_per_pe: MacsPerPe = Field(
        default=MacsPerPe(), description="MACs per multiplier and core cycle"
    )
    dequantise: Dequantise = Field(default="free", description=_DEQUANTISE)


class CyclesPerElement(Section):
    """Passes over the lanes that each vector operation makes."""

    rms_norm: Count = Field(description="cycles per element and lane of RMSNorm")
    rotary: Count = Field(description="cycles per element and lane of the rotary embedding")
    softmax: Count = Field(description="cycles per element and lane of softmax")
    silu_mul: Count = Field(description="cycles per element and lane of SiLU times the gate")
    residual_add: Count = Field(description="cycles per element and lane of a residual addition")
    argmax: Count = Field(description="cycles per element and lane of the search for the maximum")
    embedding: Count = Field(description="cycles per element and lane of the embedding lookup")
    quantise: Count = Field(
        default=2, description="cycles per element and lane of a conversion to fewer bits"
    )
    dequantise: Count = Field(
        default=1, description="cycles per element and lane of a weight times its scale"
    )


class VectorSection(Section):
    """The unit for everything that is no matrix product."""

    lanes: Count = Field(le=65536, description="elements at a time")
    latency_cycles: Cycles = Field(description="depth of the pipeline in core cycles, per tile")
    cycles_per_element: CyclesPerElement = Field(
        description="core cycles that each operation takes per element and lane"
    )


class AttentionSection(Section):
    """How the kernels for attention are written."""

    fused: bool = Field(
        default=True,
        description="scores, softmax and weighted values go unit by unit; else one after the other",
    )
    kv_shared_by_rows: bool = Field(
        default=True, description="a key read from DRAM serves all query rows of a pass"
    )
    kv_shared_by_heads: bool = Field(
        default=True, description="a key read from DRAM serves all query heads of its KV head"
    )


class ChipFile(Section):
    """An accsim chip: a memory-bound accelerator in one core clock domain beside its DRAM."""

    name: Name = Field(description="name of the chip in reports")
    core: CoreSection = Field(description="core clock and dispatch")
    memory: MemorySection = Field(description="the DRAM")
    dma: DmaSection = Field(description="DMA engine between DRAM and SRAM")
    sram: SramSection = Field(description="on-chip buffer")
    array: SystolicSection | DotProductSection = Field(
        discriminator="kind", description="what does the matrix products"
    )
    vector: VectorSection = Field(description="what does everything else")
    attention: AttentionSection = Field(
        default=AttentionSection(), description="how attention is mapped"
    )
    energy: EnergySection = Field(
        default=EnergySection(), description="technology node, and figures of energy and area"
    )

    @field_validator("sram")
    @classmethod
    def _as_fast_as_the_pins(cls, value: SramSection, info: ValidationInfo) -> SramSection:
        core, memory = info.data.get("core"), info.data.get("memory")
        if core is not None and memory is not None:
            pins_bytes_per_s = memory.channels * PARTS[memory.grade].peak_bytes_per_s
            rules(value.faults(pins_bytes_per_s / (core.clock_mhz * 10**6)))
        return value
