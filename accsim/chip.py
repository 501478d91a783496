"""What a chip is, resolved: integers only, every name looked up, every override applied.

A person writes a chip file (`accsim.config`); the simulator computes with these values. Nothing
here reads files or knows simpy. All values are frozen and checked when they are built.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from accsim.units import Clock

RefreshScheme = Literal["off", "all_bank", "per_bank", "same_bank"]
Dataflow = Literal["output_stationary", "weight_stationary", "input_stationary"]
VectorOp = Literal[
    "rms_norm", "rotary", "softmax", "silu_mul", "residual_add", "argmax", "embedding"
]


@dataclass(frozen=True, slots=True)
class DramTimings:
    """JEDEC timings of one channel in cycles of its command clock (nCK), JEDEC spelling.

    `tRCD_WR` differs from `tRCD` on HBM only. `tRTRS` is the gap on the data bus when the rank
    changes; `tRTW` the least gap from a read to a write command.

    `tRFCpb` is how long a bank refresh takes (DDR5 and HBM2e: tRFCsb), `tRREFD` the least gap from
    it to an activate or refresh of another bank (DDR5: tREFSBRD, LPDDR5: tpbR2act, LPDDR4: tRRD).
    Both are 0 where the standard has no bank refresh; `tRFCpb` also where no figure is known.
    """

    CL: int
    CWL: int
    tRCD: int
    tRCD_WR: int
    tRP: int
    tRAS: int
    tRC: int
    tCCD_S: int
    tCCD_L: int
    tRRD_S: int
    tRRD_L: int
    tFAW: int
    tRTP: int
    tWR: int
    tWTR_S: int
    tWTR_L: int
    tRTW: int
    tRTRS: int
    tRFC: int
    tREFI: int
    tRFCpb: int = 0
    tRREFD: int = 0


@dataclass(frozen=True, slots=True)
class BankRefresh:
    """The command of a standard that refreshes some banks of a rank while the others work on.

    One command refreshes `banks` banks: those of the same address in as many bank groups. In each
    tREFI every bank has `rounds` turns. That is one, but for DDR5: REFsb exists in the fine
    granularity mode only, where a refresh reaches half as many rows (JESD79-5, section 4.13).
    """

    scheme: RefreshScheme
    banks: int
    rounds: int = 1


@dataclass(frozen=True, slots=True)
class DramPart:
    """One channel's worth of a DRAM standard at a speed grade.

    `clock` is the command clock; a burst moves `burst_bytes` in `burst_cycles` of it. A row holds
    `row_bytes` across the channel (the "page" of the whole rank, not of one device).
    """

    standard: str
    grade: str
    data_rate_mtps: int
    clock: Clock
    bus_bits: int
    burst_bytes: int
    burst_cycles: int
    bank_groups: int
    banks_per_group: int
    rows: int
    row_bytes: int
    timings: DramTimings
    source: str
    bank_refresh: BankRefresh | None = None

    @property
    def refresh_schemes(self) -> tuple[RefreshScheme, ...]:
        """What a controller may do, the usual first."""
        own = () if self.bank_refresh is None else (self.bank_refresh.scheme,)
        return ("all_bank", *own, "off")

    def refresh_turns(self, scheme: RefreshScheme) -> int:
        """How many refresh commands a rank gets in each tREFI, so that no row waits longer."""
        if self.bank_refresh is None or scheme != self.bank_refresh.scheme:
            return int(scheme != "off")
        banks = self.bank_groups * self.banks_per_group
        return banks // self.bank_refresh.banks * self.bank_refresh.rounds

    @property
    def rank_bytes(self) -> int:
        """Capacity of one rank of one channel."""
        return self.bank_groups * self.banks_per_group * self.rows * self.row_bytes


@dataclass(frozen=True, slots=True)
class Memory:
    """The DRAM system: equal channels behind one physical address space.

    Addresses walk, from the lowest bit: `interleave_bytes` in a channel, channels, bank groups
    (burst by burst), columns of a row, banks of a group, ranks, rows. `queue_bursts` is how far the
    controller of a channel looks ahead: a row is activated at most that many bursts early.
    `refresh` says which banks rest at a time: those of a rank, those of one refresh command of the
    standard, or none.

    Raises:
        ValueError: the standard has no such refresh, or no figure for it.
    """

    part: DramPart
    channels: int
    ranks: int
    interleave_bytes: int
    queue_bursts: int
    refresh: RefreshScheme

    def __post_init__(self) -> None:
        if self.refresh not in self.part.refresh_schemes:
            allowed = ", ".join(self.part.refresh_schemes)
            raise ValueError(f"no {self.refresh} refresh of {self.part.grade} (allowed: {allowed})")
        if self.refresh in ("per_bank", "same_bank") and not self.part.timings.tRFCpb:
            raise ValueError(f"no tRFCpb of {self.part.grade} for {self.refresh} refresh")

    @property
    def capacity_bytes(self) -> int:
        return self.part.rank_bytes * self.ranks * self.channels

    @property
    def peak_bytes_per_s(self) -> Fraction:
        """What the pins can carry: burst bytes over burst cycles, all channels."""
        part = self.part
        return Fraction(
            part.burst_bytes * self.channels * part.clock.hz_num,
            part.burst_cycles * part.clock.hz_den,
        )


@dataclass(frozen=True, slots=True)
class Dma:
    """Moves tiles between DRAM and SRAM by 2-D descriptors, loads and stores in order each.

    At most `outstanding` descriptors are in the memory system at once; issuing one takes
    `issue_cycles` core cycles, back to back.
    """

    outstanding: int
    issue_cycles: int


@dataclass(frozen=True, slots=True)
class Sram:
    """The on-chip buffer; `bytes_per_cycle` is what the compute side may read and write."""

    capacity_bytes: int
    bytes_per_cycle: int


@dataclass(frozen=True, slots=True)
class SystolicArray:
    """`count` arrays of `rows` x `columns` processing elements.

    `macs_per_pe` gives MACs per PE per cycle for operands of 16, 8 and 4 bits (the wider of the two
    operands decides).
    """

    count: int
    rows: int
    columns: int
    dataflow: Dataflow
    macs_per_pe: tuple[int, int, int]
    kind: Literal["systolic"] = "systolic"

    @property
    def rows_at_once(self) -> int:
        """Activation rows that share one reading of the weights."""
        return self.rows

    def macs_per_cycle(self, operand_bits: int) -> int:
        """Peak MACs per core cycle of the whole chip."""
        return self.count * self.rows * self.columns * self.pe_rate(operand_bits)

    def pe_rate(self, operand_bits: int) -> int:
        """MACs per PE per cycle for operands of this width."""
        return self.macs_per_pe[_precision_index(operand_bits)]


@dataclass(frozen=True, slots=True)
class DotProductEngine:
    """`count` engines of `lanes` dot products, each taking `width` MACs per cycle.

    One input row at a time: m rows take m times as long, there is no row parallelism.
    `latency_cycles` is the depth of the multiply-and-reduce pipeline, paid once per tile.
    """

    count: int
    lanes: int
    width: int
    latency_cycles: int
    macs_per_pe: tuple[int, int, int]
    kind: Literal["dot_product"] = "dot_product"

    @property
    def rows_at_once(self) -> int:
        """Activation rows that share one reading of the weights."""
        return 1

    def macs_per_cycle(self, operand_bits: int) -> int:
        """Peak MACs per core cycle of the whole chip."""
        return self.count * self.lanes * self.width * self.pe_rate(operand_bits)

    def pe_rate(self, operand_bits: int) -> int:
        """MACs per multiplier per cycle for operands of this width."""
        return self.macs_per_pe[_precision_index(operand_bits)]


def _precision_index(operand_bits: int) -> int:
    return 0 if operand_bits > 8 else 1 if operand_bits > 4 else 2


ComputeArray = SystolicArray | DotProductEngine


@dataclass(frozen=True, slots=True)
class VectorUnit:
    """`lanes` elements at a time; `cycles_per_element` says how many passes each operation makes.

    A tile of E elements takes ceil(E / lanes) x passes + `latency_cycles`.
    """

    lanes: int
    latency_cycles: int
    cycles_per_element: dict[VectorOp, int]

    def cycles(self, operation: VectorOp, elements: int) -> int:
        """Core cycles of one tile of `elements` elements."""
        return -(-elements // self.lanes) * self.cycles_per_element[operation] + self.latency_cycles


@dataclass(frozen=True, slots=True)
class Chip:
    """A whole accelerator in one core clock domain, beside the DRAM's own clock.

    `dispatch_cycles` passes between the moment an operator's inputs are ready and the start of its
    first tile, on the unit that runs it.
    """

    name: str
    clock: Clock
    memory: Memory
    dma: Dma
    sram: Sram
    array: ComputeArray
    vector: VectorUnit
    dispatch_cycles: int
