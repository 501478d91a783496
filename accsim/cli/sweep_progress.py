"""What a running sweep tells of itself: counts, the rate, and the time left."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from accsim.cli.progress import pace, progress_bar
from accsim.study import STATUSES, Outcome, Status, tally_words


@dataclass(slots=True)
class Tally:
    """Finished points of a study, of so many.

    found  now, by status
    kept   those that had been finished before, by status
    """

    study: str
    total: int
    began: float = field(default_factory=time.monotonic)
    found: Counter[Status] = field(default_factory=Counter)
    kept: Counter[Status] = field(default_factory=Counter)

    def add(self, outcome: Outcome, before: bool) -> None:
        """Count a point; `before` if it had been finished earlier."""
        (self.kept if before else self.found)[outcome.status] += 1

    @property
    def points(self) -> int:
        """All that are finished."""
        return self.found.total() + self.kept.total()

    @property
    def done(self) -> int:
        """Those that were simulated to the end."""
        return self._of("done")

    @property
    def lost(self) -> int:
        """Those that failed or timed out."""
        return self._of("failed") + self._of("timed_out")

    def counts(self) -> str:
        """``ddr_vs_sram: 60 points: 57 done, 3 excluded``; without what there is none of."""
        points = "1 point" if self.points == 1 else f"{self.points} points"
        told = tally_words(self.found + self.kept)
        return f"{self.study}: {points}{': ' if told else ''}{told}"

    def rate(self) -> str:
        """``60 points: 57 done, 3 excluded; 3.2/s, 4:10 left``."""
        # Points that had been finished before take no time.
        asked, seconds = self.total - self.kept.total(), time.monotonic() - self.began
        told = pace(self.found.total(), asked, seconds)
        return f"{self.counts()}; {told}" if told else self.counts()

    def to_json(self) -> dict[str, str | int | float]:
        """``accsim.sweep/1``: points by status, and how many of them were found before."""
        return {
            "schema": "accsim.sweep/1",
            "study": self.study,
            "points": self.points,
            **{status: self._of(status) for status in STATUSES},
            "kept": self.kept.total(),
            "seconds": time.monotonic() - self.began,
        }

    def _of(self, status: Status) -> int:
        return self.found[status] + self.kept[status]


@contextmanager
def telling(tally: Tally, quiet: bool) -> Iterator[Callable[[Outcome, bool], None]]:
    """A function that counts a point, and shows how far the sweep is unless it is to be quiet."""
    # The tally tells the pace: the bar would count what had been finished before.
    with progress_bar(quiet, with_pace=False) as show:

        def told(outcome: Outcome, before: bool) -> None:
            tally.add(outcome, before)
            if show:
                show(tally.rate(), tally.points, tally.total)

        yield told
