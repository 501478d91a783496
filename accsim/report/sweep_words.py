"""What a sweep found, in words: which point is best, and what the front trades."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from accsim.findings import Findings, level_at, level_label, shown_setting, varied
from accsim.metrics import asked
from accsim.report.metrics import percent, show_joules, show_seconds
from accsim.study import Axis, Objective, Row, Study, tally_words
from accsim.units import show_bytes, show_capacity, show_count, show_rate

NEAR = 0.99
"""A point with this share of the best is as good to most readers, if it is cheaper."""

CHEAPER = 0.95
"""Only then is it told: at this share of the price of the best."""

NO_OBJECTIVES = "The study has no objectives: no point is better than another."

NOTHING = "-"
"""In a cell of a point that has no such value."""


def headline(found: Findings) -> str:
    """Which point wins each objective, and what the front trades, in a few sentences."""
    if not found.done:
        return "No point was simulated to the end."
    front, aims = found.on_front(), found.study.objectives
    if not aims:
        return NO_OBJECTIVES
    winners = [best_at(front, aim) for aim in aims]
    if len(front) == 1:
        verb = "Point" if len(found.done) > 1 else "The only one, point"
        told = ", ".join(f"{aim.metric} {metric_of(front[0], aim.metric)}" for aim in aims)
        everything = " in every objective" if len(aims) > 1 else ""
        best = f" is best{everything}" if len(found.done) > 1 else ""
        return f"{verb} {_named(front[0], found.study)}{best}: {told}."
    sentences = [
        f"{aim.metric} is {'largest' if aim.maximise else 'smallest'}, "
        f"{metric_of(row, aim.metric)}, at point {_named(row, found.study)}."
        for aim, row in zip(aims, winners, strict=True)
    ]
    sentences.append(_trade(front, aims))
    return " ".join(filter(None, (*sentences, _nearly(front, aims))))


def best_at(rows: Sequence[Row], aim: Objective) -> Row:
    """The row that is best in an objective; of equal ones the first."""
    return (max if aim.maximise else min)(rows, key=lambda row: number_of(row, aim.metric))


def _trade(front: Sequence[Row], aims: Sequence[Objective]) -> str:
    """How far each objective goes along the front."""
    spans = []
    for aim in aims:
        values = [(number_of(row, aim.metric), metric_of(row, aim.metric)) for row in front]
        (low, least), (high, most) = min(values), max(values)
        ratio = f" ({high / low:.3g}x)" if low > 0 else ""
        spans.append(f"{aim.metric} from {least} to {most}{ratio}")
    return f"Nothing beats the {len(front)} points of the front: {', '.join(spans)}."


def _nearly(front: Sequence[Row], aims: Sequence[Objective]) -> str:
    """A point of the front that is next to the best in the first of two objectives, and cheaper."""
    if len(aims) != 2:
        return ""
    aim, price = aims
    best = best_at(front, aim)
    top, paid = number_of(best, aim.metric), number_of(best, price.metric)
    if top <= 0 or paid <= 0:
        return ""
    near = [
        row
        for row in front
        if (
            number_of(row, aim.metric) >= NEAR * top
            if aim.maximise
            else number_of(row, aim.metric) <= top / NEAR
        )
    ]
    row = best_at(near, price)
    spent = number_of(row, price.metric)
    if (paid / spent if price.maximise else spent / paid) > CHEAPER:
        return ""
    return (
        f"Within {100 * (1 - NEAR):.0f} % of the best {aim.metric} is #{row.point.place}, with "
        f"{price.metric} {metric_of(row, price.metric)} instead of {metric_of(best, price.metric)}."
    )


def counts(found: Findings) -> str:
    """``60 of 90 points: 57 done, 3 excluded``; without what there is none of."""
    tally = Counter(row.outcome.status for row in found.rows)
    told = tally_words(tally)
    return f"{len(found.rows)} of {found.total} points{': ' if told else ''}{told}"


def aims_words(study: Study) -> str:
    """``largest heads4_k4.tokens_per_s, smallest area_mm2``."""
    return ", ".join(
        f"{'largest' if aim.maximise else 'smallest'} {aim.metric}" for aim in study.objectives
    )


def limits_words(study: Study) -> str:
    """``area_mm2 at most 60; pins at least 64``; "" if there are none."""
    parts = []
    for limit in study.limits:
        parts += [f"{limit.metric} at least {limit.least:.4g}"] if limit.least is not None else []
        parts += [f"{limit.metric} at most {limit.most:.4g}"] if limit.most is not None else []
    return "; ".join(parts)


def short(name: str) -> str:
    """An axis or key without the file that it is in."""
    for start in ("chip.", "workload."):
        if name.startswith(start):
            return name.removeprefix(start)
    return name


def axis_words(row: Row, axis: Axis) -> str:
    """The level of an axis at a point."""
    level = level_at(axis, row.point.settings)
    return NOTHING if level is None else level_label(axis, level)


def settings_words(row: Row) -> list[tuple[str, str]]:
    """All that a point sets, by key."""
    return [(key, shown_setting(key, setting)) for key, setting in row.point.settings]


def varied_words(row: Row, study: Study) -> str:
    """``memory.channels 2, array 32``: the axes that exist at a point and have several levels."""
    return ", ".join(
        f"{short(axis.name)} {axis_words(row, axis)}"
        for axis in varied(study)
        if level_at(axis, row.point.settings) is not None
    )


def _named(row: Row, study: Study) -> str:
    """``#17 (memory.channels 2, array 32)``."""
    told = varied_words(row, study)
    return f"#{row.point.place} ({told})" if told else f"#{row.point.place}"


def number_of(row: Row, metric: str) -> float:
    """A metric of a row that has it, as a number."""
    return float(dict(row.outcome.metrics)[metric])


def metric_of(row: Row, metric: str) -> str:
    """A metric of a row as people write it; `NOTHING` where there is none."""
    value = dict(row.outcome.metrics).get(metric)
    return NOTHING if value is None else shown_metric(metric, value)


def shown_metric(name: str, value: float | int | str) -> str:
    """A value of a metric, in the unit that keeps it short; units in names are not repeated."""
    if isinstance(value, str):
        return value
    metric = asked(name).metric
    if metric.name.startswith(("share.", "utilization.")):
        return percent(value)
    if metric.name == "sram_bytes":
        return show_capacity(int(value))
    match metric.unit:
        case "B/s":
            return show_rate(value)
        case "MAC/s":
            return show_count(value, "MAC/s")
        case "B":
            return show_bytes(value)
        case "s":
            return show_seconds(value)
        case "J":
            return show_joules(value)
    return (
        str(value) if isinstance(value, int) else f"{value:.4g}" if value < 1e4 else f"{value:.0f}"
    )


def number_values(axis: Axis) -> list[float] | None:
    """The levels of an axis as numbers; None if they are more or other than one number each."""
    numbers: list[float] = []
    for level in axis.levels:
        first = level[0]
        if isinstance(first, bool | str) or any(one != first for one in level):
            return None
        numbers.append(float(first))
    return numbers


def effects_note(found: Findings) -> str:
    """What shares of the variance mean for the points of a sweep."""
    means = (
        "A level's mean and range are over all its points, with the other axes as they are there."
    )
    if found.design == "search":
        return (
            f"{means} The points were chosen by a search, which prefers good ones: they tell where "
            "good points lie, not how the whole space is. Shares of the variance are not given."
        )
    if found.design == "full":
        return (
            f"{means} This is a full grid, so the share of the variance between the means of an "
            "axis is its first-order Sobol index, with all levels equally likely; what is missing "
            "to 100 % is due to axes that act together."
        )
    return (
        f"{means} These points are not a full grid: levels may have met different others. So "
        "shares of the variance (eta squared) may overlap and need not add up, and some of each is "
        "chance, the more the fewer points there are (how much on average, the bars tell)."
    )
