"""What a chip is, resolved: integers only, every name looked up, every override applied.

A person writes a chip file (`accsim.config`); the simulator computes with these values. Nothing
here reads files or knows simpy. All values are frozen and checked when they are built.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, get_args

from accsim.energy import FROM_TABLES, StatedEnergy
from accsim.ops import OpKind
from accsim.units import Clock

RefreshScheme = Literal["off", "all_bank", "per_bank", "same_bank"]
Dataflow = Literal["output_stationary", "weight_stationary", "input_stationary"]
Dequantise = Literal["free", "array", "vector"]
Remainder = Literal["gemv", "pad"]
VectorOp = Literal[
    "rms_norm",
    "rotary",
    "softmax",
    "silu_mul",
    "residual_add",
    "argmax",
    "embedding",
    "quantise",
    "dequantise",
]
VECTOR_OPS: dict[OpKind, VectorOp] = {
    "embedding": "embedding",
    "rms_norm": "rms_norm",
    "rotary": "rotary",
    "softmax": "softmax",
    "residual_add": "residual_add",
    "silu_mul": "silu_mul",
    "argmax": "argmax",
    "quantise": "quantise",
    # Its weights, where the array leaves that to the vector unit.
    "matmul": "dequantise",
    # Copies, as a gather is: rows that go on, and keys and values on their way through.
    "select": "embedding",
    "kv_append": "embedding",
    "kv_copy": "embedding",
    # SiLU alone is priced as SiLU x mul, whose product adds little to its passes.
    "silu": "silu_mul",
}
"""What the vector unit does for an operator of a forward pass."""
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

    @property
    def peak_bytes_per_s(self) -> Fraction:
        """What the pins of one channel can carry: burst bytes over burst cycles."""
        return Fraction(self.burst_bytes * self.clock.hz_num, self.burst_cycles * self.clock.hz_den)


@dataclass(frozen=True, slots=True)
class Policy:
    """The controller of one channel.

    Reads and writes arrive in a buffer of `buffer` requests each. Each cycle one request moves on
    to the queue of its bank, which holds `bank_queue`. Reads move until `drain_from` writes wait;
    then as many writes move as waited at that moment, less `drain_to`. Where nothing else is left
    to do, all that wait move.

    The banks take turns to issue a command; with `hits_first` any that can read or write goes
    before those that need a row command. With `groups_in_turn` a bank is followed by its like in
    the next bank group, which spares tCCD_L, else by the next bank of its group. In a bank the
    oldest request to the open row goes first; the row is closed when no queued request wants it. If
    the oldest request wants another row, it is closed as soon as the device allows after
    `hit_limit` requests, and serves no more than `starvation_limit`.

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
    groups_in_turn: bool = False

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
    activated at most that many bursts early. `refresh` says which banks rest at a time: those of a
    rank, those of one refresh command of the standard, or none.

    Raises:
        ValueError: the standard has no such refresh, or no figure for it; `address_order` does not
            name each field once, or a hash is asked of numbers of bank groups and banks that are no
            powers of two.
    """

    part: DramPart
    channels: int
    ranks: int
    interleave_bytes: int
    queue_bursts: int
    refresh: RefreshScheme
    address_order: tuple[AddressField, ...] = SEQUENTIAL
    bank_hash: bool = False
    controller: Policy | None = None
    """How the controllers choose; None: the usual way (`policy`)."""

    def __post_init__(self) -> None:
        if self.refresh not in self.part.refresh_schemes:
            allowed = ", ".join(self.part.refresh_schemes)
            raise ValueError(f"no {self.refresh} refresh of {self.part.grade} (allowed: {allowed})")
        if self.refresh in ("per_bank", "same_bank") and not self.part.timings.tRFCpb:
            raise ValueError(f"no tRFCpb of {self.part.grade} for {self.refresh} refresh")
        if sorted(self.address_order) != sorted(ADDRESS_FIELDS):
            raise ValueError(
                f"an order names {', '.join(ADDRESS_FIELDS)} once each, got {self.address_order}"
            )
        for count in (self.part.bank_groups, self.part.banks_per_group):
            if self.bank_hash and count & (count - 1):
                raise ValueError(f"a hash needs powers of two, got {count} bank groups or banks")

    @property
    def refresh_share(self) -> Fraction:
        """The part of the time that each bank spends in refresh."""
        t, own = self.part.timings, self.part.bank_refresh
        if self.refresh == "off":
            return Fraction(0)
        if own is not None and self.refresh == own.scheme:
            return Fraction(own.rounds * t.tRFCpb, t.tREFI)
        return Fraction(t.tRFC, t.tREFI)

    @property
    def policy(self) -> Policy:
        """`controller`, else buffers as deep as `queue_bursts`, bank groups that take turns; two
        commands a cycle on HBM.
        """
        if self.controller is not None:
            return self.controller
        return Policy(
            buffer=self.queue_bursts,
            drain_from=self.queue_bursts,
            two_commands=self.part.standard.startswith("HBM"),
            groups_in_turn=True,
        )

    @property
    def capacity_bytes(self) -> int:
        return self.part.rank_bytes * self.ranks * self.channels

    @property
    def peak_bytes_per_s(self) -> Fraction:
        """What the pins of all channels can carry."""
        return self.channels * self.part.peak_bytes_per_s


@dataclass(frozen=True, slots=True)
class Dma:
    """Moves tiles between DRAM and SRAM by 2-D descriptors, loads and stores in order each.

    At most `outstanding` descriptors are in the memory system at once; issuing one takes
    `issue_cycles` core cycles, back to back.
    """

    outstanding: int
    issue_cycles: int


@dataclass(frozen=True, slots=True)
class SramPorts:
    """Bytes per core cycle that each user's port carries at most; None: as much as all banks."""

    dma: int | None = None
    array: int | None = None
    vector: int | None = None


@dataclass(frozen=True, slots=True)
class Sram:
    """The on-chip buffer: `banks` single-ported banks behind one address space.

    A bank reads or writes `bank_bytes_per_cycle` in a core cycle. Addresses are interleaved over
    the banks, so that a stream spreads evenly: what the users share is the rate of all banks.
    """

    capacity_bytes: int
    banks: int
    bank_bytes_per_cycle: int
    ports: SramPorts = SramPorts()

    @property
    def bytes_per_cycle(self) -> int:
        """What all banks read and write in a core cycle."""
        return self.banks * self.bank_bytes_per_cycle

    def port(self, user: Literal["dma", "array", "vector"]) -> int:
        """Bytes per core cycle that a user alone could move."""
        limit: int | None = getattr(self.ports, user)
        return self.bytes_per_cycle if limit is None else min(limit, self.bytes_per_cycle)


@dataclass(frozen=True, slots=True)
class SystolicArray:
    """`count` arrays of `rows` x `columns` processing elements.

    `macs_per_pe` gives MACs per PE per cycle for operands of 16, 8 and 4 bits (the wider of the two
    operands decides). `double_buffered` PEs have shadow registers, so that a fold's operands enter,
    or its outputs leave, while another fold streams. `dequantise` tells who multiplies the sums of
    grouped weights by their scales: nobody, at no cost; the array, in steps of its own; or the
    vector unit.
    """

    count: int
    rows: int
    columns: int
    dataflow: Dataflow
    macs_per_pe: tuple[int, int, int]
    double_buffered: bool = False
    dequantise: Dequantise = "free"
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
        return self.macs_per_pe[precision_index(operand_bits)]


@dataclass(frozen=True, slots=True)
class DotProductEngine:
    """`count` engines of `lanes` dot products, each taking `width` MACs per cycle and input row.

    `tile_rows` input rows at a time share one reading of the weights; there are multipliers for
    each. Rows beyond the last whole group go one by one, on the multipliers of one row
    (`remainder` gemv), or together as if they were a whole group (pad). With one row at a time m
    rows take m times as long. `latency_cycles` is the depth of the multiply-and-reduce pipeline,
    paid once per tile. `dequantise` as for `SystolicArray`.
    """

    count: int
    lanes: int
    width: int
    latency_cycles: int
    macs_per_pe: tuple[int, int, int]
    tile_rows: int = 1
    remainder: Remainder = "gemv"
    dequantise: Dequantise = "free"
    kind: Literal["dot_product"] = "dot_product"

    @property
    def rows_at_once(self) -> int:
        """Activation rows that share one reading of the weights."""
        return self.tile_rows

    def macs_per_cycle(self, operand_bits: int) -> int:
        """Peak MACs per core cycle of the whole chip."""
        multipliers = self.count * self.tile_rows * self.lanes * self.width
        return multipliers * self.pe_rate(operand_bits)

    def pe_rate(self, operand_bits: int) -> int:
        """MACs per multiplier per cycle for operands of this width."""
        return self.macs_per_pe[precision_index(operand_bits)]


def precision_index(operand_bits: int) -> int:
    """Where figures for 16, 8 and 4 bits hold that of operands of this width."""
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
class AttentionOptions:
    """How the chip's kernels do attention.

    Attributes:
        fused: scores, softmax and the weighted sum of values go unit by unit, so that scores never
            exist as a whole; else each is finished for all heads before the next begins.
        kv_shared_by_rows: a key or value that is read from DRAM serves all query rows of the pass;
            else each row reads the KV cache for itself.
        kv_shared_by_heads: it serves all query heads that share a KV head (grouped-query
            attention); else each query head reads it for itself.
    """

    fused: bool = True
    kv_shared_by_rows: bool = True
    kv_shared_by_heads: bool = True


@dataclass(frozen=True, slots=True)
class Chip:
    """A whole accelerator in one core clock domain, beside the DRAM's own clock.

    `dispatch_cycles` passes between the moment an operator's inputs are ready and the start of its
    first tile, on the unit that runs it. `energy` is what is stated of energy and area, which no
    time depends on.

    Raises:
        ValueError: the SRAM or the DMA's port cannot take what the DRAM's pins carry.
    """

    name: str
    clock: Clock
    memory: Memory
    dma: Dma
    sram: Sram
    array: ComputeArray
    vector: VectorUnit
    dispatch_cycles: int
    attention: AttentionOptions = AttentionOptions()
    energy: StatedEnergy = FROM_TABLES

    def __post_init__(self) -> None:
        share = self.sram_dma_bytes_per_cycle
        if self.sram.port("dma") < share or self.sram_compute_bytes_per_cycle < 1:
            raise ValueError(
                f"DRAM at full speed takes {share} bytes per core cycle of SRAM; its DMA port "
                f"carries {self.sram.port('dma')}, all banks {self.sram.bytes_per_cycle}"
            )

    @property
    def sram_dma_bytes_per_cycle(self) -> int:
        """SRAM bytes per core cycle set aside for the DMA: all that the pins carry, rounded up.

        Data on the DRAM's bus cannot wait, whatever array and vector unit do meanwhile.
        """
        return math.ceil(self.memory.peak_bytes_per_s * self.clock.hz_den / self.clock.hz_num)

    @property
    def sram_compute_bytes_per_cycle(self) -> int:
        """SRAM bytes per core cycle that array and vector unit share."""
        return self.sram.bytes_per_cycle - self.sram_dma_bytes_per_cycle
