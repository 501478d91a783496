"""``accsim show``: what a person reads, and what a program reads."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from accsim.cli.show import show_command

from .conftest import CHIP, accsim


def shown(folder: Path, old: str = "", new: str = "", *, chip: str = CHIP) -> str:
    """The table of the pocket chip, wide enough that nothing is folded; `old` becomes `new`."""
    path = folder / "chip.yaml"
    path.write_text(chip.replace(old, new) if old else chip)
    done = CliRunner().invoke(show_command, [str(path)], env={"COLUMNS": "400"})
    assert done.exit_code == 0
    return done.stdout


def row(text: str, key: str) -> list[str]:
    """Key, value and origin of a line of the table."""
    (line,) = [line for line in text.splitlines() if line.split("  ")[0].strip() == key]
    return [cell.strip() for cell in line.strip().split("   ") if cell.strip()]


def test_values_are_grouped_by_part(inputs: Path) -> None:
    lines = [line.rstrip() for line in shown(inputs).splitlines()]
    parts = ["core", "memory", "dma", "sram", "array", "vector"]
    assert [line for line in lines if line in parts] == parts
    assert lines.index("dma") < lines.index(next(x for x in lines if "issue_cycles" in x))


@pytest.mark.parametrize(
    ("key", "value", "origin"),
    [
        ("clock_mhz", "1000 MHz", "chip.yaml:2"),
        ("temperature", "normal", "default"),
        ("refresh", "all_bank", "default"),
        ("timings.tRFC", "710 nCK", "grade DDR5-4800"),
        ("bank_groups", "8", "grade DDR5-4800"),
        ("tCK_ps", "416.667 ps", "computed: 1 / command clock of DDR5-4800"),
        (
            "peak_bytes_per_s",
            "38.4 GB/s",
            "computed: channels x burst_bytes / (burst_cycles x tCK)",
        ),
        (
            "capacity_bytes",
            "16 GiB",
            "computed: channels x ranks x bank_groups x banks_per_group x rows x row_bytes",
        ),
        ("refresh_share", "7.57 %", "computed: tRFC / tREFI"),  # 710 / 9375
        (
            "peak_macs_per_s.bits_16",
            "1.024 TMAC/s",
            "computed: count x rows x columns x macs_per_pe.bits_16 x core clock",
        ),
        ("ridge_macs_per_byte.bits_8", "26.6667 MACs/byte", None),  # 1024 / 38.4
    ],
)
def test_a_value_is_shown_with_unit_and_origin(
    inputs: Path, key: str, value: str, origin: str | None
) -> None:
    cells = row(shown(inputs), key)
    assert cells[:2] == [key, value]
    if origin is not None:
        assert cells[2] == origin


def test_refresh_may_be_off(inputs: Path) -> None:
    text = shown(inputs, "queue_bursts: 32", "queue_bursts: 32, refresh: off")
    assert row(text, "refresh")[1] == "off"
    assert row(text, "refresh_share")[1:] == ["0.00 %", "computed: refresh is off"]


def test_each_source_is_cited_once_below_the_table(inputs: Path) -> None:
    lines = shown(inputs, "channels: 2", "channels: 2, density_gbit: 8").splitlines()
    grade = [line for line in lines if line.startswith("grade DDR5-4800: [R2] DDR5_4800AN")]
    density = [line for line in lines if line.startswith("density table, 8 Gbit: JESD79-5")]
    assert len(grade) == len(density) == 1
    assert "[R2] is Ramulator 2.1" in grade[0]


def test_names_are_printed_as_they_are(inputs: Path) -> None:
    text = shown(inputs, "name: pocket", "name: '[red]pocket[/red]'")
    assert row(text, "name")[1] == "[red]pocket[/red]"


def test_json_is_one_object_and_nothing_else(inputs: Path) -> None:
    done = accsim("show", inputs / "chip.yaml", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    assert document["schema"] == "accsim.chip_values/1"
    assert document["values"][0] == {
        "key": "name",
        "value": "pocket",
        "unit": "",
        "origin": "chip.yaml:1",
        "source": "",
    }
    by_key = {value["key"]: value["value"] for value in document["values"]}
    assert by_key["memory.refresh"] == "all_bank"
    assert by_key["memory.peak_bytes_per_s"] == 38_400_000_000


def test_a_shipped_chip_is_found_by_name() -> None:
    done = CliRunner().invoke(show_command, ["hbm_npu"])
    assert done.exit_code == 0
    assert "hbm_npu.yaml:" in done.stdout


def test_a_broken_chip_is_refused_with_its_place(inputs: Path) -> None:
    (inputs / "chip.yaml").write_text(CHIP.replace("channels: 2", "channels: 3"))
    done = accsim("show", inputs / "chip.yaml")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(
        f"{inputs / 'chip.yaml'}:3:38: memory.channels: must be a power of two, got 3\n"
    )


def test_lines_in_a_pipe_end_without_blanks(inputs: Path) -> None:
    lines = accsim("show", inputs / "chip.yaml").stdout.splitlines()
    assert [line for line in lines if line != line.rstrip()] == []


def test_a_workload_is_no_chip_to_show() -> None:
    done = accsim("show", "llama2_mtp")
    assert done.returncode == 2
    assert done.stderr == "llama2_mtp: this is a shipped workload, not a chip\n"
