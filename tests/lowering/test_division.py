"""Which division of the SRAM is chosen, and whether the mapper's estimates can be trusted."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from accsim.chip import Chip
from accsim.engine.simulate import simulate
from accsim.errors import InputError, Problem
from accsim.lowering.division import ranked
from accsim.lowering.lower import lower
from accsim.lowering.residency import divisions
from accsim.mapping import Pin
from accsim.ops import PassGraph
from accsim.units import KIB, MIB


def with_sram(chip: Chip, kib: int) -> Chip:
    return replace(chip, sram=replace(chip.sram, capacity_bytes=kib * KIB))


def pin(match: str, **sizes: object) -> tuple[Pin, ...]:
    return (Pin(match, Problem("map.yaml", "", line=2, column=3), **sizes),)  # type: ignore[arg-type]


def test_what_fits_half_of_the_sram_is_not_up_for_choice(
    small_chip: Chip, small_decode: PassGraph
) -> None:
    (only,), _ = divisions(small_decode, (100,), small_chip)
    assert only.spilled == frozenset()


def test_where_nothing_will_do_more_and_more_is_spilled(
    small_chip: Chip, small_decode: PassGraph
) -> None:
    found = list(ranked(small_chip, small_decode, (100,), ()))
    for one, next_one in pairwise(found):
        assert one.spilled <= next_one.spilled
    assert found[-1].resident_bytes == 0
    assert len(set(found)) == len(found)


def test_a_division_spills_nothing_as_long_as_an_eighth_is_left_for_tiles(
    small_chip: Chip, small_prefill: PassGraph
) -> None:
    # Gate and up (600 KiB), their product (300), the residual stream and the new keys and values
    # (300) take 1200 KiB, more than half of 2 MiB.
    found, _ = divisions(small_prefill, (0,), with_sram(small_chip, 2 * MIB // KIB))
    assert found[0].spilled == frozenset()
    assert len(found) > 1
    for one in found:
        assert one.reserve_bytes + one.stream_bytes == 2 * MIB
        assert one.stream_bytes >= MIB // 4


@pytest.mark.parametrize("kib", [64, 128, 256, 512, 1024, 2048])
def test_the_division_estimated_best_is_simulated_best_within_a_tenth(
    small_chip: Chip, small_prefill: PassGraph, kib: int
) -> None:
    chip = with_sram(small_chip, kib)
    chosen = simulate(lower(chip, small_prefill, (0,), 300), chip).elapsed_ps
    smaller = [with_sram(small_chip, size) for size in (64, 128, 256, 512, 1024, 2048)]
    # What a smaller SRAM can do, a larger one should.
    for other in smaller:
        if other.sram.capacity_bytes < chip.sram.capacity_bytes:
            took = simulate(lower(other, small_prefill, (0,), 300), other).elapsed_ps
            assert chosen <= 1.1 * took


def test_no_pinned_cut_of_a_matmul_is_much_faster_in_simulation(
    small_chip: Chip, small_prefill: PassGraph
) -> None:
    chip = with_sram(small_chip, 256)
    chosen = simulate(lower(chip, small_prefill, (0,), 300), chip).elapsed_ps
    tried = 0
    for held in ("inputs", "weights", "none"):
        for rows in (16, 64, 100, 300):
            for outer in (64, 256, 1024):
                pins = pin("*.gate_up", rows=rows, outer=outer, inner=256, held=held)
                try:
                    program = lower(chip, small_prefill, (0,), 300, pins)
                except InputError:
                    continue
                tried += 1
                assert chosen <= 1.02 * simulate(program, chip).elapsed_ps
    assert tried > 5


def test_a_pin_that_cuts_a_panel_is_refused_at_its_place(
    small_chip: Chip, small_decode: PassGraph
) -> None:
    with pytest.raises(InputError) as raised:
        lower(small_chip, small_decode, (0,), 1, pin("layers.1.qkv", outer=20))
    assert str(raised.value) == (
        "map.yaml:2:3: outer must be a multiple of 16, the width of a panel"
    )


def test_a_pin_that_does_not_fit_is_refused_at_its_place(
    small_chip: Chip, small_prefill: PassGraph
) -> None:
    chip = with_sram(small_chip, 256)
    with pytest.raises(InputError) as raised:
        lower(chip, small_prefill, (0,), 300, pin("*.down", rows=300, held="inputs", outer=256))
    assert str(raised.value) == (
        "map.yaml:2:3: layers.0.down: nothing that is pinned like this fits the SRAM"
    )
