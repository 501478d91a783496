"""The store: one row a point, exact, and refused wherever it is not what it should be."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from accsim import __version__
from accsim.errors import InputError
from accsim.study import (
    Axis,
    Condition,
    Limit,
    Objective,
    Outcome,
    Point,
    Row,
    Sampler,
    StoredStudy,
    Study,
)
from accsim.sweep import store as store_module
from accsim.sweep.store import open_store, read_store

from .fakes import point, python, study

WHOLE = Study(
    name="whole",
    chips=("a.yaml", "b"),
    workloads=("w",),
    axes=(
        Axis("x", ("chip.x", "chip.y"), ((1, True), (1.0, "one"), (2**60, 0.1))),
        Axis("z", ("chip.z",), ((3,),), when=(Condition("chip.x", (1, "on")),)),
    ),
    limits=(Limit("area_mm2", None, 5.5), Limit("best.tokens_per_s", 1e9, None)),
    objectives=(Objective("best.tokens_per_s", maximise=True),),
    metrics=("energy",),
    sampler=Sampler("sobol", 64, 3),
    timeout_s=12.5,
)


def row(place: int, outcome: Outcome | None = None) -> Row:
    done = Outcome("done", (("n", place),), "", 0.25)
    return Row(Point(place, f"key {place}", point(place)), outcome or done)


def refused(path: Path, of: Study | None = None, resume: bool = False) -> str:
    """What is said instead of opening a store."""
    with pytest.raises(InputError) as caught, open_store(path, of or study(), "", resume):
        pass
    return str(caught.value)


def test_a_study_and_its_rows_are_read_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    metrics = (
        ("third", 1 / 3),
        ("whole", 1.0),
        ("count", 2**70),
        ("bound", "DRAM"),
        ("tiny", 5e-324),
    )
    first = Row(
        Point(0, "k", (("a", True), ("b", 1), ("c", 1.0), ("d", "é"))),
        Outcome("done", metrics, "", 0.1),
    )
    second = row(1, Outcome("timed_out", (), "took longer", 3.0))
    with open_store(path, WHOLE, "name: whole  # as it was", resume=False) as store:
        store.put(second)
        store.put(first)
    expected = StoredStudy(WHOLE, "name: whole  # as it was", __version__, (first, second))
    assert repr(read_store(path)) == repr(expected)


def test_where_the_files_lay_is_not_stored(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    with open_store(path, replace(study(), folder="/home/somebody"), "", resume=False):
        pass
    assert b"somebody" not in path.read_bytes()
    with open_store(path, replace(study(), folder="elsewhere"), "", resume=True):
        pass


def test_a_store_is_one_file_once_it_is_closed(tmp_path: Path) -> None:
    with open_store(tmp_path / "s.sqlite", study(), "", resume=False) as store:
        store.put(row(0))
        assert {path.name for path in tmp_path.iterdir()} > {"s.sqlite", "s.sqlite.lock"}
    assert [path.name for path in tmp_path.iterdir()] == ["s.sqlite"]


def test_a_store_can_be_read_while_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    with open_store(path, study(), "", resume=False) as store:
        for place in range(3):
            store.put(row(place))
            assert read_store(path).rows == tuple(map(row, range(place + 1)))


def test_points_are_found_by_settings_and_by_place(tmp_path: Path) -> None:
    with open_store(tmp_path / "s.sqlite", study(), "", resume=False) as store:
        store.put(row(4))
        assert store.find(point(4)) == store.at(4) == row(4)
        assert store.outcome(4) == row(4).outcome
        assert store.find((("does", "count"), ("n", 4.0))) is None
        assert store.at(3) is None


def test_a_store_that_holds_the_study_is_gone_on_with_only_when_told_to(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    with open_store(path, study(), "", resume=False) as store:
        store.put(row(0))
    assert refused(path) == (
        f"{path}: holds this study already (1 points); go on with it by --resume"
    )
    with open_store(path, study(), "", resume=True) as store:
        assert store.at(0) == row(0)


def test_a_store_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    with open_store(path, study(), "", resume=False):
        pass
    for resume in (False, True):
        assert refused(path, study(name="mine"), resume) == (
            f"{path}: holds another study, fakes; give another file for mine"
        )
        assert refused(path, study("random"), resume) == (
            f"{path}: holds fakes as it was before its file was changed; give another file"
        )


def test_a_level_1_that_has_become_1_0_makes_another_study(tmp_path: Path) -> None:
    whole, real = (
        replace(WHOLE, axes=(Axis("z", ("chip.z",), ((level,),)),)) for level in (1, 1.0)
    )
    for held, asked in ((whole, real), (real, whole)):
        path = tmp_path / f"{held is real}.sqlite"
        with open_store(path, held, "", resume=False):
            pass
        assert refused(path, asked, resume=True) == (
            f"{path}: holds whole as it was before its file was changed; give another file"
        )


def test_any_study_is_known_again(tmp_path: Path) -> None:
    """Floats, truth values and long numbers among its settings."""
    path = tmp_path / "s.sqlite"
    with open_store(path, WHOLE, "", resume=False) as store:
        store.put(row(0))
    with open_store(path, WHOLE, "", resume=True) as store:
        assert store.at(0) == row(0)


def test_a_store_of_another_accsim_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "s.sqlite"
    with monkeypatch.context() as then:
        then.setattr(store_module, "__version__", "0.0.1")
        with open_store(path, study(), "", resume=False):
            pass
    assert refused(path, resume=True) == (
        f"{path}: was made by accsim 0.0.1, and this is {__version__}: "
        "their numbers do not belong into one table; give another file"
    )


def test_a_store_of_another_format_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "s.sqlite"
    with open_store(path, study(), "", resume=False):
        pass
    monkeypatch.setattr(store_module, "SCHEMA", 2)
    assert refused(path, resume=True) == (
        f"{path}: is a store of format 1; this accsim reads format 2"
    )
    with pytest.raises(InputError, match="is a store of format 1; this accsim reads format 2"):
        read_store(path)


def test_a_study_that_is_not_understood_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    with open_store(path, study(), "", resume=False):
        pass
    with closing(sqlite3.connect(path)) as base:
        base.execute("""UPDATE study SET resolved = '{"name": "other"}'""")
        base.commit()
    with pytest.raises(InputError) as caught:
        read_store(path)
    assert str(caught.value) == (
        f"{path}: holds a study of accsim {__version__}, which this accsim does not understand"
    )


def test_a_file_that_is_no_store_is_refused_and_left_alone(tmp_path: Path) -> None:
    text, other = tmp_path / "text", tmp_path / "other.sqlite"
    text.write_text("name: a chip file, say\n" * 100)
    with closing(sqlite3.connect(other)) as base:
        base.execute("CREATE TABLE precious (thing)")
    before = other.read_bytes()
    for path in (text, other):
        assert refused(path, resume=True) == f"{path}: is no store of a sweep"
        with pytest.raises(InputError, match="is no store of a sweep"):
            read_store(path)
    assert text.read_text() == "name: a chip file, say\n" * 100
    assert other.read_bytes() == before


def test_an_empty_file_becomes_a_store_and_is_none_before(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    path.touch()
    with pytest.raises(InputError, match=r"s\.sqlite: is empty: no store of a sweep$"):
        read_store(path)
    with open_store(path, study(), "", resume=False) as store:
        store.put(row(0))
    assert len(read_store(path).rows) == 1


def test_a_store_that_is_not_there_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"s\.sqlite: no such file$"):
        read_store(tmp_path / "s.sqlite")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_told_of() -> None:
    # Not even root makes files there.
    path = Path("/proc/s.sqlite")
    assert refused(path) == f"{path}: cannot be written: No such file or directory"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_told_of(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    path = tmp_path / "s.sqlite"
    assert refused(path) == f"{path}: cannot be written: Permission denied"


def test_a_full_disk_is_told_of_and_what_was_written_stays(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    script = f"""
import resource
from pathlib import Path
from sweep.fakes import study
from sweep.test_store import row
from accsim.sweep.store import open_store

with open_store(Path({str(path)!r}), study(), "", resume=False) as store:
    resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))
    for place in range(1000):
        store.put(row(place))
        print(place)
"""
    with python("-c", script) as running:
        numbers, errors = running.communicate(timeout=60)
    assert f"InputError: {path}: cannot be written: " in errors
    written = len(numbers.split())
    assert written > 2
    assert read_store(path).rows == tuple(map(row, range(written)))
    with open_store(path, study(), "", resume=True) as store:
        store.put(row(written))
    assert len(read_store(path).rows) == written + 1


@pytest.mark.parametrize("name", ["s.sqlite", "link", "folder/../s.sqlite"])
def test_a_store_has_one_writer(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("s.sqlite")
    with open_store(tmp_path / "s.sqlite", study(), "", resume=False) as store:
        store.put(row(0))
        path = tmp_path / name
        assert refused(path, resume=True) == f"{path}: another accsim sweep is writing it"
    with open_store(tmp_path / name, study(), "", resume=True):
        pass


def test_a_lock_that_was_left_behind_locks_nothing(tmp_path: Path) -> None:
    (tmp_path / "s.sqlite.lock").touch()
    with open_store(tmp_path / "s.sqlite", study(), "", resume=False):
        pass
    assert not (tmp_path / "s.sqlite.lock").exists()
