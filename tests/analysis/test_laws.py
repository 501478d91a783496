"""The laws of a result: a sound one keeps them all, and each spoiled figure is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from accsim.analysis.laws import LAWS, Fault, faults
from accsim.config.result_file import result_of

from .sound import MS, sound_result

Json = dict[str, Any]


def broken_by(path: str, value: object) -> tuple[Fault, ...]:
    """What is wrong once the value at a dotted path, as ``runs.1.floor_s``, is another."""
    document: Json = json.loads(json.dumps(sound_result().to_json()))
    *outer, last = path.split(".")
    place: Any = document
    for part in outer:
        place = place[int(part)] if isinstance(place, list) else place[part]
    assert last in place
    place[last] = value
    return faults(result_of("r.json", document))


def test_a_sound_result_keeps_every_law() -> None:
    assert faults(sound_result()) == ()


SPOILED = [
    (
        "runs.1.dram.row_misses",
        -1,
        "no figure is negative",
        "runs[1].dram.row_misses",
        "is negative: -1",
    ),
    (
        "runs.0.ops.1.causes_ps.dma",
        7,
        "the causes of a group add up to its time",
        "runs[0].ops[1].causes_ps",
        f"adds up to {MS + 7} ps, not to {MS}",
    ),
    (
        "runs.0.decode_macs",
        9_999_999,
        "the groups add up to the run",
        "runs[0].ops[].macs",
        "adds up to 10000000 MACs, not to 9999999",
    ),
    (
        "runs.0.ops.0.dram_read_bytes",
        800_000_001,
        "the groups add up to the run",
        "runs[0].ops[].dram_read_bytes",
        "adds up to 800000001 bytes, not to 800000000",
    ),
    (
        "runs.1.parts_ps.layers",
        1,
        "the parts of the model add up to the run",
        "runs[1].parts_ps",
        f"adds up to 1 ps, not to {5 * MS}",
    ),
    (
        "runs.1.units.1.idle_ps",
        0,
        "a unit is busy, stalled or idle all the time",
        "runs[1].units[1]",
        f"adds up to {MS // 2} ps, not to {5 * MS}",
    ),
    (
        "runs.1.dram.turnaround_ps",
        1,
        "the DRAM is in one state all the time",
        "runs[1].dram",
        f"adds up to {5 * MS + 1} ps, not to {5 * MS}",
    ),
    (
        "runs.0.utilization.vector",
        1.5,
        "no unit is used more than fully",
        "runs[0].utilization.vector",
        "is 1.5, more than 1",
    ),
    (
        "runs.0.utilization.dram",
        0.8,
        "no unit is used more than fully",
        "runs[0].utilization.dram",
        "is 0.8, but bytes moved over what the pins could move makes 0.9",
    ),
    (
        "runs.0.floor_s",
        0.011,
        "nothing beats its floor",
        "runs[0].floor_s",
        "is 0.011 s, but it took only 0.01 s",
    ),
    (
        "runs.0.prefill_floor_s",
        0.0005,
        "nothing beats its floor",
        "runs[0].prefill_floor_s",
        "is 0.0005 s, but the pins take 0.001 s for the bytes moved",
    ),
    (
        "runs.0.prefill_bound_share.dram",
        0.5,
        "shares of causes add up to one",
        "runs[0].prefill_bound_share",
        "adds up to 1.5, not to 1",
    ),
    (
        "runs.0.bound_share.array",
        0.2,
        "shares of causes add up to one",
        "runs[0].bound_share.array",
        "is 0.2, but its time in all groups over decode_ps makes 0.1",
    ),
    (
        "runs.0.bound",
        "dma",
        "the bound has the largest share",
        "runs[0].bound",
        "is dma, but dram has more",
    ),
    (
        "runs.0.ops.1.bound",
        "sram",
        "the bound has the largest share",
        "runs[0].ops[1].bound",
        "is sram, but array has more",
    ),
    (
        "runs.1.passes",
        4,
        "tokens and passes agree",
        "runs[1].mean_tokens_per_pass",
        "is 2, but (output_tokens - 1) / passes makes 2.5",
    ),
    (
        "runs.1.max_tokens_per_pass",
        1,
        "tokens and passes agree",
        "runs[1].expected_tokens_per_pass",
        "is 2, more than max_tokens_per_pass, 1",
    ),
    (
        "runs.0.asked_tokens",
        10,
        "tokens and passes agree",
        "runs[0].asked_tokens",
        "is 10, less than output_tokens, 11",
    ),
    (
        "runs.0.ttft_s",
        0.003,
        "times and rates agree",
        "runs[0].ttft_s",
        "is 0.003, but prefill_ps makes 0.002",
    ),
    (
        "runs.0.decode_dram_bytes_per_token",
        1.0,
        "times and rates agree",
        "runs[0].decode_dram_bytes_per_token",
        "is 1, but bytes over the tokens makes 90000000",
    ),
    (
        "runs.0.decode_cycles",
        10_000_001,
        "cycles are those of the clock",
        "runs[0].decode_cycles",
        f"is 10000001, but the clock makes 10000000 in {10 * MS} ps",
    ),
    (
        "runs.0.ops.0.intensity_macs_per_byte",
        None,
        "intensity is MACs over bytes",
        "runs[0].ops[0].intensity_macs_per_byte",
        "is None, with 800000000 bytes moved",
    ),
    (
        "runs.0.ops.0.intensity_macs_per_byte",
        2,
        "intensity is MACs over bytes",
        "runs[0].ops[0].intensity_macs_per_byte",
        "is 2, but macs over bytes moved makes 0.0125",
    ),
    (
        "runs.0.sampling.simulated",
        11,
        "no more was simulated than there is",
        "runs[0].sampling.simulated",
        "is 11, more than the 10 there are",
    ),
    (
        "runs.0.draft_passes",
        3,
        "no more was simulated than there is",
        "runs[0].sampling.passes",
        "is 10, but there are 10 passes and 3 draft_passes",
    ),
    (
        "runs.0.generations.tpot_s.low",
        0.5,
        "intervals hold their figures",
        "runs[0].generations.tpot_s",
        "0.001 is not between 0.5 and 0.0011",
    ),
    (
        "runs.0.generations.itl_p50_s",
        0.25,
        "percentiles are in order",
        "runs[0].generations.itl_p50_s",
        "is 0.25, more than P99, 0.001",
    ),
    (
        "runs.0.ops.0.causes_detail_ps.dram.refresh",
        7,
        "the parts of a cause add up to it",
        "runs[0].ops[0].causes_detail_ps.dram",
        "adds up to 9000000007 ps, not to 9000000000",
    ),
    (
        "runs.0.prefill_causes_ps.dram",
        7,
        "the causes add up to the run",
        "runs[0].prefill_causes_ps",
        "adds up to 2000000007 ps, not to 2000000000",
    ),
    (
        "runs.1.parts.0.causes_ps.dma",
        7,
        "the causes of a group add up to its time",
        "runs[1].parts[0].causes_ps",
        f"adds up to {5 * MS + 7} ps, not to {5 * MS}",
    ),
    (
        "runs.1.parts.0.causes_detail_ps.array.compute",
        7,
        "the parts of a cause add up to it",
        "runs[1].parts[0].causes_detail_ps.array",
        f"adds up to 7 ps, not to {MS // 2}",
    ),
    (
        "runs.1.parts.0.time_ps",
        7,
        "the parts of the model add up to the run",
        "runs[1].parts[0].time_ps",
        f"is 7, but parts_ps has {5 * MS}",
    ),
    (
        "runs.0.energy.decode.1.low_pj",
        4 * 10**12,
        "intervals hold their figures",
        "runs[0].energy.decode[1]",
        "3e+12 is not between 4e+12 and 3e+12",
    ),
    (
        "area_mm2.total.high",
        2.0,
        "intervals hold their figures",
        "area_mm2.total",
        "6 is not between 6 and 2",
    ),
    (
        "runs.0.ops.0.energy_pj.array",
        3 * 10**12 + 1,
        "the operators add up to the energy",
        "runs[0].ops[].energy_pj.array",
        "adds up to 3000000000001 pJ, not to 3000000000000",
    ),
    (
        "runs.0.parts.0.energy_pj.dram_io",
        0,
        "the operators add up to the energy",
        "runs[0].parts[].energy_pj.dram_io",
        "adds up to 0 pJ, not to 7000000000000",
    ),
    (
        "runs.0.energy.j_per_token.value",
        3.0,
        "energy per token, pass and row follows from it",
        "runs[0].energy.j_per_token.value",
        "is 3, but pj over the tokens makes 1",
    ),
    (
        "runs.1.energy.j_per_pass.low",
        0.5,
        "energy per token, pass and row follows from it",
        "runs[1].energy.j_per_pass.low",
        "is 0.5, but low_pj over the passes makes 1",
    ),
    (
        "runs.1.energy.mean_power_w.high",
        2000.0,
        "energy per token, pass and row follows from it",
        "runs[1].energy.mean_power_w.high",
        "is 2000, but high_pj over decode_ps makes 1000",
    ),
    (
        "runs.0.energy.j_per_row.value",
        1.0,
        "energy per token, pass and row follows from it",
        "runs[0].energy.j_per_row.value",
        "is 1, but pj over the rows makes 0.5",
    ),
    (
        # Half of the rows are rejected, and so half of 3 J of MACs.
        "runs.0.energy.rejected_j.value",
        3.0,
        "energy per token, pass and row follows from it",
        "runs[0].energy.rejected_j.value",
        "is 3, but pj of rejected rows makes 1.5",
    ),
    (
        "runs.0.energy.rejected_rows",
        9,
        "energy per token, pass and row follows from it",
        "runs[0].energy.rows",
        "adds up to 19 tokens and rejected rows, not to 20",
    ),
    (
        "runs.0.energy.dram_share",
        0.5,
        "energy per token, pass and row follows from it",
        "runs[0].energy.dram_share",
        "is 0.5, but pj of the DRAM over all makes 0.7",
    ),
    (
        "runs.1.energy.decode_j.high",
        6.0,
        "the consumers add up to the energy",
        "runs[1].energy.decode_j.high",
        "is 6, but the sum of high_pj over the consumers makes 5",
    ),
    (
        "speedup.two",
        3.0,
        "speed-ups follow from the runs",
        "speedup.two",
        "is 3, but tpot_s of the baseline over that of the run makes 2",
    ),
    (
        "speedup_expected.two",
        None,
        "speed-ups follow from the runs",
        "speedup_expected.two",
        "is None, but the runs make 2.0",
    ),
    (
        "speedup_expected.two",
        1.5,
        "speed-ups follow from the runs",
        "speedup_expected.two",
        "is 1.5, but expected_tokens_per_pass over mean_pass_s, against the baseline, makes 2",
    ),
]


@pytest.mark.parametrize(("path", "value", "law", "key", "message"), SPOILED)
def test_a_spoiled_figure_breaks_its_law(
    path: str, value: object, law: str, key: str, message: str
) -> None:
    assert Fault(law, key, message) in broken_by(path, value)


def test_every_law_is_seen_to_break() -> None:
    assert {law for _, _, law, _, _ in SPOILED} == {law.sentence for law in LAWS}


def test_a_picosecond_too_few_is_told_wherever_it_is_missed() -> None:
    # It is missed in the causes, groups, parts, both units and the DRAM; rates are within 1e-9.
    found = broken_by("runs.0.decode_ps", 10 * MS + 1)
    assert [one.key for one in found] == [
        "runs[0].causes_ps",
        "runs[0].ops[].time_ps",
        "runs[0].parts_ps",
        "runs[0].units[0]",
        "runs[0].units[1]",
        "runs[0].dram",
    ]


def test_every_law_stands_in_the_docs() -> None:
    text = (Path(__file__).parents[2] / "docs" / "diff-and-check.md").read_text()
    assert [law.sentence for law in LAWS if f"| {law.sentence} | " not in text] == []


def test_a_result_of_an_earlier_accsim_without_shares_of_energy_keeps_the_laws() -> None:
    document: Json = json.loads(json.dumps(sound_result().to_json()))
    for run in document["runs"]:
        del run["parts"]
        for key in ("rows", "rejected_rows", "j_per_row", "rejected_j"):
            del run["energy"][key]
        for op in run["ops"]:
            del op["energy_pj"]
    assert faults(result_of("r.json", document)) == ()
