"""The lowering stage: a pass graph at given contexts becomes a tile program for a chip."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from accsim.chip import Chip
from accsim.errors import InputError, Problem
from accsim.lowering.attention import lower_attention
from accsim.lowering.attention_grad import lower_attention_grad
from accsim.lowering.builder import ProgramBuilder, ProgramProbe, SeenEnough
from accsim.lowering.check import check_program
from accsim.lowering.division import ranked
from accsim.lowering.elementwise import (
    INPUTS_PER_OUTPUT,
    lower_elementwise,
    lower_kv_append,
    lower_kv_copy,
)
from accsim.lowering.epilogue import in_dram
from accsim.lowering.layout import lay_out
from accsim.lowering.matmul import lower_matmul
from accsim.lowering.residency import Residency, is_streamed
from accsim.lowering.rowwise import GRADIENTS, lower_rowwise
from accsim.lowering.site import BadPin, DoesNotFit, NotUnderstood, Site
from accsim.mapping import Pin
from accsim.ops import Op, PassGraph
from accsim.program import Program
from accsim.units import KIB, show_capacity

MAX_SRAM_BYTES = 2**40
"""Where the search for the least sufficient SRAM gives up."""


def lower(
    chip: Chip,
    graph: PassGraph,
    contexts: tuple[int, ...],
    cache_tokens: int,
    pins: tuple[Pin, ...] = (),
) -> Program:
    """Lower one pass.

    Args:
        chip: the hardware.
        graph: the operators of the pass.
        contexts: cached tokens of each sequence before the pass.
        cache_tokens: positions that each KV cache has room for (its longest in the run).
        pins: what a mapping file fixes.

    Raises:
        InputError: the SRAM is too small for any tiling (says how much would do), or the operators
            do not follow each other as lowering expects.
        InvariantError: the program does not cover the operators exactly (a bug).
    """
    try:
        program = _lower(chip, graph, contexts, cache_tokens, pins, ProgramBuilder)
    except NotUnderstood as reason:
        raise InputError(Problem(graph.name, f"cannot be lowered: {reason}")) from None
    except BadPin as reason:
        raise InputError(reason.pin.problem(str(reason))) from None
    except DoesNotFit as reason:
        short = _too_small(chip, graph, contexts, cache_tokens, reason)
        raise InputError(short) from None
    check_program(program, graph)
    return program


def sram_problem(
    chip: Chip, graph: PassGraph, contexts: tuple[int, ...], cache_tokens: int
) -> Problem | None:
    """What `lower` would say of too small an SRAM, without lowering the whole pass; else None."""
    try:
        _lower(chip, graph, contexts, cache_tokens, (), ProgramProbe)
    except DoesNotFit as reason:
        return _too_small(chip, graph, contexts, cache_tokens, reason)
    except NotUnderstood:
        return None
    return None


def _too_small(
    chip: Chip,
    graph: PassGraph,
    contexts: tuple[int, ...],
    cache_tokens: int,
    reason: DoesNotFit,
) -> Problem:
    needed = least_sram_bytes(chip, graph, contexts, cache_tokens)
    advice = f"at least {needed // KIB} KiB are needed" if needed else "no size would do"
    return Problem(
        chip.name,
        f"{show_capacity(chip.sram.capacity_bytes)} of SRAM are too small for pass "
        f"{graph.name!r} ({reason}); {advice}",
        key="sram.capacity_kib",
    )


def least_sram_bytes(
    chip: Chip, graph: PassGraph, contexts: tuple[int, ...], cache_tokens: int
) -> int:
    """The least SRAM, in whole KiB, into which the pass can be tiled; 0 if none up to 1 TiB."""

    def is_enough(kib: int) -> bool:
        other = replace(chip, sram=replace(chip.sram, capacity_bytes=kib * KIB))
        try:
            _lower(other, graph, contexts, cache_tokens, (), ProgramProbe)
        except DoesNotFit:
            return False
        return True

    low, high = 0, max(1, chip.sram.capacity_bytes // KIB)
    while not is_enough(high):
        low, high = high, high * 2
        if high * KIB > MAX_SRAM_BYTES:
            return 0
    while high - low > 1:
        middle = (low + high) // 2
        if is_enough(middle):
            high = middle
        else:
            low = middle
    return high * KIB


def _lower(
    chip: Chip,
    graph: PassGraph,
    contexts: tuple[int, ...],
    cache_tokens: int,
    pins: tuple[Pin, ...],
    builder: type[ProgramBuilder],
) -> Program:
    """Lower with the best division of the SRAM that all operators fit."""
    reason: DoesNotFit | None = None
    for residency in ranked(chip, graph, contexts, pins):
        try:
            return _lower_divided(chip, graph, contexts, cache_tokens, pins, builder, residency)
        except DoesNotFit as error:
            # The division that would be best tells what is missing.
            reason = reason or error
    raise reason or DoesNotFit("nothing is left for its tiles")


def _lower_divided(
    chip: Chip,
    graph: PassGraph,
    contexts: tuple[int, ...],
    cache_tokens: int,
    pins: tuple[Pin, ...],
    builder: type[ProgramBuilder],
    residency: Residency,
) -> Program:
    layout = lay_out(graph, cache_tokens, sum(contexts), residency.spilled)
    site = Site(chip, graph, contexts, residency, layout, builder(), pins)
    for index, op in enumerate(graph.ops):
        with suppress(SeenEnough):
            _lower_op(site, index, op)
    program = site.build.seal(
        graph.name,
        contexts,
        residency.reserve_bytes,
        residency.stream_bytes,
        frozenset(site.moves_more),
        tuple(sorted(site.mappings.items())),
        in_dram(graph, residency),
    )
    if max(program.loads.sram_bytes, default=0) * 2 > residency.stream_bytes:
        raise DoesNotFit("two of its tiles do not fit beside the activations")
    return program


def _lower_op(site: Site, index: int, op: Op) -> None:
    if index in site.taken:
        return
    if op.kind == "matmul":
        lower_matmul(site, index, op, _streamed_argmax(site, index, op))
    elif op.kind == "scores":
        lower_attention(site, index)
    elif op.kind == "kv_append":
        lower_kv_append(site, index, op)
    elif op.kind == "kv_copy":
        lower_kv_copy(site, index, op)
    elif op.kind in INPUTS_PER_OUTPUT:
        lower_elementwise(site, index, op)
    elif op.kind in GRADIENTS:
        lower_rowwise(site, index, op)
    elif op.kind == "scores_grad":
        lower_attention_grad(site, index)
    # softmax and attend are part of attention, argmax of the LM head: emitted with them.


def _streamed_argmax(site: Site, index: int, op: Op) -> tuple[int, Op] | None:
    if not is_streamed(op, site.chip.attention):
        return None
    following = index + 1
    if following >= len(site.graph.ops) or site.graph.ops[following].kind != "argmax":
        raise NotUnderstood(f"{op.name}: an argmax must follow it")
    return following, site.graph.ops[following]
