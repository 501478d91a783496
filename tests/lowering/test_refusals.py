"""Passes that cannot be tiled: what is said, and that the advice is right."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings

from accsim.chip import Chip
from accsim.errors import InputError
from accsim.lowering.lower import least_sram_bytes, lower
from accsim.ops import Op, PassGraph, Tensor
from accsim.units import KIB

from .cases import Case, cases, lowered


def with_sram(chip: Chip, kib: int) -> Chip:
    return replace(chip, sram=replace(chip.sram, capacity_bytes=kib * KIB))


def test_too_little_sram_is_an_input_error_that_says_how_much_would_do(
    small_chip: Chip, small_decode: PassGraph
) -> None:
    # The embedding row takes 512 B of input, which may use a third of the stream buffer.
    with pytest.raises(InputError) as raised:
        lower(with_sram(small_chip, 3), small_decode, (0,), 1)
    assert str(raised.value) == (
        "small: sram.capacity_kib: 3 KiB of SRAM are too small for pass 'decode' "
        "(one row of embedding does not fit); at least 6 KiB are needed"
    )


@pytest.mark.parametrize(
    ("rows", "context", "kib", "reason"),
    [
        ("decode", 0, 4, "one row of embedding does not fit"),
        ("decode", 3000, 20, "layers.0.scores: the scores of one row do not fit"),
        ("prefill", 0, 20, "no blocking of layers.0.qkv fits"),
    ],
)
def test_the_reason_names_the_operator_and_the_needed_size_is_enough(
    small_chip: Chip,
    small_decode: PassGraph,
    small_prefill: PassGraph,
    rows: str,
    context: int,
    kib: int,
    reason: str,
) -> None:
    graph = {"decode": small_decode, "prefill": small_prefill}[rows]
    cache = context + graph.rows
    with pytest.raises(InputError, match=re.escape(f"({reason})")) as raised:
        lower(with_sram(small_chip, kib), graph, (context,), cache)
    found = re.search(r"at least (\d+) KiB are needed", str(raised.value))
    assert found is not None
    needed = int(found[1])
    assert needed > kib
    lower(with_sram(small_chip, needed), graph, (context,), cache)
    with pytest.raises(InputError):
        lower(with_sram(small_chip, needed - 1), graph, (context,), cache)


@settings(max_examples=20)
@given(cases((1.0,)))
def test_a_kibibyte_less_than_the_least_sram_is_refused(case: Case) -> None:
    lowered(case)
    case.chip = with_sram(case.chip, case.chip.sram.capacity_bytes // KIB - 1)
    with pytest.raises(InputError):
        lowered(case)


def test_the_least_sram_does_not_depend_on_what_the_chip_has(
    small_chip: Chip, small_decode: PassGraph
) -> None:
    found = {
        least_sram_bytes(with_sram(small_chip, kib), small_decode, (0,), 1)
        for kib in (1, 6, 7, 8, 13, 512)
    }
    assert found == {6 * KIB}


def without(graph: PassGraph, kind: str) -> PassGraph:
    return replace(graph, ops=tuple(op for op in graph.ops if op.kind != kind))


def appended_last(graph: PassGraph) -> PassGraph:
    """Each layer's keys are appended behind all that reads them."""
    appends = tuple(op for op in graph.ops if op.kind == "kv_append")
    return replace(graph, ops=without(graph, "kv_append").ops + appends)


def with_open_table(graph: PassGraph) -> PassGraph:
    """An embedding table with a symbol for its size."""
    op = graph.ops[0]
    table = Tensor("embedding.weight", ("context", 256), op.reads[0].format, "embedding")
    changed: Op = replace(op, reads=(table,))
    return replace(graph, ops=(changed, *graph.ops[1:]))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            lambda graph: without(graph, "softmax"),
            "layers.0.scores: scores, softmax and attend must follow each other",
        ),
        (lambda graph: without(graph, "argmax"), "lm_head: an argmax must follow it"),
        (
            lambda graph: without(graph, "kv_append"),
            "layers.0.scores: nothing appends to its KV cache",
        ),
        (with_open_table, "embedding.weight: the table must have a fixed shape"),
    ],
)
def test_a_graph_that_lowering_does_not_understand_says_so(
    small_chip: Chip,
    small_decode: PassGraph,
    change: Callable[[PassGraph], PassGraph],
    reason: str,
) -> None:
    with pytest.raises(InputError, match=re.escape(f"decode: cannot be lowered: {reason}")):
        lower(small_chip, change(small_decode), (4,), 5)


def test_spilled_keys_that_nothing_appends_before_they_are_read_are_refused(
    small_chip: Chip, small_prefill: PassGraph
) -> None:
    with pytest.raises(InputError, match=r"layers\.0\.scores: nothing appends to its KV cache"):
        lower(with_sram(small_chip, 64), appended_last(small_prefill), (0,), 300)
