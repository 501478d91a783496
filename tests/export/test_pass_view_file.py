"""Views of passes as files."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from accsim.errors import InputError
from accsim.export import pass_view_file
from accsim.export.pass_view_file import read_view, read_views, view_file, write_view
from accsim.pass_view import LANE_COLUMNS, PassView

from .small import small_view

Arrays = dict[str, Any]


def same(one: PassView, other: PassView) -> bool:
    """Whether two views hold the same, in columns of the same type."""
    plain = [replace(view, lanes=(), counters=()) for view in (one, other)]
    for a, b in zip(one.lanes, other.lanes, strict=True):
        assert (a.name, a.group, a.about, [*a.figures]) == (b.name, b.group, b.about, [*b.figures])
        for name in LANE_COLUMNS:
            np.testing.assert_array_equal(getattr(a, name), getattr(b, name), strict=True)
        for name, column in a.figures.items():
            np.testing.assert_array_equal(column, b.figures[name], strict=True)
    for c, d in zip(one.counters, other.counters, strict=True):
        assert (c.name, c.group, c.about, c.unit, c.limit) == (
            d.name, d.group, d.about, d.unit, d.limit,
        )  # fmt: skip
        np.testing.assert_array_equal(c.time_ps, d.time_ps, strict=True)
        np.testing.assert_array_equal(c.value, d.value, strict=True)
    return plain[0] == plain[1]


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    """A file with the view of the small pass."""
    path = tmp_path / "view-1.npz"
    write_view(path, small_view())
    return path


def edit(path: Path, change: Callable[[dict[str, Any], Arrays], None]) -> None:
    """Change the header or the arrays of a file in place."""
    with np.load(path) as found:
        arrays = dict(found)
    header = json.loads(arrays.pop("header").tobytes())
    change(header, arrays)
    text = np.frombuffer(json.dumps(header).encode(), dtype=np.uint8)
    np.savez_compressed(path, header=text, **arrays)


def refusal(path: Path) -> str:
    """What reading says of a broken file, without its name."""
    with pytest.raises(InputError) as caught:
        read_view(path)
    return str(caught.value).removeprefix(f"{path}: ")


def test_a_view_that_is_read_back_is_the_one_that_was_written(stored: Path) -> None:
    assert same(read_view(stored), small_view())


def test_equal_views_give_equal_bytes(stored: Path, tmp_path: Path) -> None:
    write_view(tmp_path / "again.npz", small_view())
    assert (tmp_path / "again.npz").read_bytes() == stored.read_bytes()


def test_a_failed_write_leaves_no_file(tmp_path: Path) -> None:
    broken = replace(small_view(), number=object())  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        write_view(tmp_path / "view-1.npz", broken)
    assert not list(tmp_path.iterdir())


def test_views_are_found_by_the_numbers_of_their_runs(tmp_path: Path) -> None:
    """Of the first run there is none."""
    write_view(view_file(tmp_path, 2), small_view())
    (view,) = read_views(tmp_path, ["other", "ordinary"])
    assert view.run == "ordinary"


def test_a_view_of_another_run_is_refused(stored: Path) -> None:
    with pytest.raises(InputError, match="is a view of run 'ordinary', but run 1 of the result is"):
        read_views(stored.parent, ["two_heads"])


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none.npz") == "cannot be read: No such file or directory"


def test_a_file_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.npz").write_bytes(b"nothing")
    assert refusal(tmp_path / "x.npz") == "no view of a pass: File is not a zip file"


def test_a_file_that_was_cut_is_refused(stored: Path) -> None:
    stored.write_bytes(stored.read_bytes()[:2000])
    assert refusal(stored) == "no view of a pass: File is not a zip file"


def test_a_file_with_a_spoilt_byte_is_refused(stored: Path) -> None:
    spoilt = bytearray(stored.read_bytes())
    with zipfile.ZipFile(stored) as packed:
        place = packed.getinfo("lane0.npy").header_offset + 60
    spoilt[place] ^= 0xFF
    stored.write_bytes(spoilt)
    assert refusal(stored).startswith("no view of a pass: ")


def test_a_file_that_unpacks_to_too_much_is_refused(
    stored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pass_view_file, "MAX_BYTES", 1000)
    assert refusal(stored) == "no view of a pass: unpacks to more than 1,000 B"


def test_another_version_is_refused(stored: Path) -> None:
    edit(stored, lambda header, arrays: header.update(format="accsim.pass_view/2"))
    assert refusal(stored) == "no view of a pass: it is not of format accsim.pass_view/1"


def test_a_file_that_holds_pickles_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", header=np.array([{}], dtype=object))
    assert refusal(tmp_path / "x.npz").startswith("no view of a pass: Object arrays cannot")


Change = Callable[[dict[str, Any], Arrays], None]

FAULTS: list[tuple[Change, str]] = [
    (lambda h, a: h.pop("chip"), "it lacks 'chip'"),
    (lambda h, a: a.pop("lane1"), "it lacks 'lane1'"),
    (lambda h, a: h.update(run=3), "expected text, got 3"),
    (lambda h, a: h.update(number=-1), "expected a whole number, got -1"),
    (lambda h, a: h.update(lanes=h["lanes"][:3]), "it has 3 lanes, fewer than 4"),
    (lambda h, a: h.update(labels=[]), "lane 'array' points to what is not there"),
    (lambda h, a: h.update(elapsed_ps=2_400_000), "lane 'vector' points to what is not there"),
    (lambda h, a: a.update(lane0=a["lane0"][:4]), "lane 'array' has columns of a wrong form"),
    (lambda h, a: a.update(lane0=a["lane0"] * 1.0), "lane 'array' has columns of a wrong form"),
    (
        lambda h, a: a.update({"counter0.value": a["counter0.value"][1:]}),
        "counter 'SRAM in use' has columns of a wrong form",
    ),
    (
        lambda h, a: a.update({"counter0.time_ps": a["counter0.time_ps"] - 1}),
        "counter 'SRAM in use' has times outside the pass",
    ),
]


@pytest.mark.parametrize(("change", "message"), FAULTS)
def test_a_view_that_cannot_be_drawn_is_refused(stored: Path, change: Change, message: str) -> None:
    edit(stored, change)
    assert refusal(stored) == f"no view of a pass: {message}"


def test_time_that_runs_backwards_is_refused(stored: Path) -> None:
    """The second start of the load lane lies before the first's end."""

    def change(header: dict[str, Any], arrays: Arrays) -> None:
        arrays["lane2"][LANE_COLUMNS.index("start_ps"), 1] -= 1

    edit(stored, change)
    assert refusal(stored) == "no view of a pass: lane 'load' points to what is not there"
