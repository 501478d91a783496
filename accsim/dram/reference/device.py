"""What a DRAM channel allows, and when: the timing rules as a table, and who has to wait for whom.

A rule says that a command must come at least so many cycles after an earlier one if both address
the same bank, bank group or rank, or different ranks of the channel. The table is turned into the
array ``gaps[scope, before, after]``; issuing a command then pushes the earliest cycle of every
later command forward, in three places: its bank, its bank group, its rank. A command is legal at
the latest of those three.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from accsim.chip import DramPart, DramTimings
from accsim.dram.reference.lean import inlined

Ints = npt.NDArray[np.int64]

ACT, PRE, RD, WR, REF, REFB = range(6)
COMMANDS = ("ACT", "PRE", "RD", "WR", "REF", "REFB")
"""REF refreshes a rank; REFB is the bank refresh: REFpb, or REFsb of DDR5."""
KINDS = len(COMMANDS)

BANK, GROUP, RANK, OTHER_RANK = range(4)
"""How two commands may be related: the first that fits, where a bank lies in its group and so on.

A rule of a wider scope holds in the narrower ones too.
"""

LONG_AGO = -(10**9)
"""Before any command: a cycle that holds nothing back."""
NO_RULE = -(10**12)


@dataclass(frozen=True, slots=True)
class Rule:
    """`after` comes at least `gap(timings, burst)` cycles after `before` within `scope`."""

    name: str
    scope: int
    before: int
    after: int
    gap: Callable[[DramTimings, int], int]


RULES = (
    Rule("tRCD", BANK, ACT, RD, lambda t, _: t.tRCD),
    Rule("tRCD_WR", BANK, ACT, WR, lambda t, _: t.tRCD_WR),
    Rule("tRAS", BANK, ACT, PRE, lambda t, _: t.tRAS),
    Rule("tRC", BANK, ACT, ACT, lambda t, _: t.tRC),
    Rule("tRP", BANK, PRE, ACT, lambda t, _: t.tRP),
    Rule("tRTP", BANK, RD, PRE, lambda t, _: t.tRTP),
    Rule("tWR", BANK, WR, PRE, lambda t, burst: t.CWL + burst + t.tWR),
    Rule("tRRD_L", GROUP, ACT, ACT, lambda t, _: t.tRRD_L),
    Rule("tCCD_L", GROUP, RD, RD, lambda t, _: t.tCCD_L),
    Rule("tCCD_L", GROUP, WR, WR, lambda t, _: t.tCCD_L),
    Rule("tWTR_L", GROUP, WR, RD, lambda t, burst: t.CWL + burst + t.tWTR_L),
    Rule("tRRD_S", RANK, ACT, ACT, lambda t, _: t.tRRD_S),
    Rule("tCCD_S", RANK, RD, RD, lambda t, _: t.tCCD_S),
    Rule("tCCD_S", RANK, WR, WR, lambda t, _: t.tCCD_S),
    Rule("tRTW", RANK, RD, WR, lambda t, _: t.tRTW),
    Rule("tWTR_S", RANK, WR, RD, lambda t, burst: t.CWL + burst + t.tWTR_S),
    # All banks of a rank must be precharged before it is refreshed.
    Rule("tRP", RANK, PRE, REF, lambda t, _: t.tRP),
    Rule("tRFC", RANK, REF, ACT, lambda t, _: t.tRFC),
    Rule("tRFC", RANK, REF, REF, lambda t, _: t.tRFC),
    # So must the banks of a bank refresh. It activates rows itself, so it keeps tRRD from an ACT.
    Rule("tRP", BANK, PRE, REFB, lambda t, _: t.tRP),
    Rule("tRFCpb", BANK, REFB, ACT, lambda t, _: t.tRFCpb),
    Rule("tRFCpb", BANK, REFB, REFB, lambda t, _: t.tRFCpb),
    Rule("tRRD_L", GROUP, ACT, REFB, lambda t, _: t.tRRD_L),
    Rule("tRRD_S", RANK, ACT, REFB, lambda t, _: t.tRRD_S),
    Rule("tRREFD", RANK, REFB, ACT, lambda t, _: t.tRREFD),
    Rule("tRREFD", RANK, REFB, REFB, lambda t, _: t.tRREFD),
    # Between ranks only the data bus is shared.
    Rule("tRTRS", OTHER_RANK, RD, RD, lambda t, burst: burst + t.tRTRS),
    Rule("tRTRS", OTHER_RANK, WR, WR, lambda t, burst: burst + t.tRTRS),
    Rule("tRTW", OTHER_RANK, RD, WR, lambda t, _: t.tRTW),
    Rule(
        "tRTRS",
        OTHER_RANK,
        WR,
        RD,
        lambda t, burst: max(t.tCCD_S, t.CWL + burst + t.tRTRS - t.CL),
    ),
)
"""Every rule between two commands. The window of four activates (tFAW) is kept apart."""


def gap_table(part: DramPart) -> Ints:
    """The rules of a part as gaps in cycles, shape (4 scopes, 6 before, 6 after); else NO_RULE."""
    gaps = np.full((4, len(COMMANDS), len(COMMANDS)), NO_RULE, dtype=np.int64)
    for rule in RULES:
        gaps[rule.scope, rule.before, rule.after] = rule.gap(part.timings, part.burst_cycles)
    return gaps


@inlined
def earliest(ready: Ints, command: int, bank: int, group: int, rank: int) -> int:
    """First cycle at which a command is legal; `bank`, `group`, `rank` are rows of `ready`."""
    return int(max(ready[bank, command], ready[group, command], ready[rank, command]))


@inlined
def push_back(
    gaps: Ints,
    ready: Ints,
    command: int,
    bank: int,
    group: int,
    rank: int,
    first_rank: int,
    end_rank: int,
    now: int,
) -> None:
    """Hold back what must wait for `command`, issued at cycle `now`.

    Args:
        gaps: `gap_table`.
        ready: earliest cycle of each command by bank, bank group and rank, shape (places, 6).
        command: what was issued.
        bank: row of its bank in `ready`.
        group: row of its bank group.
        rank: row of its rank.
        first_rank: row of the first rank of the channel.
        end_rank: row after the last.
        now: when it was issued.
    """
    # A column command holds back no refresh: the precharge between them does.
    for after in range(REF if command in (RD, WR) else KINDS):
        ready[bank, after] = max(ready[bank, after], now + gaps[BANK, command, after])
        ready[group, after] = max(ready[group, after], now + gaps[GROUP, command, after])
        ready[rank, after] = max(ready[rank, after], now + gaps[RANK, command, after])
    if end_rank - first_rank > 1:
        for other in range(first_rank, end_rank):
            if other != rank:
                for after in range(REF):
                    gap = gaps[OTHER_RANK, command, after]
                    ready[other, after] = max(ready[other, after], now + gap)


@inlined
def push_back_activates(
    ready: Ints, ranks: Ints, rank: int, row: int, oldest: int, faw: int, now: int
) -> None:
    """Note an ACT at `now`; hold back the one that would be the fifth within tFAW.

    `ranks` has the last four activates of each rank in four columns from `oldest` on; `row` is that
    of the rank in it, `rank` the one in `ready`.
    """
    for column in range(oldest, oldest + 3):
        ranks[row, column] = ranks[row, column + 1]
    ranks[row, oldest + 3] = now
    ready[rank, ACT] = max(ready[rank, ACT], ranks[row, oldest] + faw)
