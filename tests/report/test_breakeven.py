"""A break-even study in words, tables and charts."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from accsim.breakeven import Best, BreakEven, Extent, Family
from accsim.report.breakeven import print_break_even
from accsim.report.breakeven_charts import (
    break_even_charts,
    by_batch_figure,
    by_k_figure,
    by_rate_figure,
)
from accsim.report.breakeven_words import (
    extent_lines,
    extent_words,
    headline,
    left_out_line,
    needed_words,
    rate_words,
)

from .studies import FAR, HEADS, MANY, NEAR, STUDY, step


def printed(told: BreakEven, width: int = 80) -> list[str]:
    console = Console(file=io.StringIO(), width=width, highlight=False)
    print_break_even(told, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def rows(title: str) -> list[list[str]]:
    """The cells of each row of the table below a title."""
    lines = printed(STUDY)
    first = next(number for number, line in enumerate(lines) if line.startswith(title))
    table = []
    for line in lines[first + 1 :]:
        if not line.strip() or line.startswith("k: "):
            break
        if "──" not in line:
            table.append([cell.strip() for cell in line.split("  ") if cell.strip()])
    return table


def test_the_headline_says_what_is_best_what_it_needs_and_where_it_pays() -> None:
    assert headline(STUDY, HEADS) == (
        "[b]heads on ddr_npu: k = 2 is best, 1.36x as fast as ordinary at context 2048, batch 1. "
        "With k = 2 a step brings 1.50 tokens and needs 1.10 to break even: it pays where drafts "
        "are right at a rate above 0.10 at every position. With its best k it beats ordinary at "
        "every context from 512 to 2048 and at batches 1 to 3 of 1 to 4."
    )


def best_at_reference(k: int, speedup: float) -> Family:
    return replace(HEADS, best=(HEADS.best[0], Best(FAR, k, speedup), HEADS.best[2]))


def test_where_not_drafting_is_best_the_headline_tells_of_the_k_asked_for() -> None:
    told = headline(STUDY, best_at_reference(1, 1.4))
    assert "k = 1 (no drafts) is best, 1.40x as fast as ordinary" in told
    assert "With k = 2 a step brings 1.50 tokens and needs 1.10 to break even" in told


def test_where_nothing_pays_the_headline_tells_the_best_there_is() -> None:
    told = headline(STUDY, best_at_reference(2, 0.97))
    assert (
        "nothing pays at context 2048, batch 1; the best, k = 2, is 0.97x as fast as ordinary."
    ) in told


@pytest.mark.parametrize(
    ("rate", "words"),
    [
        (None, "more than the 2 that it can bring, so it loses at any acceptance"),
        (0.0, "it pays at any acceptance"),
        (0.004, "it pays at next to any acceptance"),
        (0.456, "it pays where drafts are right at a rate above 0.46 at every position"),
    ],
)
def test_what_a_step_needs_is_said_in_words(rate: float | None, words: str) -> None:
    assert needed_words(2, step(FAR, 1, 1.5, rate)) == words


def test_a_rate_in_a_table_may_be_any_or_never() -> None:
    assert [rate_words(rate) for rate in (None, 0.0, 0.456)] == ["never", "any", "0.46"]


@pytest.mark.parametrize(
    ("spans", "words"),
    [
        (((1, 32),), "at every batch from 1 to 32"),
        ((), "at no batch from 1 to 32"),
        (((1, 11),), "at batches 1 to 11 of 1 to 32"),
        (((1, 1),), "at batch 1 of 1 to 32"),
        (((1, 1), (4, 32)), "at batches 1 and 4 to 32 of 1 to 32"),
    ],
)
def test_an_extent_is_said_in_words(spans: tuple[tuple[int, int], ...], words: str) -> None:
    assert extent_words(Extent("keeps_k", "batch", 1, 32, spans)) == words


def test_an_extent_of_one_place_is_yes_or_no() -> None:
    assert extent_words(Extent("keeps_k", "context", 512, 512, ((512, 512),))) == "at context 512"
    assert extent_words(Extent("keeps_k", "context", 512, 512, ())) == "not at context 512"


def test_each_question_is_answered_along_both_axes() -> None:
    assert list(extent_lines(STUDY, HEADS)) == [
        "The best k beats ordinary",
        "  at every context from 512 to 2048 (batch 1)",
        "  at batches 1 to 3 of 1 to 4 (context 2048)",
        "Drafting beats the same model with k = 1",
        "  at contexts 700 to 2048 of 512 to 2048 (batch 1)",
        "  at batch 1 of 1 to 4 (context 2048)",
        "The best k is 2 or more",
        "  at no context from 512 to 2048 (batch 1)",
        "  at batches 1 and 3 to 4 of 1 to 4 (context 2048)",
    ]


def test_a_question_that_makes_no_sense_is_not_asked() -> None:
    extents = tuple(one for one in HEADS.extents if one.question != "beats_own")
    lines = list(extent_lines(STUDY, replace(HEADS, extents=extents)))
    assert "Drafting beats the same model with k = 1" not in lines


def test_the_most_that_was_trained_has_nothing_above_it() -> None:
    assert "The best k is 3" in list(extent_lines(STUDY, replace(HEADS, k=3)))


def test_what_was_left_out_is_told_by_store_and_context() -> None:
    assert left_out_line(STUDY, HEADS) == (
        "Left out, as it does not fit the 16 GiB of DRAM: batch 8, 16 at context 2048, or does "
        "not fit the 4 MiB of SRAM: batch 4 at context 512."
    )


def test_where_all_fits_nothing_was_left_out() -> None:
    assert left_out_line(replace(STUDY, left_out=()), HEADS) == ""


def test_the_first_table_has_all_of_each_k_at_the_reference() -> None:
    assert rows("[b]heads (multi_token) against ordinary at context 2048, batch 1") == [
        ["k", "rows", "step", "cost", "needs", "rate", "brings", "speed-up", "over k = 1"],
        ["1", "1", "80 ms", "0.800", "0.800", "any", "1.00", "1.25x", "1.00x"],
        # 1.5 x 80 / 110 = 1.09
        ["2", "2", "110 ms", "1.100", "1.100", "0.10", "1.50", "1.36x", "1.09x"],
        ["3", "3", "180 ms", "1.800", "1.800", "0.52", "-", "-", "-"],
    ]


def test_speed_ups_are_told_for_each_acceptance() -> None:
    assert rows("Speed-up by acceptance at context 2048, batch 1") == [
        ["acceptance", "k = 1", "k = 2", "k = 3"],
        ["its own", "1.25x", "1.36x", "-"],
        ["code", "1.25x", "0.91x", "0.56x"],
    ]


def test_a_k_that_no_named_acceptance_reaches_has_no_column_of_them() -> None:
    unknown = replace(HEADS.variants[2], tokens=(2.0, None))
    told = replace(STUDY, families=(replace(HEADS, variants=(*HEADS.variants[:2], unknown)),))
    heading = next(line for line in printed(told) if line.lstrip().startswith("acceptance"))
    assert heading.split("  ") == ["acceptance", "k = 1", "k = 2"]


def test_costs_and_speed_ups_are_told_along_both_axes() -> None:
    assert rows("Cost by context (batch 1)")[:3:2] == [
        ["k", "512", "2048"],
        ["2", "1.200", "1.100"],
    ]
    assert rows("Speed-up by context (batch 1)")[2] == ["2", "1.25x", "1.36x"]
    assert rows("Cost by batch (context 2048)")[:3:2] == [["k", "1", "4"], ["2", "1.100", "2.500"]]
    assert rows("Speed-up by batch (context 2048)")[2] == ["2", "1.36x", "0.60x"]


def test_the_best_k_of_a_place_that_was_left_out_is_unknown() -> None:
    assert rows("Best k and its speed-up") == [
        ["context", "batch 1", "batch 4"],
        ["512", "1: 1.25x", "-"],
        ["2048", "2: 1.36x", "1: 1.25x"],
    ]


def test_no_line_is_wider_than_the_console() -> None:
    assert max(map(len, printed(STUDY))) <= 80


def test_a_study_of_one_place_has_no_tables_of_places() -> None:
    steps = [replace(one, steps=(one.at(FAR),)) for one in HEADS.variants]
    alone = replace(HEADS, variants=tuple(steps), best=(HEADS.best_at(FAR),))
    text = "\n".join(printed(replace(STUDY, families=(alone,))))
    assert "Cost by" not in text
    assert "Best k and its speed-up" not in text


def test_without_a_model_of_one_head_there_is_no_column_for_it() -> None:
    def alone(family: Family) -> Family:
        return replace(
            family,
            variants=tuple(
                replace(
                    one,
                    steps=tuple(replace(s, own_ps=None, speedup_over_own=None) for s in one.steps),
                )
                for one in family.variants
            ),
        )

    text = "\n".join(printed(replace(STUDY, families=(alone(HEADS),))))
    assert "over k = 1" not in text


def test_speed_up_over_k_has_a_line_for_each_context_of_the_reference_batch() -> None:
    lines = {line.name: dict(zip(line.x, line.y, strict=True)) for line in by_k_figure(HEADS).data}
    # The one without a name is where it is 1.
    assert list(lines) == [None, "context 512", "context 2048"]
    assert lines["context 512"] == pytest.approx({1: 1.25, 2: 1.25})
    assert lines["context 2048"] == pytest.approx({1: 1.25, 2: 1.5 / 1.1})


def test_speed_up_over_the_rate_goes_through_one_where_it_breaks_even() -> None:
    figure = by_rate_figure(HEADS)
    two = next(line for line in figure.data if line.name == "k = 2")
    # (1 + 0.1) / 1.1 = 1, and at rate 1 it is 2 / 1.1.
    assert dict(zip(two.x, two.y, strict=True))[0.1] == pytest.approx(1)
    assert two.y[-1] == pytest.approx(2 / 1.1)
    dots = {dot.name: (dot.x[0], dot.y[0]) for dot in figure.data if dot.mode == "markers"}
    # k = 1 pays at any acceptance.
    assert dots == {"k = 2 breaks even": (0.1, 1), "k = 3 breaks even": (0.52, 1)}


def test_speed_up_over_the_batch_has_a_line_for_each_k() -> None:
    lines = {
        line.name: dict(zip(line.x, line.y, strict=True)) for line in by_batch_figure(HEADS).data
    }
    # Of k = 3 the tokens are not known.
    assert list(lines) == [None, "k = 1", "k = 2"]
    assert lines["k = 2"] == pytest.approx({1: 1.5 / 1.1, 4: 0.6})


def test_a_family_has_three_charts_and_two_where_there_is_one_batch() -> None:
    headings = [chart.heading for chart in break_even_charts(STUDY)]
    assert headings == [
        "[b]heads: speed-up by k",
        "[b]heads: speed-up by acceptance rate",
        "[b]heads: speed-up by batch",
    ]
    few = replace(HEADS, best=tuple(one for one in HEADS.best if one.place in (NEAR, FAR)))
    assert MANY not in few.places
    assert len(break_even_charts(replace(STUDY, families=(few,)))) == 2
