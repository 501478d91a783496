"""Tokens per pass: from rates as ever, from recordings exactly."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest

from accsim.acceptance import Acceptance, Recording
from accsim.ops import TracedRun
from accsim.tracing.decoding import trace_workload
from accsim.tracing.draws import draw_tokens
from accsim.tracing.file import read_trace, write_trace
from accsim.workload import Workload

from .samples import TINY, multi, workload
from .spoiling import Edited, Records, find, line_of, problems

LINES = ((4, 1, 3), (2, 2))
WRAPS = Recording("lab", LINES, "wrap")
STOPS = Recording("lab", LINES, "stop")


def tiny(acceptance: Acceptance | Recording, output_tokens: int = 30, batch: int = 1) -> Workload:
    return workload(
        replace(multi(4, layout="extra"), acceptance=acceptance),
        model=TINY,
        prompt_tokens=5,
        output_tokens=output_tokens,
        batch=batch,
    )


def replayed(recording: Recording, output_tokens: int = 30, batch: int = 1) -> TracedRun:
    return trace_workload(tiny(recording, output_tokens, batch)).runs[0]


def test_without_drafts_every_pass_emits_one_token() -> None:
    assert list(islice(draw_tokens(None, 1, 7, "x", 0), 4)) == [1, 1, 1, 1]


def test_the_draws_of_rates_are_these_on_every_machine() -> None:
    # As recorded in test_decoding; the last pass is not cut here.
    rates = Acceptance("wikipedia", (0.88, 0.784, 0.797))
    drawn = list(islice(draw_tokens(rates, 4, 7, "k4", 0), 9))
    assert drawn == [1, 4, 3, 2, 2, 3, 4, 4, 4]


def test_a_recording_that_wraps_starts_its_line_again() -> None:
    # 13 tokens after that of the prefill: 4 + 1 + 3, then 4 and 1 of the next.
    assert [step.emitted for step in replayed(WRAPS, 14).decode] == [(4,), (1,), (3,), (4,), (1,)]


def test_a_recording_that_stops_ends_the_run_and_says_what_was_asked() -> None:
    run = replayed(STOPS)
    assert [step.emitted for step in run.decode] == [(4,), (1,), (3,)]
    assert (run.output_tokens, run.asked_tokens) == (9, 30)


def test_a_recording_that_is_long_enough_does_not_end_the_run() -> None:
    run = replayed(STOPS, output_tokens=9)
    assert (run.output_tokens, run.asked_tokens) == (9, None)


def test_a_batch_ends_with_the_shortest_line_and_the_rest_is_cut() -> None:
    # Lines of 8, 4 and 8 tokens: 4 each after the prefill, and sequence 1 takes two passes.
    run = replayed(STOPS, batch=3)
    assert [step.emitted for step in run.decode] == [(4, 2, 4), (0, 2, 0)]
    assert run.output_tokens == 5


def test_a_recording_that_stops_expects_the_mean_of_its_entries() -> None:
    assert replayed(STOPS).expected_tokens_per_pass == 2.4


def test_a_recording_of_more_tokens_than_rows_is_refused() -> None:
    message = "run 'k4' carries 4 tokens per pass: its recording has a pass of 5 tokens"
    with pytest.raises(ValueError, match=message):
        replayed(Recording("lab", ((5,),), "wrap"))


@pytest.mark.parametrize("acceptance", [Acceptance("text", (0.9, 0.8, 0.7, 0.6)), WRAPS, STOPS])
def test_a_trace_file_carries_the_acceptance(
    acceptance: Acceptance | Recording, tmp_path: Path
) -> None:
    trace = trace_workload(tiny(acceptance))
    write_trace(trace, tmp_path / "x.jsonl")
    again = read_trace(tmp_path / "x.jsonl")
    assert again == trace
    assert again.runs[0].acceptance == acceptance


def test_a_trace_file_of_before_has_no_word_of_acceptance(edited: Edited) -> None:
    def drop(records: Records) -> None:
        for record in records:
            if record.get("record") == "run":
                for key in ("acceptance", "recording", "asked_tokens"):
                    record.pop(key, None)

    runs = read_trace(edited(drop)).runs
    assert [(run.acceptance, run.asked_tokens) for run in runs] == [(None, None)] * 2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"acceptance": {"name": "x", "rates": []}},
            "carries 2 tokens per pass: it needs 1 acceptance rates, got 0",
        ),
        (
            {"acceptance": None, "recording": {"name": "x", "lines": [[1, 3]], "at_end": "wrap"}},
            "carries 2 tokens per pass: its recording has a pass of 3 tokens",
        ),
        ({"asked_tokens": 4}, "asked for 4 output tokens, no more than its 4"),
        (
            {"recording": {"name": "x", "lines": [[1]], "at_end": "wrap"}},
            '"acceptance" or "recording", not both',
        ),
        (
            {"acceptance": {"name": "x", "rates": [1.5]}},
            "acceptance.rates.0: should be less than or equal to 1, got 1.5",
        ),
        (
            {"acceptance": None, "recording": {"name": "x", "lines": [[]], "at_end": "wrap"}},
            "recording.lines.0: list should have at least 1 item after validation, not 0",
        ),
    ],
)
def test_acceptance_that_does_not_fit_its_run_is_a_fault_of_the_run(
    changes: dict[str, object], message: str, edited: Edited, good: Records
) -> None:
    line = line_of(good, record="run", name="k2")
    path = edited(lambda records: find(records, record="run", name="k2").update(changes))
    assert problems(path)[0] == f"edited.jsonl:{line}:1: {message}"
