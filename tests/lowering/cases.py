"""Random small passes and chips, and what a program touches in DRAM."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import get_args

from graphs import FP16
from hypothesis import strategies as st

from accsim.chip import (
    AttentionOptions,
    Chip,
    Dma,
    DotProductEngine,
    Memory,
    Sram,
    SystolicArray,
    VectorOp,
    VectorUnit,
)
from accsim.dram.standards import PARTS
from accsim.lowering.division import division_of
from accsim.lowering.layout import Layout, lay_out
from accsim.lowering.lower import least_sram_bytes, lower
from accsim.lowering.residency import Residency
from accsim.ops import NumberFormat, PassGraph
from accsim.program import Program, Transfers
from accsim.tracing.schemes import Phase, Setting, parts
from accsim.units import KIB, MIB, Clock
from accsim.workload import (
    Autoregressive,
    DraftModel,
    Medusa,
    ModelShape,
    MultiToken,
    Precision,
    PromptLookup,
    Scheme,
    SequentialMtp,
)

INT8 = NumberFormat("int8", bits=8, per_channel=True, scale_bits=16)
INT4 = NumberFormat("int4_g32", bits=4, group=32, scale_bits=16, zero_bits=4)
KV8 = NumberFormat("kv8", bits=8, per_channel=True, scale_bits=16)

DRAFTER = ModelShape("drafter", 64, 1, 2, 1, 16, 96, 200, 4096, tied_embeddings=False)
SCHEMES: tuple[Scheme, ...] = (
    Autoregressive(),
    Autoregressive(),
    MultiToken(3, 2, "extra"),
    MultiToken(3, 3, "extra", "deferred"),
    Medusa((1, 1)),
    Medusa((2, 3)),
    DraftModel(DRAFTER, Precision(FP16, FP16, KV8), 2),
    SequentialMtp(2),
    PromptLookup(3),
)

Range = tuple[int, int]


class Case:
    """A pass of a graph at given contexts on a chip.

    No dataclass: hypothesis would print every field, and a graph in full fills screens.
    """

    def __init__(
        self, chip: Chip, graph: PassGraph, contexts: tuple[int, ...], cache_tokens: int
    ) -> None:
        self.chip, self.graph = chip, graph
        self.contexts, self.cache_tokens = contexts, cache_tokens

    def __repr__(self) -> str:
        weights = {
            op.group: (op.rows, op.inner, op.outer, op.reads[-1].format.name)
            for op in self.graph.ops
            if op.kind == "matmul"
        }
        attention = next(op.attention for op in self.graph.ops if op.attention)
        return (
            f"{self.graph.name} of {weights}, {attention}, contexts {self.contexts}, "
            f"cache {self.cache_tokens}, SRAM {self.chip.sram.capacity_bytes}, {self.chip.array}"
        )


@st.composite
def graphs(draw: st.DrawFn) -> PassGraph:
    """Passes of every way of decoding: models of up to two layers, grouped heads, a batch."""
    kv_heads = draw(st.sampled_from([1, 2, 3]))
    head_dim = draw(st.sampled_from([16, 32]))
    model = ModelShape(
        name="random",
        hidden=32 * draw(st.integers(1, 6)),
        layers=draw(st.integers(1, 2)),
        heads=kv_heads * draw(st.sampled_from([1, 2, 4])),
        kv_heads=kv_heads,
        head_dim=head_dim,
        ffn=32 * draw(st.integers(1, 10)),
        vocab=draw(st.integers(100, 300)),
        max_positions=4096,
        tied_embeddings=draw(st.booleans()),
    )
    precision = Precision(
        draw(st.sampled_from([FP16, INT8, INT4])),
        draw(st.sampled_from([FP16, INT8])),
        draw(st.sampled_from([FP16, KV8])),
    )
    at = Setting(model, precision, draw(st.integers(1, 3)))
    scheme = draw(st.sampled_from(SCHEMES))
    phase = Phase("decode", scheme.rows)
    if draw(st.booleans()):
        phase = Phase(draw(st.sampled_from(["prefill", "prefill_chunk"])), draw(st.integers(2, 90)))
    return draw(st.sampled_from(parts(at, scheme, phase))).graph


arrays = st.one_of(
    st.builds(
        SystolicArray,
        count=st.integers(1, 2),
        rows=st.sampled_from([4, 16]),
        columns=st.sampled_from([8, 32]),
        dataflow=st.sampled_from(["output_stationary", "weight_stationary", "input_stationary"]),
        macs_per_pe=st.just((1, 2, 4)),
        double_buffered=st.booleans(),
        dequantise=st.sampled_from(["free", "array", "vector"]),
    ),
    st.builds(
        DotProductEngine,
        count=st.integers(1, 2),
        lanes=st.sampled_from([4, 16]),
        width=st.sampled_from([8, 32]),
        latency_cycles=st.just(5),
        macs_per_pe=st.just((1, 2, 4)),
        tile_rows=st.sampled_from([1, 4]),
        remainder=st.sampled_from(["gemv", "pad"]),
        dequantise=st.sampled_from(["free", "array", "vector"]),
    ),
)

chips = st.builds(
    Chip,
    name=st.just("random"),
    clock=st.just(Clock.from_mhz(1000)),
    memory=st.sampled_from([1, 2]).map(
        lambda channels: Memory(PARTS["DDR4-3200"], channels, 1, 256, 32, refresh="all_bank")
    ),
    dma=st.builds(Dma, outstanding=st.integers(1, 4), issue_cycles=st.integers(0, 9)),
    sram=st.just(Sram(64 * KIB, banks=8, bank_bytes_per_cycle=16)),
    array=arrays,
    vector=st.just(VectorUnit(16, 10, dict.fromkeys(get_args(VectorOp), 2))),
    dispatch_cycles=st.integers(0, 20),
    attention=st.builds(
        AttentionOptions,
        fused=st.booleans(),
        kv_shared_by_rows=st.booleans(),
        kv_shared_by_heads=st.booleans(),
    ),
)


ROOMY = 0.0
"""As a multiple of the least SRAM: 8 MiB, in which everything stays."""


@st.composite
def cases(draw: st.DrawFn, multiples: tuple[float, ...] = (1.0, 1.3, 3.0, ROOMY)) -> Case:
    """A pass on a chip whose SRAM is one of `multiples` of the least that it needs."""
    chip, graph = draw(chips), draw(graphs())
    longest = 40 if graph.rows > 4 else 300
    contexts = tuple(draw(st.integers(0, longest)) for _ in range(graph.sequences))
    cache_tokens = max(contexts) + graph.rows + draw(st.integers(0, 5))
    multiple = draw(st.sampled_from(multiples))
    capacity = 8 * MIB
    if multiple != ROOMY:
        least = least_sram_bytes(chip, graph, contexts, cache_tokens)
        capacity = int(least // KIB * multiple) * KIB
    chip = replace(chip, sram=replace(chip.sram, capacity_bytes=capacity))
    return Case(chip, graph, contexts, cache_tokens)


def ranges_of(queue: Transfers, op: int) -> Iterator[Range]:
    """The byte ranges [start, end) that an operator's descriptors move, in order of issue."""
    for i in range(len(queue)):
        if queue.op[i] == op:
            yield from ranges_at(queue, i)


def ranges_at(queue: Transfers, i: int) -> Iterator[Range]:
    """The byte ranges of one descriptor."""
    for row in range(queue.rows[i]):
        start = queue.address[i] + row * queue.stride_bytes[i]
        yield start, start + queue.row_bytes[i]


def joined(ranges: Iterator[Range] | list[Range]) -> list[Range]:
    """Ranges in order of address, touching and overlapping ones made one."""
    found: list[Range] = []
    for start, end in sorted(ranges):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((start, end))
    return found


def size_of(ranges: Iterator[Range] | list[Range]) -> int:
    """Bytes of all ranges, counting overlaps as often as they occur."""
    return sum(end - start for start, end in ranges)


def divided(case: Case) -> tuple[Residency, Layout]:
    """How lowering divides the SRAM and lays the DRAM out for a case."""
    residency = division_of(case.chip, case.graph, lowered(case))
    context = sum(case.contexts)
    return residency, lay_out(case.graph, case.cache_tokens, context, residency.spilled)


def lowered(case: Case) -> Program:
    """The program of a case."""
    return lower(case.chip, case.graph, case.contexts, case.cache_tokens)
