"""The memory that a training step takes for activations, logits and their gradients."""

from __future__ import annotations

from dataclasses import dataclass

from accsim.ops import PassGraph, Tensor


@dataclass(frozen=True, slots=True)
class ActivationMemory:
    """The most bytes of activations and logits that exist at once.

    peak_bytes    all of them
    logits_bytes  those of logits and their gradient, at that moment
    at            name of the operator that runs then
    """

    peak_bytes: int
    logits_bytes: int
    at: str


def activation_memory(graph: PassGraph) -> ActivationMemory:
    """Walk through the operators of a step; each tensor lives from its writing to its last reading.

    All activations count, kept ones and those on their way. Scores, probabilities and their
    gradients exist block by block only, unless the step keeps the probabilities: then the forward
    pass has scores as a whole too. Weights and their gradients are no activations.
    """
    lives = _lives(graph)
    changes = [0] * (len(graph.ops) + 1)
    for first, last, tensor in lives.values():
        size = tensor.stored_bytes(0, graph.keys(0))
        changes[first] += size
        changes[last + 1] -= size
    peak = now = where = 0
    for index, change in enumerate(changes):
        now += change
        if now > peak:
            peak, where = now, index
    logits = {
        tensor.name
        for op in graph.ops
        if op.kind == "cross_entropy"
        for tensor in (*op.reads, *op.writes)
    }
    logits_bytes = sum(
        tensor.stored_bytes(0, 0)
        for name, (first, last, tensor) in lives.items()
        if name in logits and first <= where <= last
    )
    return ActivationMemory(peak, logits_bytes, graph.ops[where].name)


def _lives(graph: PassGraph) -> dict[str, tuple[int, int, Tensor]]:
    """By name of each activation that exists as a whole: first and last operator, and itself."""
    softmaxes = [op for op in graph.ops if op.kind == "softmax"]
    fused = not any(op.writes[0].name in graph.in_dram for op in softmaxes)
    lives: dict[str, tuple[int, int, Tensor]] = {}
    for index, op in enumerate(graph.ops):
        backward = op.kind in ("scores_grad", "softmax_grad")
        for tensor in op.writes:
            in_blocks = "keys" in tensor.shape and (fused or backward)
            if tensor.place == "chip" and not in_blocks:
                lives[tensor.name] = index, index, tensor
        for tensor in op.reads:
            if tensor.name in lives:
                lives[tensor.name] = lives[tensor.name][0], index, tensor
    return lives
