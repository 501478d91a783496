"""What a user may write in a chip file."""

# ruff: noqa: N815 (JEDEC spelling of DRAM timings)

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from accsim.chip import Dataflow, DramPart, DramTimings, RefreshScheme
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


class SramSection(Section):
    """The on-chip buffer."""

    capacity_kib: Count = Field(description="capacity in KiB (1024 bytes)")
    bytes_per_cycle: Count = Field(
        description="bytes per core cycle that the compute side may read and write"
    )


class MacsPerPe(Section):
    """Multiply-accumulates per processing element and cycle, by width of the wider operand."""

    bits_16: Count = Field(default=1, description="for operands of more than 8 bits")
    bits_8: Count = Field(default=1, description="for operands of 5 to 8 bits")
    bits_4: Count = Field(default=1, description="for operands of up to 4 bits")


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


class DotProductSection(Section):
    """Dot-product engines, one input row at a time."""

    kind: Literal["dot_product"] = Field(description="what the compute array is")
    count: Count = Field(le=65536, description="number of equal engines")
    lanes: Count = Field(le=65536, description="dot products of an engine side by side")
    width: Count = Field(le=65536, description="MACs per lane and core cycle")
    latency_cycles: Cycles = Field(description="depth of the pipeline in core cycles, per tile")
    macs_per_pe: MacsPerPe = Field(
        default=MacsPerPe(), description="MACs per multiplier and core cycle"
    )


class CyclesPerElement(Section):
    """Passes over the lanes that each vector operation makes."""

    rms_norm: Count = Field(description="cycles per element and lane of RMSNorm")
    rotary: Count = Field(description="cycles per element and lane of the rotary embedding")
    softmax: Count = Field(description="cycles per element and lane of softmax")
    silu_mul: Count = Field(description="cycles per element and lane of SiLU times the gate")
    residual_add: Count = Field(description="cycles per element and lane of a residual addition")
    argmax: Count = Field(description="cycles per element and lane of the search for the maximum")
    embedding: Count = Field(description="cycles per element and lane of the embedding lookup")


class VectorSection(Section):
    """The unit for everything that is no matrix product."""

    lanes: Count = Field(le=65536, description="elements at a time")
    latency_cycles: Cycles = Field(description="depth of the pipeline in core cycles, per tile")
    cycles_per_element: CyclesPerElement = Field(
        description="core cycles that each operation takes per element and lane"
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
