"""The printed report: complete, readable when narrow, and safe with any name."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from accsim.report.metrics import OP_HEADINGS, percent
from accsim.report.terminal import print_result
from accsim.result import Result

from .results import MS, generations, op, parts, result, run


def printed(shown: Result, width: int = 100, **options: Any) -> str:
    console = Console(file=io.StringIO(), width=width, highlight=False, **options)
    print_result(shown, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def line(text: str, label: str) -> list[str]:
    """The cells of the first table line that starts with a label."""
    found = next(each for each in text.splitlines() if each.strip().startswith(label + " "))
    return found.strip().removeprefix(label).split("  ")


def cells(text: str, label: str) -> list[str]:
    return [cell.strip() for cell in line(text, label) if cell.strip()]


WIDE: dict[str, Any] = {
    "roofline_bound": "compute",
    "dram_read_bytes": 13_210_000_000,
    "macs": 6_607_000_000,
    "intensity_macs_per_byte": 0.5,
    "energy_pj": {"dram_io": 941_500_000_000},
}
"""An operator whose figures take as many characters as any do."""

PAIR = result(run("ordinary", 300, 100), run("heads4_k4", 330, 40, expected_tokens_per_pass=3.12))


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        # 40 x 330 ms = 13.2 s; 30 / 13.2 = 2.273; 13.2 s / 100 tokens = 132 ms
        ("speed-up, drawn", ["baseline", "2.273x"]),
        ("tokens/s", ["3.333", "7.576"]),
        ("TPOT", ["300 ms", "132 ms"]),
        ("TTFT", ["2.5 s", "2.5 s"]),
        ("decode cycles", ["30 G", "13.2 G"]),
        # the floor was set to 0.9 of the time
        ("time over floor", ["1.111x", "1.111x"]),
        ("tokens, drawn", ["1.000", "2.500"]),
        ("tokens, expected", ["unknown", "3.120"]),
        # 13.0005 GB a pass, 40 passes for 100 tokens
        ("DRAM bytes/token", ["13 GB", "5.2 GB"]),
        # 2 J a pass within a factor of two, 40 passes for 100 tokens
        ("energy/token", ["2 J", "800 mJ"]),
        ("at least", ["1 J", "400 mJ"]),
        ("at most", ["4 J", "1.6 J"]),
        ("energy/row", ["500 mJ", "500 mJ"]),
        # one row of four; 0.1 J of 2 J
        ("rows rejected", ["25.0 %", "25.0 %"]),
        ("their energy", ["5.0 %", "5.0 %"]),
        ("DRAM's share", ["100.0 %", "100.0 %"]),
        ("mean power", ["8 W", "8 W"]),
        ("energy of prefill", ["30 J", "30 J"]),
        ("DRAM pins", ["90.0 %", "90.0 %"]),
        ("DMA", ["20.0 %", "20.0 %"]),
        ("prefill bound", ["array 100 %", "array 100 %"]),
        ("refresh", ["4.0 %", "4.0 %"]),
        # 900 of 900 + 60 + 40
        ("row hits", ["90.0 %", "90.0 %"]),
        ("output tokens", ["101", "101"]),
        ("passes simulated", ["9 of 100", "9 of 40"]),
        ("interpolation error", ["0.012 %", "0.012 %"]),
        ("prefill layers", ["2 of 32", "2 of 32"]),
    ],
)
def test_the_table_compares_the_runs(label: str, expected: list[str]) -> None:
    assert cells(printed(PAIR), label) == expected


def test_a_cause_that_costs_nothing_in_any_run_has_no_row() -> None:
    assert " dispatch " not in printed(PAIR)


def test_causes_that_cost_next_to_nothing_are_added_up() -> None:
    """0.04 % + 0.02 % is 0.1 % rounded; each alone would be nothing."""
    share = {"dram": 0.9994, "dma": 0.0004, "vector": 0.0002}
    text = printed(result(run("ordinary", 300, 100, bound_share=share)))
    assert cells(text, "others") == ["0.1 %"]
    assert "vector" not in text.split("Critical path")[1].split("DRAM time")[0]


def test_noted_parts_of_a_cause_stand_below_it() -> None:
    """Of 30 s: 22 s data, 1.5 s fetching rows; 3 ms of turnaround, 0.01 %, are not worth a line."""
    detail = parts(dram=22_000 * MS)
    detail["dram"] |= {"activation": 1_500 * MS, "turnaround": 3 * MS}
    text = printed(result(run("ordinary", 300, 100, causes_detail_ps=detail)))
    section = text.split("Critical path by cause")[1].split("DRAM time")[0]
    shown = [row.strip().split("  ")[0] for row in section.splitlines() if row.strip()]
    assert shown[:4] == ["DRAM", "data", "row activation", "DMA"]
    assert cells(section, "data") == ["73.3 %"]
    assert cells(section, "row activation") == ["5.0 %"]
    assert "turnaround" not in section


def test_a_cause_of_one_part_has_no_parts_below_it() -> None:
    section = printed(PAIR).split("Critical path by cause")[1].split("DRAM time")[0]
    assert "data" not in section


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0.0 %"),
        (0.0004, "<0.1 %"),
        (0.5, "50.0 %"),
        (0.9994, "99.9 %"),
        (0.9996, ">99.9 %"),
        (1.0, "100.0 %"),
    ],
)
def test_a_share_is_never_rounded_to_nothing_or_all(share: float, text: str) -> None:
    assert percent(share) == text


def test_a_run_simulated_in_full_has_no_interpolation_error() -> None:
    exact = run("ordinary", 300, 9)
    exact = replace(exact, sampling=replace(exact.sampling, max_error=0.0))
    assert cells(printed(result(exact)), "interpolation error") == ["-"]


def test_interpolated_chunks_of_a_prompt_tell_their_error_though_decoding_is_exact() -> None:
    chunked = run("ordinary", 300, 9)
    assert chunked.sampling.simulated == chunked.sampling.passes
    assert cells(printed(result(chunked)), "interpolation error") == ["0.012 %"]


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("mean tokens/pass", ["1.000 ± 1 %", "3.000 ± 1 %"]),
        ("expected tokens/pass", ["unknown", "3.120"]),
        ("mean TPOT", ["300 ms ± 1 %", "110 ms ± 1 %"]),
        ("TPOT, P50", ["300 ms", "110 ms"]),
        ("TPOT, P99", ["330 ms", "121 ms"]),
        ("token gap, P50", ["0 ps", "0 ps"]),
        ("token gap, P99", ["300 ms", "330 ms"]),
        ("mean speed-up", ["-", "2.727x ± 1 %"]),
        ("pass times within", ["0.012 %", "0.012 %"]),
    ],
)
def test_what_generations_came_to_stands_in_a_section_of_its_own(
    label: str, expected: list[str]
) -> None:
    base = run("ordinary", 300, 100, generations=generations(1.0, 300, None))
    four = run("heads4", 330, 40, expected_tokens_per_pass=3.12)
    four = replace(four, generations=generations(3.0, 330, 300 / 110))
    text = printed(result(base, four))
    assert "Over 1000 generations" in text
    assert cells(text, label) == expected


def test_a_run_without_generations_has_none_to_show_beside_one_that_has() -> None:
    base = run("ordinary", 300, 100, generations=generations(1.0, 300, None))
    text = printed(result(base, run("foreign", 330, 40)))
    assert cells(text, "mean TPOT") == ["300 ms ± 1 %", "-"]


def test_without_generations_nothing_is_said_of_them() -> None:
    assert "generations" not in printed(PAIR)


def test_a_run_that_ended_with_its_recording_says_so() -> None:
    text = printed(result(run("ordinary", 300, 9), run("replay", 300, 9, asked_tokens=500)))
    assert cells(text, "output tokens") == ["101", "101 of 500"]
    assert "The recording of replay ends after 101 of 500 output tokens." in " ".join(text.split())


def test_operators_of_the_runs_in_the_headline_are_listed_by_falling_time() -> None:
    """80 % of a 300 ms pass are 240 ms, and of its 2 J 1.6 J; 10^12 bytes and MACs over 100 passes
    are 10 G each.
    """
    text = printed(PAIR)
    assert "Mean decode pass of ordinary, by operator group" in text
    assert "Mean decode pass of heads4_k4, by operator group" in text
    assert text.index("gate_up") < text.index("qkv")
    assert cells(text, "gate_up") == [
        "240 ms",
        "80.0 %",
        "1.6 J",
        "10 GB",
        "10 G",
        "1",
        "memory",
        "dram 100 %",
    ]


def test_an_operator_that_moves_no_dram_byte_has_no_intensity() -> None:
    quiet = op(
        "softmax",
        300 * MS,
        "vector",
        dram_read_bytes=0,
        macs=0,
        intensity_macs_per_byte=None,
        roofline_bound="on_chip",
    )
    text = printed(result(run("ordinary", 300, 1, ops=(quiet,))))
    assert cells(text, "softmax")[1:] == ["100.0 %", "-", "-", "-", "-", "on-chip", "vector 100 %"]


def test_an_operator_off_the_critical_path_is_bound_by_nothing() -> None:
    hidden = op("rotary", 0)
    text = printed(result(run("ordinary", 300, 1, ops=(hidden,))))
    assert cells(text, "rotary")[-1] == "-"


def test_operators_beyond_the_twelfth_are_added_up() -> None:
    """14 groups of 10 ms: two are left, 20 ms."""
    ops = tuple(op(f"group{i}", 10 * MS) for i in range(14))
    text = printed(result(run("ordinary", 140, 1, ops=ops)))
    assert cells(text, "2 more")[:2] == ["20 ms", "14.3 %"]
    assert "group12" not in text


def test_a_disagreement_of_roofline_and_attribution_is_said_below_the_operators() -> None:
    text = " ".join(printed(PAIR).split())
    assert "disagree in ordinary: qkv is memory by intensity, yet waits for DMA." in text


def test_names_are_never_taken_for_markup() -> None:
    text = printed(result(run("[bold]x[/bold]", 300, 100), run("[/]", 330, 40), chip="[red]"))
    assert "on [red]: " in text
    assert "[/] decodes" in text
    assert "Mean decode pass of [bold]x[/bold]," in text


@pytest.mark.parametrize("width", [60, 80, 100])
def test_no_line_is_wider_than_the_console_and_no_name_is_cut(width: int) -> None:
    runs = [run("ordinary", 300, 100)]
    runs += [run(f"heads4_k{k}_wikipedia", 330, 40 + k) for k in range(1, 7)]
    text = printed(result(*runs), width)
    assert max(len(each) for each in text.splitlines()) <= width
    for each in runs:
        assert each.name in text
    assert "…" not in text


def test_the_operator_table_fits_80_columns_in_one_line_a_group() -> None:
    wide = op("attn_residual", 299 * MS + 123, "dependency", roofline_bound="compute")
    text = printed(result(run("ordinary", 300, 1, ops=(wide,))), 80)
    found = next(each for each in text.splitlines() if each.startswith("attn_residual"))
    assert " ".join(found.split()) == (
        "attn_residual 299 ms 99.7 % - 1 TB 1 T 1 compute dependency 100 %"
    )


def test_without_colours_only_plain_text_is_printed() -> None:
    assert "\x1b" not in printed(PAIR)


def test_no_color_is_honoured_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    text = printed(PAIR, force_terminal=True, color_system="standard")
    assert "\x1b[33m" not in text
    monkeypatch.delenv("NO_COLOR")
    assert "\x1b[33m" in printed(PAIR, force_terminal=True, color_system="standard")


@pytest.mark.parametrize(
    ("width", "gone"),
    # By cells: 13 of the group, 8 (time), 6, 8 (energy), 8 (DRAM), 7, 6, 8 (roofline) and 16 (bound
    # by) are 80; 8 gaps of 3 make 104, of 1 make 88. Without roofline 79, MACs/B 72, energy 63,
    # share 56.
    [
        (104, ()),
        (88, ()),
        (87, ("roofline",)),
        (79, ("roofline",)),
        (78, ("roofline", "MACs/B")),
        (72, ("roofline", "MACs/B")),
        (71, ("roofline", "MACs/B", "energy")),
        (63, ("roofline", "MACs/B", "energy")),
        (62, ("roofline", "MACs/B", "energy", "share")),
        (56, ("roofline", "MACs/B", "energy", "share")),
    ],
)
def test_columns_go_before_names_are_broken(width: int, gone: tuple[str, ...]) -> None:
    wide = op("attn_residual", 299_100_000_000, "dependency", **WIDE)
    text = printed(result(run("ordinary", 300, 1, ops=(wide,))), width)
    table = text.split("by operator group")[1]
    left = [heading for heading in OP_HEADINGS if heading not in gone]
    assert " ".join(table.split()).startswith(" ".join(left))
    assert cells(text, "attn_residual")[-1].endswith("dependency 100 %")


def test_the_columns_stand_apart_where_there_is_room() -> None:
    """Two blanks more in each gap from 104 characters on."""
    wide = op("attn_residual", 299_100_000_000, "dependency", **WIDE)
    shown = result(run("ordinary", 300, 1, ops=(wide,)))
    assert "attn_residual   299.1 ms   " in printed(shown, 104)
    assert "attn_residual 299.1 ms " in printed(shown, 103)


def test_the_setting_tells_the_area_with_its_interval() -> None:
    text = " ".join(printed(PAIR).split())
    assert "SRAM, array and DRAM pins take 30 mm2 (15 to 60)." in text
