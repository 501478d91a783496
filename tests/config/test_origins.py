"""Where the values of a chip come from, one kind of origin a test."""

from __future__ import annotations

from pathlib import Path

import pytest

from accsim.config.origins import chip_values
from accsim.config.resolve import load_chip
from accsim.config.shipped import find, names
from accsim.config.yaml_source import dotted, read_yaml
from accsim.errors import InputError
from accsim.provenance import ResolvedValue

CHIP = """\
name: toy
core: {clock_mhz: 1000, dispatch_cycles: 500}
memory:
  grade: DDR5-4800
  channels: 2
  interleave_bytes: 256
  queue_bursts: 32
dma: {outstanding: 8, issue_cycles: 32}
sram: {capacity_kib: 4, banks: 16, bank_bytes_per_cycle: 32}
array: {kind: systolic, count: 1, rows: 64, columns: 32, dataflow: output_stationary}
vector:
  lanes: 64
  latency_cycles: 32
  cycles_per_element:
    {rms_norm: 2, rotary: 2, softmax: 4, silu_mul: 2, residual_add: 1, argmax: 1, embedding: 1}
"""
DOT = "array: {kind: dot_product, count: 1, lanes: 2, width: 32, latency_cycles: 8}\n"


def values(folder: Path, extra: str = "", text: str = CHIP) -> dict[str, ResolvedValue]:
    """The values of the toy chip by key, with lines of memory put in after the grade (line 4)."""
    path = folder / "chip.yaml"
    path.write_text(text.replace("DDR5-4800\n", f"DDR5-4800\n{extra}"))
    return {value.key: value for value in chip_values(str(path))}


def test_a_value_in_the_file_names_its_line(tmp_path: Path) -> None:
    assert values(tmp_path)["memory.channels"] == ResolvedValue(
        "memory.channels", 2, "", "chip.yaml:5"
    )


def test_a_value_left_out_is_a_default(tmp_path: Path) -> None:
    found = values(tmp_path)
    assert found["memory.ranks"] == ResolvedValue("memory.ranks", 1, "", "default")
    key = "array.macs_per_pe.bits_8"
    assert found[key] == ResolvedValue(key, 1, "MACs/cycle", "default")


def test_timings_and_organisation_come_from_the_grade_with_its_source(tmp_path: Path) -> None:
    found = values(tmp_path)
    source = (
        "[R2] DDR5_4800AN, DDR5_16Gb_x8; tRFCsb: [R20] DDR5; JESD79-5; "
        "[R2] is Ramulator 2.1, presets of src/dram/impl, commit c5b1c3a478b6; "
        "[R20] is Ramulator 2.0, src/dram/impl, commit 525d045f6760"
    )
    for key, value, unit in [
        ("memory.timings.tRFC", 710, "nCK"),
        ("memory.density_gbit", 16, "Gbit"),
        ("memory.data_rate_mtps", 4800, "MT/s"),
        ("memory.bus_bits", 32, "bits"),
        ("memory.burst_cycles", 8, "nCK"),
        ("memory.row_bytes", 4096, "bytes"),
        ("memory.rows", 65536, ""),
    ]:
        assert found[key] == ResolvedValue(key, value, unit, "grade DDR5-4800", source)


def test_a_chip_that_says_nothing_of_quantising_passes_twice(tmp_path: Path) -> None:
    key = "vector.cycles_per_element.quantise"
    assert values(tmp_path, "")[key] == ResolvedValue(key, 2, "cycles", "default")


def test_a_timing_in_the_file_replaces_that_of_the_grade(tmp_path: Path) -> None:
    found = values(tmp_path, "  timings:\n    tRFC: 720\n")
    assert found["memory.timings.tRFC"] == ResolvedValue(
        "memory.timings.tRFC", 720, "nCK", "chip.yaml:6"
    )
    assert found["memory.timings.tREFI"].origin == "grade DDR5-4800"


def test_an_sram_port_in_the_file_names_its_line(tmp_path: Path) -> None:
    text = CHIP.replace("bank_bytes_per_cycle: 32}", "bank_bytes_per_cycle: 32, ports: {dma: 64}}")
    found = values(tmp_path, text=text)["sram.ports.dma"]
    assert found == ResolvedValue("sram.ports.dma", 64, "bytes/cycle", "chip.yaml:9")


def test_another_density_brings_its_refresh_time_rows_and_banks(tmp_path: Path) -> None:
    found = values(tmp_path, "  density_gbit: 32\n")
    origin = "density table, 32 Gbit"
    assert found["memory.density_gbit"].origin == "chip.yaml:5"
    tRFC = found["memory.timings.tRFC"]
    # 0.997 x 410 / 0.416 = 982.6; + 1 = 983.6
    assert (tRFC.value, tRFC.origin) == (983, origin)
    assert tRFC.source.startswith("JESD79-5, tRFC1 and tRFCsb of 32 Gb; [R2] DDR5_32Gb_x8")
    assert (found["memory.rows"].value, found["memory.rows"].origin) == (131072, origin)
    assert found["memory.banks_per_group"].origin == origin
    assert found["memory.bank_groups"].origin == "grade DDR5-4800"


def test_writing_out_the_density_of_the_grade_changes_only_its_own_origin(tmp_path: Path) -> None:
    found = values(tmp_path, "  density_gbit: 16\n")
    assert found["memory.density_gbit"].origin == "chip.yaml:5"
    assert found["memory.timings.tRFC"].origin == "grade DDR5-4800"


def test_extended_temperature_shows_as_a_halved_interval(tmp_path: Path) -> None:
    assert values(tmp_path, "  temperature: extended\n")["memory.timings.tREFI"] == ResolvedValue(
        "memory.timings.tREFI",
        4687,  # 9375 / 2, rounded down
        "nCK",
        "computed: half of 9375 nCK of the grade (extended temperature)",
    )


@pytest.mark.parametrize(
    ("key", "value", "unit", "formula"),
    [
        ("memory.tCK_ps", 1e6 / 2400, "ps", "1 / command clock of DDR5-4800"),
        (
            "memory.peak_bytes_per_s",
            38_400_000_000,  # 2 channels x 4 bytes x 4.8 GT/s
            "bytes/s",
            "channels x burst_bytes / (burst_cycles x tCK)",
        ),
        (
            "memory.capacity_bytes",
            16 * 2**30,  # 2 channels of four 16 Gb devices
            "bytes",
            "channels x ranks x bank_groups x banks_per_group x rows x row_bytes",
        ),
        ("memory.refresh_share", 710 / 9375, "of time", "tRFC / tREFI"),
        (
            "array.peak_macs_per_s.bits_16",
            2_048_000_000_000,  # 64 x 32 at 1 GHz
            "MACs/s",
            "count x rows x columns x macs_per_pe.bits_16 x core clock",
        ),
        ("sram.bytes_per_cycle", 512, "bytes/cycle", "banks x bank_bytes_per_cycle"),  # 16 x 32
        ("sram.ports.vector", 512, "bytes/cycle", "all banks"),
        (
            "sram.dma_bytes_per_cycle",
            39,  # 38.4 bytes a cycle
            "bytes/cycle",
            "memory.peak_bytes_per_s / core clock, rounded up",
        ),
        (
            "sram.compute_bytes_per_cycle",
            473,
            "bytes/cycle",
            "bytes_per_cycle - dma_bytes_per_cycle",
        ),
        (
            "array.ridge_macs_per_byte.bits_4",
            2048 / 38.4,
            "MACs/byte",
            "peak MACs/s / peak bytes/s",
        ),
    ],
)
def test_what_follows_from_the_values_names_its_formula(
    tmp_path: Path, key: str, value: float, unit: str, formula: str
) -> None:
    found = values(tmp_path)[key]
    assert found.value == pytest.approx(value, rel=1e-15)
    assert (found.unit, found.origin, found.source) == (unit, f"computed: {formula}", "")


def test_without_refresh_it_takes_no_share_of_the_time(tmp_path: Path) -> None:
    found = values(tmp_path, "  refresh: off\n")
    assert found["memory.refresh"] == ResolvedValue("memory.refresh", "off", "", "chip.yaml:5")
    share = found["memory.refresh_share"]
    assert (share.value, share.origin) == (0, "computed: refresh is off")


def test_a_bank_refresh_shows_its_banks_its_interval_and_the_share_of_each_bank(
    tmp_path: Path,
) -> None:
    # 16 Gb: four banks in each group, twice in tREFI of 9375; tRFCsb 130 ns are 312 cycles.
    found = values(tmp_path, "  refresh: same_bank\n")
    assert found["memory.banks_per_refresh"].value == 8
    assert found["memory.banks_per_refresh"].origin == "grade DDR5-4800"
    interval = found["memory.refresh_interval"]
    assert (interval.value, interval.unit) == (9375 / 8, "nCK")
    assert interval.origin == "computed: tREFI / 8 refreshes of a rank, 2 of each bank"
    share = found["memory.refresh_share"]
    assert share.value == pytest.approx(2 * 312 / 9375)
    assert share.origin == "computed: 2 x tRFCpb / tREFI, of each bank"


def test_a_bank_refresh_of_another_density_takes_the_time_of_its_table_row(tmp_path: Path) -> None:
    # 0.997 x 190 / 0.416 = 455.4; + 1 = 456.4
    tRFCpb = values(tmp_path, "  density_gbit: 32\n")["memory.timings.tRFCpb"]
    assert (tRFCpb.value, tRFCpb.origin) == (456, "density table, 32 Gbit")
    assert "tRFCsb: [R20] DDR5" in tRFCpb.source


def test_timings_of_a_refresh_that_the_standard_lacks_are_not_shown() -> None:
    keys = {value.key for value in chip_values("ddr_npu")}
    assert "memory.timings.tRFC" in keys
    assert not keys & {"memory.timings.tRFCpb", "memory.timings.tRREFD"}


def test_a_dot_product_engine_has_its_own_formula(tmp_path: Path) -> None:
    lines = [DOT if line.startswith("array:") else line for line in CHIP.splitlines(keepends=True)]
    found = values(tmp_path, text="".join(lines))["array.peak_macs_per_s.bits_8"]
    assert found.value == 64_000_000_000  # 2 x 32 at 1 GHz
    formula = "count x tile_rows x lanes x width x macs_per_pe.bits_8 x core clock"
    assert found.origin == f"computed: {formula}"


def test_an_engine_peaks_with_a_whole_group_of_rows() -> None:
    found = {value.key: value for value in chip_values("cpu_tiled")}
    peak = found["array.peak_macs_per_s.bits_16"]
    assert peak.value == 1_024_000_000_000  # 8 x 4 x 1 x 8 at 4 GHz
    assert found["array.ridge_macs_per_byte.bits_16"].value == pytest.approx(
        1024 / 136.533, rel=1e-5
    )


@pytest.mark.parametrize("name", names("chips"))
def test_every_value_of_a_shipped_file_is_listed_with_its_line(name: str) -> None:
    document = read_yaml(str(find("chips", name)))
    listed = {value.key: value.origin for value in chip_values(name)}
    leaves = [
        path for path in document.values if not any(p[:-1] == path for p in document.values if p)
    ]
    assert leaves
    for path in leaves:
        assert listed[dotted(path)] == f"{name}.yaml:{document.values[path].line}"


def test_no_key_is_listed_twice() -> None:
    keys = [value.key for value in chip_values("hbm_npu")]
    assert len(keys) == len(set(keys))


def test_what_is_listed_is_what_is_simulated() -> None:
    chip = load_chip("lpddr5_soc")
    found = {value.key: value.value for value in chip_values("lpddr5_soc")}
    assert found["memory.timings.tRCD"] == chip.memory.part.timings.tRCD
    assert found["memory.capacity_bytes"] == chip.memory.capacity_bytes
    assert found["memory.peak_bytes_per_s"] == chip.memory.peak_bytes_per_s


def test_a_broken_file_is_refused_with_its_problems(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"memory\.channels: must be a power of two, got 3"):
        values(tmp_path, text=CHIP.replace("channels: 2", "channels: 3"))


def test_the_controller_shows_what_it_takes_from_the_rest_of_the_memory(tmp_path: Path) -> None:
    found = values(tmp_path)
    key = "memory.controller.drain_from"
    assert found[key] == ResolvedValue(key, 32, "", "computed: queue_bursts")
    assert found["memory.controller.buffer"].value == 32
    assert found["memory.controller.two_commands"].value is False
    assert found["memory.controller.page"] == ResolvedValue(
        "memory.controller.page", "open", "", "default"
    )


def test_settings_of_the_controller_name_their_line(tmp_path: Path) -> None:
    lines = "  controller:\n    page: timeout\n    timeout_cycles: 200\n    drain_from: 8\n"
    found = values(tmp_path, lines)
    key = "memory.controller.timeout_cycles"
    assert found[key] == ResolvedValue(key, 200, "nCK", "chip.yaml:7")
    assert found["memory.controller.drain_from"].origin == "chip.yaml:8"


def test_an_address_order_is_shown_as_one_value(tmp_path: Path) -> None:
    key = "memory.address_order"
    usual = ResolvedValue(key, "bank_group, column, bank, rank, row", "", "default")
    assert values(tmp_path)[key] == usual
    found = values(tmp_path, "  address_order: [column, bank_group, bank, rank, row]\n")[key]
    assert (found.value, found.origin) == ("column, bank_group, bank, rank, row", "chip.yaml:5")
