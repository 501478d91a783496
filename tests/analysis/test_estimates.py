"""Estimates with intervals, and percentiles, against numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from accsim.analysis.estimates import nearest_rank, quotient, ratio
from accsim.result import Estimate


def test_a_ratio_of_equal_parts_is_a_mean_with_its_standard_error() -> None:
    # Mean of 1, 2, 3 is 2, variance 1, standard error 1 / sqrt 3 = 0.57735; 1.96 times that.
    found = ratio((10, 20, 30), (10, 10, 10))
    assert (found.mean, found.low) == pytest.approx((2.0, 2 - 1.95996398454 * 0.57735026919))
    assert found.high - found.mean == pytest.approx(found.mean - found.low)


def test_the_interval_of_a_ratio_is_that_of_the_delta_method() -> None:
    # r = 6 / 4. Residuals x - r y are 1 - 1.5 and 5 - 4.5, squares sum to 0.5; over 2 x 1 and
    # over the square of the mean of y, 4: variance 0.0625, standard error 0.25.
    found = ratio((1, 5), (1, 3))
    assert (found.mean, found.high) == pytest.approx((1.5, 1.5 + 1.95996398454 * 0.25))


def test_what_never_varies_has_an_interval_of_no_width() -> None:
    assert ratio((7, 14), (1, 2)) == Estimate(7.0, 7.0, 7.0)


def test_a_ratio_may_be_given_in_a_larger_unit() -> None:
    assert ratio((4000, 4000), (2, 2), 1000) == Estimate(2.0, 2.0, 2.0)


def test_one_sample_has_no_interval() -> None:
    with pytest.raises(ValueError, match="an interval takes at least 2 samples, got 1"):
        ratio((1,), (1,))


def test_relative_errors_of_a_quotient_add_up_as_squares() -> None:
    # 3 % and 4 % make 5 % of 2.
    found = quotient(Estimate(10.0, 9.7, 10.3), Estimate(5.0, 4.8, 5.2))
    assert (found.low, found.mean, found.high) == pytest.approx((1.9, 2.0, 2.1))


@pytest.mark.parametrize(
    ("percent", "value"),
    # Sorted with their counts: 1 1 1 5 5 9 9 9 9 9; the nearest rank to p % of 10 is p / 10.
    [(1, 1), (30, 1), (31, 5), (50, 5), (51, 9), (99, 9), (100, 9)],
)
def test_a_percentile_is_the_value_of_the_nearest_rank(percent: int, value: int) -> None:
    assert nearest_rank(np.array([5, 9, 1]), np.array([2, 5, 3]), percent) == value
