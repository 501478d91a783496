"""Row-granular DRAM timing, compiled: when does a run of bursts finish?

The kernel is told the time and keeps the state of every bank between requests. It walks a request
stripe by stripe. A *stripe* is the same row of the same bank in all bank groups, which the address
mapping fills burst by burst in turn; within a stripe bursts follow each other at a fixed gap, so
one step covers thousands of them. Requests of a channel are served in the order in which they come.

Modelled, per channel: ACT-RD/WR (tRCD), PRE-ACT (tRP), tRAS, tRC, tRTP, write recovery (tWR), the
four-activate window (tFAW), tRRD_S/L, tCCD_S/L, read/write turnaround (tRTW, tWTR_S/L), rank switch
(tRTRS), all-bank refresh of each rank (tREFI, tRFC; nothing is postponed), an open-page policy,
and a controller that activates a row at most `queue` bursts before its first use.

Left out: contention on the command bus (an ACT or PRE always finds a slot), reordering between
requests (first come, first served, with row hits of one request together), per-bank refresh.

All times are cycles of the command clock. State is plain int64 arrays so that the caller can keep,
copy and compare it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from accsim.dram.jit import compiled

Ints = npt.NDArray[np.int64]

# Columns of the per-channel state.
LAST_COLUMN = 0  # cycle of the last column command
LAST_WRITE = 1  # 1 if that was a write
LAST_RANK = 2
LAST_GROUP = 3  # its bank group
STARTED = 4  # 0 until the channel's first column command
CHANNEL_STATE = 5

# Columns of the per-rank state.
REFRESH_DUE = 0  # cycle at which the next refresh is due
REFRESH_END = 1  # no ACT before this cycle
ACT_OLDEST = 2  # cycles of the last four activates, for tFAW and tRRD: oldest ...
ACT_NEWEST = 5  # ... to newest
ACT_GROUP = 6  # bank group of the newest
RANK_STATE = 7

# Columns of the per-bank state.
OPEN_ROW = 0  # -1: closed
ACT_AT = 1  # cycle of the last ACT
USED_AT = 2  # cycle of the last column command
USED_WRITE = 3
BANK_STATE = 4
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
REOPENING = 9  # part of ACTIVATION: rows opened after a refresh that could have been before it
STATISTICS = 10

# What the time of a descriptor is spent on (`accsim.timeline.DRAM_PARTS`): the four states, then
LATENCY = 4
SPENT = 5

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
    P_REFRESH,
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
) = range(30)
PARAMETERS = 30


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
    refreshing = p[P_REFRESH] != 0
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
        count = min(left, stripe_bursts - offset)
        rank = c * p[P_RANKS] + rank_index
        base = (rank * bank_rows + bank_index) * groups
        group = offset & wrap

        # When could the first burst go if its row were open?
        slot = arrival
        seen = arrival
        if channels[c, STARTED]:
            last = channels[c, LAST_COLUMN]
            slot = max(last + gap, arrival)
            ready = _bus_ready(p, channels, c, rank_index, group, write)
            if ready > slot:
                stats[c, TURNAROUND] += ready - slot
                slot = ready
            # The controller sees a request once its queue has room: that far ahead of the bus.
            seen = max(arrival, last - p[P_QUEUE] * p[P_CCD_S])
        anyway = -1
        if refreshing and ranks[rank, REFRESH_DUE] <= slot:
            _refresh(p, ranks, rank, banks, stats, c, slot)
            if ranks[rank, REFRESH_END] > slot:
                stats[c, REFRESH] += ranks[rank, REFRESH_END] - slot
                # How far `ACTIVATION` would get in this step without the refresh.
                anyway = stats[c, ACTIVATION] + max(0, seen + to_row - slot)
                slot = ranks[rank, REFRESH_END]

        # First round: one burst in each bank group, each as soon as its row is open.
        touched = min(count, groups)
        column = slot - gap
        act_from = max(seen, ranks[rank, REFRESH_END])
        oldest, older = ranks[rank, ACT_OLDEST], ranks[rank, ACT_OLDEST + 1]
        newer, newest = ranks[rank, ACT_OLDEST + 2], ranks[rank, ACT_NEWEST]
        act_group = ranks[rank, ACT_GROUP]
        g = group
        for i in range(touched):
            bank = base + g
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
            if i == 0 and begin < 0:
                begin = column + latency
            g = (g + 1) & wrap
        if anyway >= 0:
            stats[c, REOPENING] += max(0, stats[c, ACTIVATION] - anyway)
        ranks[rank, ACT_OLDEST], ranks[rank, ACT_OLDEST + 1] = oldest, older
        ranks[rank, ACT_OLDEST + 2], ranks[rank, ACT_NEWEST] = newer, newest
        ranks[rank, ACT_GROUP] = act_group
        # The rest follows at the fixed gap, until the request, the stripe or the refresh interval
        # ends.
        rest = count - touched
        if refreshing and column + rest * gap >= ranks[rank, REFRESH_DUE]:
            # Column commands are allowed while they issue before the refresh is due.
            rest = max(0, (ranks[rank, REFRESH_DUE] - 1 - column) // gap)
        if rest > 0:
            stats[c, HITS] += rest
            column += rest * gap
            g = (group + touched + rest - 1) & wrap
            for i in range(min(rest, groups)):
                banks[base + g, USED_AT] = column - i * gap
                g = (g - 1) & wrap
        done = touched + rest
        stats[c, DATA] += done * p[P_BURST]
        stats[c, TURNAROUND] += done * (gap - p[P_BURST])
        channels[c, LAST_COLUMN] = column
        channels[c, LAST_WRITE] = write
        channels[c, LAST_RANK] = rank_index
        channels[c, LAST_GROUP] = (group + done - 1) & wrap
        channels[c, STARTED] = 1
        left -= done
        offset += done
        if offset == stripe_bursts:
            offset = 0
            bank_index += 1
            if bank_index == bank_rows:
                bank_index = 0
                rank_index += 1
                if rank_index == p[P_RANKS]:
                    rank_index = 0
                    row += 1
    return begin, channels[c, LAST_COLUMN] + latency + p[P_BURST]


@compiled
def _note_spent(
    spent: Ints, stats: Ints, c: int, before: tuple[int, ...], reopening: int, span: int
) -> None:
    """Say what channel `c` did in `span` cycles, from its states `before` and now.

    Rows that could have been opened in time without a refresh wait because of it: that is refresh
    here, and activation in the statistics.
    The states count from one column command to where the next may follow. What data on the bus
    take longer is latency: that of the first column after a pause, and by how much that of a read
    exceeds that of a write. What they take less, a write after a read, is turnaround saved.
    """
    rest = span
    for state in range(LATENCY):
        spent[state] = stats[c, state] - before[state]
        rest -= spent[state]
    if rest < 0:
        spent[TURNAROUND] = max(0, spent[TURNAROUND] + rest)
    spent[LATENCY] = max(0, rest)
    reopening = stats[c, REOPENING] - reopening
    spent[REFRESH] += reopening
    spent[ACTIVATION] -= reopening


@compiled
def submit(
    p: Ints,
    channels: Ints,
    ranks: Ints,
    banks: Ints,
    stats: Ints,
    window: Ints,
    spent: Ints,
    address: int,
    rows: int,
    row_bytes: int,
    stride: int,
    write: int,
    arrival: int,
) -> int:
    """Serve a 2-D descriptor: `rows` runs of `row_bytes`, `stride` apart, from byte `address`.

    `window` receives, per channel, the cycles at which its data begins and ends on the bus (-1 and
    0 for a channel that has no part of it), and how many rows were opened for it. `spent` receives
    how many cycles the channel that finishes last (the first of those that do) spends in the states
    DATA to ACTIVATION and with LATENCY, from its last data before, or from `arrival`, to its last
    data. The other arrays as in `serve`.

    Returns:
        The cycle at which the last byte has passed the pins.
    """
    burst = p[P_BURST_BYTES]
    count, interleave = p[P_CHANNELS], p[P_INTERLEAVE]
    finish = arrival
    latest = 0
    for c in range(count):
        window[c, 0] = -1
        window[c, 1] = 0
        opened = stats[c, ACTIVATES]
        begun = arrival
        if channels[c, STARTED]:
            latency = p[P_CWL] if channels[c, LAST_WRITE] else p[P_CL]
            begun = max(arrival, channels[c, LAST_COLUMN] + latency + p[P_BURST])
        before = (stats[c, DATA], stats[c, TURNAROUND], stats[c, REFRESH], stats[c, ACTIVATION])
        reopening = stats[c, REOPENING]
        for row in range(rows):
            start = address + row * stride
            low = channel_bytes_below(start, c, count, interleave)
            high = channel_bytes_below(start + row_bytes, c, count, interleave)
            if high > low:
                begin, done = serve(
                    p,
                    channels,
                    ranks,
                    banks,
                    stats,
                    c,
                    low // burst,
                    -(-high // burst),
                    write,
                    arrival,
                )
                if window[c, 0] < 0:
                    window[c, 0] = begin
                window[c, 1] = done
        window[c, 2] = stats[c, ACTIVATES] - opened
        if window[c, 1] > latest:
            latest = window[c, 1]
            _note_spent(spent, stats, c, before, reopening, latest - begun)
        finish = max(finish, window[c, 1])
    return finish
