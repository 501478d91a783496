"""Dividing the SRAM: which of the candidates makes a pass fastest, by estimate."""

from __future__ import annotations

from collections.abc import Iterator

from accsim.chip import Chip
from accsim.lowering.blocking import choose, estimate
from accsim.lowering.epilogue import epilogue_of, in_dram
from accsim.lowering.matmul import matmul_budget, matmul_shape
from accsim.lowering.residency import Residency, divisions
from accsim.mapping import Pin, pin_of
from accsim.ops import PassGraph
from accsim.program import Program


def ranked(
    chip: Chip, graph: PassGraph, contexts: tuple[int, ...], pins: tuple[Pin, ...]
) -> Iterator[Residency]:
    """The ways of dividing the SRAM, the fastest first, then those that may be small enough.

    The estimate adds up the matmuls under their best mappings and the DRAM time of the spilled
    activations that other operators read and write.
    """
    found, others = divisions(graph, contexts, chip)
    if len(found) > 1:
        found.sort(key=lambda one: _cycles(chip, graph, sum(contexts), one, pins))
    yield from found
    yield from others


def division_of(
    chip: Chip, graph: PassGraph, program: Program, pins: tuple[Pin, ...] = ()
) -> Residency:
    """The division of the SRAM with which `lower` has made a program of the same arguments."""
    return next(
        one
        for one in ranked(chip, graph, program.contexts, pins)
        if (in_dram(graph, one), one.stream_bytes) == (program.spilled, program.stream_bytes)
    )


def _cycles(
    chip: Chip, graph: PassGraph, context: int, residency: Residency, pins: tuple[Pin, ...]
) -> float:
    """Estimated core cycles of a pass; infinite where a matmul does not fit."""
    budget, keys = matmul_budget(chip, residency), graph.keys(context)
    total, moved = 0.0, 0
    taken: set[int] = set()
    for index, op in enumerate(graph.ops):
        if op.kind == "matmul":
            epilogue = epilogue_of(graph, index, residency)
            if epilogue is not None:
                taken.add(epilogue.index)
            shape = matmul_shape(op, chip.array, residency, epilogue)
            mapping = choose(shape, chip.array, budget, pin_of(pins, op.name))
            if mapping is None:
                return float("inf")
            total += estimate(shape, mapping, chip.array, budget).cycles
        elif index not in taken:
            moved += sum(
                tensor.stored_bytes(context, keys)
                for tensor in (*op.reads, *op.writes)
                if tensor.name in residency.spilled
            )
    return total + moved / budget.dram_bytes_per_cycle
