"""Choosing points of a sweep: ``chip.memory.channels >= 2``, ``area_mm2 < 60``, ``status = done``.

A condition is a name, a comparison and a value. Names are keys that the study sets (``chip.`` or
``workload.`` may be left out where that is clear), metrics that it stores, ``place``, ``status``
and ``seconds``. A point that has no value of that name fulfils no condition on it.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from accsim.config.text import suggest
from accsim.errors import InputError, Problem
from accsim.metrics import asked
from accsim.study import STATUSES, Row, Setting, Study, same, spelled
from accsim.sweep.tasks import wanted

ORDERED: Mapping[str, Callable[[Any, Any], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}
"""Comparisons of numbers."""

EQUALS, DIFFERS = ("=", "=="), "!="

FORM = re.compile(r"\s*(.+?)\s*(<=|>=|==|!=|<|>|=)\s*(.*?)\s*", re.DOTALL)

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")

WORDS: Mapping[str, Setting] = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Where:
    """A condition on points."""

    name: str
    comparison: str
    value: Setting

    def holds(self, row: Row) -> bool:
        """Whether a point fulfils it."""
        found = value_of(row, self.name)
        if found is None:
            return False
        if self.comparison in ORDERED:
            return ORDERED[self.comparison](found, self.value)
        return same(found, self.value) == (self.comparison != DIFFERS)


class Names:
    """What can be asked of the points of a study, by name."""

    def __init__(self, study: Study) -> None:
        self._settings: dict[str, list[Setting]] = {}
        for axis in study.axes:
            for level in axis.levels:
                for key, setting in zip(axis.keys, level, strict=True):
                    self._settings.setdefault(key, []).append(setting)
        self._metrics = wanted(study)
        self._short: dict[str, list[str]] = {}
        for key in self._settings:
            self._short.setdefault(key.partition(".")[2], []).append(key)

    @property
    def all(self) -> tuple[str, ...]:
        """Every name in full."""
        return (*self._settings, *self._metrics, "place", "status", "seconds")

    def full(self, text: str, said: str) -> str:
        """The name in full that a text means.

        Args:
            text: the name as it was given.
            said: the option that it was given to.

        Raises:
            InputError: there is no such name.
        """
        short = self._short.get(text, [])
        if text not in self.all and len(short) == 1:
            return short[0]
        if text not in self.all:
            message = f"no key or metric {text!r}{suggest(text, self.all)}"
            raise InputError(Problem(said, message))
        return text

    def where(self, text: str) -> Where:
        """Read a condition.

        Raises:
            InputError: it is none, or nothing could ever fulfil it.
        """
        found = FORM.fullmatch(text)
        if found is None or not found[3]:
            message = (
                f"{text!r} is no condition, expected such as {self.all[0]} = VALUE (= != < <= > >=)"
            )
            raise InputError(Problem("--where", message))
        name = self.full(found[1], "--where")
        value = _value(found[3])
        is_number = not isinstance(value, bool | str)
        if found[2] in ORDERED and not (is_number and self._is_number(name)):
            message = f"{text!r} compares by size, which only numbers have"
            raise InputError(Problem("--where", message))
        known = self._known(name)
        if known is not None and found[2] not in ORDERED:
            value = self._spelled(name, found[3], value, known)
        elif is_number != self._is_number(name):
            kind = "a number" if self._is_number(name) else "a name"
            raise InputError(Problem("--where", f"{name} is {kind}, got {found[3]!r}"))
        return Where(name, found[2], value)

    def _is_number(self, name: str) -> bool:
        if name in self._settings:
            return not any(isinstance(one, bool | str) for one in self._settings[name])
        if name in self._metrics:
            return not asked(name).metric.is_name
        return name != "status"

    def _known(self, name: str) -> Sequence[Setting] | None:
        """All values that a name can have; None where there is no end of them."""
        if name == "status":
            return STATUSES
        return self._settings.get(name)

    def _spelled(self, name: str, text: str, value: Setting, known: Sequence[Setting]) -> Setting:
        # A name may look like a number.
        for candidate in (value, text):
            if any(same(candidate, one) for one in known):
                return candidate
        words = dict.fromkeys(spelled(one) for one in known)
        message = f"{name} is never {text!r}{suggest(text, words)}"
        raise InputError(Problem("--where", message))


def value_of(row: Row, name: str) -> Setting | None:
    """The value of that full name at a point; None if it has none."""
    if name == "place":
        return row.point.place
    if name == "status":
        return row.outcome.status
    if name == "seconds":
        return row.outcome.seconds
    found = dict[str, Setting](row.point.settings) | dict(row.outcome.metrics)
    return found.get(name)


def chosen(rows: Iterable[Row], conditions: Sequence[Where]) -> tuple[Row, ...]:
    """The rows that fulfil all conditions."""
    return tuple(row for row in rows if all(one.holds(row) for one in conditions))


def ordered(rows: Sequence[Row], name: str, study: Study) -> tuple[Row, ...]:
    """The rows by what has that full name, the best first; those without it are last.

    Keys rise; metrics rise where smaller is better, by the study or in general, else they fall.
    """
    found = [(value_of(row, name), row) for row in rows]
    there = [(value, row) for value, row in found if value is not None]
    # Names after numbers, for they cannot be compared.
    there.sort(
        key=lambda pair: (isinstance(pair[0], str), pair[0]),
        reverse=_falls(name, study),
    )
    missing = tuple(row for value, row in found if value is None)
    return (*(row for _, row in there), *missing)


def _falls(name: str, study: Study) -> bool:
    for aim in study.objectives:
        if aim.metric == name:
            return aim.maximise
    if name not in wanted(study):
        return name == "seconds"
    metric = asked(name).metric
    return metric.better != "smaller" and not metric.is_name


def _value(text: str) -> Setting:
    if text in WORDS:
        return WORDS[text]
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1]
    if NUMBER.fullmatch(text):
        return int(text) if text.lstrip("+-").isdecimal() else float(text)
    return text
