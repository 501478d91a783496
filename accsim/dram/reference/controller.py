"""The controller of a channel, compiled: which command issues in which cycle.

Only cycles in which something can happen are looked at; between them nothing changes, so this
skips no decision. In each such cycle, in this order: a refresh that is due takes its banks out of
the game (those open are precharged, then all are refreshed); else the banks take turns to issue
one command; then one request moves from the buffers to the queue of its bank.
"""

from __future__ import annotations

from accsim.dram.reference import state as s
from accsim.dram.reference.device import (
    ACT,
    PRE,
    RD,
    REF,
    REFB,
    WR,
    Ints,
    earliest,
    push_back,
    push_back_activates,
)
from accsim.dram.reference.lean import inlined

# A request is one integer: id, row, bank within the whole memory, and whether it writes.
ROW_SHIFT = 17
ROW_BITS = 24
ID_SHIFT = ROW_SHIFT + ROW_BITS
_ROW_MASK = (1 << ROW_BITS) - 1
BANK_MASK = (1 << (ROW_SHIFT - 1)) - 1
_HIT_MASK = _ROW_MASK << ROW_SHIFT | 1

# What `pick` may choose among.
ANY, ROW_ONLY, COLUMN_ONLY = range(3)


@inlined
def _note_wants(banks: Ints, channels: Ints, c: int, b: int) -> None:
    """Keep count of the banks that need a row command before their oldest request can go."""
    wants = int(
        banks[b, s.QUEUED] > 0 and banks[b, s.FIRST_READ] != 0 and banks[b, s.FIRST_WRITE] != 0
    )
    channels[c, s.WANT_ROW] += wants - banks[b, s.WANTS_ROW]
    banks[b, s.WANTS_ROW] = wants


@inlined
def _find_hits(banks: Ints, queues: Ints, b: int) -> None:
    """Note the first read and the first write to the open row in the queue of bank `b`."""
    row = banks[b, s.OPEN_ROW]
    first_read = -1
    first_write = -1
    if row >= 0:
        for place in range(banks[b, s.QUEUED]):
            request = queues[b, place]
            if (request >> ROW_SHIFT) & _ROW_MASK == row:
                if request & 1:
                    if first_write < 0:
                        first_write = place
                elif first_read < 0:
                    first_read = place
    banks[b, s.FIRST_READ] = first_read
    banks[b, s.FIRST_WRITE] = first_write


@inlined
def _choose(p: Ints, ready: Ints, banks: Ints, b: int, now: int, allowed: int) -> tuple[int, int]:
    """The command that bank `b` would issue, and its earliest cycle.

    The first that is ready of: a precharge for the oldest request, the oldest hits. If none is
    ready, whichever will be first.
    """
    group, rank = banks[b, s.GROUP_PLACE], banks[b, s.RANK_PLACE]
    read, write = banks[b, s.FIRST_READ], banks[b, s.FIRST_WRITE]
    command = -1
    when = s.FAR
    older = read != 0 and write != 0
    if older and banks[b, s.SERVED] >= p[s.P_STARVATION_LIMIT]:
        read = -1
        write = -1
    if allowed != COLUMN_ONLY:
        if banks[b, s.OPEN_ROW] < 0:
            command = ACT
            when = earliest(ready, ACT, b, group, rank)
        elif older and ((read < 0 and write < 0) or banks[b, s.SERVED] >= p[s.P_HIT_LIMIT]):
            command = PRE
            when = earliest(ready, PRE, b, group, rank)
    if allowed != ROW_ONLY and when > now:
        if read >= 0:
            cycle = earliest(ready, RD, b, group, rank)
            if cycle < when:
                command = RD
                when = cycle
        if write >= 0:
            cycle = earliest(ready, WR, b, group, rank)
            ready_and_older = cycle <= now and (when > now or write < read)
            if ready_and_older or (cycle < when and when > now):
                command = WR
                when = cycle
    return command, when


@inlined
def _count_column(
    ready: Ints,
    banks: Ints,
    channels: Ints,
    statistics: Ints,
    c: int,
    b: int,
    command: int,
    burst: int,
    now: int,
) -> None:
    """Book a column command at `now`: what kind of access, and what the bus waited for."""
    if banks[b, s.SERVED] > 0:
        statistics[c, s.HITS] += 1
    elif banks[b, s.BY_DEMAND]:
        statistics[c, s.CONFLICTS] += 1
    else:
        statistics[c, s.MISSES] += 1
    free = channels[c, s.BUSY_SINCE]
    if channels[c, s.STARTED]:
        free = max(free, channels[c, s.LAST_COLUMN] + burst)
    statistics[c, s.DATA] += burst
    # The wait since then: first what the bus itself needed, then refresh, then the row.
    bus = max(ready[banks[b, s.GROUP_PLACE], command], ready[banks[b, s.RANK_PLACE], command], free)
    refreshed = max(banks[b, s.REFRESH_END], bus)
    statistics[c, s.TURNAROUND] += min(bus, now) - min(free, now)
    statistics[c, s.REFRESH] += min(refreshed, now) - min(bus, now)
    statistics[c, s.ACTIVATION] += now - min(refreshed, now)
    if refreshed > bus and free > channels[c, s.BUSY_SINCE]:
        statistics[c, s.REOPENING] += now - min(refreshed, now)
    channels[c, s.STARTED] = 1
    channels[c, s.LAST_COLUMN] = now


@inlined
def _column(
    p: Ints,
    ready: Ints,
    banks: Ints,
    queues: Ints,
    channels: Ints,
    window: Ints,
    c: int,
    b: int,
    command: int,
    watched: int,
    now: int,
) -> None:
    """Take the request that a column command serves off its queue; note when its data pass."""
    writing = command == WR
    place = banks[b, s.FIRST_WRITE] if writing else banks[b, s.FIRST_READ]
    request = queues[b, place]
    left = banks[b, s.QUEUED] - 1
    for later in range(place, left):
        queues[b, later] = queues[b, later + 1]
    # The next hit of the same kind comes after this one; one of the other kind moves up.
    row_and_kind = request & _HIT_MASK
    following = -1
    for later in range(place, left):
        if queues[b, later] & _HIT_MASK == row_and_kind:
            following = later
            break
    first_read, first_write = banks[b, s.FIRST_READ], banks[b, s.FIRST_WRITE]
    banks[b, s.FIRST_READ] = first_read - int(first_read > place) if writing else following
    banks[b, s.FIRST_WRITE] = following if writing else first_write - int(first_write > place)
    banks[b, s.QUEUED] = left
    banks[b, s.SERVED] += 1
    banks[b, s.USED_AT] = now
    channels[c, s.QUEUED_ALL] -= 1
    channels[c, s.FREED] = b
    begin = now + (p[s.P_CWL] if command == WR else p[s.P_CL])
    channels[c, s.LAST_END] = max(channels[c, s.LAST_END], begin + p[s.P_BURST])
    if request >> ID_SHIFT == watched:
        if window[c, 0] < 0:
            window[c, 0] = begin
        window[c, 0] = min(window[c, 0], begin)
        window[c, 1] = max(window[c, 1], begin + p[s.P_BURST])
    if p[s.P_CLOSED_PAGE]:
        # The device precharges by itself as soon as the row may close.
        closing = max(ready[b, PRE], now)
        rank = banks[b, s.RANK_PLACE]
        ready[b, ACT] = max(ready[b, ACT], closing + p[s.P_RP])
        ready[b, REFB] = max(ready[b, REFB], closing + p[s.P_RP])
        ready[rank, REF] = max(ready[rank, REF], closing + p[s.P_RP])
        banks[b, s.OPEN_ROW] = -1
        banks[b, s.FIRST_READ] = -1
        banks[b, s.FIRST_WRITE] = -1
        banks[b, s.BY_DEMAND] = 0


@inlined
def issue(
    p: Ints,
    gaps: Ints,
    ready: Ints,
    banks: Ints,
    queues: Ints,
    channels: Ints,
    ranks: Ints,
    statistics: Ints,
    window: Ints,
    c: int,
    b: int,
    command: int,
    watched: int,
    now: int,
) -> None:
    """Issue ACT, PRE, RD or WR to bank `b` of channel `c`."""
    group, rank = banks[b, s.GROUP_PLACE], banks[b, s.RANK_PLACE]
    first_rank = len(ready) - len(ranks) + c * p[s.P_RANKS]
    rank_row = c * p[s.P_RANKS] + rank - first_rank
    if command in (RD, WR):
        _count_column(ready, banks, channels, statistics, c, b, command, p[s.P_BURST], now)
    push_back(gaps, ready, command, b, group, rank, first_rank, first_rank + p[s.P_RANKS], now)
    if command == ACT:
        push_back_activates(ready, ranks, rank, rank_row, s.ACT_WINDOW, p[s.P_FAW], now)
        banks[b, s.OPEN_ROW] = (queues[b, 0] >> ROW_SHIFT) & _ROW_MASK
        banks[b, s.SERVED] = 0
        statistics[c, s.ACTIVATES] += 1
        _find_hits(banks, queues, b)
    elif command == PRE:
        banks[b, s.OPEN_ROW] = -1
        banks[b, s.BY_DEMAND] = int(banks[b, s.QUEUED] > 0)
        banks[b, s.FIRST_READ] = -1
        banks[b, s.FIRST_WRITE] = -1
        statistics[c, s.PRECHARGES] += 1
    else:
        _column(p, ready, banks, queues, channels, window, c, b, command, watched, now)
    _note_wants(banks, channels, c, b)
    _note_pause(p, ready, channels, c, first_rank, now)


@inlined
def _note_pause(p: Ints, ready: Ints, channels: Ints, c: int, first_rank: int, now: int) -> None:
    """After a command: if no bank wants a row, nothing happens before the bus is free again."""
    pick_from = now + 1
    if channels[c, s.WANT_ROW] == 0:
        bus = s.FAR
        for rank in range(first_rank, first_rank + p[s.P_RANKS]):
            bus = min(bus, ready[rank, RD], ready[rank, WR])
        pick_from = max(pick_from, bus)
    channels[c, s.PICK_FROM] = pick_from


@inlined
def pick(
    p: Ints, ready: Ints, banks: Ints, channels: Ints, c: int, now: int, allowed: int
) -> tuple[int, int, int]:
    """Bank and command whose turn it is; else -1, -1 and the cycle at which there may be one."""
    size = p[s.P_RANKS] * p[s.P_BANKS]
    first = c * size
    turn = channels[c, s.TURN]
    step = p[s.P_TURN_STEP]
    wake = s.FAR
    chosen, what = -1, -1
    if allowed == ANY and channels[c, s.PICK_FROM] > now:
        size = 0
        wake = channels[c, s.PICK_FROM]
    for _ in range(size):
        turn += step
        if turn >= size:
            # On to the next bank of each group, and from the last one back to the first.
            turn = (turn - size + 1) % step
        b = first + turn
        if banks[b, s.QUEUED] and not banks[b, s.RESTS]:
            command, when = _choose(p, ready, banks, b, now, allowed)
            if when <= now:
                column = command in (RD, WR)
                if chosen < 0 or column:
                    channels[c, s.TURN] = turn
                    chosen, what, wake = b, command, now
                if column or not p[s.P_HITS_FIRST]:
                    break
            wake = min(wake, when)
    if chosen < 0 and allowed == ANY:
        channels[c, s.PICK_FROM] = wake
    return chosen, what, wake


@inlined
def expired(p: Ints, ready: Ints, banks: Ints, c: int, now: int) -> tuple[int, int]:
    """A bank that has been open and unused for too long; else -1 and when there may be one."""
    size = p[s.P_RANKS] * p[s.P_BANKS]
    wake = s.FAR
    chosen = -1
    for b in range(c * size, (c + 1) * size):
        if banks[b, s.OPEN_ROW] >= 0 and not banks[b, s.QUEUED]:
            when = max(ready[b, PRE], banks[b, s.USED_AT] + p[s.P_TIMEOUT])
            if when <= now:
                chosen = b
                break
            wake = min(wake, when)
    return chosen, wake


@inlined
def move(p: Ints, banks: Ints, queues: Ints, buffers: Ints, channels: Ints, c: int) -> bool:
    """Move the oldest request that fits from the buffers of a channel to its bank's queue."""
    waiting = channels[c, s.WRITES]
    idle = channels[c, s.READS] == 0 and channels[c, s.QUEUED_ALL] == 0
    if channels[c, s.DRAINING] == 0 and (waiting >= p[s.P_DRAIN_FROM] or (waiting > 0 and idle)):
        kept = 0 if idle else p[s.P_DRAIN_TO]
        channels[c, s.DRAINING] = waiting - kept
        channels[c, s.TRIED] = 0
        channels[c, s.FREED] = -1
    writing = int(channels[c, s.DRAINING] > 0)
    side = 2 * c + writing
    count = channels[c, s.WRITES] if writing else channels[c, s.READS]
    # Those tried before still do not fit, unless a place has come free in their bank's queue.
    freed = channels[c, s.FREED]
    tried = channels[c, s.TRIED]
    channels[c, s.FREED] = -1
    found = -1
    if freed >= 0:
        for place in range(min(tried, count)):
            if (buffers[side, place] >> 1) & BANK_MASK == freed:
                found = place
                break
    if found >= 0:
        tried -= 1
    else:
        while tried < count:
            if banks[(buffers[side, tried] >> 1) & BANK_MASK, s.QUEUED] < p[s.P_BANK_QUEUE]:
                found = tried
                break
            tried += 1
    channels[c, s.TRIED] = tried
    if found >= 0:
        request = buffers[side, found]
        for place in range(found + 1, count):
            buffers[side, place - 1] = buffers[side, place]
        _enqueue(banks, queues, channels, c, request)
        channels[c, s.QUEUED_ALL] += 1
        if writing:
            channels[c, s.WRITES] -= 1
            channels[c, s.DRAINING] -= 1
            if channels[c, s.DRAINING] == 0:
                channels[c, s.TRIED] = 0
        else:
            channels[c, s.READS] -= 1
    return found >= 0


@inlined
def _enqueue(banks: Ints, queues: Ints, channels: Ints, c: int, request: int) -> None:
    """Append a request to the queue of its bank."""
    b = (request >> 1) & BANK_MASK
    place = banks[b, s.QUEUED]
    queues[b, place] = request
    banks[b, s.QUEUED] = place + 1
    kind = s.FIRST_WRITE if request & 1 else s.FIRST_READ
    hits = (request >> ROW_SHIFT) & _ROW_MASK == banks[b, s.OPEN_ROW]
    if hits and banks[b, kind] < 0:
        banks[b, kind] = place
        channels[c, s.PICK_FROM] = 0
    if place == 0:
        _note_wants(banks, channels, c, b)
        channels[c, s.PICK_FROM] = 0
