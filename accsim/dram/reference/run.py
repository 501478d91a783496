"""Running a trace through the controllers, compiled."""

from __future__ import annotations

from collections.abc import Callable

from accsim.dram.reference import state as s
from accsim.dram.reference.controller import (
    ANY,
    BANK_MASK,
    COLUMN_ONLY,
    ROW_ONLY,
    expired,
    issue,
    move,
    pick,
)
from accsim.dram.reference.device import PRE, RD, REF, REFB, WR, Ints
from accsim.dram.reference.lean import SOURCES, inlined, lean
from accsim.dram.reference.refresh import begin_refresh, next_of_refresh, refresh


@inlined
def _tick(
    p: Ints,
    gaps: Ints,
    ready: Ints,
    banks: Ints,
    queues: Ints,
    buffers: Ints,
    channels: Ints,
    ranks: Ints,
    statistics: Ints,
    window: Ints,
    commands: Ints,
    c: int,
    watched: int,
    now: int,
) -> int:
    """What channel `c` does in cycle `now`; the next cycle in which it may do something."""
    wake = begin_refresh(p, banks, channels, ranks, c, now)
    b, end, command = -1, -1, -1
    if channels[c, s.REFRESHING] >= 0:
        b, end, command, later = next_of_refresh(p, ready, banks, channels, c, now)
        wake = min(wake, later)
    refreshing = b >= 0
    allowed = ANY
    for _ in range(1 + p[s.P_TWO_COMMANDS]):
        if b < 0:
            b, command, later = pick(p, ready, banks, channels, c, now, allowed)
            wake = min(wake, later)
            if b < 0 and p[s.P_TIMEOUT] and allowed != COLUMN_ONLY:
                b, later = expired(p, ready, banks, c, now)
                wake = min(wake, later)
                command = PRE
            end = b + 1
        if b < 0:
            break
        if command in (REF, REFB):
            refresh(p, gaps, ready, banks, channels, statistics, c, b, now)
            _log(commands, banks, b, command, now)
        else:
            # More than one bank only where those of a refresh are precharged at once.
            for bank in range(b, end, p[s.P_REFRESH_STEP] if refreshing else 1):
                if command != PRE or banks[bank, s.OPEN_ROW] >= 0:
                    issue(
                        p,
                        gaps,
                        ready,
                        banks,
                        queues,
                        channels,
                        ranks,
                        statistics,
                        window,
                        c,
                        bank,
                        command,
                        watched,
                        now,
                    )
                    _log(commands, banks, bank, command, now)
                    if refreshing:
                        banks[bank, s.BY_DEMAND] = 0
        refreshing = False
        allowed = ROW_ONLY if command in (RD, WR) else COLUMN_ONLY
        b = -1
        wake = now + 1
    if move(p, banks, queues, buffers, channels, c):
        wake = now + 1
    return wake


@inlined
def _log(commands: Ints, banks: Ints, b: int, command: int, now: int) -> None:
    """Append to the list of commands as long as there is room; row 0 holds how many there are."""
    count = commands[0, 0]
    if count + 1 < len(commands):
        commands[count + 1, 0] = now
        commands[count + 1, 1] = command
        commands[count + 1, 2] = b
        commands[count + 1, 3] = banks[b, s.OPEN_ROW]
        commands[0, 0] = count + 1


@inlined
def _take(p: Ints, buffers: Ints, channels: Ints, trace: Ints, taken: int, now: int) -> bool:
    """Put request `taken` of the trace into the buffer of its channel, if there is room."""
    request = trace[taken]
    c = ((request >> 1) & BANK_MASK) // (p[s.P_RANKS] * p[s.P_BANKS])
    write = request & 1
    count = channels[c, s.WRITES] if write else channels[c, s.READS]
    room = bool(count < p[s.P_BUFFER])
    if room:
        if channels[c, s.READS] + channels[c, s.WRITES] + channels[c, s.QUEUED_ALL] == 0:
            channels[c, s.BUSY_SINCE] = now
        buffers[2 * c + write, count] = request
        if write:
            channels[c, s.WRITES] += 1
        else:
            channels[c, s.READS] += 1
        channels[c, s.NOW] = now
    return room


def _made_from(sources: int) -> Callable[..., int]:
    @lean
    def run(
        p: Ints,
        gaps: Ints,
        ready: Ints,
        banks: Ints,
        queues: Ints,
        buffers: Ints,
        channels: Ints,
        ranks: Ints,
        statistics: Ints,
        window: Ints,
        commands: Ints,
        trace: Ints,
        first: int,
        end: int,
        start: int,
        until: int,
        pause: int,
        watched: int,
    ) -> int:
        """Offer a trace to channels `first` to `end` - 1 in order, keeping their buffers full.

        Args:
            p: parameters P_*.
            gaps: `gap_table`.
            ready: this and the arrays down to `window` are those of a `State`, which moves on.
            banks: see `State`.
            queues: see `State`.
            buffers: see `State`.
            channels: see `State`.
            ranks: see `State`.
            statistics: see `State`.
            window: see `State`.
            commands: receives (cycle, command, bank, row) from row 1 on; row 0 counts them.
            trace: requests, as integers; the first that does not fit holds back the others.
            first: first channel that the trace may address.
            end: one past the last.
            start: cycle at which the trace is offered.
            until: cycle before which to stop; FAR: once all is served; TAKEN: in the cycle in which
                the last request is taken, before anything else happens in it.
            pause: cycles from the end of a request's data until the next is offered; -1: at once.
            watched: id of the requests whose data are noted in `window`.

        Returns:
            How many requests of the trace were taken.
        """
        now, taken = start, 0
        if sources < 0:  # Never: it makes the number part of the code's key.
            return 0
        while now < until:
            work = 0
            last_end = 0
            for c in range(first, end):
                work += channels[c, s.READS] + channels[c, s.WRITES] + channels[c, s.QUEUED_ALL]
                last_end = max(last_end, channels[c, s.LAST_END])
            may_offer = now if pause < 0 or taken == 0 else last_end + pause
            if pause < 0 or work == 0:
                while taken < len(trace) and now >= may_offer:
                    if not _take(p, buffers, channels, trace, taken, now):
                        break
                    taken += 1
                    work += 1
                    if pause >= 0:
                        break
            if taken == len(trace) and (until == s.TAKEN or (until == s.FAR and work == 0)):
                break
            wake = s.FAR
            for c in range(first, end):
                if channels[c, s.NOW] <= now:
                    channels[c, s.NOW] = _tick(
                        p,
                        gaps,
                        ready,
                        banks,
                        queues,
                        buffers,
                        channels,
                        ranks,
                        statistics,
                        window,
                        commands,
                        c,
                        watched,
                        now,
                    )
                wake = min(wake, channels[c, s.NOW])
            if pause >= 0 and work == 0 and taken < len(trace):
                wake = min(wake, may_offer)
            now = wake
        return taken

    return run


run = _made_from(SOURCES)
