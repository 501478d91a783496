"""From the settings of a point to what is simulated, and its key."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

from accsim import __version__
from accsim.chip import Chip
from accsim.config.shipped import find
from accsim.config.variants import chip_document, chip_with, workload_document, workload_with
from accsim.config.yaml_source import Document
from accsim.study import Limit, Settings, Study, Task, fields_of
from accsim.workload import RunSpec, Workload


def task_of(study: Study, settings: Settings) -> Task:
    """The task of a point: its chip and its workload, resolved, and what is wanted of them.

    Files are read once, until they change.

    Raises:
        InputError: there is no chip or workload with these settings.
    """
    chip_file, workload_file = base_files(study, settings)
    chip = chip_with(_chip_file(study.folder, chip_file), fields_of(settings, "chip"))
    workload = workload_with(
        _workload_file(study.folder, workload_file), fields_of(settings, "workload")
    )
    metrics = wanted(study)
    return Task(
        task_key(chip, workload, metrics, study.limits), chip, workload, metrics, study.limits
    )


def base_files(study: Study, settings: Settings) -> tuple[str, str]:
    """The chip and the workload that a point starts from: paths, or names of shipped files."""
    chosen = dict(settings)
    return (
        str(chosen.get("chip", study.chips[0])),
        str(chosen.get("workload", study.workloads[0])),
    )


def wanted(study: Study) -> tuple[str, ...]:
    """The metrics of each point: of objectives, then of limits, then those stored besides."""
    names = [
        *(objective.metric for objective in study.objectives),
        *(limit.metric for limit in study.limits),
        *study.metrics,
    ]
    return tuple(dict.fromkeys(names))


def task_key(
    chip: Chip, workload: Workload, metrics: tuple[str, ...], limits: tuple[Limit, ...]
) -> str:
    """What a task is known by: the SHA-256 of all that its outcome depends on.

    Equal for equal content, on every machine: names and sources, which only reports have, do not
    count, but for the names of runs, by which metrics are called. The version of accsim does.
    """
    whole = [
        __version__,
        _canonical(chip),
        _canonical(workload),
        sorted(metrics),
        sorted((_canonical(limit) for limit in limits), key=json.dumps),
    ]
    text = json.dumps(whole, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


WORDS_FOR_READERS = ("name", "source")
"""Fields of chips and workloads that nothing is computed from."""


def _canonical(value: object) -> object:
    """A value as lists, numbers and text that JSON spells in one way only."""
    if is_dataclass(value) and not isinstance(value, type):
        named = isinstance(value, RunSpec)
        told = [
            [field.name, _canonical(getattr(value, field.name))]
            for field in fields(value)
            if named or field.name not in WORDS_FOR_READERS
        ]
        return [type(value).__name__, told]
    if isinstance(value, Mapping):
        return [[key, _canonical(value[key])] for key in sorted(value)]
    if isinstance(value, tuple | list):
        return [_canonical(one) for one in value]
    if isinstance(value, Fraction):
        return ["Fraction", value.numerator, value.denominator]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"no canonical form of {type(value).__name__}")


Stamp = tuple[int, int]
"""When a file was last changed (ns), and its bytes."""


def _chip_file(folder: str, text: str) -> Document:
    path = find("chips", text, Path(folder))
    return _read(chip_document, text, folder, _stamp(path))


def _workload_file(folder: str, text: str) -> Document:
    path = find("workloads", text, Path(folder))
    return _read(workload_document, text, folder, _stamp(path))


def _stamp(path: Path) -> Stamp | None:
    try:
        status = path.stat()
    except OSError:  # whoever reads it tells
        return None
    return status.st_mtime_ns, status.st_size


@lru_cache(maxsize=64)
def _read(
    read: Callable[[str, Path], Document], text: str, folder: str, stamp: Stamp | None
) -> Document:
    return read(text, Path(folder))
