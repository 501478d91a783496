"""What acceptance promises per pass, and what a recording has to give."""

from __future__ import annotations

import pytest

from accsim.acceptance import Acceptance, Recording, from_histogram

LINES = ((4, 1, 3), (2, 2))


def test_the_expected_tokens_of_rates_are_the_sum_of_running_products() -> None:
    # 1 + .5 + .5 x .25, and without the second draft 1.5.
    acceptance = Acceptance("", (0.5, 0.25))
    assert [acceptance.expected_tokens(rows) for rows in (1, 2, 3)] == [1.0, 1.5, 1.625]


def test_a_histogram_promises_its_own_mean() -> None:
    # (2 x 1 + 4 x 2 + 1 x 3 + 3 x 4) / 10
    acceptance = from_histogram("", (2, 4, 1, 3), drafts=3)
    assert acceptance.expected_tokens(4) == pytest.approx(2.5, abs=1e-12)


def test_a_recording_promises_the_mean_of_its_entries() -> None:
    # 4 + 1 + 3 + 2 + 2 over 5 passes.
    assert Recording("", LINES, "stop").expected_tokens(4) == 2.4


def test_lines_that_wrap_count_by_the_passes_that_they_take_for_as_many_tokens() -> None:
    # 3 passes for 8 tokens and 2 for 4: on average 7/16 of a pass for a token.
    assert Recording("", LINES, "wrap").expected_tokens(4) == pytest.approx(16 / 7)


def test_a_recording_promises_passes_of_fewer_rows_no_more_than_they_can_emit() -> None:
    # 2 + 1 + 2 + 2 + 2 over 5 passes.
    assert Recording("", LINES, "stop").expected_tokens(2) == 1.8


def test_the_sequences_of_a_batch_take_the_lines_in_turn() -> None:
    recording = Recording("", LINES, "wrap")
    assert [recording.line(sequence) for sequence in range(3)] == [LINES[0], LINES[1], LINES[0]]


@pytest.mark.parametrize(
    ("asked", "batch", "tokens"),
    # Line sums are 8 and 4, and the prefill gives one token more.
    [(100, 1, 9), (100, 2, 5), (100, 3, 5), (9, 1, 9), (4, 1, 4)],
)
def test_a_recording_that_stops_gives_what_the_shortest_line_in_use_holds(
    asked: int, batch: int, tokens: int
) -> None:
    assert Recording("", LINES, "stop").output_tokens(asked, batch) == tokens


def test_a_recording_that_wraps_gives_all_that_is_asked() -> None:
    assert Recording("", LINES, "wrap").output_tokens(100, 2) == 100
