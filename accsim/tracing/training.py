"""Every operator of one training step of a Llama-family model with parallel prediction heads.

Forward through the trunk; each head's layer, the shared final norm and LM head, and softmax with
cross entropy; back through all of it. With several heads the gradients of the trunk's output add
up. Not modelled: the optimiser, dropout (Llama has none), clipping, and communication.
"""

from __future__ import annotations

from accsim.ops import PassGraph, Tensor
from accsim.tracing.backward import backward_layer
from accsim.tracing.check_step import check_step
from accsim.tracing.forward import LayerTape, forward_layer
from accsim.tracing.step import StepBuilder, fixed
from accsim.training import TrainingRun, TrainingWorkload


def trace_step(
    workload: TrainingWorkload, run: TrainingRun, *, trunk_layers: int | None = None
) -> PassGraph:
    """Trace one step of a run.

    Operators are named as those of a pass (`accsim.tracing.llama`), with ``_dx``, ``_dw`` and
    ``_grad`` on the way back.

    Args:
        workload: model, format and batch.
        run: heads, and what is kept.
        trunk_layers: layers of the trunk, where only some of them are wanted; by default all.

    Raises:
        InvariantError: the trace contradicts itself or the closed form: a bug in accsim.
    """
    model, trunk_layers = workload.model, run.trunk_layers if trunk_layers is None else trunk_layers
    step = StepBuilder(
        model, workload.format, run.attention, workload.batch, workload.sequence_tokens
    )
    table = Tensor("embedding.weight", (model.vocab, model.hidden), step.format, "embedding")
    stream = step.chip("embedding.out", step.total, model.hidden)
    step.add("embedding", "embedding", None, (table,), (stream,))
    trunk: list[LayerTape] = []
    for layer in range(trunk_layers):
        trunk.append(forward_layer(step, f"layers.{layer}", layer, stream))
        stream = trunk[-1].output
    heads = _heads_in_turn if run.heads_live == "one_at_a_time" else _heads_together
    grad = heads(step, run.heads, trunk_layers, stream)
    for tape in reversed(trunk):
        grad = backward_layer(step, tape, grad)
    rows = Tensor("embedding.rows_grad", grad.shape, step.format, "gradients")
    step.add("embedding_grad", "embedding_grad", None, (grad,), (rows,))
    graph = PassGraph(
        f"step-{trunk_layers}+{run.heads}-{run.heads_live}-{run.attention}",
        step.sequences,
        step.rows,
        tuple(step.ops),
        in_dram=frozenset(step.in_dram),
    )
    check_step(workload, run, trunk_layers, graph)
    return graph


def _heads_in_turn(step: StepBuilder, heads: int, first_layer: int, trunk: Tensor) -> Tensor:
    """Each head forward and backward; returns the gradient of the trunk's output."""
    total: Tensor | None = None
    for head in range(1, heads + 1):
        prefix, layer = f"heads.{head}", first_layer + head - 1
        tape = forward_layer(step, prefix, layer, trunk)
        (grad,) = _predict(step, f"{prefix}.", layer, (tape.output,))
        total = _added(step, prefix, layer, total, backward_layer(step, tape, grad))
    assert total is not None
    return total


def _heads_together(step: StepBuilder, heads: int, first_layer: int, trunk: Tensor) -> Tensor:
    """Every head forward, then every head backward; one product with the LM head for all."""
    tapes = [
        forward_layer(step, f"heads.{head}", first_layer + head - 1, trunk)
        for head in range(1, heads + 1)
    ]
    grads = _predict(step, "", None, tuple(tape.output for tape in tapes))
    total: Tensor | None = None
    for tape, grad in reversed(list(zip(tapes, grads, strict=True))):
        total = _added(step, tape.prefix, tape.layer, total, backward_layer(step, tape, grad))
    assert total is not None
    return total


def _added(
    step: StepBuilder, prefix: str, layer: int, total: Tensor | None, grad: Tensor
) -> Tensor:
    return grad if total is None else step.sum(f"{prefix}.trunk_grad", layer, total, grad)


def _predict(
    step: StepBuilder, prefix: str, layer: int | None, outputs: tuple[Tensor, ...]
) -> tuple[Tensor, ...]:
    """Final norm, LM head and loss of stacked head outputs; returns the gradients of these.

    Logits and their gradient are fp32: (heads x tokens, vocab).
    """
    shared = "final_norm"
    normed = step.norm(f"{prefix}final_norm", layer, outputs, weights=shared)
    rows = fixed(normed.shape[0])
    logits = step.exact(f"{prefix}logits.out", rows, step.model.vocab)
    product = step.product(f"{prefix}logits", layer, normed, (logits,), weights="lm_head")
    grad = step.exact(f"{prefix}cross_entropy.out", rows, step.model.vocab)
    step.add("cross_entropy", f"{prefix}cross_entropy", layer, (logits,), (grad,), rows=rows)
    back = step.product_grad(product, grad)
    return step.norm_grad(f"{prefix}final_norm", layer, back, outputs, weights=shared)
