"""What a program must satisfy before the engine sees it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from accsim.errors import InvariantError
from accsim.ops import PassGraph
from accsim.program import Program, Unit


def check_program(program: Program, graph: PassGraph) -> None:
    """Check a program against its operators.

    - The MACs of the tiles of each operator add up to the operator's, exactly.
    - Each operator reads from DRAM what it needs and writes what it must: exactly that, or
      at least that where SRAM is short (`Program.moves_more`).
    - All of the stream buffer that loads take is given back.
    - No load has to wait for room that only a later command could make (no deadlock on SRAM).

    Raises:
        InvariantError: one of them fails; names the operator and both numbers.
    """
    context = sum(program.contexts)
    macs = _per_op(graph, program.array.op, program.array.macs)
    loads, stores = program.loads, program.stores
    reads = _per_op(graph, loads.op, map(loads.bytes_of, range(len(loads))))
    writes = _per_op(graph, stores.op, map(stores.bytes_of, range(len(stores))))
    for index, op in enumerate(graph.ops):
        if macs[index] != op.macs(context):
            raise InvariantError(
                f"{op.name}: tiles hold {macs[index]} MACs, the operator {op.macs(context)}"
            )
        read, written = op.dram_read_bytes(context), op.dram_write_bytes()
        exactly = index not in program.moves_more
        if reads[index] < read or (exactly and reads[index] > read):
            raise InvariantError(f"{op.name}: loads {reads[index]} B of {read} B needed")
        if writes[index] < written or (exactly and writes[index] > written):
            raise InvariantError(f"{op.name}: stores {writes[index]} B of {written} B needed")
    _check_stream_buffer(program)


def _per_op(graph: PassGraph, ops: Iterable[int], amounts: Iterable[int]) -> list[int]:
    totals = [0] * len(graph.ops)
    for op, amount in zip(ops, amounts, strict=True):
        totals[op] += amount
    return totals


def _check_stream_buffer(program: Program) -> None:
    taken = np.cumsum(np.array(program.loads.sram_bytes, dtype=np.int64))
    if len(taken) == 0:
        return
    freed_before = np.zeros(len(taken), dtype=np.int64)
    freed_total = 0
    for queue in (program.array, program.vector):
        free = np.concatenate([[0], np.cumsum(np.array(queue.sram_free_bytes, dtype=np.int64))])
        freed_total += int(free[-1])
        # A command waits for this many loads, counting what commands before it waited for.
        awaited = np.maximum.accumulate(np.array(queue.needs[Unit.LOAD], dtype=np.int64))
        # Commands that can run before load j is there: all that wait for at most j loads.
        freed_before += free[np.searchsorted(awaited, np.arange(len(taken)), side="right")]
    if freed_total != taken[-1]:
        raise InvariantError(
            f"loads take {taken[-1]} B of stream buffer, {freed_total} B are freed"
        )
    most = int((taken - freed_before).max())
    if most > program.stream_bytes:
        raise InvariantError(
            f"{most} B of tiles must be alive at once, there is room for {program.stream_bytes} B"
        )
