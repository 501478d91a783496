"""Refresh of a channel's ranks, compiled: when it is due, what closes the banks, the command."""

from __future__ import annotations

from accsim.dram.reference import state as s
from accsim.dram.reference.device import PRE, REF, Ints, push_back
from accsim.dram.reference.lean import inlined


@inlined
def begin_refresh(p: Ints, channels: Ints, ranks: Ints, c: int, now: int) -> int:
    """Take a rank whose refresh is due out of the game; the cycle at which the next is due."""
    wake = s.FAR
    for r in range(p[s.P_RANKS]):
        row = c * p[s.P_RANKS] + r
        if channels[c, s.REFRESHING] < 0 and ranks[row, s.REFRESH_DUE] <= now:
            channels[c, s.REFRESHING] = r
            ranks[row, s.REFRESH_DUE] += p[s.P_REFI]
        wake = min(wake, ranks[row, s.REFRESH_DUE])
    return wake


@inlined
def next_of_refresh(
    p: Ints, ready: Ints, banks: Ints, channels: Ints, c: int, now: int
) -> tuple[int, int, int, int]:
    """What brings the refresh of a rank on: first bank, end of banks, command, and when it may go.

    Open banks are precharged, one by one or all at once; then the rank is refreshed. The first bank
    is -1 as long as that must wait.
    """
    first = (c * p[s.P_RANKS] + channels[c, s.REFRESHING]) * p[s.P_BANKS]
    end = first + p[s.P_BANKS]
    soonest, latest, which = s.FAR, -1, -1
    for b in range(first, end):
        if banks[b, s.OPEN_ROW] >= 0:
            if ready[b, PRE] <= now and which < 0:
                which = b
            soonest = min(soonest, ready[b, PRE])
            latest = max(latest, ready[b, PRE])
    command = PRE
    when = soonest
    if latest < 0:
        command = REF
        when = ready[banks[first, s.RANK_PLACE], REF]
        end = first + 1
    elif p[s.P_PRECHARGE_ALL]:
        when = latest
    else:
        first = which
        end = which + 1
    if when > now:
        first = -1
    return first, end, command, when


@inlined
def refresh(
    p: Ints,
    gaps: Ints,
    ready: Ints,
    banks: Ints,
    channels: Ints,
    ranks: Ints,
    statistics: Ints,
    c: int,
    b: int,
    now: int,
) -> None:
    """Issue REF to the rank of bank `b`."""
    row = c * p[s.P_RANKS] + channels[c, s.REFRESHING]
    rank = banks[b, s.RANK_PLACE]
    push_back(gaps, ready, REF, b, banks[b, s.GROUP_PLACE], rank, rank, rank + 1, now)
    ranks[row, s.REFRESH_END] = now + p[s.P_RFC]
    channels[c, s.REFRESHING] = -1
    channels[c, s.PICK_FROM] = now + 1
    statistics[c, s.REFRESHES] += 1
