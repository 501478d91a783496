"""What a chip is, resolved: integers only, every name looked up, every override applied.

A person writes a chip file (`accsim.config`); the simulator computes with these values. Nothing
here reads files or knows simpy. All values are frozen and checked when they are built.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, get_args

from accsim.units import Clock

Dataflow = Literal["output_stationary", "weight_stationary", "input_stationary"]
VectorOp = Literal[
    "rms_norm", "rotary", "softmax", "silu_mul", "residual_add", "argmax", "embedding"
]
AddressField = Literal["bank_group", "column", "bank", "rank", "row"]
PagePolicy = Literal["open", "closed", "timeout"]

ADDRESS_FIELDS: tuple[AddressField, ...] = get_args(AddressField)
SEQUENTIAL: tuple[AddressField, ...] = ("bank_group", "column", "bank", "rank", "row")
"""The usual address order, lowest first: a stream rotates over the bank groups, row by row."""


@dataclass(frozen=True, slots=True)
class DramTimings:
    """JEDEC timings of one channel in cycles of its command clock (nCK), JEDEC spelling.

    `tRCD_WR` differs from `tRCD` on HBM only. `tRTRS` is the gap on the data bus when the rank
    changes; `tRTW` the least gap from a read to a write command.
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

    @property
    def rank_bytes(self) -> int:
        """Capacity of one rank of one channel."""
        return self.bank_groups * self.banks_per_group * self.rows * self.row_bytes


@dataclass(frozen=True, slots=True)
class Policy:
    """The controller of one channel.

    Reads and writes arrive in a buffer of `buffer` requests each. Each cycle one request moves on
    to the queue of its bank, which holds `bank_queue`. Reads move until `drain_from` writes wait;
    then as many writes move as waited at that moment, less `drain_to`. Where nothing else is left
    to do, all that wait move.

    The banks take turns to issue a command; with `hits_first` any that can read or write goes
    before those that need a row command. In a bank the oldest request to the open row goes first;
    the row is closed when no queued request wants it. If the oldest request wants another row, it
    is closed as soon as the device allows after `hit_limit` requests, and serves no more than
    `starvation_limit`.

    `page` says when a row is closed without being asked to: never, with each column command (auto
    precharge), or once it has not been used for `timeout_cycles`. Before a refresh the banks of a
    rank are precharged by one command (`precharge_all`) or one by one. `two_commands` lets a row
    and a column command issue in one cycle, as HBM can.
    """

    buffer: int = 32
    bank_queue: int = 8
    drain_from: int = 32
    drain_to: int = 0
    hit_limit: int = 4
    starvation_limit: int = 32
    page: PagePolicy = "open"
    timeout_cycles: int = 0
    hits_first: bool = True
    precharge_all: bool = True
    two_commands: bool = False

    def __post_init__(self) -> None:
        for name in ("buffer", "bank_queue", "drain_from", "hit_limit", "starvation_limit"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.drain_from > self.buffer:
            raise ValueError(
                f"drain_from is {self.drain_from}, must be at most the buffer's {self.buffer}"
            )
        if not 0 <= self.drain_to < self.drain_from:
            raise ValueError(
                f"drain_to is {self.drain_to}, must be less than drain_from {self.drain_from}"
            )
        if self.page == "timeout" and self.timeout_cycles < 1:
            raise ValueError(f"timeout_cycles must be at least 1, got {self.timeout_cycles}")


@dataclass(frozen=True, slots=True)
class Memory:
    """The DRAM system: equal channels behind one physical address space.

    Addresses walk, from the lowest bit: `interleave_bytes` in a channel, channels, then burst by
    burst the fields of `address_order`. With `bank_hash`, the low bits of the row are folded into
    bank group and bank. `queue_bursts` is how far the controller of a channel looks ahead: a row is
    activated at most that many bursts early.

    Raises:
        ValueError: `address_order` does not name each field once, or a hash is asked of numbers of
            bank groups and banks that are no powers of two.
    """

    part: DramPart
    channels: int
    ranks: int
    interleave_bytes: int
    queue_bursts: int
    refresh: bool
    address_order: tuple[AddressField, ...] = SEQUENTIAL
    bank_hash: bool = False
    controller: Policy | None = None
    """How the controllers choose; None: the usual way (`policy`)."""

    def __post_init__(self) -> None:
        if sorted(self.address_order) != sorted(ADDRESS_FIELDS):
            raise ValueError(
                f"an order names {', '.join(ADDRESS_FIELDS)} once each, got {self.address_order}"
            )
        for count in (self.part.bank_groups, self.part.banks_per_group):
            if self.bank_hash and count & (count - 1):
                raise ValueError(f"a hash needs powers of two, got {count} bank groups or banks")

    @property
    def policy(self) -> Policy:
        """`controller`, else buffers as deep as `queue_bursts`; two commands a cycle on HBM."""
        if self.controller is not None:
            return self.controller
        return Policy(
            buffer=self.queue_bursts,
            drain_from=self.queue_bursts,
            two_commands=self.part.standard.startswith("HBM"),
        )

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
