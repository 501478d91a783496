"""Operators of different layers that are alike, so that a report tells of them once."""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from fnmatch import fnmatchcase
from itertools import pairwise

from accsim.explanation import Line

_NUMBER = re.compile(r"(?<![^.])[0-9]+(?![^.])")


def starred(name: str) -> str:
    """A name with ``*`` in place of the number of its layer: ``layers.*.gate_up``."""
    return _NUMBER.sub("*", name)


def fold(names: Sequence[str], keys: Sequence[Hashable]) -> tuple[Line, ...]:
    """Put operators on one line whose names differ in a number only and whose keys are equal.

    Args:
        names: of the operators, in the order of the pass.
        keys: what must be equal of those on one line.

    Returns:
        Lines in the order of their first operators.
    """
    groups: dict[tuple[str, Hashable], list[int]] = {}
    for index, (name, key) in enumerate(zip(names, keys, strict=True)):
        groups.setdefault((starred(name), key), []).append(index)
    return tuple(_line(names, star, indices) for (star, _), indices in groups.items())


def _line(names: Sequence[str], star: str, indices: list[int]) -> Line:
    if len(indices) == 1:
        name = names[indices[0]]
        return Line(name, name, tuple(indices))
    if [index for index, name in enumerate(names) if fnmatchcase(name, star)] == indices:
        return Line(star, star, tuple(indices))
    # Not all of that name: say which.
    numbers = [int(found[0]) for index in indices if (found := _NUMBER.search(names[index]))]
    return Line(star.replace("*", _spans(sorted(numbers)), 1), None, tuple(indices))


def _spans(numbers: list[int]) -> str:
    """``0-3,7`` for 0, 1, 2, 3 and 7."""
    starts = [numbers[0], *(b for a, b in pairwise(numbers) if b != a + 1)]
    ends = [*(a for a, b in pairwise(numbers) if b != a + 1), numbers[-1]]
    return ",".join(f"{a}-{b}" if b > a else str(a) for a, b in zip(starts, ends, strict=True))
