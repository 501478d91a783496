"""The sentences: honest about gains, losses and what holds a run back."""

from __future__ import annotations

from typing import Any

from accsim.report.wording import disagreements, headline, told_runs
from accsim.result import Utilization

from .results import MS, generations, op, result, run


def test_a_faster_run_is_explained_by_tokens_and_cost_of_a_pass() -> None:
    """100 passes of 300 ms against 40 of 330 ms: 30 s / 13.2 s = 2.27; 330 / 300 = 1.10."""
    assert headline(result(run("ordinary", 300, 100), run("heads", 330, 40))) == (
        "heads decodes 2.27x as fast as ordinary on ddr_npu: 7.576 tokens/s instead of 3.333. "
        "A pass brings 2.5 tokens instead of 1 token and takes 1.10x as long "
        "(330 ms instead of 300 ms). "
        "Both are bound by DRAM (80 % of the critical path)."
    )


def test_a_slower_run_is_called_slower_and_its_new_bound_is_named() -> None:
    """100 passes of 300 ms against 40 of 930 ms: 30 / 37.2 = 0.81; 930 / 300 = 3.10."""
    assert headline(result(run("ordinary", 300, 100), run("heads", 930, 40, "array"))) == (
        "heads decodes slower than ordinary on ddr_npu, 0.81x as fast: "
        "2.688 tokens/s instead of 3.333. "
        "A pass brings 2.5 tokens instead of 1 token but takes 3.10x as long "
        "(930 ms instead of 300 ms), because the bound moves from DRAM with 80 % "
        "to array with 80 % of the critical path."
    )


def test_as_many_tokens_for_less_time_are_put_so() -> None:
    """290 / 300 = 0.97."""
    text = headline(result(run("ordinary", 300, 100), run("own_k1", 290, 100)))
    assert "A pass brings 1 token in both and takes 0.97x as long" in text


def test_a_run_with_more_tokens_that_loses_to_another_gets_its_reason() -> None:
    """30 s / 29 s = 1.03, 30 s / (25 x 1.15 s = 28.75 s) = 1.04 for the answer; 5 tokens a pass
    in 20 passes of 1.5 s take the 30 s of the baseline: 1.00, at 1500 / 300 = 5 times the cost.
    """
    runs = run("ordinary", 300, 100), run("four", 1150, 25, "array"), run("five", 1500, 20, "array")
    assert headline(result(*runs)).endswith(
        " five brings 5 tokens per pass, yet decodes only 1.00x as fast: its pass takes 5.00x "
        "as long, bound by array with 80 % of the critical path."
    )


def test_two_shares_of_one_bound_are_both_told() -> None:
    other = run("heads", 330, 40, bound_share={"dram": 0.9, "dma": 0.1})
    text = headline(result(run("ordinary", 300, 100), other))
    assert text.endswith("Both are bound by DRAM (80 % and 90 % of the critical path).")


def test_a_lucky_draw_is_told_apart_from_what_is_expected() -> None:
    lucky = run("heads", 330, 40, expected_tokens_per_pass=2.3)
    text = headline(result(run("ordinary", 300, 100), lucky))
    assert "A pass brings 2.5 tokens in this draw (2.3 expected) instead of 1 token and" in text


def test_a_draw_close_to_the_expected_is_not_remarked_upon() -> None:
    """2.5 / 2.52 is 0.8 % off."""
    close = run("heads", 330, 40, expected_tokens_per_pass=2.52)
    text = headline(result(run("ordinary", 300, 100), close))
    assert "A pass brings 2.5 tokens instead of 1 token and" in text


def test_a_bound_that_moves_at_little_cost_is_no_excuse() -> None:
    """400 / 300 = 1.33."""
    text = headline(result(run("ordinary", 300, 100), run("heads", 400, 40, "vector")))
    assert text.endswith(
        "and takes 1.33x as long (400 ms instead of 300 ms); the bound moves from DRAM with 80 % "
        "to vector unit with 80 % of the critical path."
    )


def test_a_draw_is_called_a_draw() -> None:
    """40 passes of 750 ms take the 30 s of 100 passes of 300 ms."""
    text = headline(result(run("ordinary", 300, 100), run("heads", 750, 40)))
    assert text.startswith("heads decodes no faster than ordinary on ddr_npu: 3.333 tokens/s")


def test_if_every_run_is_slower_the_best_of_them_is_named() -> None:
    """30 s / 37.2 s and 30 s / 40 s."""
    text = headline(result(run("ordinary", 300, 100), run("one", 1000, 40), run("two", 930, 40)))
    assert text.startswith(
        "No run beats ordinary on ddr_npu; the best, two, decodes 0.81x as fast: "
    )


def test_a_single_run_is_described_alone() -> None:
    assert headline(result(run("ordinary", 300, 100))) == (
        "ordinary decodes 3.333 tokens/s on ddr_npu, 1 token per pass of 300 ms. "
        "It is bound by DRAM with 80 % of the critical path."
    )


def test_the_headline_is_about_the_fastest_run() -> None:
    runs = run("ordinary", 300, 100), run("fast", 330, 30), run("middle", 330, 60)
    assert [each.name for each in told_runs(result(*runs))] == ["ordinary", "fast"]


def test_groups_whose_class_and_bound_differ_are_named_by_falling_time() -> None:
    ops = (
        op("qkv", 10 * MS),
        op("norm", 20 * MS, "vector"),
        op("scores", 30 * MS, roofline_bound="compute"),
        op("rotary", 40 * MS, "vector", roofline_bound="on_chip"),
    )
    assert disagreements(run("heads", 100, 1, ops=ops)) == (
        "Roofline and attribution disagree in heads: "
        "scores is compute by intensity, yet waits for DRAM; "
        "norm is memory by intensity, yet waits for vector unit."
    )


def test_groups_that_take_no_time_worth_naming_are_left_out() -> None:
    """1 ms of 1 s is a thousandth: not above it."""
    ops = (op("norm", 1 * MS, "vector"), op("rope", 0, "array"))
    assert disagreements(run("heads", 1000, 1, ops=ops)) == ""


Changes = dict[str, Any]

FULL_PINS: Changes = {
    "floor_s": 12.5,
    "utilization": Utilization(dram=0.95, array=0.6, vector=0, sram=0),
}
"""For 40 passes of 330 ms, 13.2 s: 1.056 of the floor."""


def test_near_the_floor_with_full_pins_no_bound_is_said_to_move() -> None:
    text = headline(result(run("ordinary", 300, 100), run("heads", 330, 40, "array", **FULL_PINS)))
    assert text.endswith(
        "(330 ms instead of 300 ms); ordinary is bound by DRAM with 80 %, heads by array with 80 % "
        "of the critical path. "
        "The DRAM pins of heads are 95 % busy too, so the two limits are close."
    )
    assert "moves" not in text


def test_near_the_floor_with_a_full_array_no_bound_is_said_to_move() -> None:
    full: Changes = {
        "floor_s": 29.0,
        "utilization": Utilization(dram=0.7, array=0.96, vector=0, sram=0),
    }
    text = headline(result(run("ordinary", 300, 100, **full), run("heads", 930, 40, "array")))
    assert text.endswith("The array of ordinary is 96 % busy too, so the two limits are close.")
    assert "moves" not in text


def test_far_from_the_floor_the_bound_moves_whatever_is_busy() -> None:
    """13.2 s over 11.9 s is 1.109."""
    full: Changes = {**FULL_PINS, "floor_s": 11.9}
    text = headline(result(run("ordinary", 300, 100), run("heads", 330, 40, "array", **full)))
    assert "the bound moves from DRAM with 80 % to array with 80 %" in text


def test_pins_that_are_not_full_are_not_mentioned() -> None:
    """90 % is not above it."""
    idle: Changes = {**FULL_PINS, "utilization": Utilization(dram=0.9, array=0.6, vector=0, sram=0)}
    text = headline(result(run("ordinary", 300, 100), run("heads", 330, 40, "array", **idle)))
    assert "the bound moves from DRAM" in text


def test_full_pins_of_a_run_bound_by_them_are_no_news() -> None:
    text = headline(result(run("ordinary", 300, 100), run("heads", 330, 40, **FULL_PINS)))
    assert text.endswith("Both are bound by DRAM (80 % of the critical path).")


def test_one_bound_of_two_runs_is_qualified_too() -> None:
    runs = run("ordinary", 300, 100, "array"), run("heads", 330, 40, "array", **FULL_PINS)
    assert headline(result(*runs)).endswith(
        "Both are bound by array (80 % of the critical path). "
        "The DRAM pins of heads are 95 % busy too, so the two limits are close."
    )


def test_the_bound_of_a_single_run_is_qualified_too() -> None:
    assert headline(result(run("heads", 330, 40, "array", **FULL_PINS))).endswith(
        "It is bound by array with 80 % of the critical path. "
        "The DRAM pins of heads are 95 % busy too, so the two limits are close."
    )


def test_where_generations_were_drawn_their_means_are_told_and_not_the_luck_of_a_draw() -> None:
    """The draw has 2.5 tokens per pass; the generations 2.3, and 330 / 2.3 ms a token."""
    base = run("ordinary", 300, 100, generations=generations(1.0, 300))
    lucky = run("heads", 330, 40, generations=generations(2.3, 330, speedup=2.09))
    assert headline(result(base, lucky)).startswith(
        "heads decodes 2.09x as fast as ordinary on ddr_npu: 6.97 tokens/s instead of 3.333 "
        "(mean of 1000 generations, ± 1 %). A pass brings 2.3 tokens instead of 1 token and"
    )


def test_the_run_that_is_fastest_on_average_is_the_answer_not_the_luckiest() -> None:
    base = run("ordinary", 300, 100, generations=generations(1.0, 300))
    lucky = run("lucky", 300, 30, generations=generations(2.0, 300, speedup=2.0))
    good = run("good", 300, 40, generations=generations(2.5, 300, speedup=2.5))
    assert [one.name for one in told_runs(result(base, lucky, good))] == ["ordinary", "good"]
