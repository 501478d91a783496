"""Two results: inputs that differ, and changes that add up exactly."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from report.results import MS, causes, op, result, run

from accsim.analysis.difference import difference
from accsim.difference import Difference, InputChange
from accsim.result import CAUSES, OpStats, Result, RunResult

BREAKDOWNS = (
    "pass_time_ps",
    "pass_time_ps_by_part",
    "pass_time_ps_by_cause",
    "token_time_ps",
    "token_time_ps_by_cause",
)


def differ(a: Result, b: Result, *pairs: tuple[str, str]) -> Difference:
    same = [(one.name, one.name) for one in a.runs]
    return difference(("a.json", "b.json"), (a, b), pairs or same)


def test_only_inputs_that_differ_are_listed() -> None:
    a = result(run("x", 300, 100), run("y", 300, 100))
    b = replace(a, chip="other", seed=8, speedup=replace(a.speedup, baseline="y"))
    assert differ(a, b).inputs == (
        InputChange("chip", "ddr_npu", "other"),
        InputChange("seed", 7, 8),
        InputChange("speedup.baseline", "x", "y"),
    )


def test_results_of_the_same_inputs_have_none_that_differ() -> None:
    a = result(run("x", 300, 100))
    b = result(run("x", 330, 100))
    assert differ(a, b).inputs == ()
    assert differ(a, b).pairs[0].inputs == ()


def test_what_was_asked_of_a_run_is_told_with_the_pair() -> None:
    a = run("x", 300, 100)
    dram = replace(a.dram, model="command_level")
    b = replace(a, batch=8, expected_tokens_per_pass=1.0, dram=dram)
    assert differ(result(a), result(b)).pairs[0].inputs == (
        InputChange("batch", 1, 8),
        InputChange("expected_tokens_per_pass", None, 1.0),
        InputChange("dram.model", "row_granular", "command_level"),
    )


def test_runs_without_a_counterpart_are_named() -> None:
    a = result(run("x", 300, 100), run("y", 300, 100))
    b = result(run("z", 300, 100), run("w", 300, 100))
    found = differ(a, b, ("y", "z"))
    assert (found.only_a, found.only_b) == (("x",), ("w",))
    assert [(pair.a, pair.b) for pair in found.pairs] == [("y", "z")]


def test_the_change_is_b_minus_a() -> None:
    found = differ(result(run("x", 300, 100)), result(run("x", 330, 50)))
    comparison = found.pairs[0].comparison
    assert comparison.against == "A/x"
    # 330 ms instead of 300; half the passes, so 165 ms per token.
    assert comparison.pass_time_ps.total.changes == {"A/x": 0, "B/x": 30 * MS}
    assert comparison.token_time_ps_by_cause.total.changes == {"A/x": 0, "B/x": -135 * MS}


def test_a_cause_of_another_version_is_counted() -> None:
    # A fifth of the time, 60 ms of each pass, has a cause that this accsim does not know.
    a = run("x", 300, 100)
    novel = replace(a.ops[0], causes_ps={**causes(), "novel": a.ops[0].time_ps})
    del novel.causes_ps["dependency"]
    found = differ(result(a), result(replace(a, ops=(novel, a.ops[1]))))
    lines = {one.name: one for one in found.pairs[0].comparison.pass_time_ps_by_cause.parts}
    assert lines["novel"].changes["B/x"] == 60 * MS
    assert lines["dma"].changes["B/x"] == -60 * MS
    assert lines["dependency"].amounts["B/x"] == 0


@st.composite
def drawn_runs(draw: st.DrawFn) -> RunResult:
    """A run of up to six groups; each one's time is that of its causes."""
    groups = draw(st.lists(st.sampled_from("abcdef"), min_size=1, unique=True))
    ops = tuple(_drawn_op(draw, name) for name in groups)
    time_ps = sum(one.time_ps for one in ops)
    heads_ps = draw(st.integers(0, time_ps))
    return replace(
        run("x", 1, draw(st.integers(1, 200))),
        output_tokens=draw(st.integers(2, 200)),
        ops=ops,
        decode_ps=time_ps,
        parts_ps={"layers": time_ps - heads_ps, "heads": heads_ps},
    )


def _drawn_op(draw: st.DrawFn, name: str) -> OpStats:
    parts: dict[str, int] = {cause: draw(st.integers(0, 10**6)) for cause in CAUSES}
    return replace(op(name, sum(parts.values())), causes_ps=parts)


@given(drawn_runs(), drawn_runs())
def test_changes_of_parts_add_up_to_that_of_the_whole(a: RunResult, b: RunResult) -> None:
    comparison = differ(result(a), result(b)).pairs[0].comparison
    for name in BREAKDOWNS:
        breakdown = getattr(comparison, name)
        change = breakdown.total.changes["B/x"]
        assert change == sum(part.changes["B/x"] for part in breakdown.parts)
        whole = breakdown.total.amounts["B/x"]
        passes_or_tokens = b.passes if name.startswith("pass") else b.output_tokens - 1
        assert abs(whole * passes_or_tokens - b.decode_ps) * 2 <= passes_or_tokens
