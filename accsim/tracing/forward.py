"""One transformer layer of a training step, forward, and what it keeps for the way back.

The operators are those of a prefill, but for keys and values, which go into no cache, and for what
is kept beside: the SiLU of the gate, and of the softmax the logarithm of each row's sum (flash) or
the probabilities.
"""

from __future__ import annotations

from dataclasses import dataclass

from accsim.ops import Tensor
from accsim.tracing.step import Product, StepBuilder


@dataclass(frozen=True, slots=True)
class AttentionTape:
    """What attention keeps: `softmax` is fp32 (heads, rows) with flash, else all probabilities."""

    query: Tensor
    key: Tensor
    value: Tensor
    softmax: Tensor
    output: Tensor


@dataclass(frozen=True, slots=True)
class LayerTape:
    """What the backward pass needs of a layer."""

    prefix: str
    layer: int
    inputs: Tensor
    qkv: Product
    attention: AttentionTape
    o_proj: Product
    middle: Tensor
    gate_up: Product
    gate_up_out: Tensor
    silu: Tensor
    down: Product
    output: Tensor


def forward_layer(step: StepBuilder, prefix: str, layer: int, inputs: Tensor) -> LayerTape:
    """Append a layer; its output is `LayerTape.output`, in the shape of `inputs`."""
    model, total = step.model, step.total
    normed = step.norm(f"{prefix}.attn_norm", layer, (inputs,))
    query = step.chip(f"{prefix}.q", total, model.heads, model.head_dim)
    key = step.chip(f"{prefix}.k", total, model.kv_heads, model.head_dim)
    value = step.kept(step.chip(f"{prefix}.v", total, model.kv_heads, model.head_dim))
    qkv = step.product(f"{prefix}.qkv", layer, normed, (query, key, value))
    attention = _attention(step, prefix, layer, (query, key, value))
    out = step.chip(f"{prefix}.o_proj.out", total, model.hidden)
    o_proj = step.product(f"{prefix}.o_proj", layer, attention.output, (out,))
    middle = step.sum(f"{prefix}.attn_residual", layer, inputs, out)

    normed = step.norm(f"{prefix}.ffn_norm", layer, (middle,))
    both = step.kept(step.chip(f"{prefix}.gate_up.out", total, 2 * model.ffn))
    gate_up = step.product(f"{prefix}.gate_up", layer, normed, (both,))
    silu = step.kept(step.chip(f"{prefix}.silu_mul.silu", total, model.ffn))
    gated = step.chip(f"{prefix}.silu_mul.out", total, model.ffn)
    step.add("silu_mul", f"{prefix}.silu_mul", layer, (both,), (gated, silu))
    out = step.chip(f"{prefix}.down.out", total, model.hidden)
    down = step.product(f"{prefix}.down", layer, gated, (out,))
    output = step.sum(f"{prefix}.ffn_residual", layer, middle, out)
    return LayerTape(
        prefix, layer, inputs, qkv, attention, o_proj, middle, gate_up, both, silu, down, output
    )


def _attention(
    step: StepBuilder, prefix: str, layer: int, made: tuple[Tensor, Tensor, Tensor]
) -> AttentionTape:
    query, key, value = made
    heads, shape = step.model.heads, step.shape
    turned = (
        step.kept(step.chip(f"{prefix}.q_rotated", *query.shape)),
        step.kept(step.chip(f"{prefix}.k_rotated", *key.shape)),
    )
    step.add("rotary", f"{prefix}.rotary", layer, (query, key), turned)
    scores = step.chip(f"{prefix}.scores.out", heads, step.rows, "keys")
    step.add("scores", f"{prefix}.scores", layer, turned, (scores,), attention=shape)
    weights = step.chip(f"{prefix}.softmax.out", heads, step.rows, "keys")
    made_here: tuple[Tensor, ...] = (weights,)
    if step.attention == "flash":
        made_here += (step.exact(f"{prefix}.softmax.log_sum", heads, step.total),)
    softmax = step.kept(made_here[-1])
    step.add("softmax", f"{prefix}.softmax", layer, (scores,), made_here, attention=shape)
    output = step.chip(f"{prefix}.attend.out", *query.shape)
    step.add("attend", f"{prefix}.attend", layer, (weights, value), (output,), attention=shape)
    return AttentionTape(*turned, value, softmax, output)
