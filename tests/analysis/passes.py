"""Hand-made statistics of passes that differ in nothing but their time."""

from __future__ import annotations

import numpy as np

from accsim.analysis.causes import COLUMNS
from accsim.analysis.measure import PassStats


def pass_of(elapsed_ps: int, read_bytes: int = 0) -> PassStats:
    """A pass of one operator: all its time is DRAM's, and that data's."""
    path = np.zeros((1, COLUMNS), dtype=np.int64)
    path[0, 0] = elapsed_ps
    return PassStats(
        path=path,
        op_bytes=np.array([[read_bytes, 0]], dtype=np.int64),
        units=np.zeros((4, 2), dtype=np.int64),
        dram=np.zeros(5, dtype=np.int64),
        rows=np.zeros(5, dtype=np.int64),
        op_work=np.zeros((1, 3), dtype=np.int64),
        sram_peak=0,
    )
