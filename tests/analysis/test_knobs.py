"""What each knob does to a chip, and where it cannot be turned."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from accsim.analysis.knobs import IDEALS, Knob, faster_grades, knobs, turn_all
from accsim.chip import Chip, DotProductEngine, SramPorts
from accsim.dram.standards import GRADES, PARTS
from accsim.units import KIB, Clock


def knob(chip: Chip, name: str) -> Knob:
    return {one.name: one for one in (*knobs(chip), *IDEALS)}[name]


def turned(chip: Chip, name: str, steps: int = 1) -> Chip:
    return knob(chip, name).turned(chip, steps)


def refusal(chip: Chip, name: str, steps: int = 1) -> str:
    with pytest.raises(ValueError, match=r".") as error:
        turned(chip, name, steps)
    return str(error.value)


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("channels", 2, 4),
        ("sram", 512, 1024),
        ("sram_bandwidth", 256, 512),
        ("arrays", 1, 2),
        ("array_rows", 16, 32),
        ("array_columns", 16, 32),
        ("clock", 1000, 2000),
        ("vector_lanes", 16, 32),
        ("dispatch", 50, 25),
        ("dma", 4, 8),
    ],
)
def test_a_step_doubles_a_size_or_rate_and_halves_a_delay(
    small_chip: Chip, name: str, before: int, after: int
) -> None:
    one = knob(small_chip, name)
    changed = one.turned(small_chip, 1)
    assert (one.value(small_chip), one.value(changed)) == (before, after)
    assert one.factor(small_chip, changed) == 2


def test_every_real_knob_changes_nothing_else(small_chip: Chip) -> None:
    faster = replace(small_chip, memory=replace(small_chip.memory, part=PARTS["DDR4-2400"]))
    for one in knobs(faster):
        changed = one.turned(faster, 1)
        others = [other for other in knobs(faster) if other.name != one.name]
        assert all(other.value(changed) == other.value(faster) for other in others)


def test_a_dot_product_engine_has_knobs_of_its_own(small_chip: Chip) -> None:
    engine = DotProductEngine(1, lanes=4, width=8, latency_cycles=2, macs_per_pe=(1, 1, 1))
    chip = replace(small_chip, array=engine)
    names = [one.name for one in knobs(chip) if one.name.startswith("array")]
    assert names == ["arrays", "array_lanes", "array_width", "array_tile_rows"]
    assert turned(chip, "array_lanes", 2).array == replace(engine, lanes=16)
    assert turned(chip, "array_width").array == replace(engine, width=16)
    assert turned(chip, "array_tile_rows").array == replace(engine, tile_rows=2)


def test_ports_of_the_sram_grow_with_its_banks(small_chip: Chip) -> None:
    ports = SramPorts(dma=64, array=100)
    chip = replace(small_chip, sram=replace(small_chip.sram, ports=ports))
    sram = turned(chip, "sram_bandwidth").sram
    assert (sram.bytes_per_cycle, sram.ports) == (512, SramPorts(dma=128, array=200))


def test_the_data_rate_steps_to_the_next_grade_of_the_standard(small_chip: Chip) -> None:
    chip = replace(small_chip, memory=replace(small_chip.memory, part=PARTS["DDR5-4800"]))
    one = knob(chip, "data_rate")
    assert [one.value(one.turned(chip, steps)) for steps in (1, 2)] == ["DDR5-5600", "DDR5-6400"]
    assert one.factor(chip, one.turned(chip, 2)) == Fraction(6400, 4800)
    assert refusal(chip, "data_rate", 3) == "no grade of DDR5 faster than DDR5-6400 is known"


def test_faster_devices_keep_density_and_temperature() -> None:
    hot = GRADES["DDR5-4800"].part(32, "extended")
    grades = (GRADES["DDR5-5600"], GRADES["DDR5-6400"])
    assert faster_grades(hot) == tuple(grade.part(32, "extended") for grade in grades)


def test_timings_of_a_chip_file_hold_for_their_grade_only(small_chip: Chip) -> None:
    part = PARTS["DDR4-2400"]
    own = replace(part, timings=replace(part.timings, tRFC=500))
    chip = replace(small_chip, memory=replace(small_chip.memory, part=own))
    message = "the timings of the chip file hold for DDR4-2400 only"
    assert refusal(chip, "data_rate") == message


def test_there_is_no_faster_grade_than_the_fastest(small_chip: Chip) -> None:
    assert refusal(small_chip, "data_rate") == "no grade of DDR4 faster than DDR4-3200 is known"


def test_channels_that_the_sram_cannot_take_are_refused(small_chip: Chip) -> None:
    """51.2 GB/s at 1 GHz are 51.2 B/cycle; times 8 that is 409.6, and the banks carry 256."""
    message = (
        "DRAM at full speed takes 410 bytes per core cycle of SRAM; its DMA port carries 256, "
        "all banks 256"
    )
    assert refusal(small_chip, "channels", 3) == message


def test_limits_of_chip_files_hold_for_knobs(small_chip: Chip) -> None:
    memory = replace(small_chip.memory, channels=1024)
    wide = replace(small_chip, sram=replace(small_chip.sram, banks=4096))
    chip = replace(wide, memory=memory)
    assert refusal(chip, "channels") == "a chip has at most 1024 channels"
    fast = replace(small_chip, clock=Clock.from_mhz(8000))
    assert refusal(fast, "clock") == "a core clock has at most 10000 MHz"


def test_a_delay_that_is_gone_cannot_be_halved(small_chip: Chip) -> None:
    assert refusal(replace(small_chip, dispatch_cycles=1), "dispatch") == (
        "1 dispatch cycles cannot be halved"
    )


def test_without_refresh_nothing_else_changes(small_chip: Chip) -> None:
    changed = turned(small_chip, "no_refresh")
    assert changed == replace(small_chip, memory=replace(small_chip.memory, refresh="off"))
    assert knob(small_chip, "no_refresh").factor(small_chip, changed) is None
    assert refusal(changed, "no_refresh") == "refresh is off already"


def test_several_knobs_turn_in_an_order_in_which_the_sram_can_take_it(small_chip: Chip) -> None:
    chip = turn_all(small_chip, {"channels": 3, "sram_bandwidth": 1, "dma": 0})
    assert (chip.memory.channels, chip.sram.bytes_per_cycle) == (16, 512)
    assert chip.sram.capacity_bytes == 512 * KIB
    assert turn_all(small_chip, {}) == small_chip
