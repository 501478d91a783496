"""Estimates from samples, equal to the last bit on every machine.

Sums are Python integers, and what is divided or rooted is rounded once, as IEEE 754 prescribes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from accsim.result import Estimate
from accsim.timeline import Column

Z_95 = 1.959963984540054
"""Half-width of the 95 % interval of a standard normal distribution: its 0.975 quantile."""


def ratio(numerators: Sequence[int], denominators: Sequence[int], unit: int = 1) -> Estimate:
    """Sum of the numerators over sum of the denominators, of independent samples, in `unit`s.

    The interval is that of the delta method for a ratio of means (Cochran, Sampling Techniques,
    3rd edition 1977, section 2.11): with r = sum x / sum y, var r = sum (x - r y)^2 / (n (n - 1))
    over the square of the mean of y. Where all y are equal it is that of an ordinary mean.

    Raises:
        ValueError: fewer than two samples, of which no interval follows.
    """
    count = len(numerators)
    if count < 2:
        raise ValueError(f"an interval takes at least 2 samples, got {count}")
    top, bottom = sum(numerators), sum(denominators)
    # With r = top / bottom, x - r y is (x bottom - y top) / bottom: whole numbers throughout.
    squares = sum(
        (x * bottom - y * top) ** 2 for x, y in zip(numerators, denominators, strict=True)
    )
    variance = Fraction(squares * count, (count - 1) * bottom**4)
    mean, half = top / bottom, Z_95 * math.sqrt(variance)
    return Estimate(mean / unit, (mean - half) / unit, (mean + half) / unit)


def quotient(top: Estimate, bottom: Estimate) -> Estimate:
    """One estimate over another that is independent of it; relative variances add up."""
    mean = top.mean / bottom.mean
    half = mean * math.sqrt(_relative(top) ** 2 + _relative(bottom) ** 2)
    return Estimate(mean, mean - half, mean + half)


def _relative(one: Estimate) -> float:
    return (one.high - one.low) / 2 / one.mean


def nearest_rank(
    values: npt.NDArray[np.int64 | np.float64], counts: Column, percent: int
) -> int | float:
    """The smallest value that at least `percent` per cent of the values do not exceed.

    `values[i]` counts `counts[i]` times; their order does not matter.
    """
    order = np.argsort(values, kind="stable")
    up_to = np.cumsum(counts[order])
    rank = -(-percent * int(up_to[-1]) // 100)
    found: int | float = values[order[np.searchsorted(up_to, rank)]].item()
    return found
