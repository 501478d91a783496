"""``accsim dram``: the memory of a chip on its own."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner

from accsim.cli.dram import dram_command


def ask(*arguments: str) -> dict[str, Any]:
    """The JSON answer for the shipped chip with two channels of DDR4-3200."""
    done = CliRunner().invoke(dram_command, ["ddr_npu", "--json", *arguments])
    assert done.exit_code == 0, done.output
    answer: dict[str, Any] = json.loads(done.output)
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
    assert "4096 is less than one round of the pattern, 8192." in text
