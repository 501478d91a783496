"""The operators of a training step, and their closed form."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from training_steps import LLAMA, LLAMA_STEP, TINY, step_of, training

from accsim.errors import InvariantError
from accsim.ops import Op, PassGraph
from accsim.tracing import check_step as checks
from accsim.tracing.check_step import check_step, closed_form, step_faults
from accsim.tracing.training import trace_step

ONE = step_of(1, 1)
TINY_STEP = training(TINY, ONE, tokens=3)
GRAPH = trace_step(TINY_STEP, ONE)


def op_named(graph: PassGraph, name: str) -> Op:
    return next(op for op in graph.ops if op.name == name)


def test_a_tiny_step_has_the_macs_counted_by_hand() -> None:
    # 3 tokens through 2 x 144 + 4 x 10 weights; in each layer 6 visible pairs of 2 heads of 2
    # channels, twice (scores and attend).
    forward = 3 * (2 * 144 + 40) + 2 * (2 * 6 * 2 * 2)
    assert forward == 1080
    assert TINY_STEP.step_macs(ONE) == 3 * forward
    # The scores once more: 2 layers of 6 pairs of 2 heads of 2 channels.
    assert TINY_STEP.remade_macs(ONE) == 48
    assert GRAPH.macs(0) == 3 * forward + 48


def test_a_tiny_step_moves_the_bytes_counted_by_hand() -> None:
    # 152 weights in a layer and 44 in norm and LM head, of 2 bytes: read on the way there and back,
    # written as gradients. 3 rows of 4 channels of the embedding table likewise, read once.
    assert GRAPH.dram_read_bytes(0) == 2 * (2 * 304 + 88) + 24
    assert GRAPH.dram_write_bytes() == 2 * 304 + 88 + 24


@pytest.mark.parametrize(("live", "turns"), [("one_at_a_time", 3), ("all", 1)])
def test_heads_in_turn_read_and_write_the_shared_weights_each(live: str, turns: int) -> None:
    run = step_of(1, 3, live)  # type: ignore[arg-type]
    work = closed_form(training(TINY, run, tokens=3), run)
    # Gradients so far are read again by every head but the first.
    assert work.dram_read_bytes == 2 * 4 * 304 + (2 * turns + turns - 1) * 88 + 24
    assert work.dram_write_bytes == 4 * 304 + turns * 88 + 24


def test_every_product_with_weights_makes_two_more_with_as_many_macs() -> None:
    forward = [op for op in GRAPH.ops if op.kind == "matmul" and op.name[-3:] not in ("_dx", "_dw")]
    assert len(forward) == 2 * 4 + 1
    for op in forward:
        for suffix in ("_dx", "_dw"):
            assert op_named(GRAPH, op.name + suffix).macs(0) == op.macs(0)


def test_the_gradient_of_weights_has_their_shape_and_lies_in_dram() -> None:
    op = op_named(GRAPH, "layers.0.gate_up_dw")
    (gradient,) = op.writes
    assert (op.rows, op.inner, op.outer) == (16, 3, 4)
    assert (gradient.shape, gradient.place) == ((16, 4), "gradients")
    assert gradient.name in GRAPH.in_dram


def test_scores_are_made_again_with_flash_attention_only() -> None:
    stored = trace_step(TINY_STEP, step_of(1, 1, attention="stored"))
    groups = [{op.group for op in graph.ops} for graph in (GRAPH, stored)]
    assert groups[0] - groups[1] == {"scores_again"}
    assert not groups[1] - groups[0]


def test_what_a_layer_keeps_is_the_closed_form_of_flash_attention_and_swiglu() -> None:
    # (16 h + 8 f) + 4 a bytes for each token of Llama-2-7B: 153,728.
    graph = trace_step(LLAMA_STEP, LLAMA[0])
    backward = [op for op in graph.ops if op.layer == 7 and _is_backward(op)]
    written = {t.name for op in graph.ops if not _is_backward(op) for t in op.writes}
    kept = {t.name: t for op in backward for t in op.reads if t.name in written}
    total = sum(tensor.stored_bytes(0, 0) for tensor in kept.values())
    assert total == 2048 * (16 * 4096 + 8 * 11008 + 4 * 32) == 2048 * 153_728
    assert set(kept) <= graph.in_dram


def _is_backward(op: Op) -> bool:
    return op.group.endswith(("_dx", "_dw", "_grad", "_again")) or op.group == "row_dot"


@pytest.mark.parametrize(
    ("index", "full_tflop", "full", "causal"),
    [(0, 87.785, 0.0, 0.0), (1, 92.617, 5.5, 5.7), (3, 100.696, 14.7, 14.9)],
)
def test_four_heads_add_to_the_compute_of_llama_2_7b_what_their_products_are(
    index: int, full_tflop: float, full: float, causal: float
) -> None:
    # Forward times three, 2 FLOPs for each MAC, batch 1 x 2048: B adds three applications of the
    # LM head (4.832 TFLOP), A three layers more.
    base, run = LLAMA[0], LLAMA[index]
    all_pairs = LLAMA_STEP.step_macs(run, causal=False)
    assert 2e-12 * all_pairs == pytest.approx(full_tflop, abs=0.001)
    added = all_pairs / LLAMA_STEP.step_macs(base, causal=False) - 1
    assert 100 * added == pytest.approx(full, abs=0.05)
    added = LLAMA_STEP.step_macs(run) / LLAMA_STEP.step_macs(base) - 1
    assert 100 * added == pytest.approx(causal, abs=0.05)


def test_extra_heads_add_three_layers_of_parameters() -> None:
    assert LLAMA_STEP.params(LLAMA[1]) == LLAMA_STEP.params(LLAMA[0]) == 6_738_415_616
    assert LLAMA_STEP.params(LLAMA[3]) - LLAMA_STEP.params(LLAMA[0]) == 607_150_080


def test_a_step_that_differs_from_the_closed_form_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    right = closed_form(TINY_STEP, ONE)
    monkeypatch.setattr(checks, "closed_form", lambda *_: replace(right, macs=1))
    with pytest.raises(InvariantError, match=r"traced StepWork\(macs=3288.*closed form .*macs=1,"):
        trace_step(TINY_STEP, ONE)


def spoiled(which: str, **changes: object) -> PassGraph:
    """The tiny step with one operator changed."""
    ops = [replace(op, **changes) if op.name == which else op for op in GRAPH.ops]  # type: ignore[arg-type]
    return replace(GRAPH, ops=tuple(ops))


def test_the_traced_step_has_no_faults() -> None:
    assert list(step_faults(GRAPH)) == []


def test_a_second_operator_of_a_name_is_a_fault() -> None:
    graph = spoiled("layers.0.down_dw", name="layers.0.down_dx")
    assert "operator 'layers.0.down_dx': a second operator of this name" in step_faults(graph)


def test_reading_what_nothing_has_written_is_a_fault() -> None:
    last = GRAPH.ops[-1]
    graph = replace(GRAPH, ops=(last, *GRAPH.ops[:-1]))
    assert next(step_faults(graph)) == (
        "operator 'embedding_grad': reads 'layers.0.attn_residual_grad.out' before any operator "
        "has written it"
    )


def test_writing_twice_is_a_fault() -> None:
    writes = op_named(GRAPH, "layers.0.down_dx").writes
    graph = spoiled("layers.0.gate_up_dx", writes=writes)
    assert (
        "operator 'layers.0.gate_up_dx': writes 'layers.0.down_dx.out' a second time"
        in step_faults(graph)
    )


def test_an_activation_that_nothing_reads_is_a_fault() -> None:
    graph = replace(GRAPH, ops=GRAPH.ops[:-1])
    assert list(step_faults(graph)) == [
        "operator 'layers.0.attn_residual_grad': writes 'layers.0.attn_residual_grad.out', which "
        "nothing reads"
    ]


def test_a_product_whose_tensors_have_other_sizes_is_a_fault() -> None:
    graph = spoiled("layers.0.down_dw", inner=4)
    assert list(step_faults(graph)) == [
        "operator 'layers.0.down_dw': inputs have 12 elements, expected 16",
        "operator 'layers.0.down_dw': weights have 24 elements, expected 32",
    ]


def test_a_fault_is_refused_with_the_graph_it_is_in() -> None:
    graph = spoiled("layers.0.down_dw", inner=4)
    with pytest.raises(InvariantError, match=r"graph 'step-1\+1-one_at_a_time-flash', operator"):
        check_step(TINY_STEP, ONE, 1, graph)


def test_all_symbols_of_a_step_stand_for_keys() -> None:
    symbols = {
        dim for op in GRAPH.ops for t in op.writes for dim in t.shape if isinstance(dim, str)
    }
    assert symbols == {"keys"}
    assert math.prod((GRAPH.sequences, GRAPH.rows)) == 3
