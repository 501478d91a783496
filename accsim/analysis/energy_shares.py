"""Whose work the energy of a run was: each consumer's, divided among operators.

What is spent on an event goes to the operator that caused it: rows to the one whose descriptor had
them opened, bits to the one that moved them, bytes of SRAM, MACs and vector elements to the one
that was computed. What is spent on time (background and refresh of the DRAM, and what the chip
takes whatever it does) goes by the time that an operator accounts for on the critical path, so an
operator that is hidden behind another one has none of it.

Everything is in whole picojoules, and the shares of a consumer add up to it exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import accumulate

from accsim.analysis.energy import Work, terms
from accsim.chip import Chip
from accsim.result import ConsumerEnergy


def shared(
    chip: Chip, spent: Iterable[ConsumerEnergy], works: Mapping[str, Work]
) -> dict[str, dict[str, int]]:
    """Divide the energy of a run among those who did its work.

    Args:
        chip: the hardware.
        spent: the energy of the run by consumer.
        works: by name, parts of the run's work. Their `refreshes` may be anything that refreshes
            go by, such as time.

    Returns:
        By the same names: pJ by consumer.
    """
    weights = {name: _weights(chip, work) for name, work in works.items()}
    shares: dict[str, dict[str, int]] = {name: {} for name in works}
    for one in spent:
        column = {name: weight[one.consumer] for name, weight in weights.items()}
        for name, pj in apportioned_pj(one.pj, column).items():
            shares[name][one.consumer] = pj
    return shares


def _weights(chip: Chip, work: Work) -> dict[str, float]:
    """What work alone would take by consumer, in pJ before rounding."""
    # A descriptor of the command-level model may have opened fewer rows than none.
    return {
        consumer: max(0.0, sum(count * figure.value for count, figure in parts))
        for consumer, parts in terms(chip, work).items()
    }


def apportioned_pj(whole: int, weights: Mapping[str, float]) -> dict[str, int]:
    """Divide a whole number in proportion to weights, in whole numbers that add up to it.

    Running sums are rounded, so each part is off by less than 1. Without any weight, the first has
    all of it.
    """
    sums = list(accumulate(weights.values()))
    shares: dict[str, int] = {}
    before = 0
    for name, running in zip(weights, sums, strict=True):
        until = round(whole * (running / sums[-1])) if sums[-1] else whole
        shares[name] = until - before
        before = until
    return shares
