"""Output that cannot be written is the user's to mend: one clear line instead of a traceback."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from errno import EISDIR
from pathlib import Path
from tempfile import TemporaryFile

from accsim.errors import InputError, Problem
from accsim.files import whole_folder


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn failures to write `path` within the block into an `InputError` that names it.

    Where it is a folder around `path` that cannot be written, that one is named too.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        if error.filename is not None and Path(error.filename) in path.parents:
            reason += f" (folder {error.filename})"
        raise InputError(Problem(str(path), f"cannot be written: {reason}")) from error


def check_writable(path: Path) -> None:
    """Refuse a file that cannot be written, before the work whose result it shall hold.

    Raises:
        InputError: nothing can be written there.
    """
    with writing(path):
        if path.is_dir():
            raise IsADirectoryError(EISDIR, os.strerror(EISDIR))
        with TemporaryFile(dir=path.parent):
            pass


@contextmanager
def out_folder(path: Path) -> Iterator[Path]:
    """A folder whose files move to `path` if the block succeeds.

    It is opened first, so that a place which cannot be written is refused before the work.

    Raises:
        InputError: nothing can be written there.
    """
    for place in (path, *path.parents):
        if place.exists() and not place.is_dir():
            message = f"cannot be written: {place} is a file, not a folder"
            raise InputError(Problem(str(path), message))
    with writing(path), whole_folder(path) as folder:
        yield folder
