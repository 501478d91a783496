"""Equal operators of several layers share a line."""

from __future__ import annotations

from accsim.analysis.alike import fold, starred
from accsim.explanation import Line


def test_the_number_of_a_layer_becomes_a_star() -> None:
    assert starred("layers.12.gate_up") == "layers.*.gate_up"
    assert starred("lm_head") == "lm_head"
    assert starred("block2.q8") == "block2.q8"


def test_equal_operators_fold_in_the_order_of_the_first() -> None:
    names = ["in", "layers.0.a", "layers.0.b", "layers.1.a", "layers.1.b", "out"]
    assert fold(names, ["", 1, 2, 1, 2, ""]) == (
        Line("in", "in", (0,)),
        Line("layers.*.a", "layers.*.a", (1, 3)),
        Line("layers.*.b", "layers.*.b", (2, 4)),
        Line("out", "out", (5,)),
    )


def test_what_differs_has_a_line_of_its_own_and_no_pattern() -> None:
    names = [f"layers.{layer}.a" for layer in range(6)]
    assert fold(names, [1, 2, 1, 1, 2, 1]) == (
        Line("layers.0,2-3,5.a", None, (0, 2, 3, 5)),
        Line("layers.1,4.a", None, (1, 4)),
    )


def test_a_pattern_that_would_match_more_is_none() -> None:
    # ``layers.*.a`` also matches layers.0.extra.a.
    names = ["layers.0.a", "layers.1.a", "layers.0.extra.a"]
    assert fold(names, [1, 1, 1])[0] == Line("layers.0-1.a", None, (0, 1))
