"""The laws behind docs/does-multi-token-decoding-pay.md, and that the page says its figures."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from multi_token import studies
from multi_token.laws import check, weight_ratio
from multi_token.page import page
from multi_token.pictures import bandwidth_picture, batch_picture
from multi_token.reading import span
from multi_token.steps import (
    HEADS,
    ORDINARY,
    TEXTS,
    WIDE,
    Case,
    chip_of,
    compared,
    missing_bytes,
    step_cost,
    tokens,
)
from multi_token.studies import FOUR_HEADS, clocked, grid, schemes, sharing, training, turning

from accsim.workload import DraftModel

DOCS = Path(__file__).parents[2] / "docs"
FOUND: dict[str, Any] = json.loads(
    (DOCS / "does-multi-token-decoding-pay.json").read_text(encoding="utf-8")
)

# Llama-2-7B: weights of a layer and of the LM head; fp16 norms, cache of a token and layer, and
# row of the embedding table.
LAYER, LM_HEAD = 202_375_168, 131_072_000
NORM_BYTES, CACHE_BYTES, ROW_BYTES = 8192, 16_384, 8192


def layers_bytes(layers: int, rows: int) -> int:
    """DRAM bytes of a step in fp16 with 2048 tokens cached."""
    weights = 2 * (layers * LAYER + LM_HEAD) + (2 * layers + 1) * NORM_BYTES
    return weights + 2048 * layers * CACHE_BYTES + rows * (layers * CACHE_BYTES + ROW_BYTES)


def cell(chip: str, weights: str, model: str = "llama2-7b") -> dict[str, Any]:
    (steps,) = (
        one["steps"]
        for one in FOUND["grid"]
        if (one["chip"], one["weights"], one["model"]) == (chip, weights, model)
    )
    found: dict[str, Any] = steps
    return found


def test_the_page_says_what_the_figures_beside_it_say() -> None:
    path = DOCS / "does-multi-token-decoding-pay.md"
    assert page(FOUND) == path.read_text(encoding="utf-8")


def test_the_figures_obey_the_laws() -> None:
    check(FOUND)


@pytest.mark.parametrize(("chip", "weights"), [("ddr_npu", "fp16"), ("hbm_npu", "int4")])
def test_the_grid_is_what_a_fresh_simulation_gives(chip: str, weights: str) -> None:
    assert grid(chip, weights, "llama2-7b") == cell(chip, weights)


def test_the_caches_are_what_a_fresh_simulation_gives() -> None:
    (one,) = (
        one
        for one in FOUND["sharing"]
        if (one["model"], one["weights"], one["context"]) == ("llama2-7b", "int4", 512)
    )
    assert sharing("llama2-7b", "int4", 512) == one


def test_the_engine_of_one_row_is_what_a_fresh_simulation_gives() -> None:
    (one,) = (
        one
        for one in FOUND["turning"]
        if (one["chip"], one["weights"], one["array"]) == ("ddr_npu", "fp16", studies.ENGINE)
    )
    assert turning("ddr_npu", "fp16", None) == one


def test_the_ways_of_decoding_are_what_a_fresh_simulation_gives() -> None:
    assert schemes("int8") == FOUND["schemes"]["int8"]


@pytest.mark.parametrize("text", TEXTS)
def test_the_bandwidth_found_is_the_least_that_keeps_up(text: str) -> None:
    one = FOUND["bandwidth"]["fp16"]
    rate = one["needed_mtps"]["ordinary"][text]
    allowed = tokens(text, HEADS) * one["ordinary"]["ps"]
    assert step_cost(clocked(rate), Case(), FOUR_HEADS).ps <= allowed
    assert step_cost(clocked(rate - 1), Case(), FOUR_HEADS).ps > allowed


def test_a_step_moves_the_bytes_of_its_layers() -> None:
    steps = cell("ddr_npu", "fp16")
    assert steps["ordinary"]["dram_bytes"] == layers_bytes(32, 1)
    assert steps["k1"]["dram_bytes"] == layers_bytes(29, 1)
    assert steps["k4"]["dram_bytes"] == layers_bytes(32, 4)


def test_four_heads_read_a_tenth_more_weights_than_one() -> None:
    # (32 x 202.4 + 131.1) / (29 x 202.4 + 131.1) M weights.
    assert weight_ratio("llama2-7b") == pytest.approx(6607.08 / 5999.95, rel=1e-5)
    assert weight_ratio("llama2-13b") == pytest.approx(1.0800, abs=5e-5)


def test_a_model_that_the_dram_cannot_hold_is_not_simulated() -> None:
    case = Case("llama2-13b")
    missing = compared(chip_of("ddr_npu"), case)
    assert list(missing) == ["missing_bytes"]
    # 26.03 GB of weights, embedding table included, and 1.68 GB of cache, of 16 GiB.
    assert missing["missing_bytes"] == pytest.approx(26.03e9 + 1.68e9 - 2**34, abs=0.01e9)
    assert missing_bytes(chip_of(WIDE), case, ORDINARY) < 0


def test_the_wide_chip_is_ddr_npu_with_twice_the_pins() -> None:
    wide, shipped = chip_of(WIDE), chip_of("ddr_npu")
    assert wide.memory.peak_bytes_per_s == 2 * shipped.memory.peak_bytes_per_s
    assert wide.array == shipped.array


def test_a_clocked_chip_carries_in_proportion_to_its_rate() -> None:
    assert float(clocked(1600).memory.peak_bytes_per_s) == 25.6e9
    half, full = (step_cost(clocked(rate), Case(), ORDINARY).ps for rate in (1600, 3200))
    assert half == pytest.approx(2 * full, rel=0.001)


def test_a_step_of_several_passes_is_their_sum() -> None:
    chip, case = chip_of("hbm_npu"), Case("mtp-0.3b", context=64)
    drafter = DraftModel(case.workload().model, case.workload().precision, 1)
    both = step_cost(chip, case, drafter)
    assert both.ps == sum(both.causes_ps.values())
    # A draft pass of two rows meets 63 cached tokens, the verifying pass 64; 18 layers of 1024.
    assert both.cached_bytes == (63 + 64) * 18 * 2 * 1024 * 2


def test_what_the_command_prints_is_read_as_an_object(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "python"
    program.write_text("""#!/bin/sh\nprintf '{"words": "%s", "runs": [{"ops": []}]}' "$*"\n""")
    program.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(program))
    words = "-m accsim run ddr5_npu llama2_train --json"
    assert training() == {"words": words, "runs": [{}]}


@pytest.mark.parametrize(
    ("values", "told"), [([1.004, 1.0], "1.00"), ([2.5, 1.0, 2.0], "1.00 to 2.50")]
)
def test_a_span_is_one_number_where_all_round_to_it(values: list[float], told: str) -> None:
    assert span(values) == told


def test_the_pictures_have_a_panel_for_each_format() -> None:
    lines = [trace.name for trace in batch_picture(FOUND).data if trace.name]
    assert lines == [*studies.BATCH_CHIPS] * 3
    marks = [trace.text for trace in bandwidth_picture(FOUND).data if trace.text]
    assert [mark[1] for mark in marks] == ["51.2"] * 3


def _cheap(found: dict[str, Any]) -> None:
    _of(found["grid"])["k4"]["ps"] = _of(found["grid"])["ordinary"]["ps"] * 99 // 100


def _cheap_own(found: dict[str, Any]) -> None:
    steps = _of(found["grid"])
    steps["k1"]["ps"] = steps["k4"]["ps"] * 10 // 11


def _fewer(found: dict[str, Any]) -> None:
    _of(found["grid"])["k4"]["ps"] *= 2


def _read_again(found: dict[str, Any]) -> None:
    found["sharing"][0]["shared"]["cached_bytes"] += 2


def _read_once(found: dict[str, Any]) -> None:
    found["sharing"][0]["apart"]["cached_bytes"] //= 4


def _too_slow(found: dict[str, Any]) -> None:
    found["bandwidth"]["int8"]["needed_mtps"]["ordinary"]["code"] = 800


def _turned(found: dict[str, Any]) -> None:
    found["turning"][3]["steps"]["k3"]["bound"] = "array"


def _not_turned(found: dict[str, Any]) -> None:
    found["turning"][5]["steps"]["k2"]["bound"] = "dram"


def _lost(found: dict[str, Any]) -> None:
    steps = _of(found["batch"])["8"]
    steps["k4"]["ps"] = 4 * steps["ordinary"]["ps"]


def _free(found: dict[str, Any]) -> None:
    found["schemes"]["int4"]["sequential module, 1"]["ps"] //= 2


def _rough(found: dict[str, Any]) -> None:
    found["errors"][1] = -0.002


def _four_trunks(found: dict[str, Any]) -> None:
    found["training"]["against_baseline"]["const4_in_turn"]["macs_full_attention"] = 4.0


def _of(cells: list[dict[str, Any]]) -> dict[str, Any]:
    """The steps of the first cell: ddr_npu, fp16."""
    steps: dict[str, Any] = cells[0]["steps"]
    return steps


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_cheap, r"ddr_npu, fp16: k = 4 costs 0\.9900, its bytes 1\.0001"),
        (
            _cheap_own,
            r"ddr_npu, fp16, llama2-7b: T\(4\)/T\(own 1\) is 1\.1000, its weights 1\.1012",
        ),
        (_fewer, "ddr_npu, fp16, llama2-7b, wikipedia: fewer heads than 4 gain more"),
        (_read_again, "fp16, 512 tokens: shared does not read the cache 1 times"),
        (_read_once, "fp16, 512 tokens: apart does not read the cache 4 times"),
        (_too_slow, "int8, code: 800 MT/s, below 914"),
        (_turned, "ddr_npu, fp16, 64 x 64: heads change who leads"),
        (_not_turned, "ddr_npu, fp16, dot-product: two heads do not change who leads"),
        (_lost, "ddr_npu, fp16, batch 8: 4 heads do not pay"),
        (_free, r"sequential module, 1, int4: a step of 0\.5\d+ ordinary ones"),
        (_rough, r"extrapolated layers change a step by 0\.00200"),
        (_four_trunks, r"const4_in_turn: 4\.000 times the MACs of a training step"),
    ],
)
def test_figures_that_break_a_law_are_refused(
    spoil: Callable[[dict[str, Any]], None], message: str
) -> None:
    found = copy.deepcopy(FOUND)
    spoil(found)
    with pytest.raises(ValueError, match=message):
        check(found)
