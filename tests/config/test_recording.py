"""Files of recorded tokens per pass: what they hold, and what is refused where."""

from __future__ import annotations

from pathlib import Path

import pytest

from accsim.config.recording import MAX_PROBLEMS, read_recording
from accsim.errors import InputError


def problems(path: Path, most: int | None = None) -> list[str]:
    with pytest.raises(InputError) as caught:
        read_recording(str(path), most)
    return [str(one).splitlines()[0].removeprefix(str(path)) for one in caught.value.problems]


def test_a_line_is_a_generation_and_comments_count_for_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("# tokens per pass\n\n1 2\t03 # the first\n   4\r\n")
    assert read_recording(str(path), 4) == ((1, 2, 3), (4,))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 0\n", ":1:3: a pass emits at least 1 token, got 0"),
        ("1\n2 5\n", ":2:3: a pass of this run emits at most 4 tokens, got 5"),
        ("1.5\n", ":1:1: expected a whole number of tokens, got '1.5'"),
        ("-1\n", ":1:1: expected a whole number of tokens, got '-1'"),
        ("1,2\n", ":1:1: expected a whole number of tokens, got '1,2'"),
        ("²\n", ":1:1: expected a whole number of tokens, got '²'"),
        ("9999999999\n", ":1:1: expected a whole number of tokens, got '9999999999'"),
        ("# none\n\n", ": holds no numbers, expected the tokens of each pass"),
    ],
)
def test_what_is_no_number_of_tokens_is_refused_with_its_place(
    tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "a.txt"
    path.write_text(text, encoding="utf-8")
    assert problems(path, most=4) == [message]


def test_a_file_of_something_else_gives_the_first_problems_and_counts_the_rest(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.txt"
    path.write_text("once upon a time\n" * 6)
    found = problems(path)
    assert len(found) == MAX_PROBLEMS + 1
    assert found[-1] == ": 4 more entries are wrong"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert problems(tmp_path / "absent.txt") == [": no such file"]
