"""Tables for spreadsheets and scripts."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

from accsim.result import CAUSE_PARTS, CAUSES, CONSUMERS, OpStats, Result

_NESTED = ("causes_ps", "causes_detail_ps", "energy_pj")
_PLAIN = tuple(field.name for field in fields(OpStats) if field.name not in _NESTED)
_PARTS = tuple((cause, part) for cause, parts in CAUSE_PARTS.items() for part in parts)


def write_ops_csv(path: Path, result: Result) -> None:
    """Write one line per run and operator group.

    ``<cause>_ps`` columns hold `causes_ps`, ``<cause>_<part>_ps`` columns `causes_detail_ps`,
    ``<consumer>_pj`` columns `energy_pj`, and ``energy_pj`` their sum.

    A group that moves no DRAM byte has an empty intensity, one that is never on the critical path
    an empty bound.

    Raises:
        OSError: the file cannot be written.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        parts = (f"{cause}_{part}_ps" for cause, part in _PARTS)
        energies = (f"{consumer}_pj" for consumer in CONSUMERS)
        causes = (f"{cause}_ps" for cause in CAUSES)
        writer.writerow(["run", *_PLAIN, *causes, *parts, "energy_pj", *energies])
        writer.writerows(_rows(result))


def _rows(result: Result) -> Iterator[list[object]]:
    for run in result.runs:
        for op in run.ops:
            plain = [getattr(op, name) for name in _PLAIN]
            causes = (op.causes_ps.get(cause, 0) for cause in CAUSES)
            parts = (op.causes_detail_ps.get(cause, {}).get(part, 0) for cause, part in _PARTS)
            energies = (op.energy_pj.get(consumer, 0) for consumer in CONSUMERS)
            yield [run.name, *plain, *causes, *parts, sum(op.energy_pj.values()), *energies]
