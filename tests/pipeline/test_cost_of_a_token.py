"""The laws behind docs/cost-of-a-token.md, and that the page is that of its figures."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cost_of_a_token.laws import check
from cost_of_a_token.page import page, ratios
from cost_of_a_token.passes import (
    CONTEXT,
    folds_ps,
    inputs,
    pass_cost,
    roofline_rows,
    rows_trace,
    short_cost,
)
from cost_of_a_token.prefill import array_parts, excess_bytes
from cost_of_a_token.studies import CHIPS, curve, least_rows

from accsim.chip import AttentionOptions, Chip, SystolicArray
from accsim.pipeline import simulate_pass
from accsim.units import KIB
from accsim.workload import Workload

from .models import SMALL, ordinary, traced

DOCS = Path(__file__).parents[2] / "docs"
FOUND: dict[str, Any] = json.loads((DOCS / "cost-of-a-token.json").read_text(encoding="utf-8"))

# Llama-2-7B cut to two layers, fp16: weights of the layers and the LM head, five norms, and per row
# an embedding row read and two entries of keys and values written; the cache is read once.
WEIGHT_BYTES = 2 * (2 * 202_375_168 + 131_072_000)
CACHE_BYTES = 2 * CONTEXT * 16_384
ROW_BYTES = 8192 + 2 * 16_384
ONE_ROW_BYTES = WEIGHT_BYTES + 5 * 8192 + CACHE_BYTES + ROW_BYTES


@pytest.fixture(scope="module")
def chip() -> Chip:
    return inputs("ddr_npu", "llama2_mtp")[0]


@pytest.fixture(scope="module")
def two_layers() -> Workload:
    workload = inputs("ddr_npu", "llama2_mtp")[1]
    return replace(workload, model=replace(workload.model, layers=2))


def test_eight_rows_cost_what_one_costs_while_dram_is_waited_for(
    chip: Chip, two_layers: Workload
) -> None:
    one, eight = (pass_cost(chip, rows_trace(two_layers, rows)) for rows in (1, 8))
    assert one.dram_bytes == ONE_ROW_BYTES
    assert eight.dram_bytes == ONE_ROW_BYTES + 7 * ROW_BYTES
    # 1.139 GB at 51.2 GB/s: 22.24 ms. Refresh takes 5 % on top.
    assert ONE_ROW_BYTES * 10**12 / 51.2e9 < one.ps < 1.07 * ONE_ROW_BYTES * 10**12 / 51.2e9
    assert eight.ps < 1.03 * one.ps


@pytest.mark.parametrize("rows", [1, 3])
def test_rows_that_do_not_share_the_cache_read_it_once_each(
    chip: Chip, two_layers: Workload, rows: int
) -> None:
    small = replace(chip, sram=replace(chip.sram, capacity_bytes=1024 * KIB))
    apart = replace(small, attention=AttentionOptions(kv_shared_by_rows=False))
    trace = rows_trace(two_layers, rows)
    shared, each = pass_cost(small, trace), pass_cost(apart, trace)
    assert shared.cached_bytes == CACHE_BYTES
    assert each.cached_bytes == rows * CACHE_BYTES
    assert each.dram_bytes - shared.dram_bytes == (rows - 1) * CACHE_BYTES
    assert (each.ps > shared.ps) == (rows > 1)


def test_the_roofline_bends_where_macs_take_as_long_as_bytes(
    chip: Chip, two_layers: Workload
) -> None:
    # 535.8 M weights and 2 x 2049 keys x 8192 are 569.4 M MACs; at 4.096 T/s, 0.1390 ms a row of
    # 22.24 ms.
    macs = 2 * 202_375_168 + 131_072_000 + 2 * (CONTEXT + 1) * 8192
    expected = (ONE_ROW_BYTES / 51.2e9) / (macs / 4.096e12)
    assert roofline_rows(chip, two_layers) == pytest.approx(expected)
    assert expected == pytest.approx(160, rel=0.001)


def test_folds_of_outputs_cost_the_same_for_one_row_and_for_all_that_fit(
    chip: Chip, two_layers: Workload
) -> None:
    # A fold on 64 x 64 takes its reduction and 126 cycles more. In a layer 64 folds each of four
    # products of 4096 inputs, 2 x 172 of gate and up, 64 of 11008 inputs; 500 of the LM head; per
    # head 33 folds over 128 for 2049 keys, and 2 over the keys.
    assert isinstance(chip.array, SystolicArray)
    chip = replace(chip, array=replace(chip.array, double_buffered=False))
    layer = (4 * 64 + 2 * 172) * 4222 + 64 * 11134 + 32 * (33 * 254 + 2 * (2049 + 126))
    assert folds_ps(chip, two_layers, 1) == 1000 * (2 * layer + 500 * 4222)
    # 64 rows meet 63 keys more, which fit the last fold of the scores.
    longer = 2 * 32 * 2 * 63
    assert folds_ps(chip, two_layers, 64) == 1000 * (2 * layer + 500 * 4222 + longer)


def test_extrapolated_layers_take_what_simulated_ones_take(
    chip: Chip, two_layers: Workload
) -> None:
    longer = replace(two_layers, model=replace(two_layers.model, layers=8))
    full, short = pass_cost(chip, rows_trace(longer, 4)), short_cost(chip, longer, 4)
    assert short.ps == pytest.approx(full.ps, rel=0.001)
    assert (short.dram_bytes, short.cached_bytes) == (full.dram_bytes, full.cached_bytes)


@pytest.mark.parametrize(
    ("least", "tries"),
    [(1, [1]), (2, [1, 2]), (7, [1, 2, 4, 8, 6, 7]), (8, [1, 2, 4, 8, 6, 7])],
)
def test_the_least_rows_are_found_by_doubling_and_halving(least: int, tries: list[int]) -> None:
    tried: list[int] = []

    def holds(rows: int) -> bool:
        tried.append(rows)
        return rows >= least

    assert least_rows(holds, 64) == least
    assert tried == tries


def test_no_rows_are_found_where_the_limit_is_not_enough() -> None:
    assert least_rows(lambda rows: rows >= 64, 64) == 64
    assert least_rows(lambda rows: rows > 64, 64) is None


def test_the_time_of_the_array_adds_up_to_that_of_a_prefill(chip: Chip) -> None:
    done = simulate_pass(chip, traced(SMALL, ordinary(), prompt=80, output=2), "ordinary", 0)
    parts = array_parts(chip, done)
    assert sum(ps for group in parts.values() for ps in group.values()) == done.timeline.elapsed_ps
    # 80 rows x 256 x 1024 in each of three layers, 4096 MACs per ns.
    assert parts["gate_up"]["useful"] == 3 * 80 * 256 * 1024 * 1000 // 4096


def test_what_fits_the_sram_moves_no_more_than_the_least(chip: Chip) -> None:
    trace = traced(SMALL, ordinary(), prompt=80, output=2)
    done = simulate_pass(chip, trace, "ordinary", 0)
    excess = excess_bytes(done, trace, trace.runs[0])
    assert not any(size for ways in excess.values() for size in ways.values())


def test_the_page_says_what_the_figures_beside_it_say() -> None:
    assert page(FOUND) == (DOCS / "cost-of-a-token.md").read_text(encoding="utf-8")


def test_a_chip_without_room_for_the_model_is_named_in_place_of_a_curve(tmp_path: Path) -> None:
    shipped = (DOCS.parent / "chips" / "ddr_npu.yaml").read_text(encoding="utf-8")
    small = tmp_path / "small.yaml"
    small.write_text(shipped.replace("channels: 2 ", "channels: 1 "), encoding="utf-8")
    refused = curve("fp16", str(small))
    assert list(refused) == ["refused"]
    assert "does not fit the 8 GiB of DRAM" in refused["refused"]
    found = copy.deepcopy(FOUND)
    found["curves"]["fp16"]["hbm_npu"] = refused
    text = " ".join(page(found).split())
    assert "Not simulated, for want of room: `hbm_npu` (fp16): " in text
    assert list(ratios(found)["fp16 weights"]) == [chip for chip in CHIPS if chip != "hbm_npu"]


def test_the_figures_obey_the_laws() -> None:
    check(FOUND)


def _slow_eight(found: dict[str, Any]) -> None:
    times = found["curves"]["fp16"]["ddr_npu"]["ps"]
    times[7] = times[0] * 104 // 100


def _no_step(found: dict[str, Any]) -> None:
    times = found["curves"]["int4"]["cpu_tiled"]["ps"]
    times[3] = times[4]


def _no_chip(found: dict[str, Any]) -> None:
    del found["curves"]["int8"]["hbm_npu"]


def _shared_again(found: dict[str, Any]) -> None:
    found["sharing"][1]["shared"]["cached_bytes"] += 2


def _apart_once(found: dict[str, Any]) -> None:
    found["sharing"][1]["each"]["cached_bytes"] //= 2


def _apart_free(found: dict[str, Any]) -> None:
    found["sharing"][1]["each"]["ps"] = found["sharing"][0]["each"]["ps"]


def _lost_ps(found: dict[str, Any]) -> None:
    found["prefill"][0]["array_ps"]["qkv"]["load"] -= 1


def _lost_cause(found: dict[str, Any]) -> None:
    found["prefill"][0]["causes_ps"]["dram"] -= 1


def _lost_bytes(found: dict[str, Any]) -> None:
    found["prefill"][1]["excess_bytes"]["weights"]["read"] -= 1


def _memory_bound(found: dict[str, Any]) -> None:
    found["prefill"][1]["compute_floor_ps"] = 1


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_slow_eight, r"ddr_npu, fp16: T\(8\) / T\(1\) is 1\.0"),
        (_no_step, "cpu_tiled, int4: no step at four rows"),
        (_no_chip, "int8: not the shipped chips"),
        (_shared_again, "2 rows that share do not read the cache once"),
        (_apart_once, "2 rows apart do not read the cache 2 times"),
        (_apart_free, "rows that read the cache apart cost nothing"),
        (_lost_ps, r"the array's \d+ ps are not the \d+ of the prefill"),
        (_lost_cause, "the causes of a prefill do not add up"),
        (_lost_bytes, "the regions of the DRAM do not account for the bytes of a prefill"),
        (_memory_bound, "explains a prefill from its compute floor, which is not the higher one"),
    ],
)
def test_figures_that_break_a_law_are_refused(
    spoil: Callable[[dict[str, Any]], None], message: str
) -> None:
    found = copy.deepcopy(FOUND)
    spoil(found)
    with pytest.raises(ValueError, match=message):
        check(found)
