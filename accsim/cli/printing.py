"""Where reports are printed: stdout, as wide as the terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


@contextmanager
def stdout_console() -> Iterator[Console]:
    """A console on stdout; in files and pipes, lines end without the blanks that fill tables.

    Colours are left out where stdout is no terminal or NO_COLOR is set, which rich sees to.
    """
    from rich.console import Console

    console = Console(highlight=False)
    if console.is_terminal:
        yield console
        return
    with console.capture() as captured:
        yield console
    sys.stdout.writelines(f"{line.rstrip()}\n" for line in captured.get().splitlines())
