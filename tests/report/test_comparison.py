"""The printed comparison: what changed in words, then in tables that fit the console."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from accsim.analysis.comparison import Compared, compare
from accsim.comparison import Comparison
from accsim.report.comparison import print_comparison, sentence, signed
from accsim.result import PartStats, RunResult
from accsim.units import show_time

from .results import MS, op, result, run


def compared(*runs: RunResult, workload: str = "") -> Comparison:
    whole = result(*runs)
    return compare([Compared(f"{workload}{one.name}", whole, one) for one in runs])


def told(*runs: RunResult) -> str:
    comparison = compared(*runs)
    return sentence(comparison, comparison.columns[1])


def printed(comparison: Comparison, width: int = 100, **options: Any) -> str:
    console = Console(file=io.StringIO(), width=width, highlight=False, **options)
    print_comparison(comparison, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def cells(text: str, label: str) -> list[str]:
    """The cells of the first line that starts with a label."""
    found = next(each for each in text.splitlines() if each.startswith(label + " "))
    return [cell.strip() for cell in found.removeprefix(label).split("  ") if cell.strip()]


def heads(name: str, pass_ms: int, passes: int, heads_ms: int, **changes: Any) -> RunResult:
    """A run with head layers; its LM head takes 5 ms, the trunk the rest."""
    parts = {
        "layers": (pass_ms - heads_ms - 5) * passes * MS,
        "heads": heads_ms * passes * MS,
        "lm_head": 5 * passes * MS,
    }
    return run(name, pass_ms, passes, parts_ps=parts, **changes)


K1 = heads("k1", 280, 100, 10)
K4 = heads("k4", 308, 40, 38)


def test_the_sentence_names_the_head_layers_that_make_a_pass_longer() -> None:
    # 40 passes of 308 ms for 100 tokens are 123.2 ms each; 280 / 123.2 = 2.27.
    assert told(K1, K4) == (
        "k4 takes 10.0 % longer per pass than k1 (308 ms instead of 280 ms): head layers +28 ms; "
        "by cause, DRAM +22.4 ms, DMA +5.6 ms. A pass brings 2.5 tokens instead of 1 token, and a "
        "token takes 123.2 ms instead of 280 ms: 2.27x as fast. It takes 800 mJ instead of 2 J: "
        "gate_up -960 mJ, qkv -240 mJ; by what takes it, DRAM bits -1.2 J."
    )


def test_energy_is_told_by_part_of_the_model_where_there_are_heads_and_parts_are_known() -> None:
    # 2 J for each of 100 and of 40 passes, for 100 tokens; of the heads 0.1 and 0.3 J.
    def known(one: RunResult, heads_j: float) -> RunResult:
        shares = {"layers": 2 - heads_j, "heads": heads_j}
        return replace(
            one,
            parts=tuple(
                PartStats(name, 0, {}, {}, {"dram_io": round(joules * one.passes * 1e12)})
                for name, joules in shares.items()
            ),
        )

    # Per token: trunk 1.9 J and 0.4 x 1.7 = 0.68 J, heads 0.1 J and 0.4 x 0.3 = 0.12 J.
    text = told(known(K1, 0.1), known(K4, 0.3))
    assert "It takes 800 mJ instead of 2 J: trunk layers -1.22 J; by what" in text


def test_where_a_result_does_not_say_whose_energy_it_was_nothing_is_told_of_it() -> None:
    silent = replace(K4, ops=tuple(replace(each, energy_pj={}) for each in K4.ops))
    both = compared(K1, silent)
    assert both.token_energy_pj.parts == ()
    assert "It takes" not in sentence(both, both.columns[1])
    assert "Energy of a token" not in printed(both)


def test_without_heads_the_sentence_names_operator_groups() -> None:
    assert told(run("a", 300, 100), run("b", 270, 100)) == (
        "b takes 10.0 % less time per pass than a (270 ms instead of 300 ms): gate_up -24 ms, "
        "qkv -6 ms; by cause, DRAM -24 ms, DMA -6 ms. A pass brings 1 token in both, and a token "
        "takes 270 ms instead of 300 ms: 1.11x as fast."
    )


def test_changes_that_cancel_are_told_though_the_pass_takes_as_long() -> None:
    text = told(
        run("ordinary", 280, 100, parts_ps={"layers": 27_500 * MS, "lm_head": 500 * MS}), K1
    )
    assert text.startswith(
        "k1 takes as long per pass as ordinary (280 ms instead of 280 ms): trunk layers -10 ms, "
        "head layers +10 ms. "
    )


def test_a_pass_that_does_not_differ_has_no_reasons() -> None:
    assert told(run("a", 300, 100), run("b", 300, 100)).startswith(
        "b takes as long per pass as a (300 ms instead of 300 ms). A pass brings "
    )


def test_a_much_longer_pass_is_told_as_a_ratio() -> None:
    assert told(run("a", 100, 100), run("b", 150, 40)).startswith(
        "b takes 1.50x as long per pass as a (150 ms instead of 100 ms): "
    )


def test_small_parts_of_the_change_are_not_told() -> None:
    # 1 of 29 ms of changes is less than 5 %.
    ops = (op("qkv", 100 * MS), op("down", 100 * MS))
    more = (op("qkv", 128 * MS), op("down", 101 * MS))
    text = told(run("a", 200, 1, ops=ops), run("b", 229, 1, ops=more))
    assert "qkv +28 ms; by cause, DRAM +29 ms." in text


@pytest.mark.parametrize(("change", "text"), [(0, "-"), (28 * MS, "+28 ms"), (-3, "-3 ps")])
def test_a_change_has_a_sign(change: int, text: str) -> None:
    assert signed(change, show_time) == text


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("speed-up, drawn", ["1.000x", "2.273x"]),
        ("speed-up, expected", ["1.000x", "2.273x"]),
        ("tokens/s", ["3.571", "8.117"]),
        ("TPOT", ["280 ms", "123.2 ms"]),
        ("TTFT", ["2.5 s", "2.5 s"]),
        ("tokens/pass, drawn", ["1.000", "2.500"]),
        ("tokens/pass, expected", ["1.000", "2.500"]),
        ("time/pass", ["280 ms", "308 ms"]),
        ("DRAM bytes/token", ["13 GB", "5.2 GB"]),
        # 2 J a pass, 100 and 40 passes for 100 tokens
        ("energy/token", ["2 J", "800 mJ"]),
        ("DRAM pins busy", ["90.0 %", "90.0 %"]),
        ("array busy", ["5.0 %", "5.0 %"]),
        ("vector unit busy", ["1.0 %", "1.0 %"]),
        ("bound by", ["DRAM", "DRAM"]),
        ("its share", ["80.0 %", "80.0 %"]),
        ("passes simulated", ["9 of 100", "9 of 40"]),
        # 22.4 and 5.6 of 28 ms
        ("gate_up", ["224 ms", "246.4 ms", "+22.4 ms", "80.0 %"]),
        ("qkv", ["56 ms", "61.6 ms", "+5.6 ms", "20.0 %"]),
        ("total", ["280 ms", "308 ms", "+28 ms", "100.0 %"]),
        ("DRAM bits", ["2 J", "800 mJ", "-1.2 J", "100.0 %"]),
        ("head layers", ["10 ms", "38 ms", "+28 ms", "100.0 %"]),
        ("trunk layers", ["265 ms", "265 ms", "-", "-"]),
        ("DMA", ["56 ms", "61.6 ms", "+5.6 ms", "20.0 %"]),
    ],
)
def test_the_tables_compare_the_runs(label: str, expected: list[str]) -> None:
    known = heads("k1", 280, 100, 10, expected_tokens_per_pass=1.0)
    other = heads("k4", 308, 40, 38, expected_tokens_per_pass=2.5)
    assert cells(printed(compared(known, other)), label) == expected


def test_parts_that_do_not_matter_share_a_line() -> None:
    ops = (op("qkv", 100_000 * MS), op("a", MS), op("b", 2 * MS))
    text = printed(compared(run("x", 1, 1, ops=ops), run("y", 1, 1, ops=(ops[0], ops[2]))))
    assert cells(text, "2 more") == ["3 ms", "2 ms", "-1 ms", "-"]
    assert cells(text, "total") == ["100 s", "100 s", "-1 ms", "-"]


def test_the_time_of_a_token_is_shown_where_the_tokens_per_pass_differ() -> None:
    assert "Time of a token, by operator group" in printed(compared(K1, K4))
    assert "Time of a token" not in printed(compared(K1, heads("k2", 308, 100, 38)))


def test_unknown_expectations_are_a_dash() -> None:
    assert cells(printed(compared(K1, K4)), "tokens/pass, expected") == ["-", "-"]


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_no_line_is_wider_than_the_console_and_no_name_is_cut(width: int) -> None:
    runs = [heads(f"heads4_k{k}_wiki", 280 + k, 100 - k, 10 * k) for k in range(1, 6)]
    text = printed(compared(*runs, workload="llama2_7b/"), width)
    assert max(len(each) for each in text.splitlines()) <= width
    for each in runs[1:]:
        assert each.name in text
    assert "…" not in text


def test_every_block_repeats_the_reference() -> None:
    runs = [heads(f"heads{k}", 280 + k, 100 - k, 10 * k) for k in range(1, 6)]
    text = printed(compared(*runs), 80)
    headings = [each for each in text.splitlines() if "change" in each and "share" in each]
    assert all(each.split()[0] == "heads1" for each in headings)
    # Two runs beside the reference fit 80 columns.
    assert headings[0].split()[1:] == ["heads2", "change", "share", "heads3", "change", "share"]


def test_names_are_never_taken_for_markup() -> None:
    text = printed(compared(run("[bold]x[/bold]", 300, 100), run("[/]", 330, 40)))
    assert "[/] takes 10.0 % longer per pass than [bold]x[/bold]" in " ".join(text.split())


def test_without_colours_only_plain_text_is_printed() -> None:
    assert "\x1b" not in printed(compared(K1, K4))
