"""What changed between runs, part by part: parts add up to the whole, exactly."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report.results import MS, op, result, run

from accsim.analysis.comparison import Compared, compare, spread
from accsim.comparison import Breakdown, Comparison, Line
from accsim.result import RunResult

BREAKDOWNS = (
    "pass_time_ps",
    "pass_time_ps_by_part",
    "pass_time_ps_by_cause",
    "pass_dram_bytes",
    "pass_macs",
    "token_time_ps",
    "token_time_ps_by_cause",
    "token_energy_pj",
    "token_energy_pj_by_part",
    "token_energy_pj_by_consumer",
)


def comparison(*runs: RunResult) -> Comparison:
    whole = result(*runs)
    return compare([Compared(one.name, whole, one) for one in runs])


def line(breakdown: Breakdown, name: str) -> Line:
    return next(one for one in breakdown.parts if one.name == name)


PAIR = comparison(
    run("one", 300, 100, parts_ps={"layers": 28_000 * MS, "lm_head": 2_000 * MS}),
    run(
        "two",
        330,
        40,
        "array",
        expected_tokens_per_pass=3.0,
        parts_ps={"layers": 8_000 * MS, "heads": 4_000 * MS, "lm_head": 1_200 * MS},
    ),
)
"""A fifth of each pass goes to qkv and the DMA: 60 of 300 ms, 66 of 330 ms."""


def test_groups_are_compared_per_pass() -> None:
    qkv = line(PAIR.pass_time_ps, "qkv")
    assert qkv.amounts == {"one": 60 * MS, "two": 66 * MS}
    assert qkv.changes == {"one": 0, "two": 6 * MS}
    assert PAIR.pass_time_ps.total == Line(
        "total", {"one": 300 * MS, "two": 330 * MS}, {"one": 0, "two": 30 * MS}
    )


def test_what_changes_most_comes_first() -> None:
    # gate_up goes from 240 to 264 ms.
    assert [one.name for one in PAIR.pass_time_ps.parts] == ["gate_up", "qkv"]


def test_a_part_that_a_run_lacks_is_nothing_there() -> None:
    # Trunk layers: 280 ms of 100 passes, 200 ms of 40; heads 100 ms; LM head 20 and 30 ms.
    heads = line(PAIR.pass_time_ps_by_part, "heads")
    assert heads.amounts == {"one": 0, "two": 100 * MS}
    assert heads.changes == {"one": 0, "two": 100 * MS}
    assert line(PAIR.pass_time_ps_by_part, "layers").changes["two"] == -80 * MS
    assert line(PAIR.pass_time_ps_by_part, "lm_head").changes["two"] == 10 * MS


def test_causes_are_added_up_over_the_groups() -> None:
    causes = PAIR.pass_time_ps_by_cause
    assert line(causes, "dram").amounts == {"one": 240 * MS, "two": 0}
    assert line(causes, "array").changes == {"one": 0, "two": 264 * MS}
    assert line(causes, "dma").changes == {"one": 0, "two": 6 * MS}


def test_bytes_and_macs_are_those_of_a_pass() -> None:
    # 10^12 in each of two groups over 100 and 40 passes.
    for breakdown in (PAIR.pass_dram_bytes, PAIR.pass_macs):
        assert line(breakdown, "qkv").amounts == {"one": 10**10, "two": 25 * 10**9}
        assert breakdown.total.changes == {"one": 0, "two": 3 * 10**10}


def test_written_bytes_count_as_read_ones() -> None:
    ops = (op("kv_append", 300 * MS, dram_read_bytes=1000, dram_write_bytes=500),)
    both = comparison(run("one", 300, 1, ops=ops), run("two", 300, 1))
    assert line(both.pass_dram_bytes, "kv_append").amounts["one"] == 1500


def test_the_time_of_a_token_is_spread_over_all_tokens_but_the_first() -> None:
    # 40 passes of 330 ms for 100 tokens: 132 ms each, a fifth of it in qkv.
    assert PAIR.token_time_ps.total.amounts == {"one": 300 * MS, "two": 132 * MS}
    assert line(PAIR.token_time_ps, "qkv").amounts["two"] == 26_400_000_000


def test_the_energy_of_a_token_is_shared_among_the_groups_as_in_the_run() -> None:
    # 2 J a pass, a fifth of it in qkv; 100 passes and 40 for 100 tokens.
    assert PAIR.token_energy_pj.total.amounts == {"one": 2 * 10**12, "two": 8 * 10**11}
    qkv = line(PAIR.token_energy_pj, "qkv")
    assert qkv.amounts == {"one": 4 * 10**11, "two": 16 * 10**10}
    assert line(PAIR.token_energy_pj_by_consumer, "dram_io").changes["two"] == -12 * 10**11


def test_the_energy_of_a_token_is_over_the_tokens_of_all_sequences() -> None:
    both = comparison(run("one", 300, 100, batch=4), run("two", 300, 100, batch=4))
    assert both.token_energy_pj.total.amounts["one"] == 5 * 10**11


def test_speedups_are_against_the_first_run() -> None:
    first, second = PAIR.columns
    assert PAIR.against == first.name == "one"
    assert first.speedup == 1
    assert second.speedup == pytest.approx(300 / 132)
    assert second.speedup_expected is None


def test_columns_of_equal_runs_are_told_apart_by_their_names() -> None:
    one = run("ordinary", 300, 100)
    slow, fast = result(one), result(replace(one, tpot_s=one.tpot_s / 2))
    both = compare([Compared("a/ordinary", slow, one), Compared("b/ordinary", fast, fast.runs[0])])
    assert [(column.name, column.run, column.speedup) for column in both.columns] == [
        ("a/ordinary", "ordinary", 1),
        ("b/ordinary", "ordinary", 2),
    ]


def test_sums_are_rounded_once_and_to_nearest() -> None:
    # 10/3, 20/3 and 30/3 are 3.33, 6.67 and 10.
    assert spread({"a": 10, "b": 10, "c": 10}, 3) == {"a": 3, "b": 4, "c": 3}
    # Half a picosecond goes up.
    assert spread({"a": 1}, 2) == {"a": 1}


amounts = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 10**15), min_size=1)


@given(amounts, st.integers(1, 1000))
def test_shares_add_up_to_the_whole_and_none_is_off_by_1(parts: dict[str, int], among: int) -> None:
    shares = spread(parts, among)
    assert abs(sum(shares.values()) - sum(parts.values()) / among) <= 0.5 + 1e-15 * sum(
        parts.values()
    )
    for name, amount in parts.items():
        assert shares[name] >= 0
        assert abs(shares[name] * among - amount) <= among


@given(st.lists(st.tuples(amounts, st.integers(1, 999)), min_size=2, max_size=4))
def test_changes_of_parts_add_up_to_that_of_the_pass(
    drawn: list[tuple[dict[str, int], int]],
) -> None:
    runs = [
        run(
            str(number),
            1,
            passes,
            ops=tuple(
                op(name, time, dram_write_bytes=time, macs=time) for name, time in parts.items()
            ),
            parts_ps=parts,
        )
        for number, (parts, passes) in enumerate(drawn)
    ]
    found = comparison(*runs)
    for name in BREAKDOWNS:
        breakdown = getattr(found, name)
        for column in breakdown.total.amounts:
            for kind in ("amounts", "changes"):
                whole = getattr(breakdown.total, kind)[column]
                assert whole == sum(getattr(part, kind)[column] for part in breakdown.parts)
    for number, (parts, passes) in enumerate(drawn):
        whole = found.pass_time_ps.total.amounts[str(number)]
        assert whole == (2 * sum(parts.values()) + passes) // (2 * passes)
        assert whole == found.pass_time_ps_by_cause.total.amounts[str(number)]
