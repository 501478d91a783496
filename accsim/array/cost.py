"""What every kind of array says about a tile, and what all kinds count alike."""

from __future__ import annotations

from dataclasses import dataclass

from accsim.chip import ComputeArray


@dataclass(frozen=True, slots=True)
class TileCost:
    """Core cycles of a tile, and the elements that pass the SRAM ports.

    `cycles` pass from the first operand to the last output. In the last `drain_cycles` of them the
    array can already take the next tile, so it is occupied for `cycles - drain_cycles`; what needs
    the outputs waits for all of them. In `fill_cycles` of those before that, nothing streams
    through the array: it fills or drains within the tile, waits for its ports, or pays the latency
    of its pipeline.

    `a_reads`, `b_reads` and `c_writes` count elements of the inputs, the weights and the outputs
    (partial sums included); `c_reads` the partial sums that are read again because another array
    has reduced the rest.
    """

    cycles: int
    a_reads: int
    b_reads: int
    c_writes: int
    c_reads: int = 0
    drain_cycles: int = 0
    fill_cycles: int = 0


def ceil_div(a: int, b: int) -> int:
    """The quotient, rounded up."""
    return -(-a // b)


def parts(units: int, count: int) -> int:
    """How many of `count` arrays have work when each takes an equal share of `units`, rounded up.

    7 units on 4 arrays: two each for three of them, one for the last; 5 units: only three work.
    """
    return ceil_div(units, ceil_div(units, count))


def reduction_steps(array: ComputeArray, k: int, at_once: int, scales: int) -> int:
    """Steps of a reduction over `k` elements, `at_once` of them a step, with `scales` groups.

    If the array rescales (`dequantise: array`), a step belongs to one group, and each group is
    followed by a step that multiplies its sum by its scale.
    """
    steps = ceil_div(k, at_once)
    return max(steps, scales) + scales if array.dequantise == "array" else steps
