"""All-bank refresh: when it strikes, what it closes, what it costs."""

from __future__ import annotations

import pytest

from .rig import ACTIVATION, DATA, DDR4, REFRESH, TURNAROUND, Rig, with_timings

DUE, RFC = DDR4.timings.tREFI, DDR4.timings.tRFC  # 12480 and 560 cycles


def test_a_read_one_cycle_before_refresh_is_due_goes_first() -> None:
    rig = Rig(refresh="all_bank")
    rig.read()
    assert rig.read(DUE - 1) == DUE - 1 + 26


def test_a_read_when_refresh_is_due_waits_for_trfc_and_opens_its_row_again() -> None:
    # REF 12480, ACT 13040, RD 13062, data to 13088.
    rig = Rig(refresh="all_bank")
    rig.read()
    assert rig.read(DUE) == DUE + RFC + 22 + 26
    assert rig.statistics.row_misses.sum() == 2
    assert rig.statistics.row_conflicts.sum() == 0


def test_a_longer_trfc_delays_by_as_much() -> None:
    rig = Rig(with_timings(tRFC=RFC + 100), refresh="all_bank")
    assert rig.read(DUE) == DUE + RFC + 100 + 22 + 26


def test_refresh_waits_until_a_busy_bank_is_precharged() -> None:
    # ACT 12470, RD 12492, PRE 12470 + 52, REF 12544, ACT 13104, RD 13126, data to 13152.
    rig = Rig(refresh="all_bank")
    assert rig.read(DUE - 10) == DUE - 10 + 48
    assert rig.read(DUE + 12) == 13152


def test_a_read_after_trfc_finds_the_bank_closed_but_ready() -> None:
    rig = Rig(refresh="all_bank")
    assert rig.read(DUE + RFC) == DUE + RFC + 48
    assert rig.states()[REFRESH] == 0


def test_refreshes_of_idle_time_are_counted_and_cost_nothing_afterwards() -> None:
    rig = Rig(refresh="all_bank")
    at = 10 * DUE + RFC
    assert rig.read(at) == at + 48
    assert rig.statistics.refreshes.sum() == 10


@pytest.mark.parametrize("first", [DUE, 3 * DUE, 3 * DUE + 5000])
def test_refreshes_stay_on_their_grid(first: int) -> None:
    # After a refresh the next is due at a multiple of tREFI, neither sooner nor later.
    early, late = Rig(refresh="all_bank"), Rig(refresh="all_bank")
    for rig in (early, late):
        rig.read(first)
    assert early.read(5 * DUE - 1) == 5 * DUE - 1 + 48
    assert late.read(5 * DUE) == 5 * DUE + RFC + 48


def test_two_ranks_refresh_in_turn() -> None:
    # Rank 0 at 6240, rank 1 at 12480; a read of the other rank goes on.
    rig = Rig(ranks=2, refresh="all_bank")
    assert rig.read(6240, rank=0) == 6240 + RFC + 48
    rig = Rig(ranks=2, refresh="all_bank")
    assert rig.read(6240, rank=1) == 6240 + 48
    assert rig.read(DUE, rank=1) == DUE + RFC + 48


def test_without_refresh_nothing_is_refreshed() -> None:
    rig = Rig(refresh="off")
    assert rig.read(DUE) == DUE + 48
    assert rig.statistics.refreshes.sum() == 0


@pytest.mark.parametrize("write", [False, True])
def test_the_share_of_refresh_in_a_saturated_stream_is_that_of_its_cycle(write: bool) -> None:
    # Each tREFI the bus pauses from the last column command over recovery, precharge, refresh and
    # activation to the next: tRTP or CWL + 4 + tWR, then tRP, tRFC, tRCD, less one burst slot.
    rig = Rig(refresh="all_bank")
    bursts = 200 * DUE // 4
    end = rig.access(0, bursts=bursts, write=write)[1]
    recovery = 16 + 4 + 24 if write else 12
    lost = (recovery + 22 + RFC + 22 - 4) / DUE  # 4.9 % for reads, 5.2 % for writes
    assert 1 - bursts * 4 / end == pytest.approx(lost, abs=0.002)


def test_the_named_states_account_for_the_time_of_a_saturated_stream() -> None:
    rig = Rig(refresh="all_bank")
    begin, end = rig.access(0, bursts=100_000)
    states = rig.states()
    assert states[DATA] == 400_000
    assert states[TURNAROUND] == 0
    # From cycle 0: the first ACT, the stream and its pauses, and CL after the last command.
    assert sum(states) == end - 22
    assert states[REFRESH] > 10 * (states[ACTIVATION] - 22)
    assert begin == 44
