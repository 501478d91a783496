"""The checks of a training step: that it agrees with itself, and with the closed form."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from accsim.errors import InvariantError
from accsim.ops import Op, PassGraph, Tensor
from accsim.tracing.step import fixed
from accsim.training import TrainingRun, TrainingWorkload


@dataclass(frozen=True, slots=True)
class StepWork:
    """What a step costs at least, on any chip, beside the activations that travel through DRAM."""

    macs: int
    dram_read_bytes: int
    dram_write_bytes: int


def check_step(
    workload: TrainingWorkload, run: TrainingRun, trunk_layers: int, graph: PassGraph
) -> None:
    """Refuse a step that contradicts itself or what the shape of its model says, to the unit.

    Nothing is read before it is written, every activation is used, and the elements of each matmul
    agree with its sizes.

    Raises:
        InvariantError: with the first contradiction.
    """
    for message in step_faults(graph):
        raise InvariantError(f"graph {graph.name!r}, {message}")
    found = StepWork(graph.macs(0), graph.dram_read_bytes(0), graph.dram_write_bytes())
    expected = closed_form(workload, replace(run, trunk_layers=trunk_layers))
    if found != expected:
        raise InvariantError(f"graph {graph.name!r}: traced {found}, closed form {expected}")


def step_faults(graph: PassGraph) -> Iterator[str]:
    """Every contradiction within a step, as ``operator 'name': what is wrong``."""
    written: dict[str, str] = {}
    unused: dict[str, str] = {}
    names: set[str] = set()
    for op in graph.ops:
        where = f"operator {op.name!r}: "
        if op.name in names:
            yield f"{where}a second operator of this name"
        names.add(op.name)
        for tensor in op.reads:
            unused.pop(tensor.name, None)
            if tensor.place in ("chip", "gradients") and tensor.name not in written:
                yield f"{where}reads {tensor.name!r} before any operator has written it"
        for tensor in op.writes:
            if tensor.name in written:
                yield f"{where}writes {tensor.name!r} a second time"
            written[tensor.name] = op.name
            if tensor.place == "chip":
                unused[tensor.name] = op.name
        if op.kind == "matmul":
            for message in _matmul_faults(op):
                yield where + message
    for name, by in unused.items():
        yield f"operator {by!r}: writes {name!r}, which nothing reads"


def _matmul_faults(op: Op) -> Iterator[str]:
    """As products, each tensor has the elements that rows, inner and outer say."""
    for what, tensors, size in (
        ("inputs", (op.inputs,), op.rows * op.inner),
        ("weights", (op.weights,), op.inner * op.outer),
        ("outputs", op.writes, op.rows * op.outer),
    ):
        found = sum(map(_elements, tensors))
        if found != size:
            yield f"{what} have {found} elements, expected {size}"


def _elements(tensor: Tensor) -> int:
    return math.prod(map(fixed, tensor.shape))


def closed_form(workload: TrainingWorkload, run: TrainingRun) -> StepWork:
    """Work of a step.

    MACs: three times those of the forward pass, and the scores again with flash attention.

    Bytes read: all weights twice, forward and for dX, those of norm and LM head once more for each
    further head that has its turn alone, with their gradients so far; a row of the embedding table
    for each token. Written: all gradients, likewise.
    """
    model, size = workload.model, workload.format.stored_bytes
    layer = size(1, model.layer_matmul_params + 2 * model.hidden)
    head = size(model.vocab, model.hidden) + size(1, model.hidden)
    turns = run.heads if run.heads_live == "one_at_a_time" else 1
    rows = size(workload.batch * workload.sequence_tokens, model.hidden)
    return StepWork(
        macs=workload.step_macs(run) + workload.remade_macs(run),
        dram_read_bytes=2 * run.layers * layer + (3 * turns - 1) * head + rows,
        dram_write_bytes=run.layers * layer + turns * head + rows,
    )
