"""Views of passes as files, so that pages can be made without simulating again.

An ``.npz`` file: ``header`` is a JSON object in UTF-8; ``laneN`` has a row for each column of that
lane, ``counterN.time_ps`` and ``counterN.value`` hold the counters. Lanes and times are stored as
differences of neighbours, which compress to a tenth.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from accsim.errors import InputError, Problem
from accsim.files import whole_file
from accsim.pass_view import (
    FIRST_CHANNEL,
    LANE_COLUMNS,
    LOAD,
    NOTHING,
    WAITED_FOR,
    CounterView,
    LaneView,
    OpView,
    PassView,
)
from accsim.timeline import Column

FORMAT = "accsim.pass_view/1"
MAX_BYTES = 2**30
"""Unpacked. A view of `accsim.pass_view.VIEW_CAP` slices takes some 110 MB."""

Arrays = Mapping[str, npt.NDArray[Any]]


def view_file(folder: Path, number: int) -> Path:
    """Where ``accsim run --out`` stores the view of run `number`, from 1."""
    return folder / f"view-{number}.npz"


def write_view(path: Path, view: PassView) -> None:
    """Write a view, whole or not at all; equal views give equal bytes.

    Raises:
        OSError: the file cannot be written.
    """
    header = {
        "format": FORMAT,
        "chip": view.chip,
        "run": view.run,
        "number": view.number,
        "graph": view.graph,
        "contexts": view.contexts,
        "elapsed_ps": view.elapsed_ps,
        "left_out": view.left_out,
        "ops": view.ops,
        "labels": view.labels,
        "lanes": [[lane.name, lane.group, lane.about, list(lane.figures)] for lane in view.lanes],
        "counters": [[c.name, c.group, c.about, c.unit, c.limit] for c in view.counters],
    }
    text = json.dumps(header, allow_nan=False).encode()
    arrays: dict[str, npt.NDArray[Any]] = {"header": np.frombuffer(text, dtype=np.uint8)}
    for number, lane in enumerate(view.lanes):
        columns = [getattr(lane, name) for name in LANE_COLUMNS]
        arrays[f"lane{number}"] = np.diff([*columns, *lane.figures.values()], prepend=0)
    for number, counter in enumerate(view.counters):
        arrays[f"counter{number}.time_ps"] = np.diff(counter.time_ps, prepend=0)
        arrays[f"counter{number}.value"] = counter.value
    with whole_file(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def read_views(folder: Path, runs: Sequence[str]) -> tuple[PassView, ...]:
    """The views that ``accsim run --out`` stored of runs, in order; of some there may be none.

    Raises:
        InputError: a file is broken, or is of another run.
    """
    views = []
    for number, run in enumerate(runs, start=1):
        path = view_file(folder, number)
        if not path.exists():
            continue
        view = read_view(path)
        if view.run != run:
            message = f"is a view of run {view.run!r}, but run {number} of the result is {run!r}"
            raise InputError(Problem(str(path), message))
        views.append(view)
    return tuple(views)


def read_view(path: Path) -> PassView:
    """Read a view back.

    Raises:
        InputError: the file cannot be read, is no view, or points to what it does not hold.
    """
    try:
        view = _view(_arrays(path))
        _check(view)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(Problem(str(path), f"cannot be read: {reason}")) from error
    except KeyError as error:
        raise InputError(Problem(str(path), f"no view of a pass: it lacks {error}")) from error
    except (ValueError, TypeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(Problem(str(path), f"no view of a pass: {error}")) from error
    return view


def _arrays(path: Path) -> Arrays:
    with zipfile.ZipFile(path) as packed:
        if sum(entry.file_size for entry in packed.infolist()) > MAX_BYTES:
            raise ValueError(f"unpacks to more than {MAX_BYTES:,} B")
    with np.load(path, allow_pickle=False) as arrays:
        return dict(arrays)


def _view(arrays: Arrays) -> PassView:
    header = json.loads(arrays["header"].tobytes())
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise ValueError(f"it is not of format {FORMAT}")
    return PassView(
        chip=_text(header["chip"]),
        run=_text(header["run"]),
        number=_whole(header["number"]),
        graph=_text(header["graph"]),
        contexts=tuple(map(_whole, header["contexts"])),
        elapsed_ps=_whole(header["elapsed_ps"]),
        left_out=_whole(header["left_out"]),
        ops=tuple(_op(*op) for op in header["ops"]),
        labels=tuple(map(_text, header["labels"])),
        lanes=tuple(
            _lane(arrays[f"lane{number}"], *lane) for number, lane in enumerate(header["lanes"])
        ),
        counters=tuple(
            _counter(arrays[f"counter{i}.time_ps"], arrays[f"counter{i}.value"], *counter)
            for i, counter in enumerate(header["counters"])
        ),
    )


def _op(name: object, group: object, layer: object) -> OpView:
    return OpView(_text(name), _text(group), None if layer is None else _whole(layer))


def _lane(
    stored: npt.NDArray[Any], name: object, group: object, about: object, figures: list[object]
) -> LaneView:
    names = [*LANE_COLUMNS, *map(_text, figures)]
    if stored.dtype != np.int64 or stored.ndim != 2 or len(stored) != len(names):
        raise ValueError(f"lane {name!r} has columns of a wrong form")
    columns = dict(zip(names, np.cumsum(stored, axis=1), strict=True))
    further = {one: columns.pop(one) for one in names[len(LANE_COLUMNS) :]}
    return LaneView(_text(name), _text(group), _text(about), **columns, figures=further)


def _counter(
    steps: npt.NDArray[Any],
    value: npt.NDArray[Any],
    name: object,
    group: object,
    about: object,
    unit: object,
    limit: float,
) -> CounterView:
    if steps.dtype != np.int64 or value.dtype not in (np.int64, np.float64):
        raise ValueError(f"counter {name!r} has columns of a wrong form")
    if steps.ndim != 1 or steps.shape != value.shape or not np.isfinite([limit, *value]).all():
        raise ValueError(f"counter {name!r} has columns of a wrong form")
    times = np.cumsum(steps)
    texts = _text(name), _text(group), _text(about), _text(unit)
    return CounterView(*texts, float(limit), times, value)


def _check(view: PassView) -> None:
    """Refuse a view that cannot be drawn: every index points somewhere, and time runs forward."""
    if len(view.lanes) < FIRST_CHANNEL:
        raise ValueError(f"it has {len(view.lanes)} lanes, fewer than {FIRST_CHANNEL}")
    # Lane NOTHING is the last of these, and has one place: NOTHING.
    sizes = np.array([*map(len, view.lanes), 0])
    loads = len(view.lanes[LOAD])
    for lane in view.lanes:
        flat = np.stack([lane.start_ps, lane.end_ps], axis=1).ravel()
        sound = (
            _within(lane.op, 0, len(view.ops))
            and _within(lane.label, 0, len(view.labels))
            and _within(lane.waited_for, 0, len(WAITED_FOR))
            and _within(lane.after_lane, NOTHING, len(view.lanes))
            and _within(lane.after, NOTHING, sizes[lane.after_lane])
            and _within(lane.fed_by, NOTHING, loads)
            and _within(flat, 0, view.elapsed_ps + 1)
            and bool((np.diff(flat) >= 0).all())
        )
        if not sound:
            raise ValueError(f"lane {lane.name!r} points to what is not there")
    for counter in view.counters:
        if not _within(counter.time_ps, 0, view.elapsed_ps + 1000):
            raise ValueError(f"counter {counter.name!r} has times outside the pass")


def _within(column: Column, low: int, high: int | Column) -> bool:
    return bool(((column >= low) & (column < high)).all())


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected text, got {value!r:.40}")
    return value


def _whole(value: object) -> int:
    if type(value) is not int or not 0 <= value < 2**63:
        raise TypeError(f"expected a whole number, got {value!r:.40}")
    return value
