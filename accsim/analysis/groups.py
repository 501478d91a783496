"""What the operators of a run did, added up by group and by part of the model."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from accsim.analysis.bounds import roofline_bound
from accsim.analysis.causes import COLUMNS, by_cause, by_part, largest_cause
from accsim.analysis.energy import Work
from accsim.analysis.energy_shares import shared
from accsim.analysis.measure import PassStats
from accsim.chip import Chip, precision_index
from accsim.ops import ATTENTION_PRODUCTS, Op, OpKind, PassGraph
from accsim.result import Cause, ConsumerEnergy, OpStats, PartStats
from accsim.timeline import Column

Passes = Iterable[tuple[PassGraph, int, PassStats]]
"""Decode passes: graph, cached tokens, statistics."""


@dataclass(frozen=True)
class OpSums:
    """What each operator of a graph did in all `passes` of it.

    path, op_bytes, op_work  as of `PassStats`
    macs                     shape (operators,)
    """

    graph: PassGraph
    passes: int
    path: Column
    op_bytes: Column
    op_work: Column
    macs: Column

    @classmethod
    def of(cls, passes: Passes) -> tuple[OpSums, ...]:
        """Decode passes added up, one value for each graph."""
        alike: dict[str, list[tuple[PassGraph, int, PassStats]]] = {}
        for graph, context, stats in passes:
            alike.setdefault(graph.name, []).append((graph, context, stats))
        return tuple(cls._of_one(those) for those in alike.values())

    @classmethod
    def _of_one(cls, passes: list[tuple[PassGraph, int, PassStats]]) -> OpSums:
        graph, _, first = passes[0]
        path, op_bytes, op_work = (
            np.zeros_like(one) for one in (first.path, first.op_bytes, first.op_work)
        )
        macs = np.zeros(len(graph.ops), dtype=np.int64)
        for _, context, one in passes:
            path += one.path
            op_bytes += one.op_bytes
            op_work += one.op_work
            macs += np.array([op.macs(context) for op in graph.ops], dtype=np.int64)
        return cls(graph, len(passes), path, op_bytes, op_work, macs)


class _Group:
    """Operators of one name."""

    def __init__(self, first: Op) -> None:
        self.kind: OpKind = first.kind
        self.bits = first.operand_bits
        self.count = 0
        self.path: Column = np.zeros(COLUMNS, dtype=np.int64)
        self.moved: Column = np.zeros(2, dtype=np.int64)
        self.work: Column = np.zeros(3, dtype=np.int64)
        self.macs = [0, 0, 0]
        """Of 16, 8 and 4 bits."""

    def add(self, sums: OpSums, index: int) -> None:
        op, made = sums.graph.ops[index], int(sums.macs[index])
        self.count += sums.passes
        self.path += sums.path[index]
        self.moved += sums.op_bytes[index]
        self.work += sums.op_work[index]
        if made:
            self.macs[precision_index(op.operand_bits)] += made

    @property
    def time_ps(self) -> int:
        return int(self.path.sum())

    def did(self) -> Work:
        """Its work; that of refreshes is the time."""
        sram_bytes, vector_elements, opened = (int(part) for part in self.work)
        moved = int(self.moved.sum())
        bits_16, bits_8, bits_4 = self.macs
        return Work(
            elapsed_ps=self.time_ps,
            dram_bytes=moved,
            activates=opened,
            refreshes=self.time_ps,
            sram_bytes=moved + sram_bytes,
            macs=(bits_16, bits_8, bits_4),
            vector_elements=vector_elements,
        )


def op_groups(
    chip: Chip, sums: Iterable[OpSums], spent: Iterable[ConsumerEnergy]
) -> tuple[OpStats, ...]:
    """Operators of the same group, over all layers and passes, most time first.

    Args:
        chip: the hardware.
        sums: what the operators did.
        spent: the energy of the run, which the groups share.
    """
    groups = _grouped(sums, lambda op: op.group)
    energies = shared(chip, spent, {name: group.did() for name, group in groups.items()})
    result = [_op_stats(chip, name, group, energies[name]) for name, group in groups.items()]
    order = {stat.name: place for place, stat in enumerate(result)}
    return tuple(sorted(result, key=lambda stat: (-stat.time_ps, order[stat.name])))


def model_parts(
    chip: Chip, sums: Iterable[OpSums], spent: Iterable[ConsumerEnergy]
) -> tuple[PartStats, ...]:
    """The same by the first word of the operators' names, in order of their first operators."""
    groups = _grouped(sums, lambda op: op.name.partition(".")[0])
    energies = shared(chip, spent, {name: group.did() for name, group in groups.items()})
    return tuple(
        PartStats(
            name=name,
            time_ps=group.time_ps,
            causes_ps=by_cause(group.path),
            causes_detail_ps=by_part(group.path),
            energy_pj=energies[name],
        )
        for name, group in groups.items()
    )


def _grouped(sums: Iterable[OpSums], key: Callable[[Op], str]) -> dict[str, _Group]:
    groups: dict[str, _Group] = {}
    for one in sums:
        for index, op in enumerate(one.graph.ops):
            name = key(op)
            if name not in groups:
                groups[name] = _Group(op)
            groups[name].add(one, index)
    return groups


def _op_stats(chip: Chip, name: str, group: _Group, energy_pj: dict[str, int]) -> OpStats:
    read, write = (int(part) for part in group.moved)
    time, macs = group.time_ps, sum(group.macs)
    return OpStats(
        name=name,
        kind=group.kind,
        count=group.count,
        cycles=chip.clock.cycles_in(time),
        time_ps=time,
        dram_read_bytes=read,
        dram_write_bytes=write,
        macs=macs,
        intensity_macs_per_byte=macs / (read + write) if read + write else None,
        roofline_bound=roofline_bound(chip, macs, read + write, group.bits),
        bound=largest_cause(group.path) if time else _own_cause(group.kind),
        causes_ps=by_cause(group.path),
        causes_detail_ps=by_part(group.path),
        energy_pj=energy_pj,
    )


def _own_cause(kind: OpKind) -> Cause:
    """The unit that does the work of an operator."""
    if kind == "matmul" or kind in ATTENTION_PRODUCTS:
        return "array"
    return "dram" if kind in ("kv_append", "kv_copy") else "vector"
