"""A chip with one knob turned at a time, on small models."""

from __future__ import annotations

from dataclasses import replace

import pytest

from accsim.chip import Chip
from accsim.dram.standards import PARTS
from accsim.errors import InputError
from accsim.ops import OpTrace
from accsim.passes import KNOWN
from accsim.pipeline import run
from accsim.run_times import RunTimes, middle_step, tokens_per_step
from accsim.tracing.shorten import shorten
from accsim.whatif import WhatIf
from accsim.whatif_pipeline import what_if
from accsim.workers import workers
from accsim.workload import Autoregressive, DraftModel, RunSpec

from .models import ALL_FP16, LAST_OF_THREE, MEDIUM, SMALL, ordinary, traced, with_heads


@pytest.fixture(scope="module")
def trace() -> OpTrace:
    return traced(SMALL, ordinary(), with_heads(2), prompt=40, output=12)


@pytest.fixture(scope="module")
def found(small_chip: Chip, trace: OpTrace) -> WhatIf:
    with workers(1) as work:
        return what_if(small_chip, trace, work)


def test_every_possible_change_has_an_effect_on_every_run(found: WhatIf) -> None:
    possible = sorted(change.knob for change in found.changes if change.refused is None)
    assert [run.name for run in found.runs] == ["ordinary", "heads2"]
    for one in found.runs:
        assert sorted(effect.knob for effect in one.effects) == possible
        gains = [effect.tpot_gain for effect in one.effects]
        assert gains == sorted(gains, reverse=True)


def test_what_is_not_possible_tells_why_and_stops_nothing(found: WhatIf) -> None:
    refused = {change.knob: change.refused for change in found.changes if change.refused}
    assert refused == {"data_rate": "no grade of DDR4 faster than DDR4-3200 is known"}


def test_an_effect_is_what_simulating_the_changed_chip_gives(
    small_chip: Chip, trace: OpTrace, found: WhatIf
) -> None:
    wider = replace(small_chip, memory=replace(small_chip.memory, channels=4))
    speed = RunTimes(wider, trace).speed(trace.runs[1])
    effect = next(one for one in found.runs[1].effects if one.knob == "channels")
    assert (effect.tpot_s, effect.ttft_s) == (speed.tpot_s, speed.ttft_s)
    assert effect.tpot_gain == pytest.approx(found.runs[1].tpot_s / speed.tpot_s)


def test_no_chip_beats_ideal_memory_at_the_same_pins(found: WhatIf) -> None:
    for one in found.runs:
        gains = {effect.knob: effect.tpot_gain for effect in one.effects}
        assert gains["ideal_memory"] > 1
        assert gains["ideal_memory"] >= gains["no_refresh"]


def test_the_number_of_workers_changes_nothing(
    small_chip: Chip, trace: OpTrace, found: WhatIf
) -> None:
    with workers(2) as work:
        assert what_if(small_chip, trace, work) == found


def test_progress_tells_every_chip_once(small_chip: Chip, trace: OpTrace) -> None:
    told: list[tuple[str, int, int]] = []
    with workers(1) as work:
        what_if(small_chip, trace, work, lambda *step: told.append(step))
    assert [done for _, done, _ in told] == list(range(1, 14))
    assert {total for *_, total in told} == {13}
    assert told[0][0] == "the chip as it is"
    assert "memory channels changed" in [text for text, *_ in told]


def test_a_chip_that_is_too_small_as_it_is_is_refused(small_chip: Chip, trace: OpTrace) -> None:
    tiny = replace(small_chip, sram=replace(small_chip.sram, capacity_bytes=1024))
    with workers(1) as work, pytest.raises(InputError, match="sram"):
        what_if(tiny, trace, work)


def test_times_are_those_of_accsim_run(small_chip: Chip) -> None:
    """Twelve layers, of which a prefill simulates four: embeddings' own, two alike, the heads'."""
    trace = traced(MEDIUM, with_heads(1), prompt=64, output=9)
    exact = run(small_chip, trace, exact=True).runs[0]
    speed = RunTimes(small_chip, trace).speed(trace.runs[0])
    assert speed.ttft_s == pytest.approx(exact.ttft_s, rel=1e-3)
    assert speed.tpot_s == pytest.approx(exact.tpot_s, rel=1e-3)
    assert (speed.step.bound, speed.prefill.bound) == (exact.bound, exact.prefill_bound)


def test_a_prompt_in_chunks_is_all_of_its_passes(small_chip: Chip) -> None:
    trace = traced(SMALL, ordinary(), prompt=48, output=4, chunk=16)
    exact = run(small_chip, trace, exact=True).runs[0]
    spent = RunTimes(small_chip, trace).prefill(trace.runs[0])
    assert spent.ps == exact.prefill_ps


def test_equal_work_under_other_names_is_simulated_once(small_chip: Chip) -> None:
    """The prefill of eleven trunk layers and one head is that of twelve layers but one."""
    trace = traced(MEDIUM, ordinary(), with_heads(1), prompt=64, output=4)
    times = RunTimes(small_chip, trace)
    KNOWN.forget()
    first, second = (times.prefill(one) for one in trace.runs)
    assert len(KNOWN) == 1
    KNOWN.forget()
    assert second == first == times.prefill(trace.runs[1])


def test_the_middle_step_stands_half_of_the_output_behind_the_prompt(trace: OpTrace) -> None:
    for one in trace.runs:
        (step,) = middle_step(trace, one)
        assert step.contexts == (46,)


def test_a_step_of_a_draft_model_has_all_its_passes(small_chip: Chip) -> None:
    drafter = DraftModel(SMALL, ALL_FP16, drafts=2)
    drafting = RunSpec("drafting", drafter, LAST_OF_THREE)
    trace = traced(SMALL, drafting, prompt=40, output=12)
    contexts = [one.contexts for one in middle_step(trace, trace.runs[0])]
    # The first draft pass stands one before the committed tokens, the second one behind.
    assert contexts == [(45,), (47,), (46,)]
    times = RunTimes(small_chip, trace)
    alone = RunTimes(small_chip, traced(SMALL, ordinary(), prompt=40, output=12))
    assert times.step(trace.runs[0]).ps > 2 * alone.step(alone.trace.runs[0]).ps


def test_tokens_of_a_step_are_the_expected_ones() -> None:
    """1 + 0.8 with one draft."""
    trace = traced(SMALL, with_heads(2), prompt=40, output=12)
    assert tokens_per_step(trace, trace.runs[0]) == pytest.approx(1.8)


def test_without_an_expectation_tokens_are_those_drawn() -> None:
    """Eleven tokens after the first."""
    trace = traced(SMALL, with_heads(2), prompt=40, output=12)
    one = replace(trace.runs[0], expected_tokens_per_pass=None)
    assert tokens_per_step(trace, one) == 11 / len(one.decode)


def test_a_step_does_not_depend_on_the_draw(small_chip: Chip) -> None:
    first = traced(SMALL, with_heads(3), prompt=40, output=12)
    other = replace(first.runs[0], decode=first.runs[0].decode[:1])
    assert middle_step(first, other) == middle_step(first, first.runs[0])


def test_a_prefill_can_keep_fewer_layers() -> None:
    graph = traced(MEDIUM, RunSpec("a", Autoregressive()), prompt=8, output=2).graphs["prefill-12"]
    short = shorten(graph, keep=2)
    assert short is not None
    assert short.missing == 9
    assert {op.layer for op in short.graph.ops} - {None} == {0, 1, 2}


def test_faster_grades_are_tried(small_chip: Chip, trace: OpTrace) -> None:
    slow = replace(small_chip, memory=replace(small_chip.memory, part=PARTS["DDR4-2400"]))
    with workers(1) as work:
        found = what_if(slow, replace(trace, runs=trace.runs[:1]), work)
    change = next(one for one in found.changes if one.knob == "data_rate")
    assert (change.before, change.after) == ("DDR4-2400", "DDR4-3200")
    assert change.factor == pytest.approx(4 / 3)
    effect = next(one for one in found.runs[0].effects if one.knob == "data_rate")
    assert 1 < effect.tpot_gain < 4 / 3
