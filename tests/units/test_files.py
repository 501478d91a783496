"""Files are written whole or not at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from accsim.files import whole_file, whole_folder


class StoppedError(Exception):
    """What stops a writer halfway."""


def write_half_a_file(target: Path) -> None:
    with whole_file(target) as temporary:
        temporary.write_text("ha")
        raise StoppedError


def write_half_a_folder(target: Path) -> None:
    with whole_folder(target) as temporary:
        (temporary / "a.csv").write_text("a")
        raise StoppedError


def test_a_file_appears_when_the_block_succeeds(tmp_path: Path) -> None:
    target = tmp_path / "result.json"
    with whole_file(target) as temporary:
        temporary.write_text("all of it")
        assert not target.exists()
    assert target.read_text() == "all of it"
    assert os.listdir(tmp_path) == ["result.json"]


def test_a_file_stays_as_it_was_when_the_block_fails(tmp_path: Path) -> None:
    target = tmp_path / "result.json"
    target.write_text("old")
    with pytest.raises(StoppedError):
        write_half_a_file(target)
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["result.json"]


def test_a_new_file_has_the_permissions_of_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        with whole_file(tmp_path / "shared") as temporary:
            temporary.write_text("x")
    finally:
        os.umask(before)
    assert (tmp_path / "shared").stat().st_mode & 0o777 == 0o640


def test_a_file_in_a_folder_that_is_not_there_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nowhere"), whole_file(tmp_path / "nowhere" / "x"):
        pass


def test_a_folder_gets_its_files_when_the_block_succeeds(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "tables"
    with whole_folder(target) as temporary:
        (temporary / "a.csv").write_text("a")
        (temporary / "b.csv").write_text("b")
        assert not target.exists()
    assert sorted(os.listdir(target)) == ["a.csv", "b.csv"]
    assert os.listdir(tmp_path / "deep") == ["tables"]


def test_a_folder_keeps_its_other_files_and_replaces_those_of_the_same_name(
    tmp_path: Path,
) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    (tmp_path / "a.csv").write_text("old")
    with whole_folder(tmp_path) as temporary:
        (temporary / "a.csv").write_text("new")
    assert (tmp_path / "mine.txt").read_text() == "mine"
    assert (tmp_path / "a.csv").read_text() == "new"


def test_a_folder_is_not_made_when_the_block_fails(tmp_path: Path) -> None:
    target = tmp_path / "tables"
    with pytest.raises(StoppedError):
        write_half_a_folder(target)
    assert os.listdir(tmp_path) == []


def test_nothing_is_written_around_a_folder_that_exists(tmp_path: Path) -> None:
    """So the folder around it may be read-only."""
    target = tmp_path / "tables"
    target.mkdir()
    with whole_folder(target) as temporary:
        assert temporary.parent == target
        (temporary / "a.csv").write_text("a")
    assert os.listdir(tmp_path) == ["tables"]
    assert os.listdir(target) == ["a.csv"]


def test_a_folder_that_exists_stays_as_it_was_when_the_block_fails(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("old")
    with pytest.raises(StoppedError):
        write_half_a_folder(tmp_path)
    assert os.listdir(tmp_path) == ["a.csv"]
    assert (tmp_path / "a.csv").read_text() == "old"


@pytest.mark.parametrize(("there", "named"), [(True, "out"), (False, ".")])
def test_the_folder_that_cannot_be_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: bool, named: str
) -> None:
    def refuse(
        folder: Path, mode: int = 0o777, parents: bool = False, exist_ok: bool = False
    ) -> None:
        if not exist_ok:
            raise PermissionError(errno.EACCES, "Permission denied", str(folder))

    target = tmp_path / "out"
    if there:
        target.mkdir()
    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(PermissionError) as refused, whole_folder(target):
        pytest.fail("the work began")
    assert refused.value.filename == str(tmp_path / named)
