"""Tables of points as files."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from accsim.errors import InputError
from accsim.export.points import Value, write_points

COLUMNS = ("place", "on", "rows", "tokens", "note")
RECORDS: tuple[dict[str, Value], ...] = (
    {"place": 0, "on": True, "rows": 16, "tokens": 0.1, "note": 'a, "b"'},
    {"place": 1, "on": False, "rows": "auto", "tokens": 2, "note": None},
)


def test_csv_quotes_what_it_must_and_leaves_out_what_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    write_points(path, COLUMNS, RECORDS)
    expected = 'place,on,rows,tokens,note\n0,true,16,0.1,"a, ""b"""\n1,false,auto,2,\n'
    assert path.read_text() == expected


def test_parquet_has_a_type_for_each_column(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    path = tmp_path / "p.parquet"
    write_points(path, COLUMNS, RECORDS)
    table = parquet.read_table(path)
    assert [str(one) for one in table.schema.types] == [
        "int64",
        "bool",
        "string",
        "double",
        "string",
    ]
    assert table.column("rows").to_pylist() == ["16", "auto"]
    assert table.column("tokens").to_pylist() == [0.1, 2.0]


def test_parquet_without_pyarrow_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    path = tmp_path / "p.parquet"
    with pytest.raises(InputError) as caught:
        write_points(path, COLUMNS, RECORDS)
    assert str(caught.value) == f"{path}: needs the extra: pip install 'accsim[parquet]'"
    assert list(tmp_path.iterdir()) == []


def test_other_endings_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.xlsx"
    with pytest.raises(InputError) as caught:
        write_points(path, COLUMNS, RECORDS)
    assert str(caught.value) == f"{path}: the name of a table ends in .csv or .parquet"


def test_a_table_that_cannot_be_finished_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text("as it was")
    with pytest.raises(KeyError):
        write_points(path, COLUMNS, [{"place": 0}])
    assert [file.read_text() for file in tmp_path.iterdir()] == ["as it was"]
