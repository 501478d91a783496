"""Holding each level of a sweep against the files that it changes."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence

from accsim.config.sweep_axes import Bases, PlacedAxis
from accsim.config.variants import chip_with, key_in, workload_with
from accsim.config.yaml_source import Document
from accsim.errors import InputError, Problem
from accsim.study import Axis, File, Setting, Settings, fields_of, settings_at

Builder = Callable[[Document, list[tuple[str, Setting]]], object]

TRIES = 24
"""Other levels that a refused level is tried with before it is called impossible."""


def refused_levels(document: Document, placed: Sequence[PlacedAxis], bases: Bases) -> list[Problem]:
    """Levels that no file takes, neither alone nor with some levels of the other axes.

    What levels make impossible together is left: such points are excluded one by one.
    """
    problems: list[Problem] = []
    axes = [one.axis for one in placed]
    for number, one in enumerate(placed):
        if one.axis.name in bases:
            continue
        for level, path in enumerate(one.level_paths):
            fault = _why_refused(axes, number, level, bases)
            if fault is not None:
                problems.append(document.problem(path, fault))
    return problems


def _why_refused(axes: Sequence[Axis], number: int, level: int, bases: Bases) -> str | None:
    """Why no chip or workload takes a level; None if one does."""
    found: str | None = None
    for settings in _tries(axes, number, level):
        fault = _refusal(settings, axes[number].keys, bases)
        if fault is None:
            return None
        found = found or fault
    return found


def _tries(axes: Sequence[Axis], number: int, level: int) -> Iterator[Settings]:
    """Points with a level: alone with what its axis needs to exist, then with others at random."""
    needed: dict[int, int] = {}
    _need(axes, number, needed)
    needed[number] = level
    yield settings_at(axes, [needed.get(index) for index in range(len(axes))])
    draws = random.Random(1)
    for _ in range(TRIES):
        picks = [
            needed[index] if index in needed else draws.choice([None, *range(len(axis.levels))])
            for index, axis in enumerate(axes)
        ]
        yield settings_at(axes, picks)


def _need(axes: Sequence[Axis], number: int, needed: dict[int, int]) -> None:
    """Adds levels of other axes with which an axis exists."""
    for condition in axes[number].when:
        for index, axis in enumerate(axes[:number]):
            if condition.key not in axis.keys or index in needed:
                continue
            column = axis.keys.index(condition.key)
            fitting = [
                pick
                for pick, level in enumerate(axis.levels)
                if condition.holds({condition.key: level[column]})
            ]
            if fitting:
                needed[index] = fitting[0]
                _need(axes, index, needed)
                break


def _refusal(settings: Settings, keys: Sequence[str], bases: Bases) -> str | None:
    """Why there is no chip or no workload with these settings, where the keys change it."""
    chosen = dict(settings)
    builders: dict[File, Builder] = {"chip": chip_with, "workload": workload_with}
    for kind, build in builders.items():
        if not any(key.startswith(f"{kind}.") for key in keys):
            continue
        fields = fields_of(settings, kind)
        candidates = [one for one in bases[kind] if chosen.get(kind, one.text) == one.text]
        own = [key.removeprefix(f"{kind}.") for key in keys]
        faults = [_fault_of(one.document, build, fields, own) for one in candidates]
        refused = [one for one in faults if one is not None]
        if refused and len(refused) == len(faults):
            return refused[0]
    return None


def _fault_of(
    document: Document, build: Builder, fields: list[tuple[str, Setting]], own: list[str]
) -> str | None:
    """Why a file does not take these settings; the key of an axis that has one need not be said."""
    try:
        build(document, fields)
    except InputError as error:
        key, message = error.problems[0].key, error.problems[0].message
        is_own = len(own) == 1 and key == key_in(document, own[0])
        return message if is_own or not key else f"{key}: {message}"
    return None
