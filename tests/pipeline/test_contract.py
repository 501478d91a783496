"""The keys of ``accsim.result/1``: only additions later, and each with its type and range."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from accsim import __version__
from accsim.config.resolve import load_chip
from accsim.pipeline import run
from accsim.report.json_text import result_json

from .models import SMALL, ordinary, traced, with_heads

Json = dict[str, Any]

CAUSES = [
    "dram",
    "array",
    "vector",
    "sram",
    "sram_bandwidth",
    "dma",
    "dispatch",
    "dependency",
]

CAUSE_PARTS = {
    "dram": ["data", "turnaround", "refresh", "activation", "latency"],
    "array": ["compute", "fill_drain"],
}

TOP: dict[str, type] = {
    "schema": str,
    "chip": str,
    "workload": str,
    "accsim_version": str,
    "seed": int,
    "clock_hz": float,
    "peak_dram_bytes_per_s": float,
    "peak_macs_per_s": float,
    "sram_bytes": int,
    "runs": list,
    "speedup": dict,
    "speedup_expected": dict,
    "area_mm2": dict,
    "mapping": str,
}
RUN: dict[str, type] = {
    "name": str,
    "scheme": str,
    "max_tokens_per_pass": int,
    "prompt_tokens": int,
    "output_tokens": int,
    "batch": int,
    "passes": int,
    "mean_tokens_per_pass": float,
    "expected_tokens_per_pass": float,
    "ttft_s": float,
    "tpot_s": float,
    "decode_s": float,
    "decode_ps": int,
    "prefill_ps": int,
    "decode_cycles": int,
    "decode_tokens_per_s": float,
    "mean_pass_s": float,
    "decode_dram_read_bytes": int,
    "decode_dram_write_bytes": int,
    "decode_dram_bytes_per_token": float,
    "decode_macs": int,
    "prefill_dram_read_bytes": int,
    "prefill_dram_write_bytes": int,
    "prefill_macs": int,
    "floor_s": float,
    "prefill_floor_s": float,
    "utilization": dict,
    "units": list,
    "dram": dict,
    "sram_peak_bytes": int,
    "bound": str,
    "bound_share": dict,
    "prefill_bound": str,
    "prefill_bound_share": dict,
    "sampling": dict,
    "ops": list,
    "parts_ps": dict,
    "energy": dict,
    "causes_ps": dict,
    "causes_detail_ps": dict,
    "prefill_causes_ps": dict,
    "prefill_causes_detail_ps": dict,
    "draft_passes": int,
    "asked_tokens": int,
    "generations": dict,
    "parts": list,
}
OP: dict[str, type] = {
    "name": str,
    "kind": str,
    "count": int,
    "cycles": int,
    "time_ps": int,
    "dram_read_bytes": int,
    "dram_write_bytes": int,
    "macs": int,
    "intensity_macs_per_byte": float,
    "roofline_bound": str,
    "bound": str,
    "causes_ps": dict,
    "causes_detail_ps": dict,
    "energy_pj": dict,
}
PART: dict[str, type] = {
    "name": str,
    "time_ps": int,
    "causes_ps": dict,
    "causes_detail_ps": dict,
    "energy_pj": dict,
}
GENERATIONS: dict[str, type] = {
    "count": int,
    "tokens_per_pass": dict,
    "tpot_s": dict,
    "tpot_p50_s": float,
    "tpot_p99_s": float,
    "itl_p50_s": float,
    "itl_p99_s": float,
    "decode_s_per_token": dict,
    "speedup": dict,
}
ENERGY: dict[str, type] = {
    "decode": list,
    "decode_j": dict,
    "j_per_token": dict,
    "j_per_pass": dict,
    "mean_power_w": dict,
    "dram_share": float,
    "prefill": list,
    "prefill_j": dict,
    "rows": int,
    "rejected_rows": int,
    "j_per_row": dict,
    "rejected_j": dict,
}
CONSUMERS = [
    "dram_activation",
    "dram_io",
    "dram_background",
    "dram_refresh",
    "sram",
    "array",
    "vector",
    "static",
]
CONSUMER: dict[str, type] = {"consumer": str, "pj": int, "low_pj": int, "high_pj": int}
BOUNDED = dict.fromkeys(("value", "low", "high"), float)
ESTIMATE = dict.fromkeys(("mean", "low", "high"), float)
MAY_BE_NULL = ("intensity_macs_per_byte", "mapping", "asked_tokens", "speedup")
UTILIZATION = dict.fromkeys(("dram", "array", "vector", "sram"), float)
UNIT: dict[str, type] = {"unit": str, "busy_ps": int, "stalled_ps": int, "idle_ps": int}
DRAM: dict[str, type] = dict.fromkeys(
    (
        "data_ps",
        "turnaround_ps",
        "refresh_ps",
        "activation_ps",
        "idle_ps",
        "row_hits",
        "row_misses",
        "row_conflicts",
        "activates",
        "refreshes",
    ),
    int,
) | {"model": str}
SAMPLING: dict[str, type] = {
    "passes": int,
    "simulated": int,
    "max_error": float,
    "prefill_layers": int,
    "prefill_layers_simulated": int,
}


@pytest.fixture(scope="module")
def result() -> Json:
    """Two runs, read back from the text that users get."""
    trace = traced(SMALL, ordinary(), with_heads(2), prompt=40, output=30, batch=2)
    document: Json = json.loads(result_json(run(load_chip("ddr_npu"), trace, generations=50)))
    return document


def runs(result: Json) -> list[Json]:
    found: list[Json] = result["runs"]
    return found


def ops(result: Json) -> list[Json]:
    return [op for one in runs(result) for op in one["ops"]]


def check_types(found: Json, expected: Mapping[str, type]) -> None:
    """Exactly these keys in this order; an integer is no float, whatever its value."""
    assert list(found) == list(expected)
    for key, kind in expected.items():
        if found[key] is None:
            assert key in MAY_BE_NULL
        else:
            assert type(found[key]) is kind, key


def test_the_object_has_the_keys_of_the_contract(result: Json) -> None:
    check_types(result, TOP)


def test_generations_have_the_keys_of_the_contract(result: Json) -> None:
    for one in runs(result):
        check_types(one["generations"], GENERATIONS)
        for estimate in one["generations"].values():
            if isinstance(estimate, dict):
                check_types(estimate, ESTIMATE)


def test_a_run_has_the_keys_of_the_contract(result: Json) -> None:
    for one in runs(result):
        check_types(one, RUN)


def test_an_operator_group_has_the_keys_of_the_contract(result: Json) -> None:
    for op in ops(result):
        check_types(op, OP)
        assert list(op["energy_pj"]) == CONSUMERS


def test_a_part_of_the_model_has_the_keys_of_the_contract(result: Json) -> None:
    for one in runs(result):
        assert {part["name"]: part["time_ps"] for part in one["parts"]} == one["parts_ps"]
        for part in one["parts"]:
            check_types(part, PART)
            assert list(part["causes_ps"]) == CAUSES
            assert list(part["energy_pj"]) == CONSUMERS


def test_the_parts_of_a_run_have_the_keys_of_the_contract(result: Json) -> None:
    for one in runs(result):
        check_types(one["utilization"], UTILIZATION)
        check_types(one["dram"], DRAM)
        check_types(one["sampling"], SAMPLING)
        for unit in one["units"]:
            check_types(unit, UNIT)
        assert [unit["unit"] for unit in one["units"]] == ["load", "store", "array", "vector"]


def test_energy_has_the_keys_of_the_contract(result: Json) -> None:
    for one in runs(result):
        check_types(one["energy"], ENERGY)
        for phase in ("decode", "prefill"):
            spent = one["energy"][phase]
            assert [each["consumer"] for each in spent] == CONSUMERS
            for each in spent:
                check_types(each, CONSUMER)
        for name, kind in ENERGY.items():
            if kind is dict:
                check_types(one["energy"][name], BOUNDED)


def test_area_has_the_keys_of_the_contract(result: Json) -> None:
    assert list(result["area_mm2"]) == ["sram", "array", "phy", "total"]
    for part in result["area_mm2"].values():
        check_types(part, BOUNDED)


def test_causes_are_named_in_the_order_of_the_contract(result: Json) -> None:
    for one in runs(result):
        assert list(one["bound_share"]) == list(one["prefill_bound_share"]) == CAUSES
        for op in one["ops"]:
            assert list(op["causes_ps"]) == CAUSES


def test_parts_of_causes_are_named_in_the_order_of_the_contract(result: Json) -> None:
    for one in runs(result):
        for detail in (one["causes_detail_ps"], one["prefill_causes_detail_ps"]):
            assert {cause: list(parts) for cause, parts in detail.items()} == CAUSE_PARTS
        for op in one["ops"]:
            named = {cause: list(parts) for cause, parts in op["causes_detail_ps"].items()}
            assert named == CAUSE_PARTS


def test_causes_and_their_parts_add_up_in_every_run(result: Json) -> None:
    for one in runs(result):
        for phase, times in (("decode", "causes"), ("prefill", "prefill_causes")):
            causes, detail = one[f"{times}_ps"], one[f"{times}_detail_ps"]
            assert list(causes) == CAUSES
            assert sum(causes.values()) == one[f"{phase}_ps"]
            assert all(sum(detail[cause].values()) == causes[cause] for cause in CAUSE_PARTS)
        for cause in CAUSES:
            assert one["causes_ps"][cause] == sum(op["causes_ps"][cause] for op in one["ops"])
        for cause, parts in CAUSE_PARTS.items():
            for part in parts:
                ops = sum(op["causes_detail_ps"][cause][part] for op in one["ops"])
                assert one["causes_detail_ps"][cause][part] == ops


def test_the_speedup_names_its_baseline_and_every_run(result: Json) -> None:
    for name in ("speedup", "speedup_expected"):
        check_types(result[name], {"baseline": str, "ordinary": float, "heads2": float})
        assert result[name]["baseline"] == "ordinary"
        assert result[name]["ordinary"] == 1


def test_the_head_says_what_was_run(result: Json) -> None:
    assert result["schema"] == "accsim.result/1"
    assert (result["chip"], result["workload"], result["seed"]) == ("ddr_npu", "small_text", 1)
    assert result["accsim_version"] == __version__
    assert result["clock_hz"] == 1e9
    assert result["peak_dram_bytes_per_s"] == 51.2e9
    assert result["peak_macs_per_s"] == 64 * 64 * 1e9
    assert result["sram_bytes"] == 4096 * 1024


def test_shares_add_up_to_one(result: Json) -> None:
    for one in runs(result):
        for shares in (one["bound_share"], one["prefill_bound_share"]):
            assert sum(shares.values()) == pytest.approx(1, abs=1e-12)
            assert all(0 <= share <= 1 for share in shares.values())


def test_the_bound_is_the_largest_share(result: Json) -> None:
    for one in runs(result):
        for name in ("bound", "prefill_bound"):
            shares = one[f"{name}_share"]
            assert shares[one[name]] == max(shares.values())


def test_no_unit_is_used_more_than_fully(result: Json) -> None:
    for one in runs(result):
        assert all(0 <= used <= 1 for used in one["utilization"].values())


def test_rates_follow_from_the_integers(result: Json) -> None:
    # 29 tokens after the first, in each of two sequences.
    for one in runs(result):
        decode_s = one["decode_ps"] / 1e12
        assert one["decode_s"] == decode_s
        assert abs(one["decode_cycles"] * 1000 - one["decode_ps"]) <= 500
        assert one["ttft_s"] == one["prefill_ps"] / 1e12
        assert one["tpot_s"] == pytest.approx(decode_s / 29, rel=1e-12)
        assert one["decode_tokens_per_s"] == pytest.approx(58 / decode_s, rel=1e-12)
        assert one["mean_pass_s"] == pytest.approx(decode_s / one["passes"], rel=1e-12)
        assert one["mean_tokens_per_pass"] == pytest.approx(58 / 2 / one["passes"], rel=1e-12)
        moved = one["decode_dram_read_bytes"] + one["decode_dram_write_bytes"]
        assert one["decode_dram_bytes_per_token"] == pytest.approx(moved / 58, rel=1e-12)
        assert one["utilization"]["dram"] == pytest.approx(moved / 51.2e9 / decode_s, rel=1e-12)


def test_nothing_beats_its_floor(result: Json) -> None:
    for one in runs(result):
        assert one["floor_s"] <= one["decode_s"]
        assert one["prefill_floor_s"] <= one["ttft_s"]


def test_the_groups_of_a_run_add_up_to_it(result: Json) -> None:
    for one in runs(result):
        for total, part in (
            ("decode_dram_read_bytes", "dram_read_bytes"),
            ("decode_dram_write_bytes", "dram_write_bytes"),
            ("decode_macs", "macs"),
            ("decode_ps", "time_ps"),
        ):
            assert one[total] == sum(op[part] for op in one["ops"])
        for op in one["ops"]:
            assert op["time_ps"] == sum(op["causes_ps"].values())


def test_the_parts_of_a_model_add_up_to_the_run(result: Json) -> None:
    ends = ["embedding", "final_norm", "lm_head", "argmax"]
    plain, heads = runs(result)
    assert list(plain["parts_ps"]) == [ends[0], "layers", *ends[1:]]
    assert list(heads["parts_ps"]) == [ends[0], "layers", "heads", *ends[1:]]
    for one in runs(result):
        check_types(one["parts_ps"], dict.fromkeys(one["parts_ps"], int))
        assert sum(one["parts_ps"].values()) == one["decode_ps"]
    # Two heads have taken the place of two layers of three.
    assert heads["parts_ps"]["heads"] > heads["parts_ps"]["layers"]


def test_groups_that_take_longest_come_first(result: Json) -> None:
    for one in runs(result):
        times = [op["time_ps"] for op in one["ops"]]
        assert times == sorted(times, reverse=True)


def test_a_group_off_the_critical_path_has_no_bound(result: Json) -> None:
    for op in ops(result):
        assert (op["bound"] is None) == (op["time_ps"] == 0)


def test_a_group_that_moves_nothing_has_no_intensity(result: Json) -> None:
    for op in ops(result):
        moved = op["dram_read_bytes"] + op["dram_write_bytes"]
        assert (op["intensity_macs_per_byte"] is None) == (moved == 0)
        if moved:
            assert op["intensity_macs_per_byte"] == op["macs"] / moved
