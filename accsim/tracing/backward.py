"""One transformer layer of a training step, backward.

Attention as in FlashAttention-2 (Dao 2023, arXiv 2307.08691, algorithm 2): with D = rowsum(dO x O),
P = softmax(S), dP = dO V^T and dS = P x (dP - D) the gradients are dV = P^T dO, dQ = dS K and
dK = dS^T Q. S = Q K^T is made again, and P from it and the kept logarithm of each row's sum, unless
the forward pass has stored P. dQ is summed up in fp32, as there.
"""

from __future__ import annotations

from accsim.ops import Tensor
from accsim.tracing.forward import LayerTape
from accsim.tracing.step import StepBuilder, width


def backward_layer(step: StepBuilder, tape: LayerTape, grad: Tensor) -> Tensor:
    """Append the way back through a layer; `grad` is of its output, the result of its input."""
    model, prefix, layer = step.model, tape.prefix, tape.layer
    gated = step.product_grad(tape.down, grad)
    both = step.chip(f"{prefix}.silu_mul_grad.out", step.total, 2 * model.ffn)
    reads = (gated, tape.gate_up_out, tape.silu)
    step.add("silu_mul_grad", f"{prefix}.silu_mul_grad", layer, reads, (both,))
    normed = step.product_grad(tape.gate_up, both)
    (change,) = step.norm_grad(f"{prefix}.ffn_norm", layer, normed, (tape.middle,))
    middle = step.sum(f"{prefix}.ffn_residual_grad", layer, grad, change)

    attended = step.product_grad(tape.o_proj, middle)
    turned = _attention_grad(step, tape, attended)
    whole = step.chip(f"{prefix}.rotary_grad.out", step.total, sum(map(width, turned)))
    step.add("rotary_grad", f"{prefix}.rotary_grad", layer, turned, (whole,))
    normed = step.product_grad(tape.qkv, whole)
    (change,) = step.norm_grad(f"{prefix}.attn_norm", layer, normed, (tape.inputs,))
    return step.sum(f"{prefix}.attn_residual_grad", layer, middle, change)


def _attention_grad(
    step: StepBuilder, tape: LayerTape, grad: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of rotated queries and keys, and of values, from that of attention's output."""
    prefix, layer, kept = tape.prefix, tape.layer, tape.attention
    heads, shape = step.model.heads, step.shape

    def square(name: str) -> Tensor:
        return step.chip(f"{prefix}.{name}.out", heads, step.rows, "keys")

    sums = step.exact(f"{prefix}.row_dot.out", heads, step.total)
    step.add("row_dot", f"{prefix}.row_dot", layer, (grad, kept.output), (sums,))
    inputs: tuple[Tensor, ...] = (kept.softmax,)
    if step.attention == "flash":
        again = square("scores_again")
        reads = (kept.query, kept.key)
        name = f"{prefix}.scores_again"
        step.add("scores_grad", name, layer, reads, (again,), attention=shape)
        inputs = (again, kept.softmax)
    weights_grad = square("probabilities_grad")
    reads = (grad, kept.value)
    name = f"{prefix}.probabilities_grad"
    step.add("scores_grad", name, layer, reads, (weights_grad,), attention=shape)

    scores_grad = square("softmax_grad")
    weights = square("softmax_again") if step.attention == "flash" else kept.softmax
    made = (scores_grad, weights) if step.attention == "flash" else (scores_grad,)
    name, used = f"{prefix}.softmax_grad", (*inputs, weights_grad, sums)
    step.add("softmax_grad", name, layer, used, made, attention=shape)

    value = step.kept(step.chip(f"{prefix}.value_grad.out", *kept.value.shape))
    query = step.kept(step.exact(f"{prefix}.query_grad.out", *kept.query.shape))
    key = step.kept(step.chip(f"{prefix}.key_grad.out", *kept.key.shape))
    for name, reads, out in (
        ("value_grad", (weights, grad), value),
        ("query_grad", (scores_grad, kept.key), query),
        ("key_grad", (scores_grad, kept.query), key),
    ):
        step.add("attend_grad", f"{prefix}.{name}", layer, reads, (out,), attention=shape)
    return query, key, value
