"""Training steps of any small model, lowered for any small chip and simulated."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from training_steps import SMALL, step_of, training

from accsim.analysis.measure import measure
from accsim.chip import Chip
from accsim.engine.simulate import simulate
from accsim.errors import InputError
from accsim.lowering.attention_blocks import GradBlocks, GradShape, choose_blocks
from accsim.lowering.lower import least_sram_bytes, lower
from accsim.lowering.residency import Residency
from accsim.ops import Attention, PassGraph
from accsim.program import Program, Unit
from accsim.tracing.training import trace_step
from accsim.units import KIB, MIB
from accsim.workload import ModelShape

from .cases import chips

examples = settings(max_examples=12)
few = settings(max_examples=5)


@st.composite
def steps(draw: st.DrawFn) -> tuple[Chip, PassGraph]:
    """A step of up to two trunk layers and three heads, on a chip that it just fits, or roomily."""
    kv_heads = draw(st.sampled_from([1, 2, 3]))
    model = ModelShape(
        name="random",
        hidden=32 * draw(st.integers(1, 5)),
        layers=1,
        heads=kv_heads * draw(st.sampled_from([1, 2, 4])),
        kv_heads=kv_heads,
        head_dim=draw(st.sampled_from([16, 32])),
        ffn=32 * draw(st.integers(1, 8)),
        vocab=draw(st.integers(100, 300)),
        max_positions=4096,
        tied_embeddings=draw(st.booleans()),
    )
    run = step_of(
        draw(st.integers(0, 2)),
        draw(st.integers(1, 3)),
        draw(st.sampled_from(["one_at_a_time", "all"])),
        draw(st.sampled_from(["flash", "stored"])),
    )
    work = training(model, run, tokens=draw(st.integers(1, 70)), batch=draw(st.integers(1, 2)))
    graph, chip = trace_step(work, run), draw(chips)
    attention = replace(chip.attention, fused=run.attention == "flash")
    chip = replace(chip, attention=attention)
    capacity = 8 * MIB
    multiple = draw(st.sampled_from([1.0, 1.5, 0.0]))
    if multiple:
        least = least_sram_bytes(chip, graph, (0,) * graph.sequences, graph.rows)
        capacity = int(least // KIB * multiple) * KIB
    return replace(chip, sram=replace(chip.sram, capacity_bytes=capacity)), graph


def lowered(chip: Chip, graph: PassGraph) -> Program:
    return lower(chip, graph, (0,) * graph.sequences, graph.rows)


@examples
@given(steps())
def test_any_small_step_comes_to_its_end_and_beats_no_bound(case: tuple[Chip, PassGraph]) -> None:
    chip, graph = case
    program = lowered(chip, graph)
    # Holds MACs, bytes and room against the operators, and the time against its floors.
    stats = measure(chip, graph, program, simulate(program, chip))
    assert stats.elapsed_ps > 0


@few
@given(steps())
def test_every_gradient_of_weights_is_stored_once_whole(case: tuple[Chip, PassGraph]) -> None:
    chip, graph = case
    stores = lowered(chip, graph).stores
    for index, op in enumerate(graph.ops):
        gradients = [tensor for tensor in op.writes if tensor.place == "gradients"]
        if op.kind != "matmul" or not gradients:
            continue
        stored = sum(stores.bytes_of(i) for i in range(len(stores)) if stores.op[i] == index)
        assert stored == gradients[0].stored_bytes(0, 0)


@few
@given(steps())
def test_what_the_backward_pass_needs_travels_through_dram(case: tuple[Chip, PassGraph]) -> None:
    chip, graph = case
    assert graph.in_dram <= lowered(chip, graph).spilled


def test_a_head_that_comes_later_reads_the_gradient_that_it_adds_to(small_chip: Chip) -> None:
    run = step_of(0, 2)
    graph = trace_step(training(SMALL, run, tokens=64), run)
    loads = lowered(small_chip, graph).loads
    size = 2 * 1000 * 256  # bytes of the LM head

    def read(name: str) -> int:
        index = next(i for i, op in enumerate(graph.ops) if op.name == name)
        return sum(loads.bytes_of(i) for i in range(len(loads)) if loads.op[i] == index)

    assert read("heads.2.logits_dw") == read("heads.1.logits_dw") + size


def test_a_softmax_stores_its_row_sums_for_the_way_back(small_chip: Chip) -> None:
    run = step_of(0, 1)
    graph = trace_step(training(SMALL, run, tokens=64), run)
    program = lowered(small_chip, graph)
    index = next(i for i, op in enumerate(graph.ops) if op.kind == "softmax")
    stored = [i for i in range(len(program.stores)) if program.stores.op[i] == index]
    # A logarithm of 4 bytes for each of 64 rows and 4 heads.
    assert sum(map(program.stores.bytes_of, stored)) == 4 * 64 * 4
    assert len(program.queue(Unit.STORE)) > len(stored)


def test_a_step_that_does_not_fit_the_sram_says_how_much_would_do(small_chip: Chip) -> None:
    run = step_of(0, 1)
    graph = trace_step(training(SMALL, run, tokens=64), run)
    tight = replace(small_chip, sram=replace(small_chip.sram, capacity_bytes=16 * KIB))
    with pytest.raises(InputError, match=r"16 KiB of SRAM are too small .*; at least \d+ KiB"):
        lowered(tight, graph)


def test_a_gradient_whose_rows_do_not_fit_names_its_operator(small_chip: Chip) -> None:
    wide = replace(SMALL, vocab=50_000)
    run = step_of(0, 1)
    graph = trace_step(training(wide, run, tokens=8), run)
    # A row of the logits, fp32, is 200 kB; a third of the stream buffer has to hold it.
    with pytest.raises(InputError, match=r"one row of heads.1.cross_entropy does not fit"):
        lowered(small_chip, graph)


def test_blocks_of_the_backward_pass_visit_only_what_the_causal_mask_lets_through() -> None:
    blocks = GradBlocks(keys=4, rows=3)
    assert list(blocks.visits(8)) == [
        (0, 4, 0, 3),
        (0, 4, 3, 3),
        (0, 4, 6, 2),
        (4, 4, 3, 3),
        (4, 4, 6, 2),
    ]


SHAPE = GradShape(Attention(1, 2048, 32, 32, 128), 1, 16, 512, stored=False)


def test_blocks_keep_to_the_rooms_that_they_are_given(small_chip: Chip) -> None:
    # Staging: fp32 sums of keys and values, 2 x 512 x 128 x 4 bytes, and two blocks of queries'.
    room = Residency(frozenset(), 0, 768 * KIB, 512 * KIB, 0, 4 * MIB)
    blocks = choose_blocks(SHAPE, small_chip, room)
    assert blocks is not None
    assert (2 * blocks.keys + 2 * blocks.rows) * 128 * 4 <= 768 * KIB
    # Scores and gradients of two blocks, of 2 bytes.
    assert 4 * blocks.rows * blocks.keys * 2 <= 512 * KIB


def test_no_blocks_are_found_where_not_even_one_row_fits(small_chip: Chip) -> None:
    assert choose_blocks(SHAPE, small_chip, Residency(frozenset(), 0, 0, 0, 0, 4 * MIB)) is None
