"""Which activations stay in SRAM for the pass, and which are spilled to DRAM."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from accsim.chip import AttentionOptions, Chip, ComputeArray
from accsim.ops import Attention, Op, PassGraph, Tensor
from accsim.units import MIB

MAX_TILE_BYTES = MIB
"""A larger load would only lengthen the time before its first use."""


@dataclass(frozen=True, slots=True)
class Residency:
    """How the SRAM is divided for one pass.

    spilled        names of activations that live in DRAM
    resident_bytes the most bytes of resident activations alive at once
    staging_bytes  room for blocks of spilled activations on their way out, and for partial sums
    score_bytes    room for attention scores: two units in flight
    expand_bytes   room for two tiles of weights that the vector unit has dequantised
    stream_bytes   what is left for tiles on their way in
    """

    spilled: frozenset[str]
    resident_bytes: int
    staging_bytes: int
    score_bytes: int
    expand_bytes: int
    stream_bytes: int

    @property
    def tile_bytes(self) -> int:
        """The size that loads aim for: several fit the stream buffer."""
        return min(MAX_TILE_BYTES, self.stream_bytes // 3)

    @property
    def reserve_bytes(self) -> int:
        """Bytes that are not available to the stream buffer."""
        return self.resident_bytes + self.staging_bytes + self.score_bytes + self.expand_bytes


def is_streamed(op: Op, options: AttentionOptions) -> bool:
    """Whether an operator's output is used up tile by tile, so that it never exists as a whole.

    In fused attention scores and probabilities exist for one unit at a time, in the backward pass
    always; the LM head's logits go through argmax as they come.
    """
    if op.kind in ("scores_grad", "softmax_grad"):
        return True
    return (options.fused and op.kind in ("scores", "softmax")) or op.group.rpartition(".")[
        2
    ] == "lm_head"


def expanded_bits(op: Op, array: ComputeArray) -> int:
    """Bits of a weight of a matmul after the vector unit has dequantised it; 0 if it does not.

    It does where the array leaves that to it and the weights are narrower than the inputs.
    """
    wide = op.inputs.format.bits
    return wide if array.dequantise == "vector" and op.weights.format.bits < wide else 0


def heads_together(shape: Attention, options: AttentionOptions) -> int:
    """Query heads that share one reading of their KV head."""
    return shape.query_heads // shape.kv_heads if options.kv_shared_by_heads else 1


def score_rows(
    shape: Attention, together: int, keys: int, bits: int, limit: int, array_rows: int
) -> int:
    """Query rows of one sequence whose scores for one KV head fit `limit` bytes.

    Args:
        shape: the attention operator.
        together: query heads that are worked on with their KV head at a time.
        keys: keys that the last row attends to.
        bits: stored bits of a score.
        limit: bytes that one unit of attention may use.
        array_rows: rows that the array takes at once; a cut of the rows fills it if it can.

    Returns:
        All rows if they fit, else as many as do; 0 if not even one does.
    """
    rows = min(shape.rows, limit // -(-together * keys * bits // 8))
    if rows < shape.rows and rows * together > array_rows:
        rows -= rows % max(1, array_rows // together)
    return rows


def _score_bytes(graph: PassGraph, contexts: tuple[int, ...], chip: Chip) -> int:
    """Room for two units of attention that is fused, or goes backward: what they need, at most an
    eighth of the SRAM.
    """
    limit = chip.sram.capacity_bytes // 16
    most = 0
    for op in graph.ops:
        if op.kind == "softmax_grad" and op.attention is not None:
            whole = op.attention.query_heads * op.attention.rows**2 * op.writes[0].format.bits // 8
            most = max(most, min(limit, 2 * whole))
        elif chip.attention.fused and op.kind == "scores" and op.attention is not None:
            shape, bits = op.attention, op.writes[0].format.bits
            keys = max(contexts) + graph.rows
            together = heads_together(shape, chip.attention)
            rows = score_rows(shape, together, keys, bits, limit, chip.array.rows_at_once)
            heads = shape.kv_heads if rows == shape.rows else 1
            most = max(most, min(limit, -(-heads * rows * together * keys * bits // 8)))
    return 2 * most


def divisions(
    graph: PassGraph, contexts: tuple[int, ...], chip: Chip
) -> tuple[list[Residency], Iterator[Residency]]:
    """The ways of dividing the SRAM between activations and tiles that are worth a look, and then,
    one by one, those that are left where none of these will do.

    If the most activations alive at once fit half of the SRAM, all stay. Otherwise the largest are
    spilled first, one size after the other, until the rest fits a quarter; each step on the way
    that leaves an eighth for tiles is a candidate, with an eighth, a quarter or half of the SRAM to
    stage blocks on their way out. A quarter is set aside for dequantised weights where there are
    any. What is left is to spill yet more, or to leave less for tiles.
    """
    capacity = chip.sram.capacity_bytes
    scores = _score_bytes(graph, contexts, chip)
    expands = any(expanded_bits(op, chip.array) for op in graph.ops if op.kind == "matmul")
    expand = capacity // 4 if expands else 0

    def divided(spilled: frozenset[str], peak: int) -> Iterator[Residency]:
        for staging in (capacity // 8, capacity // 4, capacity // 2) if spilled else (0,):
            stream = capacity - peak - staging - scores - expand
            yield Residency(spilled, peak, staging, scores, expand, stream)

    lives = _live_ranges(graph, sum(contexts), chip.attention)
    found: list[Residency] = []
    enough = capacity // 2
    for spilled, peak in _spills(graph, lives):
        found += [one for one in divided(spilled, peak) if one.stream_bytes >= capacity // 8]
        if peak <= enough:
            break
        enough = capacity // 4
    everything = (one for step in _spills(graph, lives) for one in divided(*step))
    return found, (one for one in everything if one not in found and one.stream_bytes > 0)


def _spills(
    graph: PassGraph, lives: dict[str, tuple[int, int, int]]
) -> Iterator[tuple[frozenset[str], int]]:
    """Sets of activations to spill, each larger than the one before, from none to all; and the most
    bytes that stay.
    """
    spilled = graph.in_dram
    peak, alive = _peak(lives, spilled)
    yield spilled, peak
    while peak:
        size = max(lives[name][2] for name in alive)
        # All tensors of that size go together (layers are alike, so should their treatment be), and
        # so do all outputs of one operator (they leave the array in one block).
        spilled |= {name for name, life in lives.items() if life[2] == size}
        spilled |= {
            tensor.name
            for op in graph.ops
            if any(output.name in spilled for output in op.writes)
            for tensor in op.writes
            if tensor.name in lives
        }
        peak, alive = _peak(lives, spilled)
        yield spilled, peak


def _live_ranges(
    graph: PassGraph, context: int, options: AttentionOptions
) -> dict[str, tuple[int, int, int]]:
    """First and last operator of each chip tensor's life, and its bytes."""
    keys = graph.keys(context)
    lives: dict[str, tuple[int, int, int]] = {}
    streamed: set[str] = set()

    def touch(tensor: Tensor, at: int) -> None:
        if tensor.place != "chip" or tensor.name in streamed:
            return
        known = lives.get(tensor.name)
        if known is None:
            lives[tensor.name] = (at, at, tensor.stored_bytes(context, keys))
        else:
            lives[tensor.name] = (known[0], at, known[2])

    appended: list[Tensor] = []
    for at, op in enumerate(graph.ops):
        if is_streamed(op, options):
            streamed.update(t.name for t in op.writes)
        for tensor in (*op.reads, *op.writes):
            touch(tensor, at)
        # Stores of new keys and values may lag behind: they are only waited for when the next ones
        # are made (`Site.inputs_ready`).
        for tensor in appended:
            touch(tensor, at)
        if op.kind == "kv_append":
            appended = list(op.reads)
    return lives


def _peak(
    lives: dict[str, tuple[int, int, int]], spilled: frozenset[str]
) -> tuple[int, tuple[str, ...]]:
    """The most bytes alive at once, and the names of the tensors that are alive then."""
    changes: list[tuple[int, int, int]] = []
    for name, (first, last, size) in lives.items():
        if name not in spilled:
            changes += [(first, 0, size), (last, 1, -size)]
    best = now = where = 0
    for at, _, delta in sorted(changes):
        now += delta
        if now > best:
            best, where = now, at
    alive = tuple(
        name
        for name, (first, last, _) in lives.items()
        if name not in spilled and first <= where <= last
    )
    return best, alive
