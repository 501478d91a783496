"""Collecting the operators of a training step.

A matmul Y = X W^T makes two in the backward pass: dX = dY W and dW = dY^T X. Gradients of weights
are tensors in DRAM of their own; the gradient of weights that are used again (norm and LM head of
several prediction heads) is read, added to and written anew, under a further name.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from accsim.ops import Attention, Dim, NumberFormat, Op, OpKind, Tensor
from accsim.training import FP32, AttentionStorage
from accsim.workload import ModelShape


@dataclass(frozen=True, slots=True)
class Product:
    """A product with weights in the forward pass, as the backward pass needs it."""

    name: str
    layer: int | None
    inputs: Tensor
    weights: Tensor


@dataclass
class StepBuilder:
    """Operators of a step of `sequences` of `rows` tokens each; methods append some.

    `in_dram` collects the names of the activations that are kept for the backward pass, or travel
    through DRAM anyway.
    """

    model: ModelShape
    format: NumberFormat
    attention: AttentionStorage
    sequences: int
    rows: int
    ops: list[Op] = field(default_factory=list)
    in_dram: set[str] = field(default_factory=set)
    gradients: dict[str, Tensor] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """Tokens of the step."""
        return self.sequences * self.rows

    @property
    def shape(self) -> Attention:
        """The shape of every attention operator."""
        model = self.model
        return Attention(self.sequences, self.rows, model.heads, model.kv_heads, model.head_dim)

    def add(
        self,
        kind: OpKind,
        name: str,
        layer: int | None,
        reads: tuple[Tensor, ...],
        writes: tuple[Tensor, ...],
        *,
        rows: int | None = None,
        inner: int = 0,
        outer: int = 0,
        attention: Attention | None = None,
    ) -> None:
        """Append an operator; its group is the last part of its name."""
        group = name.rpartition(".")[2]
        rows = self.total if rows is None else rows
        self.ops.append(Op(name, kind, group, layer, reads, writes, rows, inner, outer, attention))
        self.in_dram.update(tensor.name for tensor in writes if tensor.place == "gradients")

    def chip(self, name: str, *shape: Dim) -> Tensor:
        """An activation."""
        return Tensor(name, shape, self.format, "chip")

    def exact(self, name: str, *shape: Dim) -> Tensor:
        """An activation in fp32."""
        return Tensor(name, shape, FP32, "chip")

    def kept(self, tensor: Tensor) -> Tensor:
        """An activation that lives in DRAM."""
        self.in_dram.add(tensor.name)
        return tensor

    def weights(self, name: str, *shape: int) -> Tensor:
        """Stored weights."""
        return Tensor(f"{name}.weight", shape, self.format, "weights")

    def gradient(self, weights: Tensor) -> tuple[tuple[Tensor, ...], Tensor]:
        """The gradient of weights so far (none, or one tensor), and what it becomes."""
        before = self.gradients.get(weights.name)
        name = f"{weights.name}_grad" if before is None else f"{before.name}+"
        after = Tensor(name, weights.shape, self.format, "gradients")
        self.gradients[weights.name] = after
        return ((), after) if before is None else ((before,), after)

    def product(
        self,
        name: str,
        layer: int | None,
        inputs: Tensor,
        outputs: tuple[Tensor, ...],
        weights: str | None = None,
    ) -> Product:
        """A product of activations with weights: as many rows as `inputs` has."""
        inner, outer = width(inputs), sum(map(width, outputs))
        matrix = self.weights(weights or name, outer, inner)
        rows = fixed(inputs.shape[0])
        reads = (inputs, matrix)
        self.add("matmul", name, layer, reads, outputs, rows=rows, inner=inner, outer=outer)
        return Product(name, layer, self.kept(inputs), matrix)

    def product_grad(self, forward: Product, grad: Tensor) -> Tensor:
        """Both products of the backward pass: returns dX = dY W, leaves dW = dY^T X in DRAM.

        `grad` is dY, of (rows, outer) elements.
        """
        name, layer, inputs = forward.name, forward.layer, forward.inputs
        rows, (outer, inner) = fixed(inputs.shape[0]), map(fixed, forward.weights.shape)
        out = self.chip(f"{name}_dx.out", *inputs.shape)
        self.add(
            "matmul",
            f"{name}_dx",
            layer,
            (grad, forward.weights),
            (out,),
            rows=rows,
            inner=outer,
            outer=inner,
        )
        before, after = self.gradient(forward.weights)
        self.add(
            "matmul",
            f"{name}_dw",
            layer,
            (grad, inputs, *before),
            (after,),
            rows=outer,
            inner=rows,
            outer=inner,
        )
        return out

    def sum(self, name: str, layer: int | None, one: Tensor, other: Tensor) -> Tensor:
        """The sum of two tensors of one shape."""
        out = self.chip(f"{name}.out", *one.shape)
        self.add("residual_add", name, layer, (one, other), (out,))
        return out

    def norm(
        self, name: str, layer: int | None, inputs: tuple[Tensor, ...], weights: str | None = None
    ) -> Tensor:
        """RMSNorm over stacked inputs, which are kept."""
        for tensor in inputs:
            self.kept(tensor)
        rows = sum(fixed(tensor.shape[0]) for tensor in inputs)
        weight = self.weights(weights or name, self.model.hidden)
        out = self.chip(f"{name}.out", rows, self.model.hidden)
        self.add("rms_norm", name, layer, (*inputs, weight), (out,), rows=rows)
        return out

    def norm_grad(
        self,
        name: str,
        layer: int | None,
        grad: Tensor,
        inputs: tuple[Tensor, ...],
        weights: str | None = None,
    ) -> tuple[Tensor, ...]:
        """Gradients of the inputs of a norm; that of its weight stays in DRAM."""
        weight = self.weights(weights or name, self.model.hidden)
        outs = tuple(
            self.chip(f"{name}_grad.out" + f".{place}" * (len(inputs) > 1), *tensor.shape)
            for place, tensor in enumerate(inputs)
        )
        before, after = self.gradient(weight)
        rows = fixed(grad.shape[0])
        reads = (grad, *inputs, weight, *before)
        self.add("rms_norm_grad", f"{name}_grad", layer, reads, (*outs, after), rows=rows)
        return outs


def fixed(dim: Dim) -> int:
    """A size that is no symbol."""
    assert isinstance(dim, int)
    return dim


def width(tensor: Tensor) -> int:
    """Elements of one row."""
    return math.prod(map(fixed, tensor.shape[1:]))
