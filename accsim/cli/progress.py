"""A progress bar that bothers nobody: on stderr, only on a terminal, only if it takes long."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

PATIENCE_S = 1.0
"""How long a command may work without showing anything."""

Report = Callable[[str, int, int], None]


@contextmanager
def progress_bar(quiet: bool = False, with_pace: bool = True) -> Iterator[Report | None]:
    """Give a function ``report(text, done, total)``; None if `quiet` or stderr is no terminal.

    The bar shows what was reported last and, `with_pace`, how many are done in a second or minute
    and how long the others will take at that rate. It vanishes at the end, however the block ends.
    """
    if quiet or not sys.stderr.isatty():
        yield None
        return
    bar = _Bar(with_pace)
    try:
        yield bar.report
    finally:
        bar.close()


def pace(done: int, total: int, elapsed_s: float) -> str:
    """How fast it goes, and how long it will take; "" before anything is done."""
    if not done or elapsed_s <= 0:
        return ""
    rate = done / elapsed_s
    told = f"{rate:.1f}/s" if rate >= 1 else f"{60 * rate:.1f}/min"
    left = round((total - done) / rate)
    return f"{told}, {left // 60}:{left % 60:02} left"


class _Bar:
    """A bar that comes after a while, also if nothing is reported then."""

    def __init__(self, with_pace: bool) -> None:
        self._with_pace = with_pace
        self._began = time.monotonic()
        self._last: tuple[str, int, int] | None = None
        self._shown: tuple[Progress, TaskID] | None = None
        self._is_closed = False
        self._lock = threading.RLock()
        self._timer = threading.Timer(PATIENCE_S, self._show)
        self._timer.daemon = True
        self._timer.start()

    def report(self, text: str, done: int, total: int) -> None:
        with self._lock:
            self._last = text, done, total
            if self._shown is None and time.monotonic() - self._began >= PATIENCE_S:
                self._show()
            self._update()

    def close(self) -> None:
        self._timer.cancel()
        with self._lock:
            self._is_closed = True
            if self._shown is not None:
                self._shown[0].stop()

    def _show(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

        with self._lock:
            if self._is_closed or self._shown is not None:
                return
            bar = Progress(
                # What is done is named after runs, and those names come from files.
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                TaskProgressColumn(),
                TextColumn("{task.fields[pace]}"),
                console=Console(stderr=True),
                transient=True,
            )
            self._shown = bar, bar.add_task("", total=None, pace="")
            self._update()
            bar.start()

    def _update(self) -> None:
        if self._shown is None or self._last is None:
            return
        bar, task = self._shown
        text, done, total = self._last
        told = pace(done, total, time.monotonic() - self._began) if self._with_pace else ""
        bar.update(task, description=text, completed=done, total=total, pace=told)
