"""The state of the reference model: plain int64 arrays, to be kept, copied and compared."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from accsim.chip import Memory, Policy
from accsim.dram.reference.device import COMMANDS, LONG_AGO, REF, REFB, Ints, gap_table

FAR = 2**62
"""A cycle that never comes."""
TAKEN = FAR - 1
"""In place of a cycle before which to stop: as soon as the last request is taken."""

# Columns of `State.banks`.
OPEN_ROW = 0  # -1: closed
SERVED = 1  # column commands since the row was opened
QUEUED = 2  # requests in the bank's queue
FIRST_READ = 3  # place in the queue of the first read of the open row; -1: none
FIRST_WRITE = 4
BY_DEMAND = 5  # 1 if the bank was last closed to open another row
USED_AT = 6  # cycle of the last column command
GROUP_PLACE = 7  # rows of `State.ready`
RANK_PLACE = 8
WANTS_ROW = 9  # 1: the oldest request in the queue is not for the open row
RESTS = 10  # 1: about to be refreshed
REFRESH_END = 11  # of its last refresh
BANK_FIELDS = 12

# Columns of `State.channels`.
NOW = 0  # next cycle to look at
TURN = 1  # bank that had its turn last, within the channel
DRAINING = 2  # writes that are still to move before reads move again
READS = 3  # reads in the buffer
WRITES = 4
QUEUED_ALL = 5  # requests in the bank queues
TRIED = 6  # requests at the head of the buffer whose bank's queue was found full
FREED = 7  # bank in whose queue a place has come free since then; -1: none
REFRESHING = 8  # first bank that is about to be refreshed, row of `State.banks`; -1: none
BUSY_SINCE = 9  # cycle at which the channel last got work after having had none
LAST_COLUMN = 10
LAST_END = 11  # end of the last data on the bus
STARTED = 12  # 0 until the channel's first column command
WANT_ROW = 13  # banks that do so
PICK_FROM = 14  # cycle before which no bank can issue anything
CHANNEL_FIELDS = 15

# Columns of `State.ranks`.
REFRESH_DUE = 0
REFRESH_TURN = 1  # which refresh of the interval tREFI that is
ACT_WINDOW = 2  # cycles of the last four activates, from here on
RANK_FIELDS = 6

# Columns of `State.statistics`, per channel; times in cycles, rows counted per burst.
DATA = 0
TURNAROUND = 1
REFRESH = 2
ACTIVATION = 3
HITS = 4
MISSES = 5
CONFLICTS = 6
ACTIVATES = 7
PRECHARGES = 8
REFRESHES = 9
REOPENING = 10  # part of ACTIVATION: rows opened after a refresh that could have been before it
STATISTICS = 11

# Parameters.
(
    P_CHANNELS,
    P_RANKS,
    P_BANKS,  # of a rank
    P_GROUPS,  # of a rank
    P_BURST,
    P_CL,
    P_CWL,
    P_RP,
    P_RAS,
    P_RTP,
    P_WRITE_TO_PRE,
    P_FAW,
    P_RFC,  # how long a refresh takes
    P_REFI,
    P_REFRESH_TURNS,  # refreshes of a rank in each tREFI
    P_REFRESH_STEP,  # one refreshes every so-manieth bank of the rank
    P_REFRESH_COMMAND,
    P_BUFFER,
    P_BANK_QUEUE,
    P_DRAIN_FROM,
    P_DRAIN_TO,
    P_HIT_LIMIT,
    P_STARVATION_LIMIT,
    P_CLOSED_PAGE,
    P_TIMEOUT,
    P_TWO_COMMANDS,
    P_HITS_FIRST,
    P_PRECHARGE_ALL,
    P_TURN_STEP,  # from a bank to the one whose turn comes next
) = range(29)


@dataclass(frozen=True)
class State:
    """One memory system.

    ready      earliest cycle of each command: one row per bank, then per bank group, then per rank,
               shape (places, 6)
    banks      shape (banks, BANK_FIELDS)
    queues     requests of each bank in order, shape (banks, bank_queue)
    buffers    requests not yet in a bank's queue: row 2c are the reads of channel c, row 2c + 1
               its writes
    channels   shape (channels, CHANNEL_FIELDS)
    ranks      shape (all ranks, RANK_FIELDS)
    statistics shape (channels, STATISTICS)
    window     first and last cycle of data of the request that is watched, shape (channels, 2)
    """

    ready: Ints
    banks: Ints
    queues: Ints
    buffers: Ints
    channels: Ints
    ranks: Ints
    statistics: Ints
    window: Ints

    def copy(self) -> State:
        """An independent state, equal now."""
        return State(*(getattr(self, field.name).copy() for field in fields(self)))


def parameters(memory: Memory, policy: Policy) -> tuple[Ints, Ints]:
    """The parameters P_* and the table of gaps."""
    part, t = memory.part, memory.part.timings
    turns, step, command, duration = 1, 1, REF, t.tRFC
    if part.bank_refresh is not None and memory.refresh == part.bank_refresh.scheme:
        turns = part.refresh_turns(memory.refresh)
        step = turns // part.bank_refresh.rounds
        command, duration = REFB, t.tRFCpb
    values = np.array(
        [
            memory.channels,
            memory.ranks,
            part.bank_groups * part.banks_per_group,
            part.bank_groups,
            part.burst_cycles,
            *(t.CL, t.CWL, t.tRP, t.tRAS, t.tRTP, t.CWL + part.burst_cycles + t.tWR, t.tFAW),
            *(duration, t.tREFI, turns, step, command),
            *(policy.buffer, policy.bank_queue, policy.drain_from, policy.drain_to),
            *(policy.hit_limit, policy.starvation_limit),
            int(policy.page == "closed"),
            policy.timeout_cycles if policy.page == "timeout" else 0,
            int(policy.two_commands),
            int(policy.hits_first),
            # PREA, or PREsb of DDR5; a pair of LPDDR5 is precharged bank by bank.
            int(policy.precharge_all and memory.refresh != "per_bank"),
            part.banks_per_group if policy.groups_in_turn else 1,
        ],
        dtype=np.int64,
    )
    return values, gap_table(part)


def fresh_state(memory: Memory, policy: Policy) -> State:
    """All banks closed, nothing queued, at cycle 0."""
    part = memory.part
    ranks = memory.channels * memory.ranks
    groups = ranks * part.bank_groups
    banks = groups * part.banks_per_group
    bank = np.zeros((banks, BANK_FIELDS), dtype=np.int64)
    bank[:, [OPEN_ROW, FIRST_READ, FIRST_WRITE]] = -1
    bank[:, GROUP_PLACE] = banks + np.arange(banks) // part.banks_per_group
    bank[:, RANK_PLACE] = banks + groups + np.arange(banks) // (banks // ranks)
    rank = np.zeros((ranks, RANK_FIELDS), dtype=np.int64)
    rank[:, ACT_WINDOW:] = LONG_AGO
    # Ranks refresh in turn, evenly spread over the interval.
    turns = part.refresh_turns(memory.refresh)
    for index in range(memory.ranks):
        due = part.timings.tREFI * (index + 1) // (memory.ranks * turns) if turns else FAR
        rank[index :: memory.ranks, REFRESH_DUE] = due
    channel = np.zeros((memory.channels, CHANNEL_FIELDS), dtype=np.int64)
    channel[:, [REFRESHING, FREED]] = -1
    return State(
        ready=np.full((banks + groups + ranks, len(COMMANDS)), LONG_AGO, dtype=np.int64),
        banks=bank,
        queues=np.zeros((banks, policy.bank_queue), dtype=np.int64),
        buffers=np.zeros((2 * memory.channels, policy.buffer), dtype=np.int64),
        channels=channel,
        ranks=rank,
        statistics=np.zeros((memory.channels, STATISTICS), dtype=np.int64),
        window=np.zeros((memory.channels, 2), dtype=np.int64),
    )
