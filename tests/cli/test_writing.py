"""Places that cannot be written are refused in one line, before any work."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from accsim.cli.writing import check_writable, out_folder, writing
from accsim.errors import InputError


def test_files_appear_only_at_the_end(tmp_path: Path) -> None:
    target = tmp_path / "new" / "out"
    with out_folder(target) as folder:
        (folder / "one").write_text("1")
        assert not target.exists()
    assert (target / "one").read_text() == "1"
    assert [path.name for path in target.parent.iterdir()] == ["out"]


def fail_half_way(target: Path) -> None:
    with out_folder(target) as folder:
        (folder / "one").write_text("1")
        raise KeyboardInterrupt


def test_nothing_is_left_of_work_that_failed(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        fail_half_way(tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def refuse(folder: Path, mode: int = 0o777, parents: bool = False, exist_ok: bool = False) -> None:
    """What `Path.mkdir` does in a folder without permission."""
    if not exist_ok:
        raise PermissionError(errno.EACCES, "Permission denied", str(folder))


def test_a_folder_without_permission_is_refused_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(InputError) as refused, out_folder(tmp_path):
        pytest.fail("the work began")
    assert str(refused.value) == f"{tmp_path}: cannot be written: Permission denied"


def test_a_folder_around_without_permission_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(InputError) as refused, out_folder(tmp_path / "out"):
        pytest.fail("the work began")
    assert str(refused.value) == (
        f"{tmp_path / 'out'}: cannot be written: Permission denied (folder {tmp_path})"
    )


def test_a_disk_that_fills_up_is_told_with_the_place(tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused, writing(tmp_path / "x"):
        raise OSError(errno.ENOSPC, "No space left on device", "somewhere/temporary")
    assert str(refused.value) == f"{tmp_path / 'x'}: cannot be written: No space left on device"


def test_a_file_that_can_be_written_is_left_as_it_is(tmp_path: Path) -> None:
    page = tmp_path / "r.html"
    page.write_text("old")
    check_writable(page)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("r.html", "old")]


@pytest.mark.parametrize(
    ("name", "reason"),
    [(".", "Is a directory"), ("none/r.html", "No such file or directory")],
)
def test_a_file_that_cannot_be_written_is_refused(tmp_path: Path, name: str, reason: str) -> None:
    place = tmp_path / name
    with pytest.raises(InputError) as refused:
        check_writable(place)
    assert str(refused.value) == f"{place}: cannot be written: {reason}"
