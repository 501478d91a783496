"""What each choice of the controller does, computed by hand for DDR4-3200."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from accsim.chip import Memory, Policy
from accsim.dram.reference.device import COMMANDS
from accsim.dram.reference.memory import replay
from accsim.dram.standards import PARTS

from .rig import DDR4, with_timings

ONE = Memory(DDR4, 1, 1, 64, 32, refresh="off")
ROW = 4 * 4 * 128 * 64
"""Bytes from a row of a bank to its next row."""


def commands(
    policy: Policy, *requests: tuple[int, int], pause: int = -1, memory: Memory = ONE
) -> list[tuple[int, str]]:
    """Cycle and name of each command for (address, write) requests."""
    addresses, writes = np.array(requests).T
    played = replay(replace(memory, controller=policy), addresses, writes, pause=pause, log=10_000)
    return [(int(row[0]), COMMANDS[row[1]]) for row in played.commands]


def test_a_cold_read_is_activated_in_the_cycle_after_it_comes() -> None:
    assert commands(Policy(), (0, 0)) == [(1, "ACT"), (23, "RD")]


def test_a_hit_goes_before_an_older_request_to_another_row() -> None:
    # The second row waits for tRTP after the third request's read: RD 31, PRE max(53, 43) = 53.
    found = commands(Policy(), (0, 0), (ROW, 0), (256, 0))
    assert found == [(1, "ACT"), (23, "RD"), (31, "RD"), (53, "PRE"), (75, "ACT"), (97, "RD")]


def test_after_the_hit_limit_a_row_closes_as_soon_as_it_may() -> None:
    # Hits at 23, 43, 63, ...: between two of them the row may close, tRTP 12 after the first, but
    # not before tRAS, at 53.
    hits = [(256 * column, 0) for column in range(7)]
    for limit, served in ((1, 2), (4, 4), (100, 7)):
        policy = Policy(hit_limit=limit, starvation_limit=100)
        part = with_timings(DDR4, tCCD_L=20)
        memory = Memory(part, 1, 1, 64, 32, refresh="off")
        names = [name for _, name in commands(policy, hits[0], (ROW, 0), *hits[1:], memory=memory)]
        assert names.index("PRE") == 1 + served


def test_no_more_hits_overtake_an_older_request_than_the_starvation_limit() -> None:
    # Hits follow each other faster than tRTP, so without a limit the row would never close.
    hits = [(256 * column, 0) for column in range(100)]
    for limit in (3, 10):
        found = commands(Policy(starvation_limit=limit), hits[0], (ROW, 0), *hits[1:])
        assert [name for _, name in found].index("PRE") == 1 + limit


def test_a_closed_page_is_opened_again_for_the_next_read() -> None:
    # The device closes the row at 1 + tRAS 52; ACT tRP later, which tRC 74 allows too.
    found = commands(Policy(page="closed"), (0, 0), (256, 0))
    assert found == [(1, "ACT"), (23, "RD"), (75, "ACT"), (97, "RD")]


def test_an_idle_row_is_closed_after_the_timeout() -> None:
    # RD 23; data until 49, the next request 200 later; PRE at 23 + 100.
    found = commands(Policy(page="timeout", timeout_cycles=100), (0, 0), (0, 0), pause=200)
    assert found == [(1, "ACT"), (23, "RD"), (123, "PRE"), (250, "ACT"), (272, "RD")]


def test_a_row_in_use_is_not_closed_by_the_timeout() -> None:
    found = commands(Policy(page="timeout", timeout_cycles=100), (0, 0), (0, 0), pause=20)
    assert [name for _, name in found] == ["ACT", "RD", "RD"]


def test_writes_wait_for_reads_until_enough_have_gathered() -> None:
    # Two writes and two reads of open rows of one bank: reads first, or writes first once two wait.
    mixed = ((0, 1), (256, 0), (512, 1), (768, 0))
    few = [name for _, name in commands(Policy(drain_from=3), *mixed)]
    many = [name for _, name in commands(Policy(drain_from=2), *mixed)]
    assert few == ["ACT", "RD", "RD", "WR", "WR"]
    assert many == ["ACT", "WR", "WR", "RD", "RD"]


def test_a_drain_leaves_writes_behind_until_nothing_else_is_left_to_do() -> None:
    # Two writes start the drain, one of them moves; the other goes once the reads are done.
    mixed = ((0, 1), (256, 0), (512, 1), (768, 0))
    found = [name for _, name in commands(Policy(drain_from=2, drain_to=1), *mixed)]
    assert found == ["ACT", "WR", "RD", "RD", "WR"]


def test_writes_alone_need_not_gather() -> None:
    assert [name for _, name in commands(Policy(), (0, 1))] == ["ACT", "WR"]


@pytest.mark.parametrize("at_once", [True, False])
def test_before_a_refresh_banks_close_by_one_command_or_one_by_one(at_once: bool) -> None:
    # A stream has at least four banks open when the refresh is due.
    memory = Memory(DDR4, 1, 1, 64, 32, refresh="all_bank")
    stream = [(64 * burst, 0) for burst in range(3200)]
    found = commands(Policy(precharge_all=at_once), *stream, memory=memory)
    refresh = [name for _, name in found].index("REF")
    closing = []
    for cycle, name in reversed(found[:refresh]):
        if name != "PRE":
            break
        closing.append(cycle)
    assert len(closing) >= 4
    assert len(set(closing)) == (1 if at_once else len(closing))


def test_a_hit_goes_before_a_row_command_of_the_same_cycle() -> None:
    # 16 banks opened while hits wait: with hits first, no ACT takes the cycle of a ready read.
    requests = [(64 * burst, 0) for burst in range(8)] + [(32768 * bank, 0) for bank in (1, 2, 3)]
    reads = {
        first: [
            cycle for cycle, name in commands(Policy(hits_first=first), *requests) if name == "RD"
        ]
        for first in (True, False)
    }
    assert sum(reads[True]) <= sum(reads[False])


def test_two_commands_may_issue_in_one_cycle_where_the_standard_lets_them() -> None:
    memory = Memory(PARTS["HBM2e-3200"], 1, 1, 32, 32, refresh="off")
    assert memory.policy.two_commands
    requests = [(32 * burst, 0) for burst in range(600)]
    found = commands(memory.policy, *requests, memory=memory)
    cycles = [cycle for cycle, _ in found]
    assert len(set(cycles)) < len(cycles)


def test_the_usual_buffers_are_as_deep_as_the_memory_says() -> None:
    policy = Memory(DDR4, 1, 1, 64, 48, refresh="all_bank").policy
    assert (policy.buffer, policy.drain_from, policy.two_commands) == (48, 48, False)


@pytest.mark.parametrize(
    "name", ["buffer", "bank_queue", "drain_from", "hit_limit", "starvation_limit"]
)
def test_a_controller_that_holds_nothing_is_refused(name: str) -> None:
    wrong: dict[str, Any] = {name: 0}
    with pytest.raises(ValueError, match=f"{name} must be at least 1, got 0"):
        Policy(**wrong)


def test_a_drain_that_can_never_begin_is_refused() -> None:
    with pytest.raises(ValueError, match="drain_from is 9, must be at most the buffer's 8"):
        Policy(buffer=8, drain_from=9)


@pytest.mark.parametrize("drain_to", [-1, 8])
def test_a_drain_that_moves_nothing_is_refused(drain_to: int) -> None:
    with pytest.raises(ValueError, match=f"drain_to is {drain_to}, must be less than drain_from 8"):
        Policy(drain_from=8, drain_to=drain_to)


def test_a_timeout_of_no_time_is_refused() -> None:
    with pytest.raises(ValueError, match="timeout_cycles must be at least 1, got 0"):
        Policy(page="timeout")
