"""The formula of a tile with its numbers filled in: it is worth what the tile costs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accsim.array.cycles import tile_cost
from accsim.array.formula import tile_formula
from accsim.chip import ComputeArray, DotProductEngine, SystolicArray
from accsim.mapping import Split

arrays = st.one_of(
    st.builds(
        SystolicArray,
        count=st.integers(1, 3),
        rows=st.sampled_from([4, 16]),
        columns=st.sampled_from([8, 32]),
        dataflow=st.sampled_from(["output_stationary", "weight_stationary", "input_stationary"]),
        macs_per_pe=st.just((1, 2, 4)),
        double_buffered=st.booleans(),
        dequantise=st.sampled_from(["free", "array"]),
    ),
    st.builds(
        DotProductEngine,
        count=st.integers(1, 3),
        lanes=st.sampled_from([4, 16]),
        width=st.sampled_from([8, 32]),
        latency_cycles=st.just(5),
        macs_per_pe=st.just((1, 2, 4)),
        tile_rows=st.integers(1, 4),
        remainder=st.sampled_from(["gemv", "pad"]),
        dequantise=st.sampled_from(["free", "array"]),
    ),
)


def worth(numbers: str) -> int:
    """The value of an expression of numbers."""
    return int(eval(numbers.replace("x", "*"), {"__builtins__": {}}))


@given(
    array=arrays,
    m=st.integers(1, 70),
    k=st.integers(1, 300),
    n=st.integers(1, 200),
    bits=st.sampled_from([16, 8, 4]),
    split=st.sampled_from(["outer", "rows", "inner"]),
    scales=st.integers(0, 8),
)
def test_the_numbers_are_worth_the_cycles_of_the_tile(
    array: ComputeArray, m: int, k: int, n: int, bits: int, split: Split, scales: int
) -> None:
    formula = tile_formula(array, m, k, n, bits, split=split, scales=scales)
    cost = tile_cost(array, m, k, n, bits, split=split, scales=scales)
    assert worth(formula.numbers) == formula.cycles == cost.cycles
    assert formula.drain_cycles == cost.drain_cycles


# 4 x 100 x 40 in 8 bits on two arrays of 16 x 16 PEs with two MACs each: 50 steps, 20 outputs each.
@pytest.mark.parametrize(
    ("dataflow", "double", "symbols", "numbers"),
    [
        ("output_stationary", False, "F x (S + R + C - 2)", "2 x (50 + 16 + 16 - 2)"),
        ("weight_stationary", False, "F x (S + 2R + C - 2)", "8 x (4 + 2 x 16 + 16 - 2)"),
        (
            "output_stationary",
            True,
            "(F - 1) x max(S, R) + S + R + C - 2",
            "(2 - 1) x 50 + 50 + 16 + 16 - 2",
        ),
        (
            "input_stationary",
            True,
            "(F - 1) x max(S, R) + S + 2R + C - 2",
            "(4 - 1) x 20 + 20 + 2 x 16 + 16 - 2",
        ),
    ],
)
def test_each_dataflow_has_its_formula(
    dataflow: str, double: bool, symbols: str, numbers: str
) -> None:
    array = SystolicArray(2, 16, 16, dataflow, (1, 2, 4), double_buffered=double)  # type: ignore[arg-type]
    formula = tile_formula(array, 4, 100, 40, 8)
    assert (formula.symbols, formula.numbers) == (symbols, numbers)


def test_the_terms_of_a_systolic_tile_say_where_the_numbers_come_from() -> None:
    array = SystolicArray(2, 16, 16, "output_stationary", (1, 2, 4))
    assert tile_formula(array, 4, 100, 40, 8).terms == (
        "s = 50 steps for 100 inputs, 2 a step",
        "F = ceil(4 / 16) x ceil(20 / 16) = 2 folds of m x n on R x C = 16 x 16 PEs",
        "S = 50, the steps s that stream through a fold",
        "2 arrays share the output channels; these are the cycles of the largest share",
    )


def test_a_dot_product_tile_counts_readings_rounds_and_steps() -> None:
    # 7 rows, four at a time and three alone: 4 readings; ceil(100 / 8) = 13 steps within groups of
    # 50, and one for each of two scales.
    array = DotProductEngine(1, 16, 8, 5, (1, 1, 1), tile_rows=4, dequantise="array")
    formula = tile_formula(array, 7, 100, 40, 16, scales=2)
    assert (formula.symbols, formula.numbers) == ("T x L x S + latency", "4 x 3 x 15 + 5")
    assert formula.terms == (
        "s = 15 steps for 100 inputs, 8 a step and within one group, and one more for each of 2 "
        "scales",
        "T = 4 readings of the weights for 7 rows, 4 at a time",
        "L = 3 rounds of 16 lanes",
        "S = 15 steps of the reduction",
    )
