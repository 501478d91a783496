"""The section `energy` of a chip file: what it becomes, what is refused, and what `show` says."""

from __future__ import annotations

from pathlib import Path

import pytest

from accsim.chip import Chip
from accsim.config.origins import chip_values
from accsim.config.resolve import load_chip
from accsim.energy import FROM_TABLES, StatedEnergy
from accsim.errors import InputError
from accsim.provenance import ResolvedValue

CHIP = """\
name: toy
core: {clock_mhz: 1000, dispatch_cycles: 500}
memory: {grade: DDR4-3200, channels: 2, interleave_bytes: 256, queue_bursts: 32}
dma: {outstanding: 8, issue_cycles: 32}
sram: {capacity_kib: 4096, banks: 16, bank_bytes_per_cycle: 32}
array: {kind: systolic, count: 1, rows: 64, columns: 64, dataflow: output_stationary}
vector:
  lanes: 64
  latency_cycles: 32
  cycles_per_element:
    {rms_norm: 2, rotary: 2, softmax: 4, silu_mul: 2, residual_add: 1, argmax: 1, embedding: 1}
"""


def written(folder: Path, energy: str) -> str:
    """The path of the toy chip with lines about energy, of which the first is line 13."""
    path = folder / "chip.yaml"
    path.write_text(CHIP + (f"energy:\n{energy}" if energy else ""))
    return str(path)


def load(folder: Path, energy: str = "") -> Chip:
    return load_chip(written(folder, energy))


def complaint(folder: Path, energy: str) -> str:
    """Line, key and message of the only problem."""
    with pytest.raises(InputError) as caught:
        load(folder, energy)
    (problem,) = caught.value.problems
    return f"{problem.line}: {problem.key}: {problem.message}"


def shown(folder: Path, energy: str = "") -> dict[str, ResolvedValue]:
    found = {value.key: value for value in chip_values(written(folder, energy))}
    return {key: value for key, value in found.items() if key.startswith("energy.")}


def test_a_file_without_the_section_leaves_all_to_the_tables(tmp_path: Path) -> None:
    assert load(tmp_path).energy == FROM_TABLES


def test_every_key_reaches_the_chip(tmp_path: Path) -> None:
    lines = """\
  node_nm: 28
  dram_activation_pj_per_row: 4000
  dram_io_pj_per_bit: 12.5
  dram_background_mw_per_rank: 450
  dram_refresh_pj_per_rank: 6e5
  sram_pj_per_byte: 3
  mac_pj: {bits_16: 1.5, bits_8: 0.25, bits_4: 0.125}
  vector_pj_per_element: 3.5
  static_w: 0
  sram_mm2_per_mib: 4
  mac_um2: {bits_16: 4000, bits_8: 1000, bits_4: 500}
  phy_mm2_per_channel: 8
"""
    assert load(tmp_path, lines).energy == StatedEnergy(
        28, 4000, 12.5, 450, 600_000, 3, (1.5, 0.25, 0.125), 3.5, 0, 4, (4000, 1000, 500), 8
    )


def test_one_precision_may_be_given_alone(tmp_path: Path) -> None:
    assert load(tmp_path, "  mac_pj: {bits_8: 0.2}\n").energy.mac_pj == (None, 0.2, None)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("node_nm: 5", "13: energy.node_nm: unknown value 5 (allowed: 45, 28, 16, 7)"),
        ("static_w: -1", "13: energy.static_w: must be at least 0.0, got -1"),
        ("static_w: .inf", "13: energy.static_w: expected a finite number, got .inf"),
        ("static_w: lots", "13: energy.static_w: expected a number, got 'lots'"),
        ("mac_pj: 1", "13: energy.mac_pj: expected keys and values, got 1"),
        (
            "sram_pj_per_bit: 1",
            "13: energy.sram_pj_per_bit: unknown key 'sram_pj_per_bit', did you mean "
            "'sram_pj_per_byte'?",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_its_line(tmp_path: Path, line: str, message: str) -> None:
    assert complaint(tmp_path, f"  {line}\n").startswith(message)


def test_a_figure_in_the_file_shows_its_line(tmp_path: Path) -> None:
    key = "energy.dram_io_pj_per_bit"
    found = shown(tmp_path, "  dram_io_pj_per_bit: 12.5\n")
    assert found[key] == ResolvedValue(key, 12.5, "pJ/bit", "chip.yaml:13")


def test_a_figure_of_a_table_shows_its_row_its_source_and_its_factor(tmp_path: Path) -> None:
    found = shown(tmp_path)
    activation = found["energy.dram_activation_pj_per_row"]
    assert activation == ResolvedValue(
        "energy.dram_activation_pj_per_row",
        4200,
        "pJ/row",
        "energy table, DDR4",
        "dram_activation_pj_per_row: IDD of DRAMsim3, configs/DDR4_8Gb_x8_3200.ini, eight "
        "devices; within a factor of 1.5",
    )
    mac = found["energy.mac_pj.bits_8"]
    assert (mac.value, mac.unit, mac.origin) == (0.1, "pJ", "energy table, 7 nm")


def test_what_follows_from_the_chip_shows_how(tmp_path: Path) -> None:
    found = shown(tmp_path)
    sram, static = found["energy.sram_pj_per_byte"], found["energy.static_w"]
    # A bank of 256 KiB: 10.6595 / 8 pJ; 0.75 of the side of 3.5 mm2, 8 bits at 0.066 pJ a mm.
    assert sram.value == pytest.approx(1.33244 + 0.74084, rel=1e-4)
    assert sram.origin == "computed: a bank by the energy table of 7 nm, and wires over the SRAM"
    # 3.5 of SRAM, 4096 x 671 um2 of MACs, 2 x 9.9 of pins.
    area = found["energy.area_mm2"]
    assert area.value == pytest.approx(26.0484, rel=1e-5)
    assert area.unit == "mm2"
    assert static.value == pytest.approx(0.05 * 26.0484, rel=1e-5)
    assert static.origin == "computed: idle W/mm2 x area_mm2"


def test_every_figure_shows_exactly_once_with_a_unit(tmp_path: Path) -> None:
    lines = "  mac_pj: {bits_8: 0.2}\n  static_w: 1\n"
    keys = [value.key for value in chip_values(written(tmp_path, lines))]
    energy = [key for key in keys if key.startswith("energy.")]
    # Nine single figures, twice three by precision, the node and the area.
    assert len(energy) == len(set(energy)) == 9 + 6 + 2
    assert all(value.unit for value in shown(tmp_path, lines).values())
