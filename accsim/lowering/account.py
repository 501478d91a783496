"""What the mapper had to choose from, told again for a finished program."""

from __future__ import annotations

from functools import lru_cache

from accsim.chip import Chip, ComputeArray
from accsim.lowering.blocking import (
    Budget,
    MatmulShape,
    candidates,
    estimate,
    fits,
    pinned,
)
from accsim.lowering.builder import ProgramBuilder
from accsim.lowering.division import division_of
from accsim.lowering.epilogue import epilogue_of
from accsim.lowering.layout import lay_out
from accsim.lowering.matmul import matmul_budget, matmul_shape
from accsim.lowering.residency import divisions
from accsim.lowering.site import Site
from accsim.lowering.units import AttentionUnits
from accsim.mapping import Account, Choice, MatmulMapping, Pin, SramDivision, pin_of
from accsim.ops import PassGraph
from accsim.program import Program


def account(
    chip: Chip,
    graph: PassGraph,
    program: Program,
    cache_tokens: int,
    pins: tuple[Pin, ...] = (),
) -> Account:
    """The choices behind a program that `lower` has made of the same arguments."""
    worth_a_look, _ = divisions(graph, program.contexts, chip)
    residency = division_of(chip, graph, program, pins)
    layout = lay_out(graph, cache_tokens, sum(program.contexts), residency.spilled)
    site = Site(chip, graph, program.contexts, residency, layout, ProgramBuilder(), pins)
    budget = matmul_budget(chip, residency)
    choices: dict[int, Choice] = {}
    for index, mapping in program.mappings:
        op = graph.ops[index]
        if isinstance(mapping, MatmulMapping):
            epilogue = epilogue_of(graph, index, residency)
            shape = matmul_shape(op, chip.array, residency, epilogue)
            choices[index] = _matmul(shape, chip.array, budget, pin_of(pins, op.name), mapping)
        else:
            choices[index] = _attention(site, index, mapping.rows)
    division = SramDivision(
        resident=residency.resident_bytes,
        staging=residency.staging_bytes,
        scores=residency.score_bytes,
        expanded=residency.expand_bytes,
        stream=residency.stream_bytes,
        candidates=len(worth_a_look),
    )
    return Account(division, choices)


@lru_cache(maxsize=256)
def _matmul(
    shape: MatmulShape,
    array: ComputeArray,
    budget: Budget,
    pin: Pin | None,
    chosen: MatmulMapping,
) -> Choice:
    looked_at = list(
        candidates(shape, array, budget) if pin is None else pinned(shape, array, budget, pin)
    )
    cost = estimate(shape, chosen, array, budget)
    return Choice(
        pinned=pin is not None,
        candidates=len(looked_at),
        fitting=sum(fits(shape, mapping, budget) for mapping in looked_at),
        dram_cycles=cost.dram_cycles,
        array_cycles=cost.array_cycles,
        vector_cycles=cost.vector_cycles,
        exposed_cycles=cost.exposed_cycles,
    )


def _attention(site: Site, index: int, rows: int) -> Choice:
    """All that is looked at fits; the estimate is that of all heads and sequences."""
    units = AttentionUnits(site, index)
    most = units.most_rows(max(site.contexts))
    pinned_rows = units.pin is not None and units.pin.rows is not None
    looked_at = 1 if pinned_rows else len(units.row_candidates(most))
    turns = units.shape.query_heads // units.together
    totals = [0.0, 0.0, 0.0]
    for sequence, context in enumerate(site.contexts):
        fitting = min(rows, units.most_rows(context))
        for unit, cycles in enumerate(units.demands(sequence, fitting)):
            totals[unit] += turns * cycles
    dram, array, vector = totals
    return Choice(units.pin is not None, looked_at, looked_at, dram, array, vector)
