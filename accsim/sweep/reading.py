"""What a sweep has found, to be read from Python: ``open_study("study.sqlite").to_pandas()``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from accsim.analysis.effects import design, effects
from accsim.analysis.pareto import front
from accsim.errors import InputError, Problem, missing_extra
from accsim.findings import Findings
from accsim.metrics import asked
from accsim.study import STATUSES, Row, Setting, StoredStudy
from accsim.sweep.space import Space
from accsim.sweep.store import read_store
from accsim.sweep.tasks import wanted

if TYPE_CHECKING:
    import pandas as pd

Record = dict[str, Setting | None]
"""A point as a line of a table, by column."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """A sweep as it was when its store was read; more points may have been finished since."""

    stored: StoredStudy

    @property
    def rows(self) -> tuple[Row, ...]:
        """The finished points, in the order of the study."""
        return self.stored.rows

    def pareto(self) -> tuple[Row, ...]:
        """The points that no other beats: better in one objective of the study, worse in none.

        Of points that are equal in all objectives the first one stands for all; only those that
        were simulated to the end count.
        """
        return self.findings().on_front()

    def findings(self, rows: Sequence[Row] | None = None) -> Findings:
        """The front and the effects of the axes, of some rows, or of all."""
        study = self.stored.study
        chosen = self.rows if rows is None else tuple(rows)
        done = [row for row in chosen if row.outcome.status == "done"]
        found = [dict(row.outcome.metrics) for row in done]
        vectors = [[float(one[aim.metric]) for aim in study.objectives] for one in found]
        aims = [aim.maximise for aim in study.objectives]
        # Without an objective none is better than another.
        best = front(vectors, aims) if aims else ()
        size = Space(study.axes).size
        return Findings(
            study,
            min(study.sampler.count or size, size),
            chosen,
            tuple(done[index].point.place for index in best),
            design(study, done),
            effects(study, done),
        )

    def columns(self) -> tuple[str, ...]:
        """Of `to_records`: what is known of every point, then what the axes set, then metrics."""
        study = self.stored.study
        keys = dict.fromkeys(key for axis in study.axes for key in axis.keys)
        return ("place", "status", "on_front", *keys, *wanted(study), "reason", "seconds", "key")

    def to_records(self) -> list[Record]:
        """A dictionary for each finished point, in the order of the study.

        All have the columns of `columns`; None is in those that the point has no value for.
        """
        places = frozenset(row.point.place for row in self.pareto())
        empty: Record = dict.fromkeys(self.columns())
        return [
            {
                **empty,
                "place": row.point.place,
                "status": row.outcome.status,
                "on_front": row.point.place in places,
                **dict(row.point.settings),
                **dict(row.outcome.metrics),
                "reason": row.outcome.reason,
                "seconds": row.outcome.seconds,
                "key": row.point.key,
            }
            for row in self.rows
        ]

    def to_pandas(self) -> pd.DataFrame:
        """`to_records` as a frame, indexed by place.

        Raises:
            InputError: pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError:
            raise missing_extra("to_pandas", "pandas") from None
        frame = pd.DataFrame.from_records(self.to_records(), columns=list(self.columns()))
        return frame.set_index("place")


def to_json(found: Findings, rows: Sequence[Row]) -> dict[str, Any]:
    """The ``accsim.sweep.points/1`` object: what the points of `found` come to, and some of them.

    Points have everything that is known of them by name.
    """
    places = frozenset(found.front)
    return {
        "schema": "accsim.sweep.points/1",
        "study": found.study.name,
        "total": found.total,
        **{one: sum(row.outcome.status == one for row in found.rows) for one in STATUSES},
        "objectives": {
            aim.metric: "maximise" if aim.maximise else "minimise" for aim in found.study.objectives
        },
        "front": list(found.front),
        "points": [
            {
                "place": row.point.place,
                "key": row.point.key,
                "on_front": row.point.place in places,
                "settings": dict(row.point.settings),
                "status": row.outcome.status,
                "metrics": dict(row.outcome.metrics),
                "reason": row.outcome.reason,
                "seconds": row.outcome.seconds,
            }
            for row in rows
        ],
    }


def open_study(path: str | PathLike[str]) -> Sweep:
    """Read the store of a sweep, while it runs or afterwards.

    Raises:
        InputError: there is none at `path`, it is of another version of the format, or it has
            metrics that are not known here.
    """
    stored = read_store(Path(path))
    for name in wanted(stored.study):
        try:
            asked(name)
        except KeyError:
            message = f"holds the metric {name!r}, which this accsim does not know"
            raise InputError(Problem(str(path), message)) from None
    return Sweep(stored)
