"""From speeds to gains, by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from accsim.analysis.knobs import IDEALS, knobs
from accsim.analysis.whatif import change, elasticity, run_effects
from accsim.chip import Chip
from accsim.result import CAUSES
from accsim.speed import RunSpeed, Spent
from accsim.whatif import Change


def spent(**causes: int) -> Spent:
    return Spent(tuple(causes.get(cause, 0) for cause in CAUSES))


BASE = RunSpeed("heads", 2, 2.5, spent(dram=900, array=100), spent(array=6000, dram=2000), 9.0)


def test_time_is_all_causes_and_the_bound_the_largest() -> None:
    one = spent(dram=100, array=250, vector=150)
    assert one.ps == 500
    assert one.bound == "array"
    assert one.shares["vector"] == 0.3
    assert sum(one.shares.values()) == 1


def test_a_token_takes_its_part_of_a_step() -> None:
    assert BASE.tpot_s == pytest.approx(400e-12)
    assert BASE.ttft_s == pytest.approx(8e-9)


@pytest.mark.parametrize(
    ("gain", "factor", "power"),
    [(2.0, 2.0, 1), (1.0, 2.0, 0), (2.0, 4.0, 0.5), (0.5, 2.0, -1), (1.5, 1.5, 1)],
)
def test_the_elasticity_is_the_power_of_the_factor(gain: float, factor: float, power: int) -> None:
    assert elasticity(gain, factor) == pytest.approx(power)


def test_an_ideal_has_no_elasticity() -> None:
    assert elasticity(2.0, None) is None


def test_effects_come_with_the_largest_gain_in_decoding_first() -> None:
    """Steps of 1000 ps that take 800 and 500: gains of 1.25 and 2."""
    slow = replace(BASE, step=spent(dram=700, array=100))
    fast = replace(BASE, step=spent(dram=200, array=300), prefill=spent(vector=4000))
    found = run_effects("multi_token", BASE, {"dma": (None, slow), "channels": (2.0, fast)})
    assert (found.name, found.scheme, found.batch, found.bound) == (
        "heads",
        "multi_token",
        2,
        "dram",
    )
    assert found.bound_share["dram"] == 0.9
    assert (found.prefill_bound, found.prefill_bound_share["array"]) == ("array", 0.75)
    channels, dma = found.effects
    assert (channels.knob, channels.tpot_gain, channels.ttft_gain) == ("channels", 2, 2)
    assert channels.tpot_s == pytest.approx(200e-12)
    assert channels.tpot_elasticity == channels.ttft_elasticity == 1
    assert (channels.bound, channels.bound_share) == ("array", 0.6)
    assert (channels.prefill_bound, channels.prefill_bound_share) == ("vector", 1)
    assert (dma.knob, dma.tpot_gain, dma.tpot_elasticity) == ("dma", 1.25, None)


def test_a_possible_change_tells_its_values_and_its_factor(small_chip: Chip) -> None:
    channels = knobs(small_chip)[-1]
    assert change(channels, small_chip, channels.turned(small_chip, 2)) == Change(
        "channels", "memory channels", "", False, before=2, after=8, factor=4.0, refused=None
    )


def test_a_change_that_is_not_possible_tells_why(small_chip: Chip) -> None:
    found = change(IDEALS[0], small_chip, "never")
    assert found == Change("no_refresh", "no refresh", "", True, "all_bank", None, None, "never")
