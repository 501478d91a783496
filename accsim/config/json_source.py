"""A JSON object from a file that may be anything at all."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

from accsim.config.text import read_text
from accsim.config.yaml_source import KeyPath, dotted
from accsim.errors import InputError, Problem
from accsim.units import MIB

MAX_BYTES = 64 * MIB
"""A run of a result takes 15 kB: this is room for thousands of them."""
MAX_DIGITS = 30
"""Of a whole number; 64 bits have 19."""


def read_json(file: str) -> dict[str, Any]:
    """Read a file that holds one JSON object.

    Raises:
        InputError: the file cannot be read (see `read_text`), is no JSON object, or holds numbers
            or text that nothing of accsim writes.
    """
    text = read_text(file, MAX_BYTES)
    try:
        value = json.loads(text, parse_float=_finite, parse_constant=_finite, parse_int=_whole)
    except json.JSONDecodeError as error:
        message = f"not valid JSON: {error.msg}"
        raise InputError(Problem(file, message, error.lineno, error.colno)) from None
    except RecursionError:
        raise InputError(Problem(file, "not valid JSON: nested too deeply")) from None
    except ValueError as error:
        raise InputError(Problem(file, f"not valid JSON: {error}")) from None
    if not isinstance(value, dict):
        raise InputError(Problem(file, "expected a JSON object {...}", 1, 1))
    # Text goes to terminals, which obey control characters.
    unprintable = [
        Problem(file, f"{words!r} is not printable text", key=dotted(path))
        for path, words in _texts(value, ())
        if not words.isprintable()
    ]
    if unprintable:
        raise InputError(unprintable)
    return value


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is no finite number")
    return number


def _whole(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise ValueError(f"a number of {len(text)} digits is too long")
    return int(text)


def _texts(value: object, path: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    """All text in a value, that of keys included, and where it stands."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from _texts(one, (*path, index))
    elif isinstance(value, dict):
        for key, one in value.items():
            yield path, key
            yield from _texts(one, (*path, key))
