"""Operators, tensors and passes: what is to be computed, with no word of any chip.

A decode pass has the same operators whatever its context; only the number of cached tokens differs.
So a `PassGraph` is written once with two symbols in its shapes and is evaluated per pass:

- ``context``: tokens in the KV cache before the pass, summed over the sequences of the batch;
- ``keys``: keys that the pass attends to, `context` + new rows, summed over the sequences.

Shapes are therefore packed: a KV cache is (context, kv_heads, head_dim) for the whole batch.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from accsim.acceptance import Acceptance, Recording

Symbol = Literal["context", "keys"]
Dim = int | Symbol
PassPlace = Literal["weights", "embedding", "kv_cache", "chip"]
"""Where a tensor lives: three regions of DRAM, or on the chip (SRAM, spilled only if it must)."""
Place = PassPlace | Literal["gradients"]
"""The same with the gradients of weights, which a training step leaves in DRAM."""

PassKind = Literal[
    "embedding",
    "rms_norm",
    "matmul",
    "rotary",
    "kv_append",
    "scores",
    "softmax",
    "attend",
    "residual_add",
    "silu_mul",
    "argmax",
    "quantise",
    "select",
    "silu",
    "kv_copy",
]
StepKind = Literal[
    "cross_entropy",
    "rms_norm_grad",
    "silu_mul_grad",
    "rotary_grad",
    "row_dot",
    "scores_grad",
    "softmax_grad",
    "attend_grad",
    "embedding_grad",
]
"""What only the backward pass of a training step has (`accsim.tracing.backward`)."""
OpKind = PassKind | StepKind
Role = Literal["target", "draft"]


ATTENTION_PRODUCTS: tuple[OpKind, ...] = ("scores", "attend", "scores_grad", "attend_grad")
"""Kinds whose MACs are those of all query-key pairs, once."""


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """How numbers are stored: element bits plus the scales and zero points of a group.

    `group` counts elements that share one scale along the last (innermost) axis of the tensor;
    0 means no scales. `per_channel` is a group as long as that axis.
    """

    name: str
    bits: int
    group: int = 0
    per_channel: bool = False
    scale_bits: int = 0
    zero_bits: int = 0

    def stored_bits(self, vectors: int, length: int) -> int:
        """Bits of `vectors` innermost vectors of `length` elements each, scales included."""
        groups = 0
        if self.per_channel:
            groups = 1
        elif self.group:
            groups = -(-length // self.group)
        return vectors * (length * self.bits + groups * (self.scale_bits + self.zero_bits))

    def stored_bytes(self, vectors: int, length: int) -> int:
        """The same in bytes, rounded up."""
        return -(-self.stored_bits(vectors, length) // 8)


TOKEN_ID = NumberFormat("token_id", bits=32)
"""How the tokens that a pass chose are stored."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """A named array. The last axis is the one that scales run along.

    A weight matrix is (outer, inner): one vector of `inner` inputs for each output channel.
    """

    name: str
    shape: tuple[Dim, ...]
    format: NumberFormat
    place: Place

    def elements(self, context: int, keys: int) -> int:
        """Number of elements for a pass with these packed lengths."""
        count = 1
        for dim in self.shape:
            count *= context if dim == "context" else keys if dim == "keys" else dim
        return count

    def stored_bytes(self, context: int, keys: int) -> int:
        """Bytes that the whole tensor takes, scales and zero points included."""
        length = self.shape[-1]
        if not isinstance(length, int):
            length = context if length == "context" else keys
        vectors = self.elements(context, keys) // length if length else 0
        return self.format.stored_bytes(vectors, length)


@dataclass(frozen=True, slots=True)
class Attention:
    """The shape of an attention operator.

    Each of `sequences` has its own KV cache and `rows` new query rows; `query_heads` share
    `kv_heads` caches (grouped-query attention when fewer). `visible` are the new keys that each row
    sees; none means the causal mask, where row r sees those of rows 0 to r. A row of a tree sees
    its ancestors and itself.
    """

    sequences: int
    rows: int
    query_heads: int
    kv_heads: int
    head_dim: int
    visible: tuple[int, ...] = ()

    def pairs(self, context: int) -> int:
        """Query-key pairs of one head that the mask lets through, over the batch.

        A sequence with L cached tokens and m new rows under a causal mask has m L + m (m + 1) / 2.
        """
        fresh = sum(self.visible) if self.visible else self.rows * (self.rows + 1) // 2
        return self.rows * context + self.sequences * fresh


@dataclass(frozen=True, slots=True)
class Op:
    """One operator of a pass.

    `group` is what reports add up (``qkv``, ``scores``, ``gate_up``, ``lm_head``, ...). `reads` are
    the tensors that it needs and `writes` those that it makes, by name; operators depend on each
    other through them. `rows` are the activation rows it works on, `inner` and `outer` the
    reduction and output sizes of a matmul (0 elsewhere), `attention` the shape of scores, softmax
    and attend.
    """

    name: str
    kind: OpKind
    group: str
    layer: int | None
    reads: tuple[Tensor, ...]
    writes: tuple[Tensor, ...]
    rows: int
    inner: int = 0
    outer: int = 0
    attention: Attention | None = None

    @property
    def inputs(self) -> Tensor:
        """The activations that a matmul multiplies."""
        return next(tensor for tensor in self.reads if tensor.place == "chip")

    @property
    def weights(self) -> Tensor:
        """The matrix that a matmul multiplies them with.

        For the gradient of weights, that is the second of two activations.
        """
        stored = [tensor for tensor in self.reads if tensor.place == "weights"]
        return stored[0] if stored else self.reads[1]

    @property
    def operand_bits(self) -> int:
        """Width of the arithmetic: the wider of the operands decides the rate of the array."""
        return max(tensor.format.bits for tensor in self.reads)

    def macs(self, context: int) -> int:
        """Useful multiply-accumulates: masked query-key pairs are not counted.

        Norms, softmax and other vector work count none.
        """
        if self.kind == "matmul":
            return self.rows * self.inner * self.outer
        if self.kind in ATTENTION_PRODUCTS and self.attention is not None:
            shape = self.attention
            return shape.pairs(context) * shape.query_heads * shape.head_dim
        return 0

    def dram_read_bytes(self, context: int) -> int:
        """Bytes this operator must fetch from DRAM at least once."""
        total = 0
        for tensor in self.reads:
            if tensor.place == "embedding":
                # A gather: only the rows that are looked up.
                total += tensor.format.stored_bytes(self.rows, _fixed(tensor.shape[-1]))
            elif tensor.place != "chip":
                total += tensor.stored_bytes(context, 0)
        return total

    def dram_write_bytes(self) -> int:
        """Bytes this operator must write to DRAM (new KV entries, gradients of weights)."""
        return sum(t.stored_bytes(0, 0) for t in self.writes if t.place != "chip")


def _fixed(dim: Dim) -> int:
    if not isinstance(dim, int):
        raise ValueError(f"expected a fixed size, got the symbol {dim!r}")
    return dim


@dataclass(frozen=True)
class PassGraph:
    """The operators of one kind of pass, in an order in which they can run.

    `rows` are the query rows of each of the `sequences`: as many entries join its KV cache.
    `producers[i]` are the indices of the operators whose outputs operator i reads. A graph of
    `role` ``draft`` belongs to a second model, which has a KV cache of its own and emits nothing.
    `in_dram` names activations that live in DRAM whatever the SRAM: what a backward pass will need
    of the forward pass.
    """

    name: str
    sequences: int
    rows: int
    ops: tuple[Op, ...]
    role: Role = "target"
    in_dram: frozenset[str] = frozenset()

    @cached_property
    def producers(self) -> tuple[tuple[int, ...], ...]:
        made: dict[str, int] = {}
        found: list[tuple[int, ...]] = []
        for index, op in enumerate(self.ops):
            found.append(tuple(sorted({made[t.name] for t in op.reads if t.name in made})))
            for tensor in op.writes:
                made[tensor.name] = index
        return tuple(found)

    @cached_property
    def readers(self) -> dict[str, tuple[int, ...]]:
        """By name of a tensor: the operators that read it, in order."""
        found: dict[str, list[int]] = {}
        for index, op in enumerate(self.ops):
            for tensor in op.reads:
                found.setdefault(tensor.name, []).append(index)
        for op in self.ops:
            for tensor in op.writes:
                found.setdefault(tensor.name, [])
        return {name: tuple(indices) for name, indices in found.items()}

    def keys(self, context: int) -> int:
        """Keys visible to the pass, packed over the batch."""
        return context + self.sequences * self.rows

    def macs(self, context: int) -> int:
        return sum(op.macs(context) for op in self.ops)

    def dram_read_bytes(self, context: int) -> int:
        return sum(op.dram_read_bytes(context) for op in self.ops)

    def dram_write_bytes(self) -> int:
        return sum(op.dram_write_bytes() for op in self.ops)


@dataclass(frozen=True, slots=True)
class Pass:
    """One traversal of the model: which graph, how long the caches are, how many tokens result.

    `contexts[s]` are the tokens cached for sequence s before the pass; `emitted[s]` the tokens that
    the pass adds to its output.
    """

    graph: str
    contexts: tuple[int, ...]
    emitted: tuple[int, ...]

    @property
    def context(self) -> int:
        """Cached tokens over the whole batch."""
        return sum(self.contexts)


@dataclass(frozen=True, slots=True)
class TracedRun:
    """One way of decoding the workload: prefill passes, then decode passes.

    A decode *step* is a pass of the model that emits tokens, after the passes of a draft model, if
    there is one, that made its drafts.

    The prompt is read in one pass, or in several that each attend to what the earlier ones left in
    the KV cache; the last of them emits the first token.
    `resident_bytes` is what must lie in DRAM: all weights, the embedding table and the KV cache at
    its longest. `expected_tokens_per_pass` is the mean that the acceptance statistics promise
    without the noise of this draw (None where unknown), `acceptance` those statistics.
    `asked_tokens` are the output tokens that the workload asks for, where a recording ended before
    (else None, and `output_tokens` are those).
    """

    name: str
    scheme: str
    max_tokens_per_pass: int
    prompt_tokens: int
    output_tokens: int
    batch: int
    expected_tokens_per_pass: float | None
    resident_bytes: int
    prefill: tuple[Pass, ...]
    decode: tuple[Pass, ...]
    acceptance: Acceptance | Recording | None = None
    asked_tokens: int | None = None

    def passes(self) -> Iterator[Pass]:
        """Every prefill pass, then every decode pass."""
        yield from self.prefill
        yield from self.decode


@dataclass(frozen=True, slots=True)
class OpTrace:
    """Everything that a chip is asked to do, ready for lowering.

    `baseline` names the run that speed-ups refer to. `operand_bits` of a matmul follow from the
    formats of its tensors, so no precision is stated apart from them.
    """

    workload: str
    seed: int
    baseline: str
    graphs: dict[str, PassGraph]
    runs: tuple[TracedRun, ...]

    def cache_tokens(self, run: TracedRun) -> int:
        """Positions that the KV caches of a run must have room for."""
        return max(max(one.contexts) + self.graphs[one.graph].rows for one in run.passes())
