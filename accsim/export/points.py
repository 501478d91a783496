"""Points of a sweep as CSV or Parquet files."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from accsim.errors import InputError, Problem, missing_extra
from accsim.files import whole_file
from accsim.study import Setting, spelled

Value = Setting | None


def write_points(
    path: Path, columns: Sequence[str], records: Sequence[Mapping[str, Value]]
) -> None:
    """Write a line for each record, whole or not at all; the ending of the name tells the format.

    A Parquet column has one type: numbers of which some are whole are all floats there, and numbers
    among names are text.

    Raises:
        InputError: the name ends neither in .csv nor in .parquet, or pyarrow is not installed.
        OSError: the file cannot be written.
    """
    writers = {".csv": _write_csv, ".parquet": _write_parquet}
    write = writers.get(path.suffix)
    if write is None:
        message = "the name of a table ends in .csv or .parquet"
        raise InputError(Problem(str(path), message))
    write(path, columns, records)


def _write_csv(path: Path, columns: Sequence[str], records: Sequence[Mapping[str, Value]]) -> None:
    """True and false as files spell them; what is not there is an empty cell."""
    with whole_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        for record in records:
            cells = (record[column] for column in columns)
            writer.writerow(spelled(one) if isinstance(one, bool) else one for one in cells)


def _write_parquet(
    path: Path, columns: Sequence[str], records: Sequence[Mapping[str, Value]]
) -> None:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise missing_extra(str(path), "parquet") from None
    table = pa.table({name: _of_one_type([one[name] for one in records]) for name in columns})
    with whole_file(path) as temporary:
        pq.write_table(table, temporary)


def _of_one_type(values: Sequence[Value]) -> list[Value]:
    kinds = {type(value) for value in values if value is not None}
    if kinds == {int, float}:
        return [None if value is None else float(value) for value in values]
    if len(kinds) > 1:
        return [None if value is None else spelled(value) for value in values]
    return list(values)
