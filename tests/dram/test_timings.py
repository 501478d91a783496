"""Each timing rule on its own, computed by hand for DDR4-3200 and shown to bind.

Every case is stated once; a second test then raises the timing by five cycles and wants the answer
five cycles later. Refresh is off here. A read burst ends CL + 4 = 26 cycles after its command, a
write burst CWL + 4 = 20.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from .rig import Rig, with_timings


@dataclass(frozen=True)
class Rule:
    """A timing, a sequence in which it binds, and when its last data end."""

    timing: str
    story: str
    run: Callable[[Rig], int]
    end: int
    base: dict[str, int] = field(default_factory=dict)
    """Timings that must give way for this one to bind."""


def opened(rig: Rig) -> Rig:
    """Row 0 open in bank 0 of all four groups, long ago."""
    for group in range(4):
        rig.read(group=group)
    return rig


def five_banks(rig: Rig) -> int:
    opened(rig)
    return rig.read(bank=1)


def read_then(rig: Rig, *, group: int) -> int:
    opened(rig).read(1000)
    return rig.read(1000, group=group)


def write_then_read(rig: Rig, *, group: int) -> int:
    opened(rig).write(1000)
    return rig.read(1000, group=group)


def read_then_write(rig: Rig) -> int:
    opened(rig).read(1000)
    return rig.write(1000, group=1)


def conflict_after_read(rig: Rig, at: int) -> int:
    rig.read()
    return rig.read(at, row=1)


def conflict_after_write(rig: Rig) -> int:
    rig.write()
    return rig.read(row=1)


RULES = (
    Rule("tRCD", "cold read: ACT 0, RD 22, data 44 to 48", lambda rig: rig.read(), 48),
    Rule("CL", "cold read: ACT 0, RD 22, data 44 to 48", lambda rig: rig.read(), 48),
    Rule("tRCD_WR", "cold write: ACT 0, WR 22, data 38 to 42", lambda rig: rig.write(), 42),
    Rule("CWL", "cold write: ACT 0, WR 22, data 38 to 42", lambda rig: rig.write(), 42),
    Rule(
        "tRP",
        "another row, long after: PRE 1000, ACT 1022, RD 1044",
        lambda rig: conflict_after_read(rig, 1000),
        1070,
    ),
    Rule(
        "tRAS",
        "another row at once: PRE 0 + 52, ACT 74, RD 96",
        lambda rig: conflict_after_read(rig, 0),
        122,
    ),
    Rule(
        "tRC",
        "another row at once: ACT 0 + 80, RD 102",
        lambda rig: conflict_after_read(rig, 0),
        128,
        {"tRC": 80},
    ),
    Rule(
        "tRTP",
        "another row at once: RD 22, PRE 22 + 40, ACT 84, RD 106",
        lambda rig: conflict_after_read(rig, 0),
        132,
        {"tRTP": 40},
    ),
    Rule(
        "tWR",
        "another row after a write: WR 22, data to 42, PRE 42 + 24, ACT 88, RD 110",
        conflict_after_write,
        136,
    ),
    Rule("tFAW", "a fifth bank: ACT 0, 4, 8, 12, then 0 + 34, RD 56", five_banks, 82),
    Rule(
        "tRRD_S",
        "another group: ACT 0, ACT 10, RD 32",
        lambda rig: (rig.read(), rig.read(group=1))[1],
        58,
        {"tRRD_S": 10},
    ),
    Rule(
        "tRRD_L",
        "another bank of the same group: ACT 0, ACT 12, RD 34",
        lambda rig: (rig.read(), rig.read(bank=1))[1],
        60,
        {"tRRD_L": 12},
    ),
    Rule(
        "tCCD_L",
        "open row, same group: RD 1000, RD 1008",
        lambda rig: read_then(rig, group=0),
        1034,
    ),
    Rule(
        "tCCD_S",
        "open row, another group: RD 1000, RD 1004",
        lambda rig: read_then(rig, group=1),
        1030,
    ),
    Rule(
        "tWTR_L",
        "read after write, same group: WR 1000, data to 1020, RD 1032",
        lambda rig: write_then_read(rig, group=0),
        1058,
    ),
    Rule(
        "tWTR_S",
        "read after write, another group: WR 1000, data to 1020, RD 1024",
        lambda rig: write_then_read(rig, group=1),
        1050,
    ),
    Rule("tRTW", "write after read: RD 1000, WR 1012", read_then_write, 1032),
)

rules = pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.timing}: {rule.story}")


@rules
def test_the_last_data_end_as_computed_by_hand(rule: Rule) -> None:
    assert rule.run(Rig(with_timings(**rule.base))) == rule.end


@rules
def test_a_longer_timing_delays_by_exactly_as_much(rule: Rule) -> None:
    part = with_timings(**rule.base)
    longer = getattr(part.timings, rule.timing) + 5
    assert rule.run(Rig(with_timings(part, **{rule.timing: longer}))) == rule.end + 5


def rank_switch(rig: Rig, first_write: bool, then_write: bool) -> int:
    """Two bursts to open rows of different ranks at cycle 1000; the end of the second."""
    rig.read(rank=0)
    rig.read(rank=1)
    rig.access(rig.burst(rank=0), at=1000, write=first_write)
    return rig.access(rig.burst(rank=1), at=1000, write=then_write)[1]


@pytest.mark.parametrize(
    ("first_write", "then_write", "end"),
    [
        (False, False, 1000 + 4 + 1 + 26),  # burst, tRTRS
        (True, True, 1000 + 4 + 1 + 20),
        (False, True, 1000 + 12 + 20),  # tRTW
        # Write data end at 1020, so read data may begin at 1021: RD at 999, held back to tCCD_S.
        (True, False, 1000 + 4 + 26),
    ],
)
def test_the_data_bus_changes_ranks_after_a_gap(
    first_write: bool, then_write: bool, end: int
) -> None:
    assert rank_switch(Rig(ranks=2), first_write, then_write) == end


def test_a_read_of_another_rank_waits_for_the_end_of_write_data() -> None:
    # CL 10: write data end at 1020, one cycle of gap, read data from 1021: RD 1011, end 1025.
    assert rank_switch(Rig(with_timings(CL=10), ranks=2), True, False) == 1025


def test_an_open_row_answers_after_cl_and_the_burst() -> None:
    rig = Rig()
    rig.read()
    assert rig.access(rig.burst(), at=500) == (522, 526)


def test_a_run_of_bursts_follows_at_the_burst_rate() -> None:
    # First data at 44, 100 bursts of 4 cycles, the groups taking turns.
    rig = Rig()
    assert rig.access(0, bursts=100) == (44, 444)


def test_a_part_without_bank_groups_is_held_to_its_column_spacing() -> None:
    # One group: column commands tCCD_L = 8 apart although a burst takes 4: 48 + 9 x 8.
    part = replace(with_timings(), bank_groups=1, banks_per_group=16)
    assert Rig(part).access(0, bursts=10) == (44, 120)


def test_rows_are_opened_ahead_of_their_use() -> None:
    # Two stripes of 512 bursts each: the second's rows open during the first, no gap between.
    rig = Rig()
    assert rig.access(0, bursts=1024) == (44, 44 + 1024 * 4)


def test_a_row_is_opened_no_earlier_than_the_queue_looks_ahead() -> None:
    # Queue of 1 burst: the first stripe's last RD at 22 + 511 x 4 = 2066; bank 1 opens 4 cycles
    # before that, at 2062: RD 2084, data from 2106 (2092 with a long queue).
    rig = Rig(queue_bursts=1)
    rig.access(0, bursts=512)
    assert rig.access(512)[0] == 2106


@pytest.mark.parametrize(("group", "last_write"), [(0, 38), (1, 42), (2, 30), (3, 34)])
def test_each_bank_of_a_run_recovers_from_its_own_last_write(group: int, last_write: int) -> None:
    # Six bursts from cycle 22, 4 apart, over four groups. Then another row of one of the banks:
    # data to WR + 20, PRE after 24, ACT after 22, RD after 22, data to 26 later.
    rig = Rig()
    rig.access(0, bursts=6, write=True)
    assert rig.read(row=1, group=group) == last_write + 20 + 24 + 22 + 22 + 26


def test_times_are_converted_at_the_clock_and_rounded_up() -> None:
    # 1 ps after the edge of cycle 0 the first command can go at cycle 1: 49 cycles of 625 ps.
    rig = Rig()
    assert rig.model.submit(1, 0, 1, 64, 0, write=False) == 49 * 625
