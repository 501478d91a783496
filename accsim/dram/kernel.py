"""Row-granular DRAM timing, compiled: when does a run of bursts finish?

The kernel is told the time and keeps the state of every bank between requests. It walks a request
stripe by stripe. A *stripe* is the same row of the same bank in all bank groups, which the address
mapping fills burst by burst in turn; within a stripe bursts follow each other at a fixed gap, so
one step covers thousands of them. Requests of a channel are served in the order in which they come.

Modelled, per channel: ACT-RD/WR (tRCD), PRE-ACT (tRP), tRAS, tRC, tRTP, write recovery (tWR), the
four-activate window (tFAW), tRRD_S/L, tCCD_S/L, read/write turnaround (tRTW, tWTR_S/L), rank switch
(tRTRS), refresh of each rank (tREFI, tRFC) or of its banks in turn (tRFCpb, tRREFD; nothing is
postponed), an open-page policy, and a controller that activates a row at most `queue` bursts before
its first use.

A refresh of some banks does not stop the others. Bursts that meet it step *aside*, into the queues
of the controller, and those behind them go on, in the same stripe or the next. The stream waits
only when the queues are full; the bursts aside are caught up with when their banks are open again.

Left out: contention on the command bus (an ACT or PRE always finds a slot), and any other
reordering (first come, first served, with row hits of one request together).

All times are cycles of the command clock. State is plain int64 arrays so that the caller can keep,
copy and compare it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from accsim.dram.jit import compiled, inlined

Ints = npt.NDArray[np.int64]

# Columns of the per-channel state.
LAST_COLUMN = 0  # cycle of the last column command
LAST_WRITE = 1  # 1 if that was a write
LAST_RANK = 2
LAST_GROUP = 3  # its bank group
STARTED = 4  # 0 until the channel's first column command
ASIDE = 5  # bursts that wait for a bank refresh while others go on
ASIDE_FROM = 6  # cycle from which they can go
ASIDE_RANK = 7
ASIDE_GROUP = 8  # bank group of the last of them
ASIDE_WRITE = 9
SPARED = 10  # bursts of the stripe in use that a refresh of its banks leaves alone
PASSED_OVER = 11  # 1 while bursts to the last bank of the groups wait for those to the others
DATA_END = 12  # end of the data that have been promised
CHANNEL_STATE = 13

# Columns of the per-rank state.
REFRESH_DUE = 0  # cycle at which the next refresh is due
REFRESH_END = 1  # no ACT before this cycle
ACT_OLDEST = 2  # cycles of the last four activates, for tFAW and tRRD: oldest ...
ACT_NEWEST = 5  # ... to newest
ACT_GROUP = 6  # bank group of the newest
REFRESH_TURN = 7  # which refresh of the interval tREFI is the next
REFRESHED = 8  # cycle of the last bank refresh
RANK_STATE = 9

# Columns of the per-bank state.
OPEN_ROW = 0  # -1: closed
ACT_AT = 1  # cycle of the last ACT
USED_AT = 2  # cycle of the last column command
USED_WRITE = 3
SHUT_UNTIL = 4  # end of the bank's own refresh
BANK_STATE = 5
LONG_AGO = -(10**9)  # when a bank was activated that never was

# Statistics per channel; times in command-clock cycles, rows counted per burst.
DATA = 0
TURNAROUND = 1
REFRESH = 2
ACTIVATION = 3
HITS = 4
MISSES = 5
CONFLICTS = 6
ACTIVATES = 7
REFRESHES = 8
STATISTICS = 9

BANK_QUEUE = 8
"""Requests that wait at a bank, besides those in the queue of the channel."""

# Parameters.
(
    P_CHANNELS,
    P_INTERLEAVE,
    P_BURST_BYTES,
    P_BURST,
    P_GROUPS,
    P_BANKS,
    P_RANKS,
    P_ROW_BURSTS,
    P_QUEUE,
    P_REFRESH_TURNS,  # refreshes of a rank in each tREFI; 0: none
    P_REFRESH_BANKS,  # banks that one takes; 0: all at once
    P_CL,
    P_CWL,
    P_RCD,
    P_RCD_WR,
    P_RP,
    P_RAS,
    P_RC,
    P_CCD_S,
    P_CCD_L,
    P_RRD_S,
    P_RRD_L,
    P_FAW,
    P_RTP,
    P_WR,
    P_WTR_S,
    P_WTR_L,
    P_RTW,
    P_RTRS,
    P_RFC,
    P_REFI,
    P_RFC_PB,
    P_RREFD,
) = range(33)
PARAMETERS = 33


@compiled
def channel_bytes_below(address: int, channel: int, channels: int, interleave: int) -> int:
    """How many of the bytes [0, address) lie in `channel`: also its local address of `address`."""
    turn = interleave * channels
    rest = address % turn - channel * interleave
    return address // turn * interleave + min(max(rest, 0), interleave)


# The inner helper takes numbers, no arrays: numba counts references at every call that takes an
# array, and that would cost five times what the rest of the step does.


@compiled
def _precharge_ready(act: int, used: int, t_ras: int, recovery: int) -> int:
    """First cycle at which an open bank may be precharged: tRAS after its ACT, and `recovery`
    (tRTP, or write recovery) after its last column command.
    """
    return max(act + t_ras, used + recovery)


@compiled
def _refresh(p: Ints, ranks: Ints, rank: int, banks: Ints, stats: Ints, c: int, now: int) -> None:
    """Run every refresh of a rank that is due at `now`; closes its banks."""
    size = p[P_BANKS] * p[P_GROUPS]
    while ranks[rank, REFRESH_DUE] <= now:
        # Refreshes that fell due while the rank was idle and closed do not depend on each other.
        missed = (now - ranks[rank, REFRESH_DUE]) // p[P_REFI]
        start = ranks[rank, REFRESH_DUE]
        for bank in range(rank * size, (rank + 1) * size):
            if banks[bank, OPEN_ROW] >= 0:
                recovery = p[P_RTP]
                if banks[bank, USED_WRITE]:
                    recovery = p[P_CWL] + p[P_BURST] + p[P_WR]
                ready = _precharge_ready(
                    banks[bank, ACT_AT], banks[bank, USED_AT], p[P_RAS], recovery
                )
                start = max(start, ready + p[P_RP])
                banks[bank, OPEN_ROW] = -1
                missed = 0
        start = max(start + missed * p[P_REFI], ranks[rank, REFRESH_END])
        ranks[rank, REFRESH_END] = start + p[P_RFC]
        ranks[rank, REFRESH_DUE] += (missed + 1) * p[P_REFI]
        stats[c, REFRESHES] += missed + 1


@compiled
def _bus_ready(p: Ints, channels: Ints, c: int, rank: int, group: int, write: int) -> int:
    """First cycle at which a column command may follow the last one: bus and turnaround."""
    last = channels[c, LAST_COLUMN]
    same_rank = channels[c, LAST_RANK] == rank
    same_group = channels[c, LAST_GROUP] == group
    if channels[c, LAST_WRITE] == write:
        if same_rank:
            return last + (p[P_CCD_L] if same_group else p[P_CCD_S])
        return last + p[P_BURST] + p[P_RTRS]
    if write:
        return last + p[P_RTW]
    if same_rank:
        return last + p[P_CWL] + p[P_BURST] + (p[P_WTR_L] if same_group else p[P_WTR_S])
    return last + max(p[P_CCD_S], p[P_CWL] + p[P_BURST] + p[P_RTRS] - p[P_CL])


@compiled
def _refresh_banks(
    p: Ints, ranks: Ints, rank: int, banks: Ints, stats: Ints, c: int, now: int
) -> None:
    """Run every bank refresh of a rank that is due at `now`: its banks are shut for tRFCpb.

    A refresh takes bank `turn` of the rank, counted group by group, and those with the same place
    in further groups.
    """
    groups, per_group, turns = p[P_GROUPS], p[P_BANKS], p[P_REFRESH_TURNS]
    step = groups // p[P_REFRESH_BANKS]
    # Only the last refresh of a bank matters: intervals that passed in idle time are skipped.
    if now - ranks[rank, REFRESH_DUE] >= 2 * p[P_REFI]:
        passed = (now - ranks[rank, REFRESH_DUE]) // p[P_REFI] - 1
        ranks[rank, REFRESH_DUE] += passed * p[P_REFI]
        stats[c, REFRESHES] += passed * turns
    while ranks[rank, REFRESH_DUE] <= now:
        turn = ranks[rank, REFRESH_TURN]
        group, bank_index = turn // per_group % step, turn % per_group
        first = (rank * per_group + bank_index) * groups + group
        end = first - group + groups
        start = max(ranks[rank, REFRESH_DUE], ranks[rank, REFRESHED] + p[P_RREFD])
        start = max(start, ranks[rank, ACT_NEWEST] + p[P_RRD_S])
        for bank in range(first, end, step):
            start = max(start, banks[bank, SHUT_UNTIL])
            if banks[bank, OPEN_ROW] >= 0:
                recovery = p[P_RTP]
                if banks[bank, USED_WRITE]:
                    recovery = p[P_CWL] + p[P_BURST] + p[P_WR]
                ready = _precharge_ready(
                    banks[bank, ACT_AT], banks[bank, USED_AT], p[P_RAS], recovery
                )
                start = max(start, max(ready, ranks[rank, REFRESH_DUE]) + p[P_RP])
                banks[bank, OPEN_ROW] = -1
        for bank in range(first, end, step):
            banks[bank, SHUT_UNTIL] = start + p[P_RFC_PB]
        ranks[rank, REFRESHED] = start
        wait = (turn + 1) * p[P_REFI] // turns - turn * p[P_REFI] // turns
        ranks[rank, REFRESH_DUE] += wait
        ranks[rank, REFRESH_TURN] = (turn + 1) % turns
        stats[c, REFRESHES] += 1


@compiled
def _spare(p: Ints, channels: Ints, c: int, offset: int, waited: int) -> None:
    """Note how many bursts of the stripe in use were served before their turn when it is shut, so
    that as many of an earlier one are still to go.

    Once a queue that holds `ahead` bursts reaches into the next stripe, the banks of both take
    turns. Without bank groups that is one by one. With them it is from a bank to the same of the
    next group, from which the last bank of the groups suffers: when bank 0 is open, what is left
    of the last bank waits until a bank in front of it has nothing to do, or it is needed itself. A
    stream that has `waited` less has not got as far.
    """
    ahead = p[P_QUEUE] + p[P_REFRESH_BANKS] * BANK_QUEUE
    if p[P_GROUPS] == 1:
        channels[c, SPARED] = max(0, (min(ahead, waited) - offset) // 2)
    elif channels[c, PASSED_OVER]:
        channels[c, SPARED] = min(ahead, waited)
        channels[c, PASSED_OVER] = 0


@compiled
def _step_aside(
    channels: Ints,
    banks: Ints,
    stats: Ints,
    c: int,
    bank: int,
    row: int,
    bursts: int,
    gap: int,
    to_row: int,
) -> None:
    """Let bursts to a bank that is shut wait in the queues; its row opens right after."""
    hits = bursts
    if banks[bank, OPEN_ROW] != row:
        stats[c, MISSES] += 1
        stats[c, ACTIVATES] += 1
        hits -= 1
        banks[bank, OPEN_ROW] = row
        banks[bank, ACT_AT] = banks[bank, SHUT_UNTIL]
    stats[c, HITS] += hits
    channels[c, ASIDE] += bursts
    channels[c, ASIDE_FROM] = max(channels[c, ASIDE_FROM], banks[bank, SHUT_UNTIL] + to_row)
    banks[bank, USED_AT] = channels[c, ASIDE_FROM] + (channels[c, ASIDE] - 1) * gap


@compiled
def _go_around(
    p: Ints,
    channels: Ints,
    ranks: Ints,
    banks: Ints,
    stats: Ints,
    c: int,
    rank: int,
    base: int,
    group: int,
    bursts: int,
    column: int,
    gap: int,
    shut_after: int,
) -> tuple[int, int]:
    """Go on through a stripe of which some banks are shut, after its first round.

    Those are the banks whose refresh ends after `shut_after`; their bursts step aside. The others
    go at the fixed gap, until the queues are full, a refresh is due or one ends.

    Args:
        p: as in `serve`, like all arrays.
        channels: see there.
        ranks: see there.
        banks: see there.
        stats: see there.
        c: which channel.
        rank: row of the rank.
        base: row of the stripe's first bank.
        group: bank group of the first burst.
        bursts: how many there are at most.
        column: cycle of the last column command.
        gap: cycles between column commands.
        shut_after: banks with a later end of their refresh are shut.

    Returns:
        How many bursts have been dealt with, and how many of them stepped aside.
    """
    groups = p[P_GROUPS]
    room = p[P_QUEUE] + p[P_REFRESH_BANKS] * BANK_QUEUE - channels[c, ASIDE]
    until = min(ranks[rank, REFRESH_DUE], channels[c, ASIDE_FROM])
    slots = max(0, (until - 1 - column) // gap)
    shut = 0
    for bank in range(base, base + groups):
        shut += banks[bank, SHUT_UNTIL] > shut_after
    turns = min(bursts // groups, room // shut)
    if shut < groups:
        turns = min(turns, slots // (groups - shut))
    done, aside = turns * groups, turns * shut
    extra = 0
    while done < bursts:
        if banks[base + ((group + extra) & (groups - 1)), SHUT_UNTIL] > shut_after:
            if aside == room:
                break
            aside += 1
        elif done - aside == slots:
            break
        extra += 1
        done += 1
    last = column + (done - aside) * gap
    for g in range(groups):
        bank = base + g
        mine = turns + (((g - group) & (groups - 1)) < extra)
        if mine > 0 and banks[bank, SHUT_UNTIL] > shut_after:
            channels[c, ASIDE] += mine
            banks[bank, USED_AT] = channels[c, ASIDE_FROM] + (channels[c, ASIDE] - 1) * gap
        elif mine > 0:
            banks[bank, USED_AT] = last
    stats[c, HITS] += done
    return done, aside


@compiled
def _catch_up(p: Ints, channels: Ints, stats: Ints, c: int, gap: int) -> None:
    """Serve the bursts aside, as soon as their banks are open."""
    rank, group = channels[c, ASIDE_RANK], channels[c, ASIDE_GROUP]
    start = channels[c, ASIDE_FROM]
    if channels[c, STARTED]:
        ready = _bus_ready(p, channels, c, rank, group, channels[c, ASIDE_WRITE])
        stats[c, REFRESH] += max(0, start - ready)
        stats[c, TURNAROUND] += max(0, ready - channels[c, LAST_COLUMN] - gap)
        start = max(start, ready)
    channels[c, LAST_COLUMN] = start + (channels[c, ASIDE] - 1) * gap
    channels[c, LAST_WRITE] = channels[c, ASIDE_WRITE]
    channels[c, LAST_RANK] = rank
    channels[c, LAST_GROUP] = group
    channels[c, STARTED] = 1
    channels[c, ASIDE] = 0


@inlined
def serve(
    p: Ints,
    channels: Ints,
    ranks: Ints,
    banks: Ints,
    stats: Ints,
    c: int,
    first: int,
    end: int,
    write: int,
    arrival: int,
    by_bank: bool,
) -> tuple[int, int]:
    """Serve bursts [first, end) of channel `c`, offered at cycle `arrival`.

    Args:
        p: parameters, shape (PARAMETERS,).
        channels: state, shape (channels, CHANNEL_STATE).
        ranks: state, shape (channels x ranks, RANK_STATE).
        banks: state, shape (channels x ranks x banks of a group x groups, BANK_STATE).
        stats: statistics, shape (channels, STATISTICS).
        c: which channel.
        first: index of the first burst in the channel's own address space.
        end: one past the last burst.
        write: 1 for writes, 0 for reads.
        arrival: no command of this request issues before this cycle.
        by_bank: whether a refresh takes some banks only. A constant wherever this is called, so
            that the usual case is compiled without what the other needs.

    Returns:
        The cycles at which the first burst's data begins and the last burst's data ends on the bus.
    """
    groups = p[P_GROUPS]
    bank_rows = p[P_BANKS]
    stripe_bursts = groups * p[P_ROW_BURSTS]
    # Bursts rotate over the bank groups, so each group sees one burst in `groups`.
    gap = max(p[P_CCD_S], -(-p[P_CCD_L] // groups))
    to_row = p[P_RCD_WR] if write else p[P_RCD]
    latency = p[P_CWL] if write else p[P_CL]
    refreshing = p[P_REFRESH_TURNS] != 0
    room_of_queues = p[P_QUEUE] + p[P_REFRESH_BANKS] * BANK_QUEUE
    t_rp, t_ras, t_rc, t_rtp = p[P_RP], p[P_RAS], p[P_RC], p[P_RTP]
    t_rrd_s, t_rrd_l, t_faw = p[P_RRD_S], p[P_RRD_L], p[P_FAW]
    write_recovery = p[P_CWL] + p[P_BURST] + p[P_WR]
    # Divisions are the dearest arithmetic here: one set at the start, then counting up. The number
    # of bank groups is a power of two in every standard.
    stripe = first // stripe_bursts
    offset = first - stripe * stripe_bursts
    bank_index = stripe % bank_rows
    row = stripe // bank_rows
    rank_index = row % p[P_RANKS]
    row = row // p[P_RANKS]
    wrap = groups - 1
    begin = -1
    left = end - first
    while left > 0:
        waiting = channels[c, ASIDE] if by_bank else 0
        if waiting and (
            max(channels[c, LAST_COLUMN] + gap, arrival) >= channels[c, ASIDE_FROM]
            or channels[c, ASIDE_WRITE] != write
        ):
            _catch_up(p, channels, stats, c, gap)
            waiting = 0
        count = min(left, stripe_bursts - offset)
        rank = c * p[P_RANKS] + rank_index
        base = (rank * bank_rows + bank_index) * groups
        group = offset & wrap

        # When could the first burst go if its row were open?
        slot = arrival
        seen = arrival
        turned = 0
        if channels[c, STARTED]:
            last = channels[c, LAST_COLUMN]
            slot = max(last + gap, arrival)
            ready = _bus_ready(p, channels, c, rank_index, group, write)
            if ready > slot:
                turned = ready - slot
                slot = ready
            # The controller sees a request once its queue has room: that far ahead of the bus.
            ahead = min(p[P_QUEUE], room_of_queues - waiting) if by_bank else p[P_QUEUE]
            seen = max(arrival, last - ahead * p[P_CCD_S])
        shut, spared = 0, 0
        if by_bank:
            if ranks[rank, REFRESH_DUE] <= slot:
                open_before = banks[base + group, OPEN_ROW] == row
                _refresh_banks(p, ranks, rank, banks, stats, c, slot)
                if open_before and banks[base + group, OPEN_ROW] != row:
                    _spare(p, channels, c, offset, (slot - arrival) // gap)
            spared = min(channels[c, SPARED], count)
            for bank in range(base, base + groups):
                shut += banks[bank, SHUT_UNTIL] + to_row > slot
            if spared:
                shut = 0
            elif waiting == room_of_queues and banks[base + group, SHUT_UNTIL] + to_row > slot:
                _catch_up(p, channels, stats, c, gap)
                continue
        elif refreshing and ranks[rank, REFRESH_DUE] <= slot:
            _refresh(p, ranks, rank, banks, stats, c, slot)
            if ranks[rank, REFRESH_END] > slot:
                stats[c, REFRESH] += ranks[rank, REFRESH_END] - slot
                slot = ranks[rank, REFRESH_END]

        # First round: one burst in each bank group, each as soon as its row is open.
        touched = min(count, groups)
        stepped = 0
        if by_bank and spared:
            touched, count = 0, spared
            begin = begin if begin >= 0 else slot + latency
        column = slot - gap
        act_from = max(seen, ranks[rank, REFRESH_END])
        oldest, older = ranks[rank, ACT_OLDEST], ranks[rank, ACT_OLDEST + 1]
        newer, newest = ranks[rank, ACT_OLDEST + 2], ranks[rank, ACT_NEWEST]
        act_group = ranks[rank, ACT_GROUP]
        g = group
        for i in range(touched):
            bank = base + g
            if by_bank and shut and banks[bank, SHUT_UNTIL] + to_row > slot:
                if waiting + stepped == room_of_queues:
                    touched = i
                    break
                _step_aside(channels, banks, stats, c, bank, row, 1, gap, to_row)
                banks[bank, USED_WRITE] = write
                stepped += 1
                g = (g + 1) & wrap
                continue
            earliest = column + gap
            if banks[bank, OPEN_ROW] == row:
                # Rows are opened and used in the same step, so an open row is ready.
                stats[c, HITS] += 1
            else:
                opened = banks[bank, OPEN_ROW]
                stats[c, CONFLICTS if opened >= 0 else MISSES] += 1
                stats[c, ACTIVATES] += 1
                act = max(act_from, banks[bank, ACT_AT] + t_rc)
                if opened >= 0:
                    recovery = write_recovery if banks[bank, USED_WRITE] else t_rtp
                    ready = _precharge_ready(
                        banks[bank, ACT_AT], banks[bank, USED_AT], t_ras, recovery
                    )
                    act = max(act, max(seen, ready) + t_rp)
                act = max(act, newest + (t_rrd_l if g == act_group else t_rrd_s))
                act = max(act, oldest + t_faw)
                if by_bank:
                    act = max(act, banks[bank, SHUT_UNTIL])
                    if act >= ranks[rank, REFRESHED]:
                        act = max(act, ranks[rank, REFRESHED] + p[P_RREFD])
                oldest, older, newer, newest = older, newer, newest, act
                act_group = g
                banks[bank, OPEN_ROW] = row
                banks[bank, ACT_AT] = act
                if act + to_row > earliest:
                    stats[c, ACTIVATION] += act + to_row - earliest
                    earliest = act + to_row
            column = earliest
            banks[bank, USED_AT] = column
            banks[bank, USED_WRITE] = write
            if begin < 0:
                begin = column + latency
            g = (g + 1) & wrap
        ranks[rank, ACT_OLDEST], ranks[rank, ACT_OLDEST + 1] = oldest, older
        ranks[rank, ACT_OLDEST + 2], ranks[rank, ACT_NEWEST] = newer, newest
        ranks[rank, ACT_GROUP] = act_group
        # The rest follows at the fixed gap, until the request, the stripe or the refresh interval
        # ends.
        rest = count - touched
        if by_bank and shut:
            rest, passed = _go_around(
                p,
                channels,
                ranks,
                banks,
                stats,
                c,
                rank,
                base,
                (group + touched) & wrap,
                rest,
                column,
                gap,
                slot - to_row,
            )
            column += (rest - passed) * gap
            stepped += passed
        elif refreshing and column + rest * gap >= ranks[rank, REFRESH_DUE]:
            # Column commands are allowed while they issue before the refresh is due.
            rest = max(0, (ranks[rank, REFRESH_DUE] - 1 - column) // gap)
        if rest > 0 and not shut:
            stats[c, HITS] += rest
            column += rest * gap
            g = (group + touched + rest - 1) & wrap
            for i in range(min(rest, groups)):
                banks[base + g, USED_AT] = column - i * gap
                g = (g - 1) & wrap
        done = touched + rest
        stats[c, DATA] += done * p[P_BURST]
        stats[c, TURNAROUND] += done * (gap - p[P_BURST])
        if by_bank and stepped:
            channels[c, ASIDE_RANK] = rank_index
            channels[c, ASIDE_GROUP] = (group + done - 1) & wrap
            channels[c, ASIDE_WRITE] = write
        if not by_bank or done > stepped:
            stats[c, TURNAROUND] += turned
            channels[c, LAST_COLUMN] = column
            channels[c, LAST_WRITE] = write
            channels[c, LAST_RANK] = rank_index
            channels[c, LAST_GROUP] = (group + done - 1) & wrap
            channels[c, STARTED] = 1
        left -= done
        offset += done
        if by_bank:
            channels[c, SPARED] -= min(spared, done)
        if offset == stripe_bursts:
            offset = 0
            bank_index += 1
            if by_bank:
                channels[c, SPARED] = 0
                if bank_index >= bank_rows - 1:
                    channels[c, PASSED_OVER] = int(bank_index == bank_rows)
            if bank_index == bank_rows:
                bank_index = 0
                rank_index += 1
                if rank_index == p[P_RANKS]:
                    rank_index = 0
                    row += 1
    end_column = channels[c, LAST_COLUMN]
    if not by_bank:
        return begin, end_column + latency + p[P_BURST]
    if channels[c, ASIDE]:
        # If nothing else comes, those aside go as soon as they can, in few groups.
        after = end_column + gap if channels[c, STARTED] else 0
        pace = max(p[P_CCD_S], -(-p[P_CCD_L] // p[P_REFRESH_BANKS]))
        start = max(channels[c, ASIDE_FROM], after)
        end_column = start + (channels[c, ASIDE] - 1) * pace
        begin = begin if begin >= 0 else start + latency
    # Where later requests overtake, each is given what follows the data promised before.
    begin = max(begin, channels[c, DATA_END])
    channels[c, DATA_END] = max(end_column + latency + p[P_BURST], channels[c, DATA_END])
    return begin, channels[c, DATA_END]


@compiled
def submit(
    p: Ints,
    channels: Ints,
    ranks: Ints,
    banks: Ints,
    stats: Ints,
    window: Ints,
    address: int,
    rows: int,
    row_bytes: int,
    stride: int,
    write: int,
    arrival: int,
) -> int:
    """Serve a 2-D descriptor: `rows` runs of `row_bytes`, `stride` apart, from byte `address`.

    `window` receives, per channel, the cycles at which its data begins and ends on the bus (-1 and
    0 for a channel that has no part of it). The other arrays as in `serve`.

    Returns:
        The cycle at which the last byte has passed the pins.
    """
    burst = p[P_BURST_BYTES]
    count, interleave = p[P_CHANNELS], p[P_INTERLEAVE]
    finish = arrival
    for c in range(count):
        window[c, 0] = -1
        window[c, 1] = 0
        for row in range(rows):
            start = address + row * stride
            low = channel_bytes_below(start, c, count, interleave)
            high = channel_bytes_below(start + row_bytes, c, count, interleave)
            if high > low:
                low, high = low // burst, -(-high // burst)
                if p[P_REFRESH_BANKS]:
                    begin, done = serve(
                        p, channels, ranks, banks, stats, c, low, high, write, arrival, True
                    )
                else:
                    begin, done = serve(
                        p, channels, ranks, banks, stats, c, low, high, write, arrival, False
                    )
                if window[c, 0] < 0:
                    window[c, 0] = begin
                window[c, 1] = done
        finish = max(finish, window[c, 1])
    return finish
