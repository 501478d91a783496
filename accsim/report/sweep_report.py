"""What a sweep found as one HTML page: the answer first, then the points and what explains them."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from accsim.findings import Findings, level_at, level_label, varied
from accsim.metrics import asked
from accsim.report.drawing import legend
from accsim.report.elements import (
    Html,
    Text,
    asset,
    folded,
    join,
    json_script,
    scrolling,
    section,
    table,
    tag,
)
from accsim.report.page import drawn, write_html
from accsim.report.sweep_charts import PARETO_NOTE, hover, level_figure, pareto_figure, share_figure
from accsim.report.sweep_words import (
    aims_words,
    counts,
    effects_note,
    headline,
    limits_words,
    metric_of,
    number_values,
    settings_words,
    short,
    varied_words,
)
from accsim.report.terms import Terms
from accsim.study import Row, Status, status_words

NAVIGATION = (
    ("answer", "Answer"),
    ("front", "Pareto front"),
    ("lines", "All axes"),
    ("effects", "What each axis does"),
    ("points", "Points"),
    ("lost", "Without a result"),
    ("study", "The study"),
    ("glossary", "Glossary"),
    ("again", "Make it again"),
)

TERMS = ("Pareto front", "share of the variance", "objectives", "point", "status")
"""Those of the page that the glossary explains; metrics have a table of their own."""
LOST: tuple[Status, ...] = ("failed", "timed_out", "excluded")
"""Statuses without a result, the worst first."""

MOST_LOST = 100
"""Points of a status without result that are listed; of more, the terminal can tell."""


def write_sweep_report(
    path: Path,
    found: Findings,
    metrics: Sequence[str],
    reports: Mapping[int, str],
    store: str,
    version: str,
) -> None:
    """Write the page, whole or not at all.

    Args:
        path: the file.
        found: what it is about.
        metrics: those that are stored of each point.
        reports: full reports beside the page, their file names by the place of their point.
        store: the base name of the store.
        version: of accsim that made the points.

    Raises:
        OSError: the file cannot be written.
    """
    body = _Page(found, metrics, reports, store, version).body()
    style = asset("run_report.css") + asset("sweep_report.css")
    write_html(path, f"{found.study.name}: what the sweep found", body, style)


class _Page:
    def __init__(
        self,
        found: Findings,
        metrics: Sequence[str],
        reports: Mapping[int, str],
        store: str,
        version: str,
    ) -> None:
        self.found, self.metrics, self.reports = found, metrics, reports
        self.store, self.version = store, version
        self.terms = Terms()

    def body(self) -> Html:
        title = f"{self.found.study.name}: what the sweep found"
        parts = [self.answer()]
        if self.found.done:
            parts += [self.front(), self.lines(), self.effects(), self.points()]
        parts += [self.lost(), self.study()]
        # Only now are all terms known.
        parts += [
            section(
                "glossary", "Glossary", tag("p", "The terms of this page."), self.terms.glossary()
            ),
            self.again(),
        ]
        known = "".join(parts)
        links = [
            tag("li", tag("a", label, href=f"#{name}"))
            for name, label in NAVIGATION
            if f'id="{name}"' in known
        ]
        scripts = [asset("sweep_lines.js"), asset("sweep_report.js")] if self.found.done else []
        return join(
            (
                tag("a", "to the answer", href="#answer", class_="skip"),
                tag("header", tag("h1", title), tag("nav", tag("ul", *links), aria_label="Parts")),
                tag("main", *parts),
                *(Html(f"<script>{script}</script>") for script in scripts),
            ),
            "\n",
        )

    def answer(self) -> Html:
        objectives = f"Objectives: {aims_words(self.found.study)}."
        return section(
            "answer",
            "Answer",
            tag("p", headline(self.found), class_="answer"),
            tag("p", f"{counts(self.found)}. {objectives}"),
            tag("p", "Terms: ", join((self.terms.link(one) for one in TERMS), ", "), "."),
        )

    def front(self) -> Html:
        note = f"{PARETO_NOTE} A click shows what a point is made of."
        figure = pareto_figure(self.found)
        controls = tag(
            "div",
            tag("label", "down to up ", tag("select", id="plane-y")),
            tag("label", "left to right ", tag("select", id="plane-x")),
            class_="controls",
        )
        chart = Html(drawn(figure, "pareto-chart"))
        details = tag("div", id="chosen", class_="chosen", aria_live="polite")
        data = json_script("sweep-data", self.data())
        return section(
            "front", "Pareto front", tag("p", note), controls, legend(figure), chart, details, data
        )

    def lines(self) -> Html:
        note = (
            "A line for each point, through its level of every axis and its objectives; those of "
            "the front in colour. Choose levels to see the points that have them, here and in the "
            "table; a click on a line shows its point."
        )
        return section(
            "lines",
            "All axes",
            tag("p", note),
            tag(
                "div",
                tag("button", "all levels", type="button", id="lines-reset"),
                tag("span", id="lines-count", role="status"),
                class_="controls",
            ),
            tag("div", id="lines-chart", class_="lines"),
        )

    def effects(self) -> Html:
        effects = self.found.effects
        if not effects:
            return section("effects", "What each axis does", tag("p", "Nothing is varied."))
        parts: list[Text] = [tag("p", effects_note(self.found))]
        if any(one.share is not None for one in effects):
            figure = share_figure(effects)
            parts += [legend(figure), Html(drawn(figure, "share-chart"))]
        metrics = [aim.metric for aim in self.found.study.objectives]
        panels = [
            tag(
                "figure",
                tag("figcaption", f"{one.metric} by {short(one.axis)}"),
                Html(drawn(level_figure(one, metrics.index(one.metric)), f"level-chart-{number}")),
            )
            for number, one in enumerate(effects)
            if one.levels
        ]
        parts.append(tag("div", *panels, class_="panels"))
        return section("effects", "What each axis does", *parts)

    def points(self) -> Html:
        options = [
            tag("option", "of the front", value="front"),
            tag("option", "all simulated", value="all"),
        ]
        controls = tag(
            "div",
            tag("label", "points ", tag("select", *options, id="points-which")),
            tag("label", "filter ", Html('<input type="search" id="points-filter">')),
            tag("span", id="points-count", role="status"),
            class_="controls",
        )
        inner = tag(
            "table",
            tag("caption", "Points"),
            tag("thead", tag("tr")),
            tag("tbody"),
            id="points-table",
        )
        return section("points", "Points", controls, scrolling("Points", inner))

    def lost(self) -> Html:
        parts: list[Text] = []
        for status in LOST:
            rows = [row for row in self.found.rows if row.outcome.status == status]
            if rows:
                parts.append(self._lost_rows(status, rows))
        return section(
            "lost",
            "Points without a result",
            *(parts or [tag("p", "Every finished point has a result.")]),
        )

    def _lost_rows(self, status: Status, rows: Sequence[Row]) -> Html:
        summary = f"{len(rows)} {status_words(status)}"
        cells = [self._lost_cells(row) for row in rows[:MOST_LOST]]
        shown = table(summary, ["point", "settings", "reason"], [("", cells)])
        inner = [tag("div", shown, class_="lost")]
        if len(rows) > MOST_LOST:
            where = shlex.quote(f"status = {status}")
            more = f"accsim sweep show {shlex.quote(self.store)} --failed --where {where}"
            inner.append(tag("p", f"These are the first {MOST_LOST}. All of them: {more}"))
        # What is excluded was to be expected; what failed was not.
        return folded(summary, *inner, open_=status != "excluded", long=status == "excluded")

    def _lost_cells(self, row: Row) -> tuple[str, ...]:
        return f"#{row.point.place}", varied_words(row, self.found.study), row.outcome.reason

    def study(self) -> Html:
        study = self.found.study
        rows = [
            (
                axis.name,
                ", ".join(axis.keys),
                ", ".join(level_label(axis, level) for level in axis.levels),
            )
            for axis in study.axes
        ]
        sampler = study.sampler
        told = f"Sampler {sampler.kind}, {self.found.total} points, seed {sampler.seed}"
        limits = limits_words(study)
        told += f". Limits: {limits}" if limits else ""
        axes = table("Axes", ["axis", "sets", "levels"], [("", rows)])
        known = [(name, asked(name).metric) for name in self.metrics]
        metrics = table(
            "Metrics",
            ["metric", "unit", "what it is"],
            [("", [(name, one.unit or "-", one.meaning) for name, one in known])],
        )
        tables = [tag("div", one, class_="lost") for one in (axes, metrics)]
        return section("study", "The study", tag("p", f"{told}."), *tables)

    def again(self) -> Html:
        command = shlex.join(["accsim", "sweep", "report", self.store, "-o", "sweep.html"])
        note = f"The points were simulated by accsim {self.version}."
        return section("again", "Make it again", tag("pre", command), tag("p", note))

    def data(self) -> dict[str, object]:
        """What the scripts of the page work on."""
        found, study = self.found, self.found.study
        axes = varied(study)
        aims = {aim.metric: 1 if aim.maximise else -1 for aim in study.objectives}
        places = frozenset(found.front)
        return {
            "store": self.store,
            "axes": [
                {
                    "name": short(axis.name),
                    "levels": [level_label(axis, level) for level in axis.levels],
                    "numbers": number_values(axis),
                }
                for axis in axes
            ],
            "metrics": [{"name": name, "aim": aims.get(name, 0)} for name in self.metrics],
            "points": [
                {
                    "place": row.point.place,
                    "front": row.point.place in places,
                    "key": row.point.key,
                    "levels": [
                        _index(axis.levels, level_at(axis, row.point.settings)) for axis in axes
                    ],
                    "values": [_value(row, name) for name in self.metrics],
                    "settings": settings_words(row),
                    "hover": hover(found, row),
                    "report": self.reports.get(row.point.place),
                }
                for row in found.done
            ],
        }


def _index(levels: Sequence[object], level: object) -> int | None:
    return None if level is None else levels.index(level)


def _value(row: Row, name: str) -> list[object]:
    """A metric as a number (or a name), and as people write it."""
    return [dict(row.outcome.metrics).get(name), metric_of(row, name)]
