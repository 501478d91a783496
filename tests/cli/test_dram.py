"""``accsim dram``: the memory of a chip on its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from accsim.cli.dram import dram_command
from accsim.config.resolve import load_chip
from accsim.config.shipped import find
from accsim.errors import InputError


def ask(*arguments: str) -> dict[str, Any]:
    """The JSON answer for the shipped chip with two channels of DDR4-3200."""
    done = CliRunner().invoke(dram_command, ["ddr_npu", "--json", *arguments])
    assert done.exit_code == 0, done.output
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def refusal(*arguments: str) -> str:
    done = CliRunner().invoke(dram_command, ["ddr_npu", *arguments])
    assert done.exit_code == 2
    return done.output


def test_a_stream_reaches_what_refresh_leaves_of_the_pins() -> None:
    # tRFC 560 of tREFI 12480 is 4.49 %; rows closed and opened around it take some more.
    answer = ask("--bytes", str(4 << 20))
    assert answer["model"] == "row-granular"
    assert answer["bytes"] == 4 << 20
    assert answer["peak_bytes_per_s"] == 51.2e9
    assert 0.94 < answer["efficiency"] < 1 - 560 / 12480
    assert sum(answer["bus_share"].values()) == pytest.approx(1)


def test_the_reference_agrees_on_a_stream() -> None:
    # Long enough for one refresh more or less to weigh less than that.
    answer = ask("--bytes", str(16 << 20), "--reference")
    assert answer["model"] == "command-level reference"
    assert answer["efficiency"] == pytest.approx(ask("--bytes", str(16 << 20))["efficiency"], 0.005)


def test_streams_that_take_turns_count_their_row_conflicts() -> None:
    answer = ask("--pattern", "streams", "--streams", "2", "--block", "512", "--bytes", "65536")
    assert answer["row_hits"] + answer["row_misses"] + answer["row_conflicts"] == 1024
    assert answer["row_conflicts"] > 0


@pytest.mark.parametrize("pattern", ["mixed", "random", "strided"])
def test_patterns_out_of_order_are_left_to_the_reference(pattern: str) -> None:
    answer = ask("--pattern", pattern, "--bytes", "65536")
    assert answer["model"] == "command-level reference"
    assert answer["bytes"] == 65536
    assert 0 < answer["efficiency"] <= 1


def test_a_quarter_of_a_mixed_pattern_is_written() -> None:
    assert ask("--pattern", "mixed", "--bytes", "65536")["write_bytes"] == 16384


def test_the_table_says_what_is_reached_and_where_the_time_goes() -> None:
    done = CliRunner().invoke(dram_command, ["ddr_npu", "--bytes", "65536"])
    lines = [line.strip() for line in done.output.splitlines() if line.strip()]
    assert lines[0] == "ddr_npu: sequential"
    names = [line.rsplit("  ", 1)[0].strip() for line in lines[1:]]
    assert names[:5] == ["model", "moved", "time", "bandwidth", "of the pins"]
    assert "bus: refresh" in names
    assert "row conflicts" in names


def test_blocks_that_cut_a_burst_are_refused() -> None:
    assert "100 is no multiple of the 64-byte burst." in refusal("--block", "100")
    assert "--stride" in refusal("--pattern", "strided", "--stride", "100")


def test_less_than_one_round_is_refused() -> None:
    text = refusal("--pattern", "streams", "--bytes", "4096", "--block", "2048")
    assert "4096 is less than one round of streams, 8192." in text


def ask_of(folder: Path, line: str, *arguments: str) -> dict[str, Any]:
    """The JSON answer for that chip with another line in its memory section."""
    text = find("chips", "ddr_npu").read_text(encoding="utf-8")
    path = folder / "chip.yaml"
    path.write_text(text.replace("  refresh: all_bank\n", f"  refresh: all_bank\n  {line}\n"))
    done = CliRunner().invoke(dram_command, [str(path), "--json", *arguments])
    assert done.exit_code == 0, done.output
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_a_controller_that_the_fast_model_does_not_know_is_left_to_the_reference(
    tmp_path: Path,
) -> None:
    answer = ask_of(tmp_path, "controller: {page: closed}", "--bytes", "1048576")
    assert answer["model"] == "command-level reference"
    # Auto precharge: four banks, a burst of 4 cycles each in tRC 74; some more where a stream goes
    # on to the next banks.
    assert 16 / 74 < answer["efficiency"] < 16 / 74 + 0.03
    assert answer["row_hits"] == 0


def test_refresh_of_some_banks_is_left_to_the_reference(tmp_path: Path) -> None:
    text = find("chips", "ddr5_npu").read_text(encoding="utf-8")
    path = tmp_path / "chip.yaml"
    path.write_text(text.replace("refresh: all_bank", "refresh: same_bank"))
    done = CliRunner().invoke(dram_command, [str(path), "--json", "--bytes", str(4 << 20)])
    answer = json.loads(done.stdout)
    assert answer["model"] == "command-level reference"
    # Less is lost than with all banks at once.
    assert 1 - load_chip("ddr5_npu").memory.refresh_share < answer["efficiency"] < 1


def test_an_address_order_decides_what_a_stream_reaches(tmp_path: Path) -> None:
    order = "address_order: [column, bank_group, bank, rank, row]"
    # tCCD_L 8 cycles for a burst of 4 within a bank group, but for what overlaps between groups.
    assert 0.5 < ask_of(tmp_path, order, "--bytes", "1048576")["efficiency"] < 0.7


def test_a_plot_shows_the_pattern_asked_for_and_then_the_others(tmp_path: Path) -> None:
    page = tmp_path / "plot.html"
    asked = ["ddr_npu", "--pattern", "mixed", "--bytes", "65536", "--plot", str(page)]
    done = CliRunner().invoke(dram_command, asked)
    assert done.exit_code == 0, done.output
    assert done.stderr == f"wrote {page}\n"
    assert done.stdout.lstrip().startswith("ddr_npu: mixed")
    text = page.read_text(encoding="utf-8")
    body = text[text.index("<body>") :]
    places = [body.index(f'"{name}\\u003cbr') for name in ("mixed", "sequential", "strided")]
    assert places == sorted(places)


def test_a_plot_of_a_recorded_trace_shows_it_alone(tmp_path: Path) -> None:
    (tmp_path / "trace.txt").write_text("0x0 READ 0\n0x40 READ 0\n")
    page = tmp_path / "plot.html"
    trace = tmp_path / "trace.txt"
    done = CliRunner().invoke(
        dram_command, ["ddr_npu", "--replay", str(trace), "--plot", str(page)]
    )
    assert done.stdout.lstrip().startswith("ddr_npu: trace.txt")
    text = page.read_text(encoding="utf-8")
    assert "<h2>trace.txt: " in text
    assert "Bandwidth by pattern" not in text


def test_a_plot_whose_other_patterns_cannot_be_cut_so_is_refused(tmp_path: Path) -> None:
    text = refusal("--bytes", "8192", "--plot", str(tmp_path / "plot.html"))
    assert "8192 is less than one round of streams, 16384." in text


def test_a_plot_that_cannot_be_written_is_refused_before_the_work(tmp_path: Path) -> None:
    page = tmp_path / "missing" / "plot.html"
    done = CliRunner().invoke(dram_command, ["ddr_npu", "--bytes", "65536", "--plot", str(page)])
    assert isinstance(done.exception, InputError)
    assert str(done.exception) == f"{page}: cannot be written: No such file or directory"
    assert done.stdout == ""
    assert list(tmp_path.iterdir()) == []
