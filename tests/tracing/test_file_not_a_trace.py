"""Files that are no traces at all, or damaged ones."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

import accsim
from accsim.tracing import lines
from accsim.tracing.file import write_trace

from .spoiling import TRACE, problems


def test_a_missing_file(tmp_path: Path) -> None:
    assert problems(tmp_path / "none.jsonl") == ["none.jsonl: there is no such file"]


def test_a_folder(tmp_path: Path) -> None:
    (tmp_path / "folder.jsonl").mkdir()
    assert problems(tmp_path / "folder.jsonl") == ["folder.jsonl: is a folder, not a trace file"]


def test_a_path_through_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert problems(tmp_path / "file" / "x.jsonl") == ["x.jsonl: cannot be read (Not a directory)"]


def content(tmp_path: Path, data: bytes, name: str = "x.jsonl") -> list[str]:
    path = tmp_path / name
    path.write_bytes(data)
    return problems(path)


def test_an_empty_file(tmp_path: Path) -> None:
    assert content(tmp_path, b"") == ["x.jsonl: the file is empty"]


def test_a_binary_file(tmp_path: Path) -> None:
    assert content(tmp_path, b"\x7fELF\0\0") == ["x.jsonl:1:1: is a binary file, not a trace"]


def test_a_file_that_is_not_utf8(tmp_path: Path) -> None:
    found = content(tmp_path, "{\u00e9}".encode("latin-1"))
    assert found == ["x.jsonl:1:1: is not UTF-8 text, so not a trace"]


def test_text_that_is_not_json_is_shown_with_a_caret(tmp_path: Path) -> None:
    assert content(tmp_path, b'{"format": oops}\n') == [
        'x.jsonl:1:12: not JSON: Expecting value\n    {"format": oops}\n               ^'
    ]


def test_control_characters_of_a_bad_line_do_not_reach_the_terminal(tmp_path: Path) -> None:
    found = content(tmp_path, b"\x1b[2Jboo\n")
    assert found == ["x.jsonl:1:1: not JSON: Expecting value"]


def test_json_that_is_no_object(tmp_path: Path) -> None:
    assert content(tmp_path, b"[1, 2]\n") == [
        "x.jsonl:1:1: each line of a trace is a JSON object {...}"
    ]


def test_another_json_file(tmp_path: Path) -> None:
    assert content(tmp_path, b'{"schema": "accsim.result/1"}\n') == [
        'x.jsonl:1:1: not an accsim trace: the first line lacks "format": "accsim.trace/1"'
    ]


def test_a_later_version_of_the_format(tmp_path: Path) -> None:
    assert content(tmp_path, b'{"format": "accsim.trace/2"}\n') == [
        f"x.jsonl:1:1: format: this is 'accsim.trace/2'; "
        f"accsim {accsim.__version__} reads 'accsim.trace/1'"
    ]


def test_brackets_without_end(tmp_path: Path) -> None:
    assert content(tmp_path, b"[" * 100_000) == [
        "x.jsonl:1:1: not a trace: brackets are nested too deeply"
    ]


def test_an_integer_of_5000_digits(tmp_path: Path) -> None:
    (found,) = content(tmp_path, b'{"seed": ' + b"9" * 5000 + b"}")
    assert found.startswith("x.jsonl:1:1: not JSON: Exceeds the limit")


def test_nan_is_no_json(tmp_path: Path) -> None:
    (found,) = content(tmp_path, b'{"seed": NaN}')
    assert found.startswith("x.jsonl:1:1: not JSON: NaN is no JSON number")


def test_a_key_given_twice(tmp_path: Path) -> None:
    (found,) = content(tmp_path, b'{"seed": 1, "seed": 2}')
    assert found.startswith("x.jsonl:1:1: not JSON: key 'seed' is given twice")


def test_text_in_a_file_named_gz(tmp_path: Path) -> None:
    (found,) = content(tmp_path, b"{}", "x.jsonl.gz")
    assert found == "x.jsonl.gz: is not a sound gzip file (Not a gzipped file (b'{}'))"


def test_a_gzip_file_not_named_so(tmp_path: Path) -> None:
    assert content(tmp_path, gzip.compress(b"{}")) == [
        "x.jsonl: is compressed: the name of a gzip file must end in .gz"
    ]


def test_a_gzip_file_cut_short(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl.gz"
    write_trace(TRACE, path)
    assert content(tmp_path, path.read_bytes()[:-200], path.name) == [
        "x.jsonl.gz: the compressed stream ends early: the file is cut short"
    ]


def test_a_gzip_file_with_flipped_bits(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl.gz"
    write_trace(TRACE, path)
    damaged = bytearray(path.read_bytes())
    damaged[-6] ^= 0xFF  # in the CRC of RFC 1952
    (found,) = content(tmp_path, bytes(damaged), path.name)
    assert found.startswith("x.jsonl.gz: is not a sound gzip file (CRC check failed")


def test_a_gzip_bomb_stops_at_the_first_endless_line(tmp_path: Path) -> None:
    bomb = gzip.compress(bytes(32) + b"0" * (8 * 1024 * 1024))
    assert content(tmp_path, bomb, "x.jsonl.gz") == [
        "x.jsonl.gz:1:1: has a line of more than 4 MiB"
    ]


def test_a_file_beyond_the_size_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "SIZE_LIMIT", 2 * 1024 * 1024)
    path = tmp_path / "x.jsonl"
    write_trace(TRACE, path)
    header = path.read_bytes().splitlines()[0]
    filler = b"\n" + b" " * (1024 * 1024) + b"{}"
    (found,) = content(tmp_path, header + 2 * filler)
    assert found == "x.jsonl:3:1: holds more than 2 MiB of text"
