"""What a pass costs by its rows: which rows are looked at, and what does not fit."""

from __future__ import annotations

from dataclasses import replace

import pytest

from accsim.chip import Chip
from accsim.cost_curve import cost_curve, default_context, default_rows
from accsim.errors import InputError
from accsim.workload import Workload

from .models import ALL_FP16, SMALL, ordinary


@pytest.fixture(scope="module")
def workload() -> Workload:
    return Workload("text", SMALL, ALL_FP16, 16, 8, 1, 1, "ordinary", (ordinary(),))


def test_rows_are_all_looked_at_up_to_16_and_every_fourth_beyond() -> None:
    assert default_rows(3) == (1, 2, 3)
    assert default_rows(27) == (*range(1, 17), 20, 24)


def test_half_of_the_positions_are_cached_by_default(workload: Workload) -> None:
    assert default_context(workload) == SMALL.max_positions // 2


def test_each_number_of_rows_has_a_cost_and_is_told_before(
    small_chip: Chip, workload: Workload
) -> None:
    told: list[tuple[str, int, int]] = []
    costs = cost_curve(small_chip, workload, (1, 3), 100, lambda *progress: told.append(progress))
    assert list(costs) == [1, 3]
    assert costs[1].ps <= costs[3].ps
    assert told == [("1 rows", 0, 2), ("3 rows", 1, 2)]


def test_positions_that_the_model_has_not_are_refused(small_chip: Chip, workload: Workload) -> None:
    end = SMALL.max_positions
    with pytest.raises(InputError, match=f"{end - 1} cached tokens and 2 rows are more than"):
        cost_curve(small_chip, workload, (1, 2), end - 1)


def test_a_model_that_the_dram_cannot_hold_is_refused(small_chip: Chip, workload: Workload) -> None:
    large = replace(workload, model=replace(SMALL, vocab=100_000_000))
    with pytest.raises(InputError, match="does not fit the 16 GiB of DRAM"):
        cost_curve(small_chip, large, (1,), 100)
