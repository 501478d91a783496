"""The axes of a sweep file: their keys, their levels, and where they exist."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from accsim.config.fields import Section
from accsim.config.sweep_keys import takes_whole_numbers
from accsim.config.sweep_schema import AxisChoice, LevelsAxis, RangeAxis, SweepFile
from accsim.config.text import show, suggest
from accsim.config.yaml_source import Document, KeyPath
from accsim.errors import Problem
from accsim.study import Axis, Condition, Setting, same


@dataclass(frozen=True, slots=True)
class BaseFile:
    """A chip or workload that a sweep starts from: how the sweep calls it, and what is in it."""

    text: str
    document: Document
    file: Section


Bases = dict[str, tuple[BaseFile, ...]]
"""Chips under ``chip``, workloads under ``workload``; at least one of each."""


Level = tuple[Setting, ...]
"""A setting for each key of an axis."""


@dataclass(frozen=True, slots=True)
class PlacedAxis:
    """An axis, and where each of its levels stands in the sweep file."""

    axis: Axis
    level_paths: tuple[KeyPath, ...]


def read_axes(
    document: Document, file: SweepFile, bases: Bases
) -> tuple[list[PlacedAxis], list[Problem]]:
    """The axes of a sweep, and what is wrong with the others.

    Several chips or workloads are axes of their own, before the rest. Whether the files take the
    levels is not looked at here.
    """
    placed: list[PlacedAxis] = []
    problems: list[Problem] = []
    for kind, files in bases.items():
        texts = [base.text for base in files]
        problems += [
            document.problem((kind, index), "this file is given twice")
            for index, text in enumerate(texts)
            if text in texts[:index]
        ]
        if len(files) > 1:
            axis = Axis(kind, (kind,), tuple((text,) for text in texts))
            placed.append(PlacedAxis(axis, tuple((kind, index) for index in range(len(texts)))))
    for name, choice in file.axes.items():
        reader = _Reader(document, name, choice, [one.axis for one in placed])
        found = reader.axis(bases)
        problems += reader.problems
        if found is not None:
            placed.append(found)
    return placed, problems


class _Reader:
    """Reads one axis and notes what is wrong with it."""

    def __init__(
        self, document: Document, name: str, choice: AxisChoice, before: Sequence[Axis]
    ) -> None:
        self.document = document
        self.name = name
        self.choice = choice
        self.before = before
        self.path: KeyPath = ("axes", name)
        self.problems: list[Problem] = []

    def note(self, path: KeyPath, message: str, *, at_key: bool = False) -> None:
        self.problems.append(self.document.problem(path, message, at_key=at_key))

    def axis(self, bases: Bases) -> PlacedAxis | None:
        """The axis; None if anything is wrong."""
        if self.name in bases:
            message = f"the axis of {self.name}s is a list of files below {self.name}"
            self.note(self.path, message, at_key=True)
            return None
        keys: tuple[str, ...] = (self.name,)
        key_paths: tuple[KeyPath, ...] = (self.path,)
        when: tuple[Condition, ...] = ()
        if isinstance(self.choice, LevelsAxis | RangeAxis):
            if self.choice.keys is not None:
                keys = tuple(self.choice.keys)
                key_paths = tuple((*self.path, "keys", index) for index in range(len(keys)))
            when = tuple(self._conditions(self.choice.when))
        placed = list(zip(keys, key_paths, strict=True))
        whole = tuple(self._takes_whole(key, path, when, bases) for key, path in placed)
        for number, (key, path) in enumerate(placed):
            self._check_set_once(key, path, when, keys[:number])
        levels = self._levels(whole)
        if self.problems:
            return None
        axis = Axis(self.name, keys, tuple(level for level, _ in levels), when)
        return PlacedAxis(axis, tuple(path for _, path in levels))

    def _takes_whole(
        self, key: str, path: KeyPath, when: Sequence[Condition], bases: Bases
    ) -> bool:
        """Whether a key takes whole numbers; notes one that a file does not have."""
        kind, _, field = key.partition(".")
        if kind not in bases or not field:
            message = "expected a key of chip or workload, such as chip.memory.channels"
            if path == self.path:
                message += ", or `keys` below a name of the axis"
            self.note(path, f"{message}, got {key!r}", at_key=True)
            return False
        whole = False
        for base in bases[kind]:
            if any(one.key == kind and not one.holds({kind: base.text}) for one in when):
                continue
            try:
                whole = takes_whole_numbers(base.file, field)
            except LookupError as error:
                self.note(path, f"{base.text}: {error}", at_key=True)
        return whole

    def _check_set_once(
        self, key: str, path: KeyPath, when: Sequence[Condition], own: Sequence[str]
    ) -> None:
        """Notes a key that is set before, by this axis or at the same points by another one."""
        if key in own:
            self.note(path, f"{key} is given twice")
        for other in self.before:
            if key in other.keys and not _apart(when, other.when):
                message = f"the axis {other.name!r} sets {key} too, at the same points"
                self.note(path, message, at_key=True)

    def _conditions(self, when: dict[str, Setting | list[Setting]]) -> Iterator[Condition]:
        for key, stated in when.items():
            path = (*self.path, "when", key)
            settings = stated if isinstance(stated, list) else [stated]
            setters = [axis for axis in self.before if key in axis.keys]
            known = [level[axis.keys.index(key)] for axis in setters for level in axis.levels]
            if not known:
                keys = dict.fromkeys(one for axis in self.before for one in axis.keys)
                hint = suggest(key, keys) if keys else ""
                self.note(path, f"no axis before this one sets {key}{hint}", at_key=True)
            for index, setting in enumerate(settings if known else ()):
                if not any(same(setting, one) for one in known):
                    at = (*path, index) if isinstance(stated, list) else path
                    levels = ", ".join(dict.fromkeys(map(_spelled, known)))
                    self.note(at, f"{key} is never {_spelled(setting)} (levels: {levels})")
            yield Condition(key, tuple(settings))

    def _levels(self, whole: tuple[bool, ...]) -> list[tuple[Level, KeyPath]]:
        """The levels, a setting for each key, and where each stands."""
        if isinstance(self.choice, RangeAxis):
            steps = [
                tuple(round(step) if one else step for one in whole) for step in _steps(self.choice)
            ]
            return [(level, self.path) for level in dict.fromkeys(steps)]
        stated, path = self.choice, self.path
        if isinstance(stated, LevelsAxis):
            stated, path = stated.levels, (*path, "levels")
        if not isinstance(stated, list):
            return [((_fit(stated, whole[0]),), path)]
        found: list[tuple[Level, KeyPath]] = []
        for index, one in enumerate(stated):
            row = one if isinstance(one, list) else [one] * len(whole)
            if len(row) != len(whole):
                keys = "1 key" if len(whole) == 1 else f"{len(whole)} keys"
                self.note((*path, index), f"expected a setting for each of {keys}, got {len(row)}")
                continue
            level = tuple(_fit(*pair) for pair in zip(row, whole, strict=True))
            if any(all(map(same, level, other)) for other, _ in found):
                self.note((*path, index), "this level is given twice")
            found.append((level, (*path, index)))
        return found


def _spelled(setting: Setting) -> str:
    return setting if isinstance(setting, str) else show(setting)


def _fit(setting: Setting, whole: bool) -> Setting:
    """A setting as its field has it: 1e3 is a whole number."""
    return (
        int(setting) if whole and isinstance(setting, float) and setting.is_integer() else setting
    )


def _steps(section: RangeAxis) -> Iterator[float]:
    """The steps of a range, to 12 digits: 0.3, not 0.30000000000000004."""
    first, last = section.first, section.to
    for step in range(section.steps):
        share = step / (section.steps - 1)
        value = first + (last - first) * share
        if section.scale == "log":
            value = first * (last / first) ** share
        yield float(f"{value:.12g}")


def _apart(ones: Sequence[Condition], others: Sequence[Condition]) -> bool:
    """Whether two sets of conditions never hold at the same point."""
    return any(
        one.key == other.key
        and not any(other.holds({one.key: setting}) for setting in one.settings)
        for one in ones
        for other in others
    )
