"""The chart of what a pass costs by the number of its query rows."""

from __future__ import annotations

from collections.abc import Mapping

from accsim.report.charts import cost_figure
from accsim.report.page import Chart
from accsim.units import show_time


def cost_chart(chip: str, workload: str, context: int, batch: int, ps: Mapping[int, int]) -> Chart:
    """T(m) / T(1) over m.

    Args:
        chip: its name.
        workload: its name.
        context: tokens in the cache of each sequence before the pass.
        batch: sequences.
        ps: time of the pass in ps by the number of its query rows, 1 among them.
    """
    most = max(ps)
    sequences = "one sequence" if batch == 1 else f"each of {batch} sequences"
    return Chart(
        f"{chip}: {most} rows cost {ps[most] / ps[1]:.3g}x one row",
        f"What a pass that verifies m tokens takes, over that of one row ({show_time(ps[1])}): the "
        f"model of {workload}, {context} tokens in the cache of {sequences}, all rows through all "
        "layers and the LM head. On the grey line more rows gain nothing; a flat curve says that "
        "further tokens are free.",
        cost_figure({"": {chip: {rows: one / ps[1] for rows, one in ps.items()}}}),
    )
