"""Every rule of the device: blocked one cycle early, legal on time. Computed for DDR4-3200.

CL 22, CWL 16, tRCD 22, tRP 22, tRAS 52, tRC 74, tCCD 4/8, tRRD 4/8, tFAW 34, tRTP 12, tWR 24,
tWTR 4/12, tRTW 12, tRTRS 1, tRFC 560; a burst takes 4 cycles. DDR4 has no bank refresh: it is given
one with tRFCpb 200 and tRREFD 20.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from accsim.chip import Memory, Policy
from accsim.dram.reference import device
from accsim.dram.reference.device import ACT, COMMANDS, PRE, RD, REF, REFB, WR
from accsim.dram.reference.state import ACT_WINDOW, GROUP_PLACE, RANK_PLACE, fresh_state

from .rig import DDR4, with_timings

SAME_BANK, SAME_GROUP, SAME_RANK, OTHER_RANK = (0, 0, 0), (0, 0, 1), (0, 1, 0), (1, 0, 0)
PLACES = {
    SAME_BANK: "the same bank",
    SAME_GROUP: "another bank of its group",
    SAME_RANK: "another group",
    OTHER_RANK: "another rank",
}

GATES = [
    (ACT, RD, SAME_BANK, 22),  # tRCD
    (ACT, WR, SAME_BANK, 22),
    (ACT, PRE, SAME_BANK, 52),  # tRAS
    (ACT, ACT, SAME_BANK, 74),  # tRC
    (PRE, ACT, SAME_BANK, 22),  # tRP
    (RD, PRE, SAME_BANK, 12),  # tRTP
    (WR, PRE, SAME_BANK, 44),  # CWL 16 + burst 4 + tWR 24
    (ACT, ACT, SAME_GROUP, 8),  # tRRD_L
    (RD, RD, SAME_BANK, 8),  # tCCD_L
    (RD, RD, SAME_GROUP, 8),
    (WR, WR, SAME_BANK, 8),
    (WR, WR, SAME_GROUP, 8),
    (WR, RD, SAME_BANK, 32),  # CWL 16 + burst 4 + tWTR_L 12
    (WR, RD, SAME_GROUP, 32),
    (RD, WR, SAME_BANK, 12),  # tRTW
    (RD, WR, SAME_GROUP, 12),
    (ACT, ACT, SAME_RANK, 4),  # tRRD_S
    (RD, RD, SAME_RANK, 4),  # tCCD_S
    (WR, WR, SAME_RANK, 4),
    (WR, RD, SAME_RANK, 24),  # CWL 16 + burst 4 + tWTR_S 4
    (RD, WR, SAME_RANK, 12),
    (PRE, REF, SAME_BANK, 22),  # tRP: every bank of the rank
    (PRE, REF, SAME_GROUP, 22),
    (PRE, REF, SAME_RANK, 22),
    (REF, ACT, SAME_BANK, 560),  # tRFC: every bank of the rank
    (REF, ACT, SAME_GROUP, 560),
    (REF, ACT, SAME_RANK, 560),
    (REF, REF, SAME_BANK, 560),
    (PRE, REFB, SAME_BANK, 22),  # tRP
    (REFB, ACT, SAME_BANK, 200),  # tRFCpb
    (REFB, REFB, SAME_BANK, 200),
    (REFB, ACT, SAME_GROUP, 20),  # tRREFD
    (REFB, ACT, SAME_RANK, 20),
    (REFB, REFB, SAME_GROUP, 20),
    (REFB, REFB, SAME_RANK, 20),
    (ACT, REFB, SAME_BANK, 8),  # tRRD_L; the precharge between them takes longer
    (ACT, REFB, SAME_GROUP, 8),
    (ACT, REFB, SAME_RANK, 4),  # tRRD_S
    (RD, RD, OTHER_RANK, 5),  # burst 4 + tRTRS 1
    (WR, WR, OTHER_RANK, 5),
    (RD, WR, OTHER_RANK, 12),
    (WR, RD, OTHER_RANK, 4),  # 16 + 4 + 1 - 22 would be before the write: tCCD_S
]


class Device:
    """Two ranks, asked by (rank, group, bank)."""

    def __init__(self, **timings: int) -> None:
        self.part = with_timings(DDR4, **{"tRFCpb": 200, "tRREFD": 20, **timings})
        state = fresh_state(Memory(self.part, 1, 2, 64, 32, refresh="off"), Policy())
        self.ready, self.ranks, self.banks = state.ready, state.ranks, state.banks
        self.gaps = device.gap_table(self.part)

    def rows(self, place: tuple[int, int, int]) -> tuple[int, int, int]:
        rank, group, bank = place
        row = (rank * 4 + group) * 4 + bank
        return row, int(self.banks[row, GROUP_PLACE]), int(self.banks[row, RANK_PLACE])

    def issue(self, command: int, place: tuple[int, int, int], at: int) -> None:
        first = len(self.ready) - 2
        push_back: Any = device.push_back
        push_back.py_func(self.gaps, self.ready, command, *self.rows(place), first, first + 2, at)
        if command == ACT:
            note: Any = device.push_back_activates
            rank, faw = place[0], self.part.timings.tFAW
            note.py_func(self.ready, self.ranks, first + rank, rank, ACT_WINDOW, faw, at)

    def legal(self, command: int, place: tuple[int, int, int], at: int) -> bool:
        earliest: Any = device.earliest
        return bool(earliest.py_func(self.ready, command, *self.rows(place)) <= at)


@pytest.mark.parametrize(
    ("before", "after", "where", "gap"),
    GATES,
    ids=lambda value: PLACES[value] if isinstance(value, tuple) else None,
)
def test_a_command_is_blocked_a_cycle_early_and_legal_on_time(
    before: int, after: int, where: tuple[int, int, int], gap: int
) -> None:
    memory = Device()
    memory.issue(before, (0, 0, 0), 100)
    assert not memory.legal(after, where, 100 + gap - 1)
    assert memory.legal(after, where, 100 + gap)


def test_pairs_that_no_rule_names_are_free() -> None:
    bound = {(before, after, where) for before, after, where, _ in GATES}
    # What holds for the rank of a refresh holds for all its places.
    bound |= {(REF, REF, SAME_GROUP), (REF, REF, SAME_RANK)}
    for before in range(len(COMMANDS)):
        for after in range(len(COMMANDS)):
            for where in PLACES:
                if (before, after, where) not in bound:
                    memory = Device()
                    memory.issue(before, (0, 0, 0), 100)
                    assert memory.legal(after, where, 100), (before, after, where)


def test_a_fifth_activate_waits_for_the_window_of_four() -> None:
    memory = Device()
    for turn, at in enumerate((100, 104, 108, 112)):
        memory.issue(ACT, (0, turn, 0), at)
    assert not memory.legal(ACT, (0, 0, 1), 100 + 34 - 1)
    assert memory.legal(ACT, (0, 0, 1), 100 + 34)


def test_the_window_of_four_moves_on() -> None:
    # Activates at 100, 110, 120, 130, 140: the sixth waits for 110 + 34.
    memory = Device()
    for turn in range(5):
        memory.issue(ACT, (0, turn % 4, turn // 4), 100 + 10 * turn)
    assert not memory.legal(ACT, (0, 2, 1), 143)
    assert memory.legal(ACT, (0, 2, 1), 144)


def test_the_window_of_four_is_of_one_rank() -> None:
    memory = Device()
    for turn in range(4):
        memory.issue(ACT, (0, turn, 0), 100 + 4 * turn)
    assert memory.legal(ACT, (1, 0, 0), 113)


def test_a_read_of_another_rank_keeps_clear_of_write_data() -> None:
    # CL 10: write data end at 100 + 20, one cycle of gap, so read data from 121: command at 111.
    memory = Device(CL=10)
    memory.issue(WR, (0, 0, 0), 100)
    assert not memory.legal(RD, (1, 0, 0), 110)
    assert memory.legal(RD, (1, 0, 0), 111)


@pytest.mark.parametrize("rule", device.RULES, ids=lambda rule: f"{rule.name}-{rule.scope}")
def test_each_rule_stands_in_the_table_where_it_says(rule: device.Rule) -> None:
    gaps = device.gap_table(DDR4)
    expected = rule.gap(DDR4.timings, DDR4.burst_cycles)
    assert gaps[rule.scope, rule.before, rule.after] == expected
    assert np.count_nonzero(gaps != device.NO_RULE) == len(device.RULES)
