"""The columns in which critical-path time is counted: by cause, and by part where a cause has them.

The parts of a cause stand side by side, in the order of `CAUSE_PARTS`; a cause without parts has
one column. So sums over the columns of a cause are exact, whatever is done to the columns.
"""

from __future__ import annotations

import numpy as np

from accsim.result import CAUSE_PARTS, CAUSES, Cause
from accsim.timeline import Column

_WIDTHS = [len(CAUSE_PARTS.get(cause, ("",))) for cause in CAUSES]
_STARTS = [sum(_WIDTHS[:place]) for place in range(len(CAUSES))]
COLUMNS = sum(_WIDTHS)
"""How many columns there are."""


def column_of(cause: Cause, part: str | None = None) -> int:
    """The column of a part of a cause; the first of the cause where no part is named."""
    start = _STARTS[CAUSES.index(cause)]
    return start if part is None else start + CAUSE_PARTS[cause].index(part)


def whole_causes(times: Column) -> Column:
    """Times by cause, shape (..., len(CAUSES)), of times by column, shape (..., COLUMNS)."""
    summed: Column = np.add.reduceat(times, _STARTS, axis=-1)
    return summed


def largest_cause(times: Column) -> Cause:
    """The cause with most of the times by column, shape (COLUMNS,)."""
    return CAUSES[int(np.argmax(whole_causes(times)))]


def by_cause(times: Column) -> dict[str, int]:
    """Times of all causes by name, from those by column, shape (COLUMNS,)."""
    return {cause: int(time) for cause, time in zip(CAUSES, whole_causes(times), strict=True)}


def by_part(times: Column) -> dict[str, dict[str, int]]:
    """Times of the parts of the causes that have some, from those by column, shape (COLUMNS,)."""
    return {
        cause: {part: int(times[column_of(cause, part)]) for part in parts}
        for cause, parts in CAUSE_PARTS.items()
    }
