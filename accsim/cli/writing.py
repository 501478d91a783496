"""Output that cannot be written is the user's to mend: one clear line instead of a traceback."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from accsim.errors import InputError, Problem
from accsim.files import whole_folder


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn failures to write `path` within the block into an `InputError` that names it."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(Problem(str(path), f"cannot be written: {reason}")) from error


@contextmanager
def out_folder(path: Path) -> Iterator[Path]:
    """A folder whose files move to `path` if the block succeeds.

    It is opened first, so that a place which cannot be written is refused before the work.

    Raises:
        InputError: nothing can be written there.
    """
    if path.exists() and not path.is_dir():
        raise InputError(Problem(str(path), "cannot be written: it is a file, not a folder"))
    if path.exists() and not os.access(path, os.W_OK):
        raise InputError(Problem(str(path), "cannot be written: Permission denied"))
    with writing(path), whole_folder(path) as folder:
        yield folder
