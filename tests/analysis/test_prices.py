"""What turned knobs cost."""

from __future__ import annotations

from dataclasses import replace

import pytest

from accsim.analysis.knobs import knobs, turn_all
from accsim.analysis.prices import WEIGHTS, Prices, measured, weighed
from accsim.chip import Chip
from accsim.dram.standards import PARTS
from accsim.power.figures import area_mm2


def total_mm2(chip: Chip) -> float:
    return sum(figure.value for figure in area_mm2(chip).values())


def test_costs_are_for_as_much_again() -> None:
    """Four times the channels are three times as many more; 4/3 of the rate a third."""
    prices = Prices("", {"channels": 10, "data_rate": 9})
    assert prices.of({"channels": 4.0, "data_rate": 4 / 3}) == pytest.approx(33)
    assert prices.of({}) == 0


def test_what_makes_the_same_part_larger_multiplies() -> None:
    """Twice the rows and three times the columns: six times the array, five times 2 more."""
    prices = Prices("mm2", {"rows": 2, "columns": 2, "sram": 7}, (("rows", "columns"),))
    assert prices.of({"rows": 2.0, "columns": 3.0, "sram": 2.0}) == 5 * 2 + 7


def test_weights_that_are_not_given_are_the_usual_ones() -> None:
    assert weighed({"dma": 3.0}).by_knob == WEIGHTS | {"dma": 3.0}
    assert weighed({}).unit == ""


def test_every_knob_has_a_weight(small_chip: Chip) -> None:
    assert {knob.name for knob in knobs(small_chip)} <= set(WEIGHTS)


def test_area_is_that_of_the_tables(small_chip: Chip) -> None:
    """Of all that takes area there, whatever is combined: the price is what the area grows by."""
    prices = measured("area", small_chip)
    steps = {"channels": 1, "arrays": 1, "array_rows": 2, "sram": 3}
    after = turn_all(replace(small_chip, sram=replace(small_chip.sram, banks=64)), steps)
    grown = {name: float(1 << count) for name, count in steps.items()}
    more = total_mm2(after) - total_mm2(small_chip)
    assert prices.unit == "mm2"
    # More banks take no area in the tables.
    assert prices.of(grown) == pytest.approx(more)


def test_rates_cost_what_as_much_more_hardware_would(small_chip: Chip) -> None:
    """256 MACs of 671 um2; two PHYs of DDR4 at 9.9 mm2."""
    by_knob = measured("area", small_chip).by_knob
    assert by_knob["clock"] == by_knob["array_rows"] == pytest.approx(0.171776)
    assert by_knob["data_rate"] == by_knob["channels"] == pytest.approx(19.8)


def test_what_no_table_prices_costs_a_hundredth_of_the_whole(small_chip: Chip) -> None:
    by_knob = measured("area", small_chip).by_knob
    for knob in ("sram_bandwidth", "vector_lanes", "dispatch", "dma"):
        assert by_knob[knob] == pytest.approx(0.01 * total_mm2(small_chip))


def test_pins_are_those_of_the_channels(small_chip: Chip) -> None:
    """Two channels of 64 bits; whatever needs no pins costs 1.28 of them."""
    prices = measured("pins", small_chip)
    assert prices.unit == "pins"
    assert prices.of({"channels": 4.0}) == 3 * 128
    assert prices.of({"data_rate": 2.0}) == prices.of({"sram": 2.0}) == pytest.approx(1.28)


def test_a_further_step_never_makes_a_chip_cheaper(small_chip: Chip) -> None:
    memory = replace(small_chip.memory, part=PARTS["DDR5-4800"])
    chip = replace(small_chip, memory=memory, sram=replace(small_chip.sram, banks=64))
    for prices in (measured("area", chip), measured("pins", chip), weighed({})):
        factors: dict[str, float] = {}
        cost = 0.0
        for knob in knobs(chip):
            factors[knob.name] = 1.3
            assert prices.of(factors) > cost
            cost = prices.of(factors)
