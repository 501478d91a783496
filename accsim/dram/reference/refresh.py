"""Refresh of a channel's ranks, compiled: when it is due, what closes the banks, the command.

A refresh takes every `P_REFRESH_STEP`-th bank of a rank, all of them where that is 1, and the next
begins one bank later: first each bank of the first groups in turn, then those of the next.
"""

from __future__ import annotations

from accsim.dram.reference import state as s
from accsim.dram.reference.device import PRE, Ints, earliest, push_back
from accsim.dram.reference.lean import inlined


@inlined
def begin_refresh(p: Ints, banks: Ints, channels: Ints, ranks: Ints, c: int, now: int) -> int:
    """Take banks whose refresh is due out of the game; the cycle at which the next is due."""
    wake = s.FAR
    for r in range(p[s.P_RANKS]):
        row = c * p[s.P_RANKS] + r
        if channels[c, s.REFRESHING] < 0 and ranks[row, s.REFRESH_DUE] <= now:
            turn = ranks[row, s.REFRESH_TURN]
            first = row * p[s.P_BANKS] + turn % p[s.P_REFRESH_STEP]
            channels[c, s.REFRESHING] = first
            for b in range(first, (row + 1) * p[s.P_BANKS], p[s.P_REFRESH_STEP]):
                banks[b, s.RESTS] = 1
            # The refreshes of an interval are spread evenly, to whole cycles.
            turns = p[s.P_REFRESH_TURNS]
            passed = turn * p[s.P_REFI] // turns
            ranks[row, s.REFRESH_DUE] += (turn + 1) * p[s.P_REFI] // turns - passed
            ranks[row, s.REFRESH_TURN] = (turn + 1) % turns
        wake = min(wake, ranks[row, s.REFRESH_DUE])
    return wake


@inlined
def next_of_refresh(
    p: Ints, ready: Ints, banks: Ints, channels: Ints, c: int, now: int
) -> tuple[int, int, int, int]:
    """What brings a refresh on: first bank, end of banks, command, and when it may go.

    Open banks are precharged, one by one or all at once; then they are refreshed. The first bank
    is -1 as long as that must wait.
    """
    first = channels[c, s.REFRESHING]
    end = (first // p[s.P_BANKS] + 1) * p[s.P_BANKS]
    soonest, latest, which, refresh_from = s.FAR, -1, -1, -1
    for b in range(first, end, p[s.P_REFRESH_STEP]):
        if banks[b, s.OPEN_ROW] >= 0:
            if ready[b, PRE] <= now and which < 0:
                which = b
            soonest = min(soonest, ready[b, PRE])
            latest = max(latest, ready[b, PRE])
        group, rank = banks[b, s.GROUP_PLACE], banks[b, s.RANK_PLACE]
        refresh_from = max(refresh_from, earliest(ready, p[s.P_REFRESH_COMMAND], b, group, rank))
    command = PRE
    when = soonest
    if latest < 0:
        command = p[s.P_REFRESH_COMMAND]
        when = refresh_from
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
    statistics: Ints,
    c: int,
    first: int,
    now: int,
) -> None:
    """Issue the refresh whose first bank is `first`."""
    rank = banks[first, s.RANK_PLACE]
    for b in range(first, (first // p[s.P_BANKS] + 1) * p[s.P_BANKS], p[s.P_REFRESH_STEP]):
        group = banks[b, s.GROUP_PLACE]
        push_back(gaps, ready, p[s.P_REFRESH_COMMAND], b, group, rank, rank, rank + 1, now)
        banks[b, s.REFRESH_END] = now + p[s.P_RFC]
        banks[b, s.RESTS] = 0
    channels[c, s.REFRESHING] = -1
    channels[c, s.PICK_FROM] = now + 1
    statistics[c, s.REFRESHES] += 1
