"""Where things lie in DRAM.

Weights are stored in the order of use, each matrix as *panels*: all inputs of as many output
channels as the arrays are wide, one panel after the other, so that a tile of whole panels is one
contiguous run (a compiler lays out constant weights as it likes). A KV cache is head-major: for
each sequence and head the keys of all positions, so that a head's keys are one run. Activations
that do not fit the SRAM are spilled to a scratch region in blocks, each contiguous.
"""

from __future__ import annotations

from dataclasses import dataclass

from accsim.chip import ComputeArray, SystolicArray
from accsim.ops import PassGraph, Tensor

ALIGNMENT = 4096
"""Every tensor starts at a multiple of this (a page)."""


DOT_PANEL_COLUMNS = 64
"""Output channels stored together for a dot-product engine, which has no width of its own."""


def panel_columns(array: ComputeArray) -> int:
    """Output channels of a weight panel: one fold on all arrays."""
    if isinstance(array, SystolicArray):
        return array.columns * array.count
    return DOT_PANEL_COLUMNS


def _aligned(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT


def owner(name: str) -> str:
    """The layer that an operator or tensor belongs to: its name without the last part."""
    return name.rpartition(".")[0]


@dataclass(frozen=True, slots=True)
class Cache:
    """The KV cache of one layer.

    The vector of position p of KV head h of sequence s lies `vector_bytes` x p after
    ``base + ((s x kv_heads) + h) x run_bytes``; keys start at `keys`, values at `values`. Where
    nothing is `appended`, they are keys and values of the pass itself, as its operators spill them.
    """

    keys: int
    values: int
    kv_heads: int
    vector_bytes: int
    run_bytes: int
    appended: bool = True

    def address(self, base: int, sequence: int, head: int, position: int) -> int:
        """Address of one vector."""
        run = (sequence * self.kv_heads + head) * self.run_bytes
        return base + run + position * self.vector_bytes


@dataclass(frozen=True, slots=True)
class Layout:
    """Addresses of the tensors of one pass graph; `end` is the first free byte."""

    tensors: dict[str, int]
    caches: dict[str, Cache]
    scratch: dict[str, int]
    end: int

    def spilled(self, tensor: Tensor) -> int:
        """Address of a spilled activation."""
        return self.scratch[tensor.name]


def lay_out(graph: PassGraph, cache_tokens: int, context: int, spilled: frozenset[str]) -> Layout:
    """Assign addresses to all weights, KV caches and spilled activations of a graph.

    Args:
        graph: the operators.
        cache_tokens: positions that each KV cache has room for.
        context: cached tokens of the pass over the whole batch.
        spilled: names of chip tensors that live in DRAM.
    """
    tensors: dict[str, int] = {}
    caches: dict[str, Cache] = {}
    roles: dict[str, str] = {}
    role_bytes: dict[str, int] = {}
    held_until: dict[str, list[int]] = {}
    last_read = {t.name: index for index, op in enumerate(graph.ops) for t in op.reads}
    at = 0

    def held_to(tensor: Tensor) -> int:
        # The optimiser reads the gradients of weights after the pass.
        return len(graph.ops) if tensor.place == "gradients" else last_read.get(tensor.name, 0)

    for index, op in enumerate(graph.ops):
        for tensor in op.reads:
            if tensor.place in ("weights", "embedding") and tensor.name not in tensors:
                tensors[tensor.name] = at
                at += _aligned(tensor.stored_bytes(0, 0))
        outputs = [tensor for tensor in op.writes if tensor.name in spilled]
        if outputs:
            # Layers reuse one region for outputs of the same role, but for those that are still to
            # be read (parallel heads read the trunk's output, and their own are read together).
            held = held_until.setdefault(op.group, [])
            slot = next((i for i, until in enumerate(held) if until < index), len(held))
            held[slot : slot + 1] = [max(held_to(tensor) for tensor in outputs)]
            for output, tensor in enumerate(outputs):
                role = roles[tensor.name] = f"{op.group} {slot} {output}"
                size = _aligned(tensor.stored_bytes(context, graph.keys(context)))
                role_bytes[role] = max(role_bytes.get(role, 0), size)
    for op in graph.ops:
        if op.kind == "kv_append":
            entry = next(t for t in op.writes if t.place == "kv_cache")
            heads, dim = entry.shape[-2], entry.shape[-1]
            if not (isinstance(heads, int) and isinstance(dim, int)):
                raise ValueError(f"{entry.name}: heads and head size must be fixed")
            vector = entry.format.stored_bytes(1, dim)
            run = vector * cache_tokens
            half = _aligned(graph.sequences * heads * run)
            caches[owner(op.name)] = Cache(at, at + half, heads, vector, run)
            at += 2 * half
    regions: dict[str, int] = {}
    for role, size in role_bytes.items():
        regions[role] = at
        at += size
    scratch = {name: regions[role] for name, role in roles.items()}
    for index, op in enumerate(graph.ops):
        if op.kind == "scores" and op.reads[1].name in graph.in_dram:
            key, value = op.reads[1], graph.ops[index + 2].reads[1]
            caches[owner(op.name)] = _kept(graph, key, scratch[key.name], scratch[value.name])
    return Layout(tensors, caches, scratch, at)


def _kept(graph: PassGraph, key: Tensor, keys: int, values: int) -> Cache:
    """The keys and values of a training step, which no cache has: they lie where they are made."""
    _, heads, dim = key.shape
    if not (isinstance(heads, int) and isinstance(dim, int)):
        raise ValueError(f"{key.name}: heads and head size must be fixed")
    vector = key.format.stored_bytes(1, dim)
    return Cache(keys, values, heads, vector, vector * graph.rows, appended=False)
