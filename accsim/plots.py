"""Charts as plotly figures, for notebooks and scripts: ``accsim.plots.roofline(result).show()``.

The same figures are on the pages of ``accsim plot``. A figure may be changed before it is shown;
plotly is loaded with the first one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from accsim.api import Name, as_chip, as_workload, load_result
from accsim.chip import Chip
from accsim.result import Result
from accsim.workload import Workload

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from accsim.sweep.reading import Sweep


def roofline(result: Result | Name) -> go.Figure:
    """Operator groups of all runs under the roofs of pins and array.

    Args:
        result: from `accsim.run`, or the file of a saved one.

    Raises:
        InputError: a problem of the file.
    """
    from accsim.report.roofline import roofline_figure

    return roofline_figure(result if isinstance(result, Result) else load_result(result))


def cost_curve(
    chip: Chip | Name,
    workload: Workload | Name,
    *,
    rows: int | None = None,
    context: int | None = None,
) -> go.Figure:
    """What a pass of m query rows takes over one of a single row, T(m) / T(1).

    Args:
        chip: the hardware.
        workload: its model, precision and batch.
        rows: the most rows; 64 if not given.
        context: tokens in the KV cache before the pass; half of the model's positions if not given.

    Raises:
        InputError: a problem of a file, or the passes do not fit the model or the chip.
    """
    from accsim import cost_curve as costs
    from accsim.report.cost_chart import cost_chart

    hardware, described = as_chip(chip), as_workload(workload)
    if context is None:
        context = costs.default_context(described)
    numbers = costs.default_rows(costs.MOST_ROWS if rows is None else rows)
    found = costs.cost_curve(hardware, described, numbers, context)
    ps = {number: cost.ps for number, cost in found.items()}
    return cost_chart(hardware.name, described.name, context, described.batch, ps).figure


def breakeven(
    chip: Chip | Name,
    workload: Workload | Name,
    *,
    contexts: Sequence[int] | None = None,
    batches: Sequence[int] | None = None,
) -> dict[str, go.Figure]:
    """For each run that drafts: its speed-up by k, by acceptance rate and by batch.

    Args:
        chip: the hardware.
        workload: the runs, and the baseline that they are held against.
        contexts: tokens in the caches before a step; if not given, 128, 512, ... to the longest.
        batches: sequences decoded together; if not given, 1, 2, 4, ... 32 and that of the workload.

    Returns:
        Figures by what they show.

    Raises:
        InputError: a problem of a file, no run drafts, or one fits the chip nowhere.
    """
    from accsim.costs import break_even, default_batches, default_contexts
    from accsim.report.breakeven_charts import break_even_charts

    described = as_workload(workload)
    told = break_even(
        as_chip(chip),
        described,
        sorted(contexts or default_contexts(described)),
        sorted(batches or default_batches(described)),
    )
    return {chart.heading: chart.figure for chart in break_even_charts(told)}


def dram_efficiency(chip: Chip | Name, *, size: int | None = None) -> go.Figure:
    """What the memory of a chip, on its own, makes of five address patterns.

    Args:
        chip: the hardware.
        size: bytes to move in each, at least 16 KiB; 16 MiB if not given.

    Raises:
        InputError: a problem of the file.
        ValueError: `size` is less than a round of some pattern.
    """
    from accsim.dram.catalogue import PATTERNS, Sizes
    from accsim.report.charts import pattern_figure

    memory, sizes = as_chip(chip).memory, Sizes() if size is None else Sizes(size)
    least = max(sizes.round_bytes(name, memory.part.burst_bytes) for name in PATTERNS)
    if sizes.size < least:
        raise ValueError(f"size must be at least {least}, got {sizes.size}")
    return pattern_figure([sizes.study(memory, name) for name in PATTERNS])


def pareto(sweep: Sweep | Name) -> go.Figure:
    """The points of a sweep over its objectives, with the Pareto front.

    Args:
        sweep: from `accsim.sweep.reading.open_study`, or the file of a store.

    Raises:
        InputError: a problem of the store, or no point has a result.
    """
    from accsim.report.sweep_charts import pareto_chart
    from accsim.sweep.reading import Sweep, open_study

    found = sweep if isinstance(sweep, Sweep) else open_study(sweep)
    return pareto_chart(found.findings()).figure
