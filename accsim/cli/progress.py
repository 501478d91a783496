"""A progress bar that bothers nobody: on stderr, only on a terminal, only if it takes long."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

PATIENCE_S = 1.0
"""How long a command may work without showing anything."""

Report = Callable[[str, int, int], None]


@contextmanager
def progress_bar() -> Iterator[Report | None]:
    """Give a function ``report(text, done, total)``; None where stderr is no terminal.

    The bar vanishes at the end, however the block ends.
    """
    if not sys.stderr.isatty():
        yield None
        return
    with ExitStack() as stack:
        began = time.monotonic()
        shown: list[tuple[Progress, TaskID]] = []

        def report(text: str, done: int, total: int) -> None:
            if not shown:
                if time.monotonic() - began < PATIENCE_S:
                    return
                from rich.console import Console
                from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

                columns = (
                    # What is done is named after runs, and those names come from files.
                    TextColumn("{task.description}", markup=False),
                    BarColumn(),
                    TaskProgressColumn(),
                )
                console = Console(stderr=True)
                bar = stack.enter_context(Progress(*columns, console=console, transient=True))
                shown.append((bar, bar.add_task("")))
            bar, task = shown[0]
            bar.update(task, description=text, completed=done, total=total)

        yield report
