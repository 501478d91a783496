"""One writer for each store."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from accsim.errors import InputError, Problem


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of a file: another file beside it, which dies with this process.

    Raises:
        InputError: another process holds it.
        OSError: the folder cannot be written.
    """
    # However the file is called: by a link, or from elsewhere.
    real = path.resolve()
    side = real.with_name(f"{real.name}.lock")
    handle = _open(path, side)
    try:
        yield
    finally:
        # While it is still held: who opens it now finds that the name is gone, and starts again.
        side.unlink(missing_ok=True)
        os.close(handle)


def _open(path: Path, side: Path) -> int:
    while True:
        handle = os.open(side, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if side.exists() and os.path.samestat(os.fstat(handle), side.stat()):
                return handle
        except BlockingIOError:
            os.close(handle)
            message = "another accsim sweep is writing it"
            raise InputError(Problem(str(path), message)) from None
        os.close(handle)
