"""A pass with fewer of its identical layers, for extrapolating a long prefill.

Layers in the middle of a transformer do the same work one after the other. `shorten` keeps a few of
them; the time of one that stands among its likes then tells what each of the others would take.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from accsim.mapping import Pin, pin_of
from accsim.ops import Op, PassGraph, Tensor

KEEP = 4
"""Layers kept of a run of equal ones: two to settle, the one that is counted, one to close."""


@dataclass(frozen=True, slots=True)
class Shortened:
    """A shortened graph; the operators in `model_ops` stand for `missing` further layers each."""

    graph: PassGraph
    model_ops: frozenset[int]
    missing: int


def shorten(graph: PassGraph, pins: tuple[Pin, ...] = (), keep: int = KEEP) -> Shortened | None:
    """Drop layers from the longest run of equal consecutive layers; None if it is short anyway.

    Layers whose operators are pinned by different entries of `pins` are not equal. `keep` of them
    are kept, at least 2; the last but one is counted for those that are gone.
    """
    layers = _layers(graph)
    start, end = _longest_run(graph, layers, pins)
    if end - start <= keep:
        return None
    first_dropped = start + keep
    gone = set(range(first_dropped, end))
    # What the last dropped layer made, the last kept one makes instead.
    renamed: dict[str, Tensor] = {}
    for dropped, kept in zip(layers[end - 1], layers[first_dropped - 1], strict=True):
        for old, new in zip(graph.ops[dropped].writes, graph.ops[kept].writes, strict=True):
            renamed[old.name] = new
    ops: list[Op] = []
    model: list[int] = []
    for op in graph.ops:
        if op.layer in gone:
            continue
        if op.layer == first_dropped - 2:
            model.append(len(ops))
        ops.append(replace(op, reads=tuple(renamed.get(t.name, t) for t in op.reads)))
    short = replace(graph, ops=tuple(ops))
    return Shortened(short, frozenset(model), len(gone))


def whole(graph: PassGraph) -> Shortened:
    """A graph of which nothing is dropped."""
    return Shortened(graph, frozenset(), 0)


def shortened(graph: PassGraph, pins: tuple[Pin, ...] = (), keep: int = KEEP) -> Shortened:
    """What `shorten` gives, or the whole graph where that is short anyway."""
    return shorten(graph, pins, keep) or whole(graph)


def _layers(graph: PassGraph) -> dict[int, list[int]]:
    layers: dict[int, list[int]] = {}
    for index, op in enumerate(graph.ops):
        if op.layer is not None:
            layers.setdefault(op.layer, []).append(index)
    return layers


def _longest_run(
    graph: PassGraph, layers: dict[int, list[int]], pins: tuple[Pin, ...]
) -> tuple[int, int]:
    """Layers [start, end) that are alike and each fed by the one before, and feed only the next."""
    made: dict[str, tuple[int | None, str, int]] = {}
    readers: dict[int, set[int | None]] = {}
    for op in graph.ops:
        for tensor in op.reads:
            source = made.get(tensor.name)
            if source is not None and source[0] is not None:
                readers.setdefault(source[0], set()).add(op.layer)
        for place, tensor in enumerate(op.writes):
            made[tensor.name] = (op.layer, op.group, place)

    def signature(layer: int) -> tuple[object, ...]:
        parts: list[object] = []
        for index in layers[layer]:
            op = graph.ops[index]
            sources: list[object] = []
            for tensor in op.reads:
                source = made.get(tensor.name)
                if source is not None:
                    # Where it comes from, relative to this layer.
                    origin = None if source[0] is None else layer - source[0]
                    sources.append((origin, *source[1:]))
                else:
                    sources.append((tensor.shape, tensor.format, tensor.place))
            shapes = tuple((t.shape, t.format) for t in op.writes)
            work = (op.kind, op.group, op.rows, op.inner, op.outer, op.attention, shapes)
            parts.append((*work, pin_of(pins, op.name), *sources))
        return tuple(parts)

    best = (0, 0)
    start = 0
    names = sorted(layers)
    signatures = [signature(layer) for layer in names]
    for at in range(1, len(names) + 1):
        fed = readers.get(names[at - 1], set())
        chained = (
            at < len(names)
            and names[at] == names[at - 1] + 1
            and names[at] in fed
            and fed <= {names[at - 1], names[at]}
        )
        if not chained or signatures[at] != signatures[start]:
            if at - start > best[1] - best[0]:
                best = (start, at)
            start = at
    if best[1] == best[0]:
        return (0, 0)
    return names[best[0]], names[best[1] - 1] + 1
