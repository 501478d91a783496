"""Tables for spreadsheets and scripts."""

from __future__ import annotations

import csv
from pathlib import Path

from accsim.result import Result


def write_ops_csv(path: Path, result: Result) -> None:
    """Write `Result.to_records`: one line per run and operator group.

    A group that moves no DRAM byte has an empty intensity, one that is never on the critical path
    an empty bound.

    Raises:
        OSError: the file cannot be written.
    """
    records = result.to_records()
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(records[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(records)
