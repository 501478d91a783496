"""From the statistics of prefill passes to those of the prefill."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from accsim.analysis.causes import COLUMNS
from accsim.analysis.sampling import SampledPasses
from accsim.timeline import Column


@dataclass(frozen=True)
class PrefillStats:
    """All prefill passes: time by cause in ps, DRAM bytes, layers simulated of all, and other work.

    path: by the columns of `accsim.analysis.causes`, shape (COLUMNS,). Each pass counts its
    layers; `layers_simulated` is less than `layers` where equal layers were extrapolated from one
    of them, or whole passes interpolated. `max_error` is that of `SampledPasses`. `sram_bytes` are
    those of array and vector unit, `vector_elements` count once for each pass over them.
    """

    path: Column
    read_bytes: int
    write_bytes: int
    layers: int
    layers_simulated: int
    max_error: float
    sram_bytes: int
    vector_elements: int
    activates: int
    refreshes: int

    @property
    def elapsed_ps(self) -> int:
        return int(self.path.sum())

    @classmethod
    def none(cls) -> PrefillStats:
        """No pass."""
        return cls(np.zeros(COLUMNS, dtype=np.int64), 0, 0, 0, 0, 0.0, 0, 0, 0, 0)

    @classmethod
    def of(
        cls, passes: SampledPasses, layers: int, model_ops: Collection[int], missing: int
    ) -> PrefillStats:
        """Passes of one graph, simulated with `missing` of its `layers` left out.

        Each missing layer takes what the operators `model_ops` of the simulated ones take. Opened
        rows grow with the DRAM bytes (which rows one layer finds open is chance) and refreshes,
        which no operator is charged with, with the time.
        """
        model = sorted(model_ops)
        path = np.zeros(COLUMNS, dtype=np.int64)
        moved = np.zeros(2, dtype=np.int64)
        work = np.zeros(3, dtype=np.int64)
        activates = refreshes = 0
        for one in passes.stats:
            path += one.path.sum(axis=0) + missing * one.path[model].sum(axis=0)
            moved += one.op_bytes.sum(axis=0) + missing * one.op_bytes[model].sum(axis=0)
            work += one.op_work.sum(axis=0) + missing * one.op_work[model].sum(axis=0)
            more_bytes = missing * int(one.op_bytes[model].sum())
            more_ps = missing * int(one.causes[model].sum())
            activates += _grown(int(one.rows[3]), int(one.op_bytes.sum()), more_bytes)
            refreshes += _grown(int(one.rows[4]), one.elapsed_ps, more_ps)
        return cls(
            path=path,
            read_bytes=int(moved[0]),
            write_bytes=int(moved[1]),
            layers=layers * len(passes.stats),
            layers_simulated=(layers - missing) * passes.simulated,
            max_error=passes.max_error,
            sram_bytes=int(work[0]),
            vector_elements=int(work[1]),
            activates=activates,
            refreshes=refreshes,
        )

    def __add__(self, other: PrefillStats) -> PrefillStats:
        return PrefillStats(
            self.path + other.path,
            self.read_bytes + other.read_bytes,
            self.write_bytes + other.write_bytes,
            self.layers + other.layers,
            self.layers_simulated + other.layers_simulated,
            max(self.max_error, other.max_error),
            self.sram_bytes + other.sram_bytes,
            self.vector_elements + other.vector_elements,
            self.activates + other.activates,
            self.refreshes + other.refreshes,
        )


def _grown(count: int, of: int, more: int) -> int:
    """A count of `of` units of something, grown in proportion to `more` of them."""
    return count + (count * more // of if of else 0)
