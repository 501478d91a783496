"""The report on a training step, from a result made by hand."""

from __future__ import annotations

import json
from dataclasses import replace

from rich.console import Console

from accsim.report.json_text import training_json
from accsim.report.training import change, headline, print_training, sections
from accsim.result import CAUSES
from accsim.training_result import (
    TrainingMemory,
    TrainingOpStats,
    TrainingResult,
    TrainingRunResult,
)

SHARES: dict[str, float] = dict.fromkeys(CAUSES, 0.0)

BASE = TrainingRunResult(
    name="one",
    trunk_layers=3,
    heads=1,
    heads_live="one_at_a_time",
    attention="flash",
    parameters=1000,
    macs=2 * 10**12,
    macs_full_attention=4 * 10**12,
    remade_macs=10**9,
    memory=TrainingMemory(10**9, 10**8, "heads.1.cross_entropy", 2000, 2000),
    dram_read_bytes=6 * 10**9,
    dram_write_bytes=2 * 10**9,
    step_s=0.5,
    step_ps=5 * 10**11,
    step_cycles=5 * 10**8,
    tokens_per_s=64.0,
    memory_floor_s=0.2,
    compute_floor_s=0.4,
    bound="array",
    bound_share=SHARES | {"array": 0.75, "dram": 0.25},
    layers=4,
    layers_simulated=4,
    ops=(TrainingOpStats("qkv_dw", "matmul", 4, 5 * 10**11, 6 * 10**9, 2 * 10**9, 2 * 10**12),),
)
MORE = replace(
    BASE,
    name="four",
    heads=4,
    macs=21 * 10**11,
    macs_full_attention=43 * 10**11,
    memory=replace(BASE.memory, activation_bytes=9 * 10**8),
    step_s=0.6,
    step_ps=6 * 10**11,
)
RESULT = TrainingResult(
    chip="chip",
    workload="work",
    accsim_version="0",
    batch=2,
    sequence_tokens=16,
    precision="bf16",
    clock_hz=1e9,
    peak_dram_bytes_per_s=4e10,
    peak_macs_per_s=5e12,
    sram_bytes=2**20,
    baseline="one",
    runs=(BASE, MORE),
)


def shown(result: TrainingResult, label: str) -> list[tuple[str, ...]]:
    return [row.values for part in sections(result) for row in part.rows if row.label == label]


def test_the_headline_says_what_each_run_adds() -> None:
    assert headline(RESULT) == (
        "A training step of one takes 500 ms on chip, bound by array. Against it: four compute "
        "+5.0 %, activation memory -10.0 %, time +20.0 %."
    )


def test_of_a_single_run_the_headline_says_what_it_takes() -> None:
    single = replace(RESULT, runs=(BASE,))
    assert headline(single) == "A training step of one takes 500 ms on chip, bound by array."


def test_a_change_has_a_sign() -> None:
    assert [change(ratio) for ratio in (1.0, 1.057, 0.91)] == ["+0.0 %", "+5.7 %", "-9.0 %"]


def test_both_countings_of_attention_stand_against_the_baseline() -> None:
    assert shown(RESULT, "MACs, causal") == [("baseline", "+5.0 %"), ("2 T", "2.1 T")]
    assert shown(RESULT, "MACs, all pairs") == [("baseline", "+7.5 %")]


def test_time_stands_beside_its_floors() -> None:
    assert shown(RESULT, "floor, DRAM bytes") == [("200 ms", "200 ms")]
    assert shown(RESULT, "floor, MACs") == [("400 ms", "400 ms")]
    assert shown(RESULT, "time over floor") == [("1.250x", "1.500x")]


def test_causes_without_time_have_no_row() -> None:
    (causes,) = (part for part in sections(RESULT) if part.title == "Critical path by cause")
    assert [row.label for row in causes.rows] == ["DRAM", "array"]


def test_the_report_says_that_the_optimiser_is_left_out() -> None:
    console = Console(width=300)
    with console.capture() as captured:
        print_training(RESULT, console)
    text = captured.get()
    assert "forward and backward, without the optimiser and its states" in text
    assert "2 x 16 tokens" in text


def test_runs_that_do_not_fit_side_by_side_get_a_table_of_their_own() -> None:
    console = Console(width=45)
    with console.capture() as captured:
        print_training(RESULT, console)
    assert captured.get().count("Memory at its peak") == 2


def test_names_are_no_markup() -> None:
    odd = replace(RESULT, workload="[red]")
    console = Console(width=300)
    with console.capture() as captured:
        print_training(odd, console)
    assert "Workload [red]," in captured.get()


def test_the_json_text_is_one_object() -> None:
    document = json.loads(training_json(RESULT))
    assert document["schema"] == "accsim.training/1"
    assert document["against_baseline"]["four"]["macs"] == 1.05
    assert document["runs"][1]["memory"]["activation_bytes"] == 9 * 10**8
