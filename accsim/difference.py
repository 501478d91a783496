"""Two saved results, run by run: the contract ``accsim.diff/1``.

Field names are the JSON keys. Bytes, MACs, picoseconds and picojoules are integers. Only additions
later.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from accsim.comparison import Comparison

SCHEMA = "accsim.diff/1"

Stated = str | int | float | None
"""A value that a result states of itself."""


@dataclass(frozen=True, slots=True)
class InputChange:
    """What was simulated differs at this key of the result: `a` in one file, `b` in the other."""

    key: str
    a: Stated
    b: Stated


@dataclass(frozen=True, slots=True)
class RunPair:
    """A run of one result and the one of the other that takes its place.

    inputs      what they state about themselves that differs
    comparison  of the columns ``A/<run>``, the reference, and ``B/<run>``
    """

    a: str
    b: str
    inputs: tuple[InputChange, ...]
    comparison: Comparison


@dataclass(frozen=True, slots=True)
class Difference:
    """Two results and their runs.

    a, b            the files
    inputs          what the results state about chip, workload and version that differs
    pairs           runs of `a` in their order, each beside one of `b`
    only_a, only_b  runs that were not paired
    """

    a: str
    b: str
    inputs: tuple[InputChange, ...]
    pairs: tuple[RunPair, ...]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The ``accsim.diff/1`` object: plain dicts, lists, strings and numbers."""
        document = {"schema": SCHEMA, **asdict(self)}
        for pair in document["pairs"]:
            # Of one side only, and among the inputs where the other side differs.
            for key in ("chip", "accsim_version"):
                del pair["comparison"][key]
        return document
