"""The studies behind docs/attribution.md, on a part of them, and that the page says its figures."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from attribution.page import check, page
from attribution.studies import (
    CHIPS,
    RUNS,
    WORKLOADS,
    cases,
    chip_of,
    knobs_of,
    named,
    removals,
)

DOCS = Path(__file__).parents[2] / "docs"
FOUND: list[dict[str, Any]] = json.loads((DOCS / "attribution.json").read_text(encoding="utf-8"))


def test_the_page_says_what_the_figures_beside_it_say() -> None:
    assert (DOCS / "attribution.md").read_text(encoding="utf-8") == page(FOUND)


def test_the_figures_are_of_every_chip_workload_and_run() -> None:
    assert [(one["chip"], one["workload"], one["run"]) for one in FOUND] == list(cases())
    assert len(FOUND) >= len(CHIPS) * len(WORKLOADS) * len(RUNS)


def test_the_figures_keep_what_the_page_says_of_them() -> None:
    check(FOUND)


def spoiled(key: str, value: Any, chip: str = "ddr_npu") -> list[dict[str, Any]]:
    found = copy.deepcopy(FOUND)
    for one in found:
        if one["chip"] == chip:
            one[key] = value
    return found


def test_a_cause_that_saves_more_than_its_share_is_told() -> None:
    beyond = [{"cause": "dram refresh", "share": 0.1, "saved": 0.106}]
    message = "ddr_npu llama2_mtp ordinary saves more than the share of dram refresh"
    with pytest.raises(ValueError, match=message):
        check(spoiled("removals", beyond))


def test_half_a_point_beyond_a_share_is_no_fault() -> None:
    check(spoiled("removals", [{"cause": "dram refresh", "share": 0.1, "saved": 0.105}]))


def test_too_many_wrong_names_are_told() -> None:
    # Six of 36 are more than a tenth.
    with pytest.raises(ValueError, match="the largest share names the knob in 30 of 36 cases"):
        check(spoiled("agrees", value=False))


def test_too_few_cases_are_told() -> None:
    with pytest.raises(ValueError, match="6 cases fit their chips, 20 are needed"):
        check([one for one in FOUND if one["chip"] == "ddr_npu"])


def test_an_exception_that_nobody_explained_is_told() -> None:
    message = "hbm_npu with 2 lanes llama2_mtp ordinary is an exception that the page does not"
    with pytest.raises(ValueError, match=message):
        check(spoiled("agrees", value=False, chip="hbm_npu with 2 lanes"))


@pytest.mark.parametrize(
    ("chip", "workload", "bound"),
    [("ddr_npu", "llama2_mtp", "dram"), ("hbm_npu", "llama2_mtp_int4", "array")],
)
def test_the_largest_share_names_the_knob_that_helps_most(
    chip: str, workload: str, bound: str
) -> None:
    """Two layers instead of 32: what leads, leads in each of them."""
    found = knobs_of(chip, workload, "ordinary", layers=2)
    assert found["bound"] == bound
    assert found["agrees"]
    assert bound in named(chip_of(chip))[found["best"]].causes
    assert found["elasticities"][found["best"]] == max(found["elasticities"].values())


def test_without_a_cause_a_step_saves_no_more_than_its_share() -> None:
    found = removals("ddr_npu", "llama2_mtp_int4", "ordinary")
    assert {"dram", "array", "array compute"} <= {one["cause"] for one in found}
    assert all(one["saved"] <= one["share"] + 0.005 for one in found)
