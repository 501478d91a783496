"""Densities and temperature: what they change of a grade, and how nanoseconds become cycles."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from accsim.chip import Memory
from accsim.config.resolve import load_chip
from accsim.config.shipped import find
from accsim.dram.organisation import Density, Rounding, to_cycles
from accsim.dram.standards import GRADES, PARTS, SOURCES, Grade, cited
from accsim.errors import InputError
from accsim.units import Clock

EVERY_GRADE = pytest.mark.parametrize("grade", GRADES.values(), ids=list(GRADES))
EVERY_DENSITY = pytest.mark.parametrize(
    ("grade", "density"),
    [
        pytest.param(grade, density, id=f"{grade.name}-{density.gbit}Gb")
        for grade in GRADES.values()
        for density in grade.standard.densities
    ],
)


def load(folder: Path, lines: str, grade: str = "DDR4-3200") -> Memory:
    """The memory of ``ddr_npu``, 2 channels of one rank, with lines added to its section."""
    text = find("chips", "ddr_npu").read_text()
    before, rest = text.split("  grade: DDR4-3200")
    path = folder / "chip.yaml"
    path.write_text(f"{before}{lines}  grade: {grade}{rest}")
    return load_chip(str(path)).memory


@pytest.mark.parametrize(
    ("ns", "mhz", "rounding", "cycles"),
    [
        (350, 1600, "guard_band", 560),  # 350 / 0.625 = 560 exactly
        (260, 1200, "guard_band", 313),  # 260 / 0.833 = 312.125; + 0.974 = 313.1
        (5, 1200, "guard_band", 6),  # 5 / 0.833 = 6.002, within the guard band: + 0.974 = 6.98
        (30, 2400, "correction", 72),  # 0.997 x 30 / 0.416 = 71.9; + 1 = 72.9
        (195, 2400, "correction", 468),  # 0.997 x 195 / 0.416 = 467.3; + 1 = 468.3
        (10, 2400, "correction", 24),  # 0.997 x 10 / 0.416 = 23.97; + 1 = 24.97
        (280, 800, "up", 224),  # 280 / 1.25 = 224 exactly
        (281, 800, "up", 225),  # 224.8
    ],
)
def test_nanoseconds_become_cycles_as_the_standard_rounds(
    ns: int, mhz: int, rounding: Rounding, cycles: int
) -> None:
    assert to_cycles(ns, Clock.from_mhz(mhz), rounding) == cycles


def test_rounding_up_takes_the_exact_clock() -> None:
    # 280 x 6.4 / 3 = 597.33; with the period cut to 468 ps it would be 598.3, so 599.
    assert to_cycles(280, Clock(6_400_000_000, 3), "up") == 598


@EVERY_DENSITY
def test_a_rank_holds_as_much_as_its_density_says(grade: Grade, density: Density) -> None:
    ratio = Fraction(density.gbit, grade.gbit)
    assert grade.part(density.gbit).rank_bytes == PARTS[grade.name].rank_bytes * ratio


@EVERY_DENSITY
def test_a_refresh_takes_the_nanoseconds_of_the_density(grade: Grade, density: Density) -> None:
    # Within 2 cycles: sources round with periods cut to whole ps, JEDEC with a guard band.
    exact = density.tRFC_ns * grade.clock.hz / 1e9
    assert abs(grade.part(density.gbit).timings.tRFC - exact) <= 2


@EVERY_DENSITY
def test_a_bank_refresh_takes_the_nanoseconds_of_the_density(
    grade: Grade, density: Density
) -> None:
    exact = density.tRFCpb_ns * grade.clock.hz / 1e9
    assert abs(grade.part(density.gbit).timings.tRFCpb - exact) <= 2


@EVERY_GRADE
def test_denser_devices_refresh_longer(grade: Grade) -> None:
    times = [grade.part(gbit).timings.tRFC for gbit in grade.densities_gbit]
    assert times == sorted(set(times))


@EVERY_GRADE
def test_the_density_of_a_grade_is_that_of_its_table_row(grade: Grade) -> None:
    assert grade.part(grade.gbit) == PARTS[grade.name]
    assert PARTS[grade.name].timings == grade.timings


@EVERY_DENSITY
def test_every_source_tag_is_spelled_out(grade: Grade, density: Density) -> None:
    for source in (grade.source, density.source):
        spelled = cited(source)
        assert all(text in spelled for tag, text in SOURCES.items() if f"[{tag}]" in source)


def test_a_tag_named_twice_is_spelled_out_once() -> None:
    assert cited("[G5] a; [G5] b") == (
        "[G5] a; [G5] b; [G5] is gem5, src/mem/DRAMInterface.py, commit 1db206b9d371"
    )


def test_a_chip_file_chooses_the_density(tmp_path: Path) -> None:
    memory = load(tmp_path, "  density_gbit: 16\n")
    # 550 ns x 1.6 GHz; two channels of 16 GiB.
    expected = replace(PARTS["DDR4-3200"].timings, tRFC=880)
    assert memory.part == replace(PARTS["DDR4-3200"], rows=131072, timings=expected)
    assert memory.capacity_bytes == 32 * 2**30


def test_8_gbit_ddr5_has_half_the_banks(tmp_path: Path) -> None:
    part = load(tmp_path, "  density_gbit: 8\n", "DDR5-4800").part
    assert (part.bank_groups, part.banks_per_group, part.rows) == (8, 2, 65536)


def test_extended_temperature_halves_the_refresh_interval(tmp_path: Path) -> None:
    timings = load(tmp_path, "  temperature: extended\n").part.timings
    assert timings == replace(PARTS["DDR4-3200"].timings, tREFI=6240)


def test_an_odd_refresh_interval_is_halved_to_the_safe_side() -> None:
    assert GRADES["LPDDR5-6400"].part(temperature="extended").timings.tREFI == 1562  # 3125 / 2


def test_a_density_without_a_figure_takes_one_from_the_file(tmp_path: Path) -> None:
    text = find("chips", "lpddr5_soc").read_text()
    path = tmp_path / "chip.yaml"
    path.write_text(
        text.replace("refresh: all_bank", "refresh: per_bank\n  timings: {tRFCpb: 152}")
    )
    memory = load_chip(str(path)).memory
    assert (memory.refresh, memory.part.timings.tRFCpb) == ("per_bank", 152)


def test_normal_temperature_is_the_default(tmp_path: Path) -> None:
    assert load(tmp_path, "  temperature: normal\n") == load(tmp_path, "")


def test_a_timing_in_the_file_wins_over_density_and_temperature(tmp_path: Path) -> None:
    lines = "  density_gbit: 16\n  temperature: extended\n  timings: {tRFC: 600, tREFI: 5000}\n"
    timings = load(tmp_path, lines).part.timings
    assert (timings.tRFC, timings.tREFI) == (600, 5000)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            "  density_gbit: 12\n",
            "memory.density_gbit: no DDR4-3200 devices of 12 Gbit (allowed: 4, 8, 16)",
        ),
        ("  density_gbit: 0\n", "memory.density_gbit: must be at least 1, got 0"),
        (
            "  temperature: extendet\n",
            "memory.temperature: unknown value 'extendet', did you mean 'extended'? "
            "(allowed: normal, extended)",
        ),
        # More than the 560 cycles of 8 Gbit, less than the 880 of 16 Gbit.
        (
            "  density_gbit: 16\n  timings: {tREFI: 700}\n",
            "memory.timings.tREFI: tREFI is 700, must be at least 881: more than tRFC, or there is "
            "time for nothing but refresh",
        ),
        # Timings wait until the density that they would be laid over is known.
        (
            "  density_gbit: 3\n  timings: {tREFI: 1}\n",
            "memory.density_gbit: no DDR4-3200 devices of 3 Gbit (allowed: 4, 8, 16)",
        ),
    ],
)
def test_each_wrong_value_has_its_message(tmp_path: Path, lines: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        load(tmp_path, lines)
    (problem,) = caught.value.problems
    assert f"{problem.key}: {problem.message}" == message


def test_a_standard_of_one_density_allows_just_that(tmp_path: Path) -> None:
    allowed = r"no HBM3-6400 devices of 8 Gbit \(allowed: 16\)"
    with pytest.raises(InputError, match=allowed):
        load(tmp_path, "  density_gbit: 8\n", "HBM3-6400")


def test_an_unknown_grade_is_the_only_complaint_about_a_density(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        load(tmp_path, "  density_gbit: 12\n", "DDR4-9999")
    assert [problem.key for problem in caught.value.problems] == ["memory.grade"]
