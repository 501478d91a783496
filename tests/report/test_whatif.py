"""The sentence and the tables of what changes are worth."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO

from rich.console import Console

from accsim.report.whatif import changed, print_what_if, sentence
from accsim.result import CAUSES
from accsim.whatif import Change, Effect, RunEffects, WhatIf

CHANGES = (
    Change("channels", "memory channels", "", False, 2, 4, 2.0, None),
    Change("arrays", "arrays", "", False, 1, 2, 2.0, None),
    Change("sram", "SRAM capacity", "KiB", False, 512, 1024, 2.0, None),
    Change("clock", "core clock", "MHz", False, 1000, 2000, 2.0, None),
    Change("no_refresh", "no refresh", "", True, "all_bank", "off", None, None),
    Change("data_rate", "data rate", "", False, "DDR4-3200", None, None, "no [b]faster grade"),
)
BY_NAME = {change.knob: change for change in CHANGES}


def effect(knob: str, gain: float, prefill_gain: float, power: float | None) -> Effect:
    return Effect(
        knob, 0.08 / gain, gain, power, "dram", 0.875, 2 / prefill_gain, prefill_gain, power,
        "array", 0.5,
    )  # fmt: skip


CHANNELS = effect("channels", 1.96, 1.0, 0.97)
REFRESH = effect("no_refresh", 2.0, 1.04, None)
ARRAYS = effect("arrays", 1.001, 1.5, 0.5)
SRAM = effect("sram", 1.0, 0.9, -0.1)
SHARES: dict[str, float] = dict.fromkeys(CAUSES, 0.0)
RUN = RunEffects(
    "heads4", "multi_token", 1, 3.5,
    0.08, "dram", SHARES | {"dram": 0.9}, 2.0, "array", SHARES | {"array": 0.6},
    (REFRESH, CHANNELS, ARRAYS, SRAM),
)  # fmt: skip


def printed(run: RunEffects = RUN) -> str:
    console = Console(file=StringIO(), width=80)
    print_what_if(WhatIf("small", "text", "0", CHANGES, (run,)), console)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_the_sentence_tells_the_best_change_that_can_be_built_and_another() -> None:
    assert sentence(RUN, BY_NAME) == (
        "Decoding of heads4 is bound by DRAM (90 %): memory channels 2 -> 4 gives 1.96x, "
        "arrays 1 -> 2 gives 1.00x."
    )


def test_where_arrays_help_most_channels_are_the_other_change() -> None:
    run = replace(RUN, effects=(replace(ARRAYS, tpot_gain=1.99), CHANNELS))
    assert sentence(run, BY_NAME).endswith(
        ": arrays 1 -> 2 gives 1.99x, memory channels 2 -> 4 gives 1.96x."
    )


def test_where_nothing_helps_the_sentence_says_so() -> None:
    run = replace(RUN, effects=(REFRESH, ARRAYS, SRAM))
    assert sentence(run, BY_NAME) == (
        "Decoding of heads4 is bound by DRAM (90 %); no single change makes it faster."
    )


def test_where_nothing_is_possible_the_sentence_ends_with_the_bound() -> None:
    run = replace(RUN, effects=(REFRESH,))
    assert sentence(run, BY_NAME) == "Decoding of heads4 is bound by DRAM (90 %)."


def test_changes_are_told_in_units_that_keep_them_short() -> None:
    told = [changed(BY_NAME[knob]) for knob in ("sram", "clock", "no_refresh")]
    assert told == ["SRAM capacity 512 KiB -> 1 MiB", "core clock 1000 -> 2000 MHz", "no refresh"]


def test_each_side_lists_its_own_gains_first_and_what_hardly_matters_in_a_line() -> None:
    decoding, prefill = printed().split("heads4: TTFT 2 s, bound by array (60 %)")
    rows = [line.split("  ")[0] for line in decoding.splitlines()]
    assert rows.index("no refresh") < rows.index("memory channels")
    assert "Less than 0.5 %: arrays, SRAM capacity." in rows
    rows = [line.split("  ")[0] for line in prefill.splitlines()]
    assert rows.index("arrays") < rows.index("no refresh") < rows.index("SRAM capacity")
    assert "Less than 0.5 %: memory channels." in rows


def test_a_row_has_the_time_the_gain_the_elasticity_and_the_next_bound() -> None:
    row = next(line for line in printed().splitlines() if line.startswith("memory channels"))
    assert row.split() == (
        ["memory", "channels", "2", "->", "4", "40.82", "ms", "1.96x", "0.97", "DRAM", "(88", "%)"]
    )
    ideal = next(line for line in printed().splitlines() if line.startswith("no refresh"))
    assert ideal.split() == ["no", "refresh", "40", "ms", "2.00x", "-", "DRAM", "(88", "%)"]


def test_what_is_not_possible_is_told_once_as_plain_text() -> None:
    assert printed().count("Not possible: data rate: no [b]faster grade.") == 1


def test_without_effects_there_is_no_table() -> None:
    text = printed(replace(RUN, effects=()))
    assert "elasticity" not in text
    assert "Less than" not in text
