"""Writing files whole or not at all."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; move it into place only if the block succeeds.

    Raises:
        OSError: the folder cannot be written.
    """
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        # mkstemp makes private files; give the result the permissions that the user's umask wants.
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Give a temporary folder; move its files into `path` only if the block succeeds.

    Files of other names that `path` already holds are left alone. The files are moved one by one:
    each is whole, but a crash between two moves can leave new files beside old ones.

    The temporary folder lies in `path` if that exists, else beside it: an existing folder is all
    that must be writable.

    Raises:
        OSError: a folder cannot be written; `filename` says which.
    """
    if path.is_dir():
        around = path
    else:
        around = path.parent
        around.mkdir(parents=True, exist_ok=True)
    # Named before it is made: a signal at any moment then finds the way to its removal.
    temporary = around / f".unfinished.{secrets.token_hex(8)}"
    try:
        try:
            temporary.mkdir(mode=0o700)
        except OSError as error:
            # The random name that was tried would mean nothing to anybody.
            raise OSError(error.errno, error.strerror, str(around)) from None
        yield temporary
        path.mkdir(exist_ok=True)
        for made in sorted(temporary.iterdir()):
            made.replace(path / made.name)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
