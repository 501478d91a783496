"""What becomes of a point is an outcome, whatever it does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from accsim.lanes import Lanes, LanesClosedError
from accsim.study import Outcome
from accsim.sweep.guard import guarded

from .points import evaluate, task


@pytest.fixture(scope="module")
def lanes() -> Iterator[Lanes]:
    found = Lanes(memory_bytes=256 << 20)
    yield found
    found.close()


def outcome(lanes: Lanes, does: str, timeout_s: float = 60.0) -> Outcome:
    return guarded(lanes, evaluate, task(7, does), timeout_s)


def test_a_point_that_is_simulated_has_the_outcome_that_it_gives(lanes: Lanes) -> None:
    metrics = (("n", 7), ("seventh", 1.0), ("bound", "DRAM"))
    assert outcome(lanes, "count") == Outcome("done", metrics, "", 0.5)


@pytest.mark.parametrize(
    ("does", "status", "reason"),
    [
        ("raise", "failed", "ZeroDivisionError: of all things"),
        ("refuse", "excluded", "memory.channels: does not fit"),
        ("die", "failed", "its process was ended by SIGKILL, 2 times"),
        ("exit", "failed", "its process ended with exit code 9, 2 times"),
        ("eat", "failed", "needs more memory than a worker may have"),
        ("infinite", "failed", "speed is no number"),
    ],
)
def test_a_point_that_goes_wrong_has_a_reason(
    lanes: Lanes, does: str, status: str, reason: str
) -> None:
    found = outcome(lanes, does)
    assert (found.status, found.metrics, found.reason) == (status, (), reason)
    assert 0 < found.seconds < 60


def test_a_point_that_hangs_times_out(lanes: Lanes) -> None:
    found = outcome(lanes, "hang", timeout_s=0.5)
    assert (found.status, found.reason) == ("timed_out", "took longer than 0.5 s")
    assert 0.5 <= found.seconds < 60


def test_a_point_whose_process_dies_once_is_simulated_again(lanes: Lanes, tmp_path: Path) -> None:
    assert outcome(lanes, f"die-once {tmp_path}/died").status == "done"
    assert (tmp_path / "died").exists()


def test_a_point_is_no_failure_when_the_sweep_is_over() -> None:
    lanes = Lanes()
    lanes.close()
    with pytest.raises(LanesClosedError):
        outcome(lanes, "count")
