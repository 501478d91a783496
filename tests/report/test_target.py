"""The answer and the tables of a search."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO

from rich.console import Console

from accsim.report.target import floor_line, headline, print_target
from accsim.target import Candidate, Floor, Goal, Target, Turned

CHANNELS = Turned("channels", "memory channels", "", 2, 8, 4.0)
SRAM = Turned("sram", "SRAM capacity", "KiB", 512, 1024, 2.0)
BASE = Candidate((), 0, 12.0, 0.08, "dram", 0.9, 3.0, "array", 0.6, 8.0)
WIDE = replace(
    BASE, changes=(CHANNELS, SRAM), cost=34.0, tokens_per_s=48.0, tpot_s=0.02, power_w=31.2
)
FLOOR = Floor(4e9, 8e9, 160e9, 51.2e9, 819.2e9, 7, "DDR4-3200", 14 * 10**9, 17.5, 1.5)
FOUND = Target(
    "small", "text", "0", "heads4", 1, 3.5, Goal(40.0), FLOOR, {"channels": 10.0, "dma": 0.5},
    BASE, False, (WIDE,), None, 6, True, "mm2",
)  # fmt: skip


def printed(found: Target) -> str:
    console = Console(file=StringIO(), width=80)
    print_target(found, console)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_the_headline_tells_the_cheapest_chip() -> None:
    assert headline(FOUND) == (
        "heads4 on small reaches 40 tokens/s with memory channels 2 -> 8, SRAM capacity "
        "512 KiB -> 1 MiB, at a cost of 34 mm2."
    )


def test_what_is_reached_already_needs_no_change() -> None:
    found = replace(FOUND, reached=True, solutions=(), goal=Goal(10, 5))
    assert headline(found) == (
        "heads4 on small needs no change: it reaches 10 tokens/s and TTFT 5 s."
    )


def test_what_the_pins_cannot_bring_is_told_in_channels() -> None:
    found = replace(
        FOUND, solutions=(), floor=replace(FLOOR, needed_bytes_per_s=1e12, channels_needed=40)
    )
    assert headline(found) == (
        "heads4 on small cannot reach 40 tokens/s below 40 channels of DDR4-3200."
    )


def test_a_search_without_success_tells_how_it_ended() -> None:
    found = replace(FOUND, solutions=(), nearest=WIDE)
    first = "No chip was found on which heads4 reaches 40 tokens/s: "
    assert headline(found) == f"{first}nothing that was tried helps further."
    assert headline(replace(found, complete=False)) == f"{first}the search was ended."
    assert "memory channels 2 -> 8" in printed(found)


def test_weights_have_no_unit() -> None:
    found = replace(FOUND, cost_unit="")
    assert headline(found).endswith(", at a cost of 34.")
    words = " ".join(printed(found).split())
    assert "chip cost tokens/s TPOT" in words
    assert "Cost of as much again as the chip has: channels=10, dma=0.5." in words


def test_power_below_that_of_the_pins_is_not_reachable() -> None:
    found = replace(FOUND, solutions=(), goal=Goal(40.0, power_w=5.0))
    assert headline(found) == (
        "heads4 on small cannot reach 40 tokens/s under 5 W: DRAM I/O alone takes 17.5 W at this "
        "rate."
    )


def test_the_headline_says_when_power_is_what_forbids() -> None:
    found = replace(FOUND, solutions=(), nearest=WIDE, goal=Goal(40.0, power_w=20.0))
    first = "No chip was found on which heads4 reaches 40 tokens/s under 20 W: "
    assert headline(found) == (
        f"{first}power forbids it, a chip that is fast enough takes 31.2 W; nothing that was "
        "tried helps further."
    )
    for other in (replace(WIDE, power_w=20.0), replace(WIDE, tokens_per_s=39.0)):
        told = headline(replace(found, nearest=other))
        assert told == f"{first}nothing that was tried helps further."


def test_the_floor_is_told_with_its_arithmetic() -> None:
    assert floor_line(FOUND) == (
        "A token needs 4 GB from DRAM and 8 GMACs; at 40 tokens/s that is 160 GB/s. The pins "
        "carry 51.2 GB/s, and 819.2 GB/s with all that is tried. DRAM I/O alone takes 17.5 W."
    )
    with_prompt = replace(FOUND, goal=Goal(40.0, ttft_s=2.0))
    assert floor_line(with_prompt).endswith(
        " The prompt needs 14 GB; in 2 s that is 7 GB/s. Its MACs take the array 1.5 s at best."
    )


def test_the_table_has_the_chip_as_it_is_and_every_solution() -> None:
    text = printed(FOUND)
    assert "as it is" in text
    row = next(line for line in text.splitlines() if line.startswith("memory channels 2 -> 8"))
    assert row.split()[5:] == ["34", "48", "20", "ms", "DRAM", "31.2", "W", "3", "s", "array"]
    assert max(map(len, text.splitlines())) <= 80
    words = " ".join(text.split())
    assert (
        "small, text, 6 chips simulated. Cost of as much again as the chip has, in mm2: " in words
    )
    assert "channels=10, dma=0.5." in words


def test_one_chip_is_one_chip() -> None:
    assert "1 chip simulated" in printed(replace(FOUND, simulated=1))
