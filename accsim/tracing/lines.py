"""The lines of a trace file as JSON objects, from files that may be anything at all."""

from __future__ import annotations

import gzip
import itertools
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from accsim.errors import InputError, Problem
from accsim.units import MIB

SIZE_LIMIT = 256 * MIB
"""Bytes of text in a trace, decompressed: a gzip of 1 MB can hold 1 GB of zeros."""
LINE_LIMIT = 4 * MIB
"""Bytes of one line."""
PROBLEM_LIMIT = 20
"""Problems that are reported at once; reading stops there."""


class ProblemList:
    """Collects the problems of one file; stops the reading when there are enough of them."""

    def __init__(self, path: Path) -> None:
        self._file = str(path)
        self._problems: list[Problem] = []

    def add(
        self,
        message: str,
        line: int | None = None,
        key: str = "",
        column: int | None = None,
        source: str | None = None,
    ) -> None:
        """Note a problem.

        Raises:
            InputError: it was the last that fits the report.
        """
        self._problems.append(Problem(self._file, message, line, column, key, source))
        if len(self._problems) >= PROBLEM_LIMIT:
            self.refuse_any()

    def refuse_any(self) -> None:
        """Raise InputError with all problems, if there are any."""
        if self._problems:
            raise InputError(self._problems)


def text_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Give the lines of a file with their numbers; a name that ends in ``.gz`` is decompressed.

    Raises:
        InputError: the file cannot be opened, is damaged, is too large or is no text.
    """

    def refusal(message: str, line: int | None = None) -> InputError:
        return InputError(Problem(str(path), message, line))

    total = 0
    try:
        with gzip.open(path, "rb") if path.name.endswith(".gz") else path.open("rb") as stream:
            for number in itertools.count(1):
                raw = stream.readline(LINE_LIMIT + 1)
                if not raw:
                    return
                total += len(raw)
                if len(raw) > LINE_LIMIT:
                    raise refusal(f"has a line of more than {LINE_LIMIT // MIB} MiB", number)
                if total > SIZE_LIMIT:
                    raise refusal(f"holds more than {SIZE_LIMIT // MIB} MiB of text", number)
                if number == 1 and raw.startswith(b"\x1f\x8b"):
                    raise refusal("is compressed: the name of a gzip file must end in .gz")
                if b"\0" in raw:
                    raise refusal("is a binary file, not a trace", number)
                yield number, raw.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise refusal("is not UTF-8 text, so not a trace", number) from None
    except FileNotFoundError:
        raise refusal("there is no such file") from None
    except IsADirectoryError:
        raise refusal("is a folder, not a trace file") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise refusal(f"is not a sound gzip file ({error})") from None
    except EOFError:
        raise refusal("the compressed stream ends early: the file is cut short") from None
    except OSError as error:
        raise refusal(f"cannot be read ({error.strerror or error})") from None


def parse_line(text: str, number: int, problems: ProblemList) -> dict[str, Any] | None:
    """Give the JSON object of a line, or None after noting why it is none."""
    column: int | None = None
    try:
        value = json.loads(text, object_pairs_hook=_unique_keys, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        column = error.colno
        message = f"not JSON: {error.msg}"
    except RecursionError:
        message = "not a trace: brackets are nested too deeply"
    except ValueError as error:
        message = f"not JSON: {error}"
    else:
        if isinstance(value, dict):
            return value
        message = "each line of a trace is a JSON object {...}"
    # The source goes to a terminal: show no line with control characters in it.
    problems.add(message, number, column=column, source=text if text.isprintable() else None)
    return None


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"key {twice!r} is given twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")
