"""What is said of a sweep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from sweep.found import FRONT, STUDY, rows

from accsim.findings import Findings, level_at, level_label
from accsim.report.sweep_words import (
    aims_words,
    counts,
    effects_note,
    headline,
    limits_words,
    number_values,
    shown_metric,
)
from accsim.study import Axis, Condition, Limit, Outcome, Row


def found(*places: int, front: Sequence[int] = FRONT) -> Findings:
    chosen = tuple(row for row in rows() if row.point.place in (places or range(6)))
    return Findings(STUDY, 6, chosen, tuple(front), "partial", ())


def with_metrics(row: Row, tokens: float, area: float) -> Row:
    metrics = (("ordinary.tokens_per_s", tokens), ("area_mm2", area))
    return replace(row, outcome=Outcome("done", metrics, "", 0.0))


def test_the_answer_tells_the_winners_the_trade_and_what_is_nearly_as_good() -> None:
    # 150 of 151 tokens/s are 99.3 %, for 11 instead of 21 mm2.
    assert headline(found()) == (
        "ordinary.tokens_per_s is largest, 151, at point #3 (memory.channels 2, array 32). "
        "area_mm2 is smallest, 10, at point #0 (memory.channels 1, array 16). "
        "Nothing beats the 3 points of the front: ordinary.tokens_per_s from 100 to 151 (1.51x), "
        "area_mm2 from 10 to 21 (2.1x). "
        "Within 1 % of the best ordinary.tokens_per_s is #1, with area_mm2 11 instead of 21."
    )


def test_a_point_that_is_nearly_as_good_is_told_only_if_it_is_cheaper() -> None:
    # Of 20.9 and 21 mm2 nobody cares.
    near = (with_metrics(rows()[1], 150.0, 20.9), rows()[3])
    assert "Within" not in headline(replace(found(front=(1, 3)), rows=near))
    # 140 of 151 tokens/s are 93 %.
    far = (with_metrics(rows()[1], 140.0, 11.0), rows()[3])
    assert "Within" not in headline(replace(found(front=(1, 3)), rows=far))


def test_a_point_that_is_best_in_everything_is_the_answer() -> None:
    assert headline(found(0, 1, front=(1,))) == (
        "Point #1 (memory.channels 1, array 32) is best in every objective: "
        "ordinary.tokens_per_s 150, area_mm2 11."
    )
    assert headline(found(1, 5, front=(1,))) == (
        "The only one, point #1 (memory.channels 1, array 32): "
        "ordinary.tokens_per_s 150, area_mm2 11."
    )


def test_without_a_result_there_is_no_best_point() -> None:
    assert headline(found(4, 5, front=())) == "No point was simulated to the end."


def test_points_are_counted_by_status() -> None:
    assert counts(found()) == "6 of 6 points: 4 done, 1 excluded, 1 failed"
    assert counts(found(0)) == "1 of 6 points: 1 done"
    assert counts(replace(found(), rows=())) == "0 of 6 points"


def test_objectives_and_limits_are_told_in_words() -> None:
    assert aims_words(STUDY) == "largest ordinary.tokens_per_s, smallest area_mm2"
    limits = (Limit("area_mm2", None, 30.0), Limit("pins", 64.0, 128.0))
    expected = "area_mm2 at most 30; pins at least 64; pins at most 128"
    assert limits_words(replace(STUDY, limits=limits)) == expected


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("area_mm2", 10.946776, "10.95"),
        ("pins", 12345, "12345"),
        ("ordinary.tokens_per_s", 123456.7, "123457"),
        ("ordinary.bound", "dram", "dram"),
        ("ordinary.share.dram", 0.971, "97.1 %"),
        ("ordinary.utilization.array", 0.5, "50.0 %"),
        ("ordinary.tpot_s", 0.2791, "279.1 ms"),
        ("ordinary.energy_per_token_j", 0.7386, "738.6 mJ"),
        ("peak_dram_bytes_per_s", 51.2e9, "51.2 GB/s"),
        ("peak_macs_per_s", 1.024e12, "1.024 TMAC/s"),
        ("sram_bytes", 1 << 20, "1 MiB"),
        ("ordinary.dram_bytes_per_token", 13.21e9, "13.21 GB"),
    ],
)
def test_metrics_are_written_in_units_that_keep_them_short(
    name: str, value: float | str, expected: str
) -> None:
    assert shown_metric(name, value).replace("  ", " ") == expected


def test_shares_are_explained_by_the_design() -> None:
    assert "first-order Sobol index" in effects_note(replace(found(), design="full"))
    assert "eta squared" in effects_note(replace(found(), design="partial"))
    assert "are not given" in effects_note(replace(found(), design="search"))


def test_levels_are_numbers_where_all_keys_have_the_same_one() -> None:
    assert number_values(Axis("a", ("x", "y"), ((8, 8), (16, 16)))) == [8.0, 16.0]
    assert number_values(Axis("a", ("x", "y"), ((8, 8), (16, 8)))) is None
    assert number_values(Axis("a", ("x",), (("auto",), (8,)))) is None
    assert number_values(Axis("a", ("x",), ((True,), (False,)))) is None


def test_a_level_names_no_folder() -> None:
    axis = Axis("chip", ("chip",), (("/home/somebody/mine.yaml",), ("near/mine.yaml",)))
    labels = [level_label(axis, level) for level in axis.levels]
    assert labels == ["mine.yaml", "near/mine.yaml"]


def test_a_level_is_spelled_as_in_the_file() -> None:
    axis = Axis("a", ("x", "y", "z"), ((True, 0.1, "auto"),))
    assert level_label(axis, axis.levels[0]) == "true / 0.1 / auto"


def test_an_axis_has_no_level_where_it_does_not_exist() -> None:
    axis = Axis("a", ("chip.a",), ((1,), (2,)), (Condition("chip.b", (3,)),))
    assert level_at(axis, (("chip.a", 2), ("chip.b", 3))) == (2,)
    assert level_at(axis, (("chip.a", 2), ("chip.b", 4))) is None
    assert level_at(axis, (("chip.b", 3),)) is None
