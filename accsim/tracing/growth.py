"""How the work of an operator grows with the context, exactly and as text.

Of all that an operator does only the attention depends on the context: its MACs and the bytes of
cached keys or values. Both grow by a fixed number of units, or of bits, per cached token. So two
integers say what any pass costs, and a trace of many passes is added up without walking through its
operators again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from accsim.ops import OpTrace, PassGraph


@dataclass(frozen=True, slots=True)
class Growth:
    """``fixed + ceil(per_eight x context / 8)``: bytes of elements that may be less than a byte."""

    fixed: int
    per_eight: int

    @classmethod
    def of(cls, measure: Callable[[int], int]) -> Growth:
        """The growth of a count, from its values at contexts 0 and 8."""
        fixed = measure(0)
        return cls(fixed, measure(8) - fixed)

    def at(self, context: int) -> int:
        """The count at a context."""
        return self.fixed - (-self.per_eight * context // 8)

    def text(self) -> int | str:
        """An integer where nothing grows, else a formula: ``262144+8192*context``."""
        if not self.per_eight:
            return self.fixed
        slope, rest = divmod(self.per_eight, 8)
        if rest:
            return f"{self.fixed}+ceil({self.per_eight}*context/8)"
        return f"{self.fixed}+{slope}*context"


@dataclass(frozen=True, slots=True)
class Totals:
    """What a whole trace holds: records, and work over all passes of all runs."""

    graphs: int
    ops: int
    runs: int
    passes: int
    macs: int
    dram_read_bytes: int
    dram_write_bytes: int


def add_up(trace: OpTrace) -> Totals:
    """Count everything in a trace whose passes refer to its own graphs."""
    work = {name: _GraphWork.of(graph) for name, graph in trace.graphs.items()}
    passes = [step for run in trace.runs for step in run.passes()]
    return Totals(
        graphs=len(trace.graphs),
        ops=sum(len(graph.ops) for graph in trace.graphs.values()),
        runs=len(trace.runs),
        passes=len(passes),
        macs=sum(_sum_at(work[step.graph].macs, step.context) for step in passes),
        dram_read_bytes=sum(_sum_at(work[step.graph].reads, step.context) for step in passes),
        dram_write_bytes=sum(work[step.graph].write_bytes for step in passes),
    )


@dataclass(frozen=True, slots=True)
class _GraphWork:
    """Equal operators of a graph counted together: a few kinds instead of hundreds."""

    macs: Counter[Growth]
    reads: Counter[Growth]
    write_bytes: int

    @classmethod
    def of(cls, graph: PassGraph) -> _GraphWork:
        return cls(
            Counter(Growth.of(op.macs) for op in graph.ops),
            Counter(Growth.of(op.dram_read_bytes) for op in graph.ops),
            graph.dram_write_bytes(),
        )


def _sum_at(growths: Counter[Growth], context: int) -> int:
    return sum(count * growth.at(context) for growth, count in growths.items())
