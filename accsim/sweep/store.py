"""The store of a sweep: one SQLite file, written by one process, read by any.

A point is a row once it is finished, written at once and as a whole (WAL; ``synchronous=NORMAL``: a
power cut may lose the last rows, a killed process none). Text is JSON; numbers keep their type and
all their digits.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from accsim import __version__
from accsim.errors import InputError, Problem
from accsim.study import Outcome, Point, Row, Setting, Settings, Status, StoredStudy, Study
from accsim.sweep.lock import locked

SCHEMA = 1
"""Version of the tables; kept in ``PRAGMA user_version``."""

APPLICATION = 0x61636373
"""``accs``; kept in ``PRAGMA application_id``: tells a store from other SQLite files."""

TABLES = (
    """
CREATE TABLE study (
    name TEXT NOT NULL,
    text TEXT NOT NULL,
    resolved TEXT NOT NULL,
    accsim_version TEXT NOT NULL,
    seed INTEGER NOT NULL
)
""",
    """
CREATE TABLE points (
    place INTEGER PRIMARY KEY,
    key TEXT NOT NULL,
    settings TEXT NOT NULL UNIQUE,
    status TEXT NOT NULL,
    metrics TEXT NOT NULL,
    reason TEXT NOT NULL,
    seconds REAL NOT NULL
)
""",
)


class Store:
    """An open store, of a study that it holds."""

    def __init__(self, base: sqlite3.Connection, path: Path) -> None:
        self._base = base
        self._path = path

    def find(self, settings: Settings) -> Row | None:
        """The row of a point, if it is finished."""
        return self._row("settings = ?", _text(settings))

    def at(self, place: int) -> Row | None:
        """The row at a place, if its point is finished."""
        return self._row("place = ?", place)

    def outcome(self, place: int) -> Outcome:
        """What became of a finished point."""
        row = self.at(place)
        assert row is not None
        return row.outcome

    def agree(self, held: Point, point: Point) -> None:
        """Refuse a point that is not what the store holds in its place.

        Raises:
            InputError: it is another, or made from other files.
        """
        if (held.place, _text(held.settings)) != (point.place, _text(point.settings)):
            message = (
                f"holds other points than the sampler gives now (point {point.place} differs): "
                "it depends on a library of another version; give another file"
            )
        elif held.key != point.key:
            message = (
                f"point {point.place} was made from other files: a chip or workload has been "
                "changed since; give another file"
            )
        else:
            return
        raise InputError(Problem(str(self._path), message))

    def put(self, row: Row) -> None:
        """Write a finished point, in the place of what its place held before.

        Raises:
            InputError: it cannot be written; what was written before is safe.
        """
        point, outcome = row.point, row.outcome
        values = (
            point.place,
            point.key,
            _text(point.settings),
            outcome.status,
            _text(outcome.metrics),
            outcome.reason,
            outcome.seconds,
        )
        with plainly(self._path, "written"):
            self._base.execute("INSERT OR REPLACE INTO points VALUES (?, ?, ?, ?, ?, ?, ?)", values)

    def _row(self, condition: str, value: str | int) -> Row | None:
        with plainly(self._path, "read"):
            found = self._base.execute(f"SELECT * FROM points WHERE {condition}", (value,))
            columns = found.fetchone()
        return None if columns is None else _row(*columns)


@contextmanager
def open_store(path: Path, study: Study, text: str, resume: bool) -> Iterator[Store]:
    """Make a store for a study, or with `resume` open that which there is; nobody else may write.

    Args:
        path: of the file.
        study: what it is to hold.
        text: of the study file.
        resume: go on with what `path` holds, if there is something.

    Raises:
        InputError: `path` cannot be written, is being written, holds something else, or holds this
            study and `resume` is not set.
    """
    with ExitStack() as stack:
        with plainly(path, "written"):
            stack.enter_context(locked(path))
            base = stack.enter_context(_opened(path))
            if _is_empty(base, path):
                base.execute("PRAGMA journal_mode = WAL")
                _create(base, study, text)
            else:
                _check(base, path, study, resume)
                base.execute("PRAGMA journal_mode = WAL")
            base.execute("PRAGMA synchronous = NORMAL")
        yield Store(base, path)


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    base = sqlite3.connect(path, isolation_level=None)
    try:
        yield base
    finally:
        # One plain file, which can be copied, and read where nothing can be written; unless
        # somebody is reading it just now, or the disk is full.
        with suppress(sqlite3.Error):
            base.execute("PRAGMA journal_mode = DELETE")
        base.close()


def read_store(path: Path) -> StoredStudy:
    """Read a store, while it is written or afterwards.

    Raises:
        InputError: there is none at `path`, or it is of another version of the format.
    """
    if not path.is_file():
        raise InputError(Problem(str(path), "no such file"))
    with plainly(path, "read"):
        uri = f"{path.resolve().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as base:
            if _is_empty(base, path):
                raise InputError(Problem(str(path), "is empty: no store of a sweep"))
            # One moment of a file that may be growing.
            base.execute("BEGIN")
            study, text, version = _study(base, path)
            rows = base.execute("SELECT * FROM points ORDER BY place").fetchall()
    return StoredStudy(study, text, version, tuple(_row(*columns) for columns in rows))


@contextmanager
def plainly(path: Path, done: str) -> Iterator[None]:
    """Turn what SQLite and the disk refuse within the block into an `InputError`."""
    try:
        yield
    except sqlite3.Error as error:
        raise InputError(Problem(str(path), f"cannot be {done}: {error}")) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(Problem(str(path), f"cannot be {done}: {reason}")) from error


def _is_empty(base: sqlite3.Connection, path: Path) -> bool:
    """Whether a file holds nothing yet.

    Raises:
        InputError: it holds something, and that is no store of this version.
    """
    try:
        ((application,),) = base.execute("PRAGMA application_id").fetchall()
        ((version,),) = base.execute("PRAGMA user_version").fetchall()
        ((tables,),) = base.execute("SELECT count(*) FROM sqlite_master").fetchall()
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_NOTADB:
            raise
        raise InputError(Problem(str(path), "is no store of a sweep")) from None
    if application == 0 and tables == 0:
        return True
    if application != APPLICATION:
        raise InputError(Problem(str(path), "is no store of a sweep"))
    if version != SCHEMA:
        message = f"is a store of format {version}; this accsim reads format {SCHEMA}"
        raise InputError(Problem(str(path), message))
    return False


def _create(base: sqlite3.Connection, study: Study, text: str) -> None:
    values = (study.name, text, _resolved(study), __version__, study.sampler.seed)
    base.execute("BEGIN IMMEDIATE")
    for table in TABLES:
        base.execute(table)
    base.execute(f"PRAGMA application_id = {APPLICATION}")
    base.execute(f"PRAGMA user_version = {SCHEMA}")
    base.execute("INSERT INTO study VALUES (?, ?, ?, ?, ?)", values)
    base.execute("COMMIT")


def _check(base: sqlite3.Connection, path: Path, study: Study, resume: bool) -> None:
    """Raise InputError if a store is not to be gone on with."""
    held, _, version = _study(base, path)
    ((points,),) = base.execute("SELECT count(*) FROM points").fetchall()
    if held.name != study.name:
        message = f"holds another study, {held.name}; give another file for {study.name}"
    # As text: a level 1 that has become 1.0 makes other points.
    elif _resolved(held) != _resolved(study):
        message = f"holds {held.name} as it was before its file was changed; give another file"
    elif version != __version__:
        message = (
            f"was made by accsim {version}, and this is {__version__}: "
            "their numbers do not belong into one table; give another file"
        )
    elif not resume:
        message = f"holds this study already ({points} points); go on with it by --resume"
    else:
        return
    raise InputError(Problem(str(path), message))


def _study(base: sqlite3.Connection, path: Path) -> tuple[Study, str, str]:
    """A study, the text of its file, and the version that it was made by.

    Raises:
        InputError: it has fields that are not known here, or lacks some.
    """
    select = "SELECT resolved, text, accsim_version FROM study"
    ((resolved, text, version),) = base.execute(select).fetchall()
    try:
        return _adapter().validate_json(resolved), text, version
    except ValidationError:
        message = f"holds a study of accsim {version}, which this accsim does not understand"
        raise InputError(Problem(str(path), message)) from None


def _resolved(study: Study) -> str:
    # A store may be given away: where the files lay is nobody's business.
    return _adapter().dump_json(replace(study, folder=".")).decode()


@cache
def _adapter() -> TypeAdapter[Study]:
    return TypeAdapter(Study)


def _text(pairs: tuple[tuple[str, Setting], ...]) -> str:
    return json.dumps(pairs, allow_nan=False, separators=(",", ":"))


def _pairs(text: str) -> tuple[tuple[str, Setting], ...]:
    return tuple((name, value) for name, value in json.loads(text))


def _row(
    place: int,
    key: str,
    settings: str,
    status: Status,
    metrics: str,
    reason: str,
    seconds: float,
) -> Row:
    outcome = Outcome(status, _pairs(metrics), reason, seconds)
    return Row(Point(place, key, _pairs(settings)), outcome)
