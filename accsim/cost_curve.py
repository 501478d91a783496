"""What a pass costs by the number of its query rows: whether the second token is free.

The passes are those of the ordinary model that verify drafts (`accsim.tracing.verification`): all
rows go through all layers and through the LM head, and read the weights once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from accsim.chip import Chip
from accsim.errors import InputError, Problem
from accsim.ops import PassGraph
from accsim.passes import simulated
from accsim.pipeline import Progress, check_fits
from accsim.result import CAUSES
from accsim.timeline import Column
from accsim.tracing.shorten import shortened
from accsim.tracing.verification import verify_pass
from accsim.workload import Workload

EVERY_ROW = 16
"""Up to here curves have every number of rows, beyond every fourth: where rows fill an array or a
register row by row, it shows here."""
MOST_ROWS = 64


@dataclass(frozen=True)
class Cost:
    """One simulated pass.

    causes_ps    time on the critical path by cause, those with a share only
    dram_bytes   read and written
    cached_bytes read by the scores and attend operators: cached keys and values
    """

    ps: int
    causes_ps: dict[str, int]
    dram_bytes: int
    cached_bytes: int

    @property
    def bound(self) -> str:
        """The cause with the largest share."""
        return max(self.causes_ps, key=lambda cause: self.causes_ps[cause])


def default_rows(most: int) -> tuple[int, ...]:
    """Rows at which a curve up to `most` of them is simulated."""
    return (*range(1, min(most, EVERY_ROW) + 1), *range(EVERY_ROW + 4, most + 1, 4))


def default_context(workload: Workload) -> int:
    """Half of the positions of the model."""
    return workload.model.max_positions // 2


def cost_curve(
    chip: Chip,
    workload: Workload,
    rows: Sequence[int],
    context: int,
    progress: Progress | None = None,
) -> dict[int, Cost]:
    """The cost of a pass for each number of rows.

    Args:
        chip: the hardware.
        workload: its model, precision and batch.
        rows: query rows of each sequence, at least 1.
        context: tokens in the KV cache of each sequence before the pass, at least 1.
        progress: called before each pass is simulated.

    Raises:
        InputError: the model has no room for so many positions, or a pass does not fit the chip.
    """
    model = workload.model
    if context + max(rows) > model.max_positions:
        message = (
            f"{context} cached tokens and {max(rows)} rows are more than the "
            f"{model.max_positions} positions of {model.name}"
        )
        raise InputError(Problem(workload.name, message))
    costs = {}
    for done, number in enumerate(rows):
        if progress:
            progress(f"{number} rows", done, len(rows))
        trace = verify_pass(
            model, workload.precision, rows=number, context=context, batch=workload.batch
        )
        check_fits(chip, trace)
        costs[number] = graph_cost(chip, trace.graphs[trace.runs[0].decode[0].graph], context)
    return costs


def graph_cost(chip: Chip, graph: PassGraph, context: int) -> Cost:
    """A pass with `context` tokens in the cache of each of its sequences.

    Of equal layers a few are simulated and the others take what one of these takes, as in a prefill
    of `accsim run`.

    Raises:
        InputError: it does not fit the SRAM.
    """
    short = shortened(graph)
    contexts = (context,) * graph.sequences
    stats = simulated(chip, short.graph, contexts, context + graph.rows).stats(chip)
    times = np.ones(len(short.graph.ops), dtype=np.int64)
    times[sorted(short.model_ops)] += short.missing
    return cost_of(short.graph, stats.causes * times[:, None], stats.op_bytes * times[:, None])


def cost_of(graph: PassGraph, causes: Column, op_bytes: Column) -> Cost:
    """The cost of a measured pass, from `PassStats.causes` and `PassStats.op_bytes`."""
    by_cause: dict[str, int] = {
        cause: int(ps) for cause, ps in zip(CAUSES, causes.sum(axis=0), strict=True) if ps
    }
    attention = [i for i, op in enumerate(graph.ops) if op.kind in ("scores", "attend")]
    return Cost(
        ps=sum(by_cause.values()),
        causes_ps=by_cause,
        dram_bytes=int(op_bytes.sum()),
        cached_bytes=int(op_bytes[attention, 0].sum()),
    )
