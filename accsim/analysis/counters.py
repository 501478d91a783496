"""Quantities over the time of one pass: DRAM bandwidth and SRAM fill."""

from __future__ import annotations

from bisect import bisect_right

import numpy as np
import numpy.typing as npt

from accsim.program import Program, Unit
from accsim.timeline import Column, Timeline

Rates = npt.NDArray[np.float64]

WINDOWS = 500
"""Into how many windows the pass is cut for the bandwidth curve."""


def window_edges_ns(elapsed_ps: int) -> list[int]:
    """The edges of at most `WINDOWS` windows of whole ns that cover the pass, the last rounded up.

    >>> window_edges_ns(2_500)
    [0, 1, 2, 3]
    """
    elapsed_ns = max(1, -(-elapsed_ps // 1000))
    count = min(WINDOWS, elapsed_ns)
    return [elapsed_ns * i // count for i in range(count + 1)]


def window_bytes(program: Program, timeline: Timeline, edges_ns: list[int]) -> list[int]:
    """Bytes on the DRAM pins in each window; adds up to the bytes of all descriptors.

    A descriptor's bytes are spread evenly from its first data on any channel to its last. What is
    left out is the ripple within that span, some microseconds: less than a window is wide.
    """
    memory = timeline.memory
    edges_ps = [edge * 1000 for edge in edges_ns]
    counts = [0] * (len(edges_ns) - 1)
    rows = zip(
        memory.unit.tolist(),
        memory.index.tolist(),
        memory.begin_ps.tolist(),
        memory.finish_ps.tolist(),
        strict=True,
    )
    for unit, index, begins, finishes in rows:
        queue = program.loads if unit == Unit.LOAD else program.stores
        total = queue.bytes_of(index)
        begin = min((b for b, f in zip(begins, finishes, strict=True) if f), default=0)
        span = max(max(finishes) - begin, 1)
        window = bisect_right(edges_ps, begin) - 1
        given = 0
        while given < total:
            until = total * min(edges_ps[window + 1] - begin, span) // span
            counts[window] += until - given
            given = until
            window += 1
    return counts


def dram_bandwidth(program: Program, timeline: Timeline) -> tuple[Column, Rates]:
    """Bandwidth in GB/s (1e9 bytes/s) from each window's start on; 0 at the end of the pass.

    Returns:
        Times in ps and bandwidths, both of shape (windows + 1,).
    """
    edges = window_edges_ns(timeline.elapsed_ps)
    counts = window_bytes(program, timeline, edges)
    rates = [
        # One byte per nanosecond is one GB/s.
        count / (following - edge)
        for edge, following, count in zip(edges, edges[1:], counts, strict=False)
    ]
    return 1000 * np.array(edges, dtype=np.int64), np.array([*rates, 0.0])


def sram_fill(program: Program, timeline: Timeline) -> tuple[Column, Column]:
    """Bytes of SRAM in use: the activation reserve plus the filled part of the stream buffer.

    Of several changes at one time the last counts.

    Returns:
        Times in ps, the first 0 and the last the end of the pass, and bytes: both of one shape.
    """
    fill = {0: program.reserve_bytes}
    for time_ps, used in zip(timeline.sram_ps.tolist(), timeline.sram_bytes.tolist(), strict=True):
        fill[time_ps] = program.reserve_bytes + used
    fill.setdefault(timeline.elapsed_ps, next(reversed(fill.values())))
    times, values = zip(*sorted(fill.items()), strict=True)
    return np.array(times, dtype=np.int64), np.array(values, dtype=np.int64)
