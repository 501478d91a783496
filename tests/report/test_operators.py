"""Tables of operators: what is in the cells, and what the page's script finds beside it."""

from __future__ import annotations

import json
import re

from export.small import small_view

from accsim.report.operators import group_table, pass_table
from accsim.report.terms import Terms

from .results import MS, op, result, run

EVIL = "<script>"

# 100 passes of 250 ms; 1 TB and 1 TMAC over all passes.
RESULT = result(
    run("one", 250, 100, ops=(op("o_proj", 5000 * MS), op(EVIL, 20_000 * MS))),
    run("two", 250, 50, ops=(op("idle", 0, macs=0, dram_read_bytes=0),)),
)


def rows(page: str) -> list[list[str]]:
    """The texts of the cells of all rows, tags removed."""
    body = page[page.index("<tbody>") : page.index("</tbody>")]
    found = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in body.split("</tr>")[:-1]]
    return [[re.sub(r"<[^>]*>", "", cell) for cell in row] for row in found]


def test_groups_of_a_run_stand_in_the_order_of_their_time() -> None:
    assert rows(group_table(RESULT, frozenset(), Terms())) == [
        ["&lt;script&gt;", "one", "200 ms", "80.0 %", "10 GB", "10 G", "1", "memory", "DRAM 100 %"],
        ["o_proj", "one", "50 ms", "20.0 %", "10 GB", "10 G", "1", "memory", "DRAM 100 %"],
        ["idle", "two", "-", "-", "-", "-", "1", "memory", "-"],
    ]


def test_bytes_without_a_mac_have_an_intensity_and_no_bytes_have_none() -> None:
    stored = op("kv_append", 20 * MS, macs=0, intensity_macs_per_byte=0.0)
    inside = op("softmax", 10 * MS, dram_read_bytes=0, intensity_macs_per_byte=None)
    made = group_table(result(run("one", 30, 1, ops=(stored, inside))), frozenset(), Terms())
    assert [row[6] for row in rows(made)] == ["0", "-"]
    # The latter are sorted before the former, as the smallest.
    assert re.findall(r'data-value="([^"]*)">[0-]<', made)[-1] == "-1"


def test_only_groups_of_a_pass_that_is_shown_lead_to_it() -> None:
    made = group_table(RESULT, frozenset({"two"}), Terms())
    assert re.findall(r'<button type="button" title="[^"]*">(.*?)</button>', made) == ["idle"]


def test_cells_hold_the_numbers_that_they_are_sorted_by() -> None:
    made = group_table(RESULT, frozenset(), Terms())
    first = made[made.index("<tbody>") : made.index("</tr>", made.index("<tbody>"))]
    assert re.findall(r'data-value="([^"]*)"', first) == ["2e+11", "2e+13", "1e+12", "1e+12", "1"]


def test_the_run_of_the_answer_is_offered_first_and_all_runs_last() -> None:
    made = group_table(RESULT, frozenset(), Terms())
    assert re.findall(r"<option value=\"([^\"]*)\">([^<]*)<", made) == [
        ("two", "two"),
        ("one", "one"),
        ("", "all runs"),
    ]


def test_an_operator_of_a_pass_has_the_sums_of_its_slices() -> None:
    made = pass_table([small_view()])
    stored = re.search(r'id="pass-data">(.*?)</script>', made)
    assert stored is not None
    assert json.loads(stored[1]) == {
        "ordinary": [
            # Two loads to 2000 ns and a store of 499.3 ns; tiles of 499.5 and 300 ns.
            [
                *("layer0.up", "up", [0, "0"], [0, "-"]),
                *([2_499_300, "2.499 us"], [799_500, "799.5 ns"], [0, "-"]),
                *([8400, "8.4 kB"], [129, "129"]),
            ],
            [
                *("norm", "norm", [-1, "-"], [2_000_000, "2 us"]),
                *([500_700, "500.7 ns"], [0, "-"], [199_300, "199.3 ns"]),
                *([1200, "1.2 kB"], [0, "-"]),
            ],
        ]
    }
