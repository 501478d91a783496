"""Chip and workload files with some fields set otherwise, which are never written anywhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from accsim.chip import Chip
from accsim.config.kinds import refuse_other_kind
from accsim.config.resolve import check_chip, resolve_chip, resolve_workload
from accsim.config.shipped import find
from accsim.config.text import show, suggest
from accsim.config.yaml_source import Document, Value, dotted, read_yaml
from accsim.errors import InputError, Problem
from accsim.study import Setting
from accsim.workload import Workload


def chip_document(text: str, folder: Path) -> Document:
    """A chip file by its path from `folder`, or by the name of a shipped one; not checked yet.

    Raises:
        InputError: it cannot be read, or is no chip.
    """
    document = read_yaml(str(find("chips", text, folder)))
    refuse_other_kind(document, "chip")
    return document


def workload_document(text: str, folder: Path) -> Document:
    """The same of a workload.

    Raises:
        InputError: it cannot be read, or is no workload.
    """
    document = read_yaml(str(find("workloads", text, folder)))
    refuse_other_kind(document, "workload")
    return document


def chip_with(document: Document, settings: Iterable[tuple[str, Setting]]) -> Chip:
    """The chip of a file with these fields, by dotted key (``memory.channels``).

    Raises:
        InputError: there is no such chip; the problems have keys, but no lines.
    """
    try:
        return resolve_chip(check_chip(with_settings(document, settings)))
    except InputError as error:
        raise _without_lines(error) from None


def workload_with(document: Document, settings: Iterable[tuple[str, Setting]]) -> Workload:
    """The workload of a file with these fields, by dotted key (``runs.heads4_k4.acceptance``).

    Raises:
        InputError: there is no such workload; the problems have keys, but no lines.
    """
    try:
        return resolve_workload(with_settings(document, settings))
    except InputError as error:
        raise _without_lines(error) from None


def entry(values: list[Value], field: str, above: str) -> tuple[int, str]:
    """Which entry of a list a dotted key goes on to, and what is left of the key.

    Entries that have names go by them (a name may hold dots), others by number from 0.

    Raises:
        LookupError: there is no such entry.
    """
    names = {
        one["name"]: index
        for index, one in enumerate(values)
        if isinstance(one, dict) and isinstance(one.get("name"), str)
    }
    named = [str(name) for name in names if f"{field}.".startswith(f"{name}.")]
    if named:
        name = max(named, key=len)
        return names[name], field[len(name) + 1 :]
    word, _, rest = field.partition(".")
    if names:
        raise LookupError(f"no entry of {above} is named {word!r}{suggest(word, map(str, names))}")
    if word.isdecimal() and int(word) < len(values):
        return int(word), rest
    raise LookupError(f"{above} has no entry {word!r} (allowed: 0 to {len(values) - 1})")


def key_in(document: Document, field: str) -> str:
    """A dotted key as problems of the file have it, with numbers of entries for their names."""
    value: Value = document.value
    above, rest = "", field
    while rest:
        if isinstance(value, list):
            index, rest = entry(value, rest, above)
            value, above = value[index], f"{above}[{index}]"
        else:
            key, _, rest = rest.partition(".")
            value = value.get(key, {}) if isinstance(value, dict) else {}
            above = f"{above}.{key}".lstrip(".")
    return above


def with_settings(document: Document, settings: Iterable[tuple[str, Setting]]) -> Document:
    """A file that was read, with these fields; not checked again.

    Raises:
        InputError: there are no such fields.
    """
    value: Value = document.value
    for field, setting in settings:
        try:
            value = _set(value, field, setting, "")
        except LookupError as error:
            raise InputError(Problem(document.file, str(error), key=field)) from None
    assert isinstance(value, dict)
    return replace(document, value=value)


def _set(value: Value, field: str, setting: Setting, above: str) -> Value:
    """The value with a field set; what is on the way to it is copied, the rest shared.

    Raises:
        LookupError: the way leads through something that has no fields.
    """
    if not field:
        return setting
    if isinstance(value, list):
        index, rest = entry(value, field, above)
        inner = _set(value[index], rest, setting, dotted((above, index)))
        return [*value[:index], inner, *value[index + 1 :]]
    if isinstance(value, dict):
        key, _, rest = field.partition(".")
        inner = _set(value.get(key, {}), rest, setting, f"{above}.{key}".lstrip("."))
        return {**value, key: inner}
    raise LookupError(f"{above} is {show(value)} and has no keys of its own")


def _without_lines(error: InputError) -> InputError:
    """The problems without positions, for what is wrong there is not what the file says; and
    without folders, for they are kept as the reason why there is no such point.
    """
    return InputError(
        replace(problem, file=Path(problem.file).name, line=None, column=None, source=None)
        for problem in error.problems
    )
