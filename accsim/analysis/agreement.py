"""Whether figures of a result agree, and how to tell where they do not."""

from __future__ import annotations

from collections.abc import Iterator
from math import isclose

TOLERANCE = 1e-9
"""Relative error of a float that was made from whole numbers once, with room to spare."""

Faults = Iterator[tuple[str, str]]
"""Keys and messages."""


def add_up(key: str, parts: int, whole: int, unit: str = "ps") -> Faults:
    """Whole numbers must agree exactly."""
    if parts != whole:
        yield key, f"adds up to {parts} {unit}, not to {whole}"


def equal(key: str, stated: float, computed: float, formula: str) -> Faults:
    """Quotients must agree to `TOLERANCE`, those next to 0 to 1e-12."""
    if not isclose(stated, computed, rel_tol=TOLERANCE, abs_tol=TOLERANCE * 1e-3):
        yield key, f"is {stated:.9g}, but {formula} makes {computed:.9g}"
