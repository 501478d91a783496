"""What a result came from: the values of its inputs with their origins, versions, the command."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

SCHEMA = "accsim.provenance/1"

Scalar = bool | int | float | str


@dataclass(frozen=True, slots=True)
class ResolvedValue:
    """One value that the simulator computes with, or that follows from those.

    key     dotted path; that of the input file where the file may give the value
    value   what it is
    unit    "" for counts and names; nCK are cycles of the DRAM command clock
    origin  ``file:line``, ``default``, ``grade ...``, ``density table`` or ``computed: formula``
    source  where the figure in a table comes from, "" elsewhere
    """

    key: str
    value: Scalar
    unit: str
    origin: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a result comes from; no folder and no user is named.

    command   what makes it again, with the base names of files
    versions  of Python and of what the simulator computes with, by name
    chip      every value of the chip
    workload  every value of the workload; none where it is an operator trace
    """

    command: str
    versions: dict[str, str]
    chip: tuple[ResolvedValue, ...]
    workload: tuple[ResolvedValue, ...]

    def to_json(self) -> dict[str, Any]:
        """The ``accsim.provenance/1`` object: plain dicts, lists, strings and numbers."""
        return {"schema": SCHEMA, **asdict(self)}
