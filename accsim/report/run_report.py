"""The report of ``accsim run`` as one HTML page: the answer first, then the figures behind it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import plotly.graph_objects as go

from accsim.pass_view import PassView
from accsim.provenance import Provenance, ResolvedValue
from accsim.report.drawing import legend
from accsim.report.elements import Html, Text, asset, folded, join, section, table, tag
from accsim.report.metrics import Section, sections
from accsim.report.operators import group_table, pass_table
from accsim.report.page import drawn, write_html
from accsim.report.roofline import ROOFLINE_NOTE, roofline_figure
from accsim.report.run_charts import area_rows, causes_figure, energy_figure, gain_figure
from accsim.report.terms import Terms
from accsim.report.time_charts import WINDOWS, time_figure
from accsim.report.timeline_canvas import timeline_element
from accsim.report.values import value_groups
from accsim.report.wording import disagreements, headline, setting, told_runs
from accsim.result import Result

NAVIGATION = (
    ("answer", "Answer"),
    ("passes", "Passes"),
    ("causes", "Where the time goes"),
    ("roofline", "Roofline"),
    ("units", "Units over time"),
    ("operators", "Operators"),
    ("timeline", "Timeline"),
    ("energy", "Energy and area"),
    ("inputs", "Chip and workload"),
    ("glossary", "Glossary"),
    ("again", "Run it again"),
)

CHAPTERS = {
    "Critical path by cause": "Causes of time on the critical path",
    "DRAM time": "Inside the DRAM",
}
"""Chapters of the glossary that tell the terms of sections, where they have another title."""


def write_run_report(
    path: Path, result: Result, views: Sequence[PassView], provenance: Provenance
) -> None:
    """Write the report, whole or not at all.

    Args:
        path: the file.
        result: what it is about.
        views: a pass of each run, of those that one is known of.
        provenance: where the result comes from.

    Raises:
        OSError: the file cannot be written.
    """
    title = f"{result.workload} on {result.chip}"
    body = _Report(result, views, provenance).body(title)
    write_html(path, title, body, asset("run_report.css"))


class _Report:
    """The parts of the page; they share the glossary that all of them lead to."""

    def __init__(self, result: Result, views: Sequence[PassView], provenance: Provenance) -> None:
        self.result, self.views, self.provenance = result, views, provenance
        self.terms = Terms()
        speed, passes, used, energy, *generations, causes, dram, work = sections(result)
        self.speed, self.passes, self.energy, self.causes = speed, passes, energy, causes
        self.used, self.dram, self.work, self.generations = used, dram, work, generations

    def body(self, title: str) -> Html:
        parts = [
            self.answer(),
            self.pass_part(),
            self.cause_part(),
            self.roofline(),
            self.units(),
            self.operators(),
            self.timeline(),
            self.energy_part(),
            self.inputs(),
        ]
        # Only now are all terms known.
        parts += [
            section("glossary", "Glossary", tag("p", "The terms of this page."), self.glossary()),
            self.again(),
        ]
        links = [tag("li", tag("a", label, href=f"#{name}")) for name, label in NAVIGATION]
        return join(
            (
                tag("a", "to the answer", href="#answer", class_="skip"),
                tag("header", tag("h1", title), tag("nav", tag("ul", *links), aria_label="Parts")),
                tag("main", *parts),
                Html(f"<script>{asset('run_report.js')}</script>"),
            ),
            "\n",
        )

    def runs(self, caption: str, *parts: Section) -> Html:
        """Figures of the terminal report, runs side by side; a single part needs no title."""
        shown = table(
            caption,
            ["", *(run.name for run in self.result.runs)],
            [
                (
                    part.title if len(parts) > 1 else "",
                    [(self.label(row.label, part.title), *row.values) for row in part.rows],
                )
                for part in parts
            ],
        )
        return tag("div", shown, class_="runs")

    def label(self, label: str, title: str) -> Text:
        """A label below a title, with its indentation, which says what it is a part of."""
        name = label.lstrip()
        term = self.terms.link(name, CHAPTERS.get(title, title))
        return join((label[: len(label) - len(name)], term))

    def answer(self) -> Html:
        return section(
            "answer",
            "Answer",
            tag("p", headline(self.result), class_="answer"),
            tag("p", setting(self.result)),
            self.runs("Decoding", self.speed, *self.generations),
        )

    def pass_part(self) -> Html:
        note = (
            "A speed-up is tokens per pass over the time of a pass: more rows in a pass bring more "
            "tokens, and pay as long as they cost less time than that."
        )
        return section(
            "passes",
            "What a pass brings and costs",
            tag("p", note),
            _chart(gain_figure(self.result), "gain-chart"),
            self.runs("Mean decode pass", self.passes),
        )

    def cause_part(self) -> Html:
        remarks = [tag("p", text) for text in map(disagreements, self.result.runs) if text]
        note = (
            "Each picosecond of the critical path has one cause; colours of one hue are parts of "
            "one cause."
        )
        return section(
            "causes",
            "Where the time goes",
            tag("p", note),
            _chart(causes_figure(self.result), "causes-chart"),
            *remarks,
            self.runs("Critical path by cause", self.causes),
        )

    def roofline(self) -> Html:
        peaks = {
            int(one.key.rpartition("_")[2]): float(one.value)
            for one in self.provenance.chip
            if one.key.startswith("array.peak_macs_per_s.bits_")
        }
        figure = roofline_figure(self.result, peaks)
        note = tag("p", ROOFLINE_NOTE)
        return section("roofline", "Roofline", note, Html(drawn(figure, "roofline-chart")))

    def units(self) -> Html:
        told = [run.name for run in told_runs(self.result)]
        charts = [
            folded(
                f"{view.run}, pass {view.number}",
                tag("p", view.title),
                _chart(time_figure(view), f"time-chart-{number}"),
                open_=view.run in told,
            )
            for number, view in enumerate(self.views)
        ]
        note = (
            f"One decode pass of each run, in {WINDOWS} windows of time. Busy is the part of a "
            "window in which a unit is occupied, whether all of it works or a part. SRAM in use is "
            "the highest of a window, bandwidth the mean; dashed, what the chip has."
        )
        return section(
            "units",
            "Units over time",
            self.runs("All decode passes", self.used, self.dram),
            *([tag("p", note)] if charts else []),
            *charts,
        )

    def operators(self) -> Html:
        seen = frozenset(view.run for view in self.views)
        parts = [group_table(self.result, seen, self.terms)]
        if self.views:
            note = (
                "Every operator of the pass of a run that is shown over time, with the time for "
                "which it occupies each unit and the bytes and MACs of its tiles."
            )
            inner = (tag("p", note), pass_table(self.views))
            parts.append(folded("Operator by operator", *inner, long=True))
        return section("operators", "Operators", *parts)

    def timeline(self) -> Html:
        if not self.views:
            note = "No pass was stored with this result."
            return section("timeline", "Timeline of a pass", tag("p", note))
        element = timeline_element(self.views, "pass-timeline")
        return section("timeline", "Timeline of a pass", Html(element))

    def energy_part(self) -> Html:
        note = (
            "To first order: counts of the simulation times figures per event, each known within "
            "a factor. Area is that of the parts that figures are known for."
        )
        area = table(
            "Area",
            ["part", "mm2", "at least", "at most"],
            [("", area_rows(self.result.area_mm2))],
        )
        return section(
            "energy",
            "Energy and area",
            tag("p", note),
            _chart(energy_figure(self.result), "energy-chart"),
            self.runs("Energy, first order", self.energy),
            area,
        )

    def inputs(self) -> Html:
        parts: list[Text] = [self.runs("What was run", self.work)]
        for what, name, values in (
            ("Chip", self.result.chip, self.provenance.chip),
            ("Workload", self.result.workload, self.provenance.workload),
        ):
            if values:
                parts.append(folded(f"{what} {name}, value by value", _values(what, values)))
        return section("inputs", "Chip and workload", *parts)

    def glossary(self) -> Html:
        return self.terms.glossary()

    def again(self) -> Html:
        versions = [f"accsim {self.result.accsim_version}"]
        versions += [f"{name} {version}" for name, version in self.provenance.versions.items()]
        told = f"{', '.join(versions)}; seed {self.result.seed}."
        return section("again", "Run it again", tag("pre", self.provenance.command), tag("p", told))


def _chart(figure: go.Figure, name: str) -> Html:
    """A chart below its legend; `name` is its id."""
    return join((legend(figure), Html(drawn(figure, name))))


def _values(what: str, values: Sequence[ResolvedValue]) -> Html:
    sources = dict.fromkeys((one.origin, one.source) for one in values if one.source)
    notes = [tag("p", f"{origin}: {source}") for origin, source in sources]
    shown = table(
        f"{what}: values and where they come from", ["", "value", "origin"], value_groups(values)
    )
    return join((tag("div", shown, class_="values"), *notes))
