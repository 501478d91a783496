"""Refresh of some banks at a time, row-granular: which are shut and when, and who goes on.

DDR4-3200 (see `rig`) is given a per-bank refresh with tRFCpb 200 and tRREFD 20: its 16 banks are
refreshed 12480 / 16 = 780 cycles apart, those of group 0 first.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from accsim.chip import BankRefresh, DramPart, Memory
from accsim.dram.memory import RowGranularMemory
from accsim.dram.standards import PARTS

from .rig import DATA, DDR4, REFRESH, Rig, with_timings

PART = replace(with_timings(tRFCpb=200, tRREFD=20), bank_refresh=BankRefresh("per_bank", banks=1))
DUE = 780
BY_BANK = [grade for grade, part in PARTS.items() if part.bank_refresh is not None]


def rig(part: DramPart = PART, *, ranks: int = 1, queue_bursts: int = 32) -> Rig:
    assert part.bank_refresh is not None
    return Rig(part, ranks=ranks, refresh=part.bank_refresh.scheme, queue_bursts=queue_bursts)


def test_a_read_one_cycle_before_the_refresh_is_due_goes_first() -> None:
    assert rig().read(DUE - 1) == DUE - 1 + 48


def test_a_read_of_the_bank_waits_for_trfcpb() -> None:
    # REFpb 780, ACT 980, RD 1002, data to 1028.
    assert rig().read(DUE) == DUE + 200 + 48


def test_a_read_of_another_bank_waits_for_trrefd() -> None:
    # REFpb 780, ACT 800.
    assert rig().read(DUE, group=1) == DUE + 20 + 48
    assert rig().read(DUE + 20, group=1) == DUE + 20 + 48
    assert rig().read(DUE + 21, group=1) == DUE + 21 + 48


def test_an_open_row_of_another_bank_is_read_at_once() -> None:
    one = rig()
    one.read(DUE - 100, bank=1)
    assert one.read(DUE, bank=1) == DUE + 26


def test_an_open_row_of_the_bank_is_precharged_first() -> None:
    # PRE 780, REFpb 802, ACT 1002, RD 1024, data to 1050.
    one = rig()
    one.read()
    assert one.read(DUE) == 1050
    assert one.statistics.row_misses.sum() == 2


@pytest.mark.parametrize("turn", range(16))
def test_banks_have_their_turns_group_by_group(turn: int) -> None:
    at = DUE * (turn + 1)
    assert rig().read(at, bank=turn % 4, group=turn // 4) == at + 200 + 48
    assert rig().read(at, bank=(turn + 1) % 4, group=turn // 4) == at + 20 + 48


def test_a_bank_has_its_next_turn_after_trefi() -> None:
    # Its row is open: PRE first.
    one = rig()
    one.read(DUE)
    assert one.read(DUE + 12480) == DUE + 12480 + 22 + 200 + 48


def test_refreshes_of_idle_time_are_counted_and_cost_nothing_afterwards() -> None:
    # 124800 / 780 = 160; the last, of bank 3 in group 3, is over by 125000.
    one = rig()
    assert one.read(125_000) == 125_048
    assert one.statistics.refreshes.sum() == 160


def test_ranks_have_their_turns_half_an_interval_apart() -> None:
    # Rank 0 at 390, rank 1 at 780.
    assert rig(ranks=2).read(390, rank=0) == 390 + 200 + 48
    assert rig(ranks=2).read(390, rank=1) == 390 + 48
    assert rig(ranks=2).read(780, rank=1) == 780 + 200 + 48


@pytest.mark.parametrize(
    ("grade", "first", "shut"),
    [
        # 9375 / 8 = 1171: bank 0 of all groups.
        ("DDR5-4800", 1171, [0, 1, 2, 3, 4, 5, 6, 7]),
        ("LPDDR5-6400", 390, [0, 2]),  # 3125 / 8: a pair
        ("HBM3-6400", 390, [0]),  # 6240 / 16
        ("LPDDR4X-4266", 1042, [0]),  # 8341 / 8
    ],
)
def test_a_refresh_takes_the_banks_of_the_standard(grade: str, first: int, shut: list[int]) -> None:
    part = PARTS[grade]
    t = part.timings
    for group in range(part.bank_groups):
        wait = t.tRFCpb if group in shut else t.tRREFD
        done = first + wait + t.tRCD + t.CL + part.burst_cycles
        assert rig(part).read(first, group=group) == done
        assert rig(part).read(first, group=group, bank=1) == done - wait + t.tRREFD


def test_bursts_behind_a_shut_bank_go_on_while_the_queues_have_room() -> None:
    # All four rows open, then 64 bursts from cycle 780, one in four to the shut bank: 48 take the
    # bus as if nothing were; 16 step aside, and follow when their row is open again: REFpb 802,
    # ACT 1002, first RD 1024, then one each tCCD_L of 8 cycles.
    one = rig()
    one.access(0, bursts=4, at=700)
    begin, end = one.access(4, bursts=64, at=DUE)
    assert begin == DUE + 22
    assert end == 1024 + 15 * 8 + 26
    # Others that come meanwhile find the bus free after 48 bursts.
    assert one.states()[REFRESH] == 0


def test_the_stream_waits_when_the_queues_are_full() -> None:
    # Queue 1 and 8 requests at the bank: the tenth burst to it has no room.
    deep, shallow = rig(queue_bursts=32), rig(queue_bursts=1)
    for one in (deep, shallow):
        one.access(0, bursts=4, at=700)
        one.access(4, bursts=128, at=DUE)
    assert shallow.states()[REFRESH] > 100
    assert deep.states()[REFRESH] == 0
    assert shallow.states()[DATA] == deep.states()[DATA] == 132 * 4


def test_reads_that_stepped_aside_go_before_writes() -> None:
    # The read of the shut bank ends at 1028; its command at 1002, the write's 12 later.
    one = rig()
    one.read(DUE)
    assert one.write(DUE + 1, group=1) == 1002 + 12 + 16 + 4


def test_windows_of_requests_that_overtake_do_not_overlap() -> None:
    one = rig()
    assert one.access(0, at=DUE) == (1024, 1028)
    assert one.access(1, at=DUE) == (1028, 1028)


@pytest.mark.parametrize("grade", BY_BANK)
@pytest.mark.parametrize("start", [0, 1000, 3000])
def test_a_bank_refresh_never_costs_a_stream_more_than_one_of_all_banks(
    grade: str, start: int
) -> None:
    part = PARTS[grade]
    assert part.bank_refresh is not None
    ends = []
    for scheme in (part.bank_refresh.scheme, "all_bank"):
        one = Rig(part, refresh=scheme)
        ends.append(one.access(start, bursts=400_000)[1])
    assert ends[0] < ends[1]


@pytest.mark.parametrize("grade", BY_BANK)
def test_refreshes_are_counted_as_often_as_they_are_due(grade: str) -> None:
    part = PARTS[grade]
    one = rig(part)
    end = one.access(0, bursts=200_000)[1]
    assert part.bank_refresh is not None
    turns = part.refresh_turns(part.bank_refresh.scheme)
    assert one.statistics.refreshes.sum() == pytest.approx(end * turns / part.timings.tREFI, abs=2)


def test_all_bank_is_what_it_was_on_a_part_with_a_bank_refresh() -> None:
    ends = [
        RowGranularMemory(Memory(part, 1, 1, 64, 32, "all_bank")).submit(0, 0, 1, 2**22, 0, False)
        for part in (DDR4, PART)
    ]
    assert ends[0] == ends[1]
