"""Energy of a run from what it counted, by consumer, and the area of the chip.

First order: each count times one figure of `accsim.power`. Left out: power-down states of the DRAM,
voltage and temperature, how often data toggle, DMA and command processor, losses of power supplies.
Lowest and highest take every figure at its own lowest or highest at once, so the interval is the
worst case and no standard deviation.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from accsim.analysis.measure import PassStats
from accsim.analysis.prefill import PrefillStats
from accsim.chip import Chip, precision_index
from accsim.energy import Figure
from accsim.ops import PassGraph
from accsim.power.figures import area_mm2, energy_figures
from accsim.result import Area, Bounded, ConsumerEnergy, Energy
from accsim.units import PS_PER_S

PJ_PER_J = 10**12

ROW_CONSUMERS = ("array", "vector")
"""What grows with each query row of a pass. Weights are read once for all rows, from DRAM and for
the most part from SRAM, so a rejected row adds next to nothing there."""


@dataclass(frozen=True, slots=True)
class Work:
    """What some passes did.

    `sram_bytes` are those of array, vector unit and DMA; `macs` those of 16, 8 and 4 bits;
    `vector_elements` count once for each pass of an operation over them.
    """

    elapsed_ps: int
    dram_bytes: int
    activates: int
    refreshes: int
    sram_bytes: int
    macs: tuple[int, int, int]
    vector_elements: int


@dataclass(frozen=True, slots=True)
class Rows:
    """Query rows of the passes that emit tokens, over all sequences, and the tokens emitted.

    Each token comes out of one row; the other rows carried drafts that were rejected, or belonged
    to a sequence that had ended.
    """

    carried: int
    tokens: int

    @property
    def rejected(self) -> int:
        return self.carried - self.tokens


def decode_work(pairs: Iterable[tuple[PassGraph, int]], stats: Iterable[PassStats]) -> Work:
    """What decode passes did: their graphs and contexts, and their statistics."""
    passes = tuple(stats)
    dram_bytes = sum(int(one.op_bytes.sum()) for one in passes)
    return Work(
        elapsed_ps=sum(one.elapsed_ps for one in passes),
        dram_bytes=dram_bytes,
        activates=sum(int(one.rows[3]) for one in passes),
        refreshes=sum(int(one.rows[4]) for one in passes),
        sram_bytes=dram_bytes + sum(one.sram_bytes for one in passes),
        macs=macs_by_precision(pairs),
        vector_elements=sum(int(one.op_work[:, 1].sum()) for one in passes),
    )


def prefill_work(pairs: Iterable[tuple[PassGraph, int]], prefill: PrefillStats) -> Work:
    """What the prefill did."""
    dram_bytes = prefill.read_bytes + prefill.write_bytes
    return Work(
        elapsed_ps=prefill.elapsed_ps,
        dram_bytes=dram_bytes,
        activates=prefill.activates,
        refreshes=prefill.refreshes,
        sram_bytes=dram_bytes + prefill.sram_bytes,
        macs=macs_by_precision(pairs),
        vector_elements=prefill.vector_elements,
    )


def energy_pj(chip: Chip, pairs: Iterable[tuple[PassGraph, int]], stats: PrefillStats) -> int:
    """Energy of some passes, all consumers together, in whole picojoules.

    Args:
        chip: the hardware.
        pairs: graph and context of each pass.
        stats: all of them together.
    """
    return sum(one.pj for one in consumers(chip, prefill_work(pairs, stats)))


def macs_by_precision(pairs: Iterable[tuple[PassGraph, int]]) -> tuple[int, int, int]:
    """Useful MACs of 16, 8 and 4 bits; the wider operand decides."""
    macs = np.zeros(3, dtype=object)
    for graph, context in pairs:
        for op in graph.ops:
            made = op.macs(context)
            if made:
                macs[precision_index(op.operand_bits)] += made
    return int(macs[0]), int(macs[1]), int(macs[2])


Terms = tuple[tuple[int, Figure], ...]
"""Counts, and what one of each takes in pJ."""


def terms(chip: Chip, work: Work) -> dict[str, Terms]:
    """What the energy of some work is the sum of, by consumer."""
    figures, memory = energy_figures(chip), chip.memory
    ranks = memory.channels * memory.ranks
    # The commands that together refresh what one refresh of all banks does.
    turns = max(1, memory.part.refresh_turns(memory.refresh))
    # 1 mW for 1 ps is 1/1000 pJ, 1 W for 1 ps is 1 pJ.
    background = figures.dram_background_mw_per_rank.times(1 / 1000)
    return {
        "dram_activation": ((work.activates, figures.dram_activation_pj_per_row),),
        "dram_io": ((8 * work.dram_bytes, figures.dram_io_pj_per_bit),),
        "dram_background": ((ranks * work.elapsed_ps, background),),
        "dram_refresh": ((work.refreshes, figures.dram_refresh_pj_per_rank.times(1 / turns)),),
        "sram": ((work.sram_bytes, figures.sram_pj_per_byte),),
        "array": tuple(zip(work.macs, figures.mac_pj, strict=True)),
        "vector": ((work.vector_elements, figures.vector_pj_per_element),),
        "static": ((work.elapsed_ps, figures.static_w),),
    }


def consumers(chip: Chip, work: Work) -> tuple[ConsumerEnergy, ...]:
    """Energy of some work by consumer, in whole picojoules."""
    return tuple(_spent(consumer, parts) for consumer, parts in terms(chip, work).items())


def _spent(consumer: str, parts: Terms) -> ConsumerEnergy:
    return ConsumerEnergy(
        consumer,
        pj=round(sum(count * figure.value for count, figure in parts)),
        low_pj=round(sum(count * figure.low for count, figure in parts)),
        high_pj=round(sum(count * figure.high for count, figure in parts)),
    )


def energy(chip: Chip, decode: Work, prefill: Work, *, rows: Rows, passes: int) -> Energy:
    """Energy of a run that carries `rows` in `passes` passes, draft passes apart."""
    spent, before = consumers(chip, decode), consumers(chip, prefill)
    total = sum(one.pj for one in spent)
    dram = sum(one.pj for one in spent if one.consumer.startswith("dram_"))
    return Energy(
        decode=spent,
        decode_j=_total(spent, 1),
        j_per_token=_total(spent, rows.tokens),
        j_per_pass=_total(spent, passes),
        mean_power_w=_total(spent, decode.elapsed_ps / PS_PER_S),
        dram_share=dram / total if total else 0.0,
        prefill=before,
        prefill_j=_total(before, 1),
        rows=rows.carried,
        rejected_rows=rows.rejected,
        j_per_row=_total(spent, rows.carried),
        rejected_j=_scaled(
            _total((one for one in spent if one.consumer in ROW_CONSUMERS), rows.carried),
            rows.rejected,
        ),
    )


def _scaled(one: Bounded, times: int) -> Bounded:
    return Bounded(one.value * times, one.low * times, one.high * times)


def _total(spent: Iterable[ConsumerEnergy], among: float) -> Bounded:
    """All consumers together in J, over `among`."""
    parts = tuple(spent)
    return Bounded(
        sum(one.pj for one in parts) / PJ_PER_J / among,
        sum(one.low_pj for one in parts) / PJ_PER_J / among,
        sum(one.high_pj for one in parts) / PJ_PER_J / among,
    )


def area(chip: Chip) -> Area:
    """Area of the parts of the chip that are known."""
    parts = area_mm2(chip)
    bounded = {name: Bounded(one.value, one.low, one.high) for name, one in parts.items()}
    total = Bounded(
        sum(one.value for one in parts.values()),
        sum(one.low for one in parts.values()),
        sum(one.high for one in parts.values()),
    )
    return Area(**bounded, total=total)
