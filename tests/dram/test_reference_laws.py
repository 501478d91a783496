"""What holds for any trace on any part: every command legal, no request lost, no pin beaten."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accsim.chip import SEQUENTIAL, DramPart, Memory, Policy, RefreshScheme
from accsim.dram.reference.device import ACT, PRE, RD, REF, REFB, WR, gap_table
from accsim.dram.reference.memory import ReferenceMemory, Replay, replay
from accsim.dram.reference.patterns import sequential, streams
from accsim.dram.standards import PARTS
from accsim.units import PS_PER_S

from .rig import DDR4

parts = st.sampled_from(list(PARTS.values()))
policies = st.builds(
    lambda drain, **others: Policy(drain_from=drain[0], drain_to=drain[1], **others),
    drain=st.sampled_from([(1, 0), (6, 0), (8, 5)]),
    buffer=st.sampled_from([8, 32]),
    bank_queue=st.sampled_from([1, 2, 8]),
    starvation_limit=st.sampled_from([1, 7, 32]),
    hit_limit=st.sampled_from([1, 4, 100]),
    page=st.sampled_from(["open", "closed", "timeout"]),
    timeout_cycles=st.sampled_from([1, 50, 500]),
    hits_first=st.booleans(),
    precharge_all=st.booleans(),
    two_commands=st.booleans(),
)
memories = parts.flatmap(
    lambda part: st.builds(
        Memory,
        part=st.just(part),
        channels=st.sampled_from([1, 2]),
        ranks=st.sampled_from([1, 2]),
        interleave_bytes=st.sampled_from([64, 256]),
        queue_bursts=st.just(32),
        refresh=st.sampled_from(part.refresh_schemes),
        address_order=st.permutations(SEQUENTIAL).map(tuple),
        bank_hash=st.booleans(),
        controller=policies,
    )
)


@st.composite
def traces(draw: st.DrawFn) -> tuple[list[int], list[int]]:
    """Runs of bursts, near and far, forwards, some of them writes."""
    bursts: list[int] = []
    writes: list[int] = []
    for _ in range(draw(st.integers(1, 8))):
        start = draw(st.integers(0, 500) | st.integers(0, 2**21))
        count, step = draw(st.integers(1, 60)), draw(st.sampled_from([1, 1, 3, 512, 2048, 8192]))
        bursts += [start + step * index for index in range(count)]
        writes += [int(draw(st.booleans()))] * count
    return bursts, writes


def run(memory: Memory, trace: tuple[list[int], list[int]]) -> Replay:
    addresses = np.array(trace[0]) * memory.part.burst_bytes
    return replay(memory, addresses, np.array(trace[1]), log=10_000)


@dataclass
class Log:
    """The commands of one channel, with where each went."""

    cycle: np.ndarray[tuple[int], np.dtype[np.int64]]
    command: np.ndarray[tuple[int], np.dtype[np.int64]]
    rank: np.ndarray[tuple[int], np.dtype[np.int64]]
    group: np.ndarray[tuple[int], np.dtype[np.int64]]
    bank: np.ndarray[tuple[int], np.dtype[np.int64]]
    row: np.ndarray[tuple[int], np.dtype[np.int64]]


def logs(memory: Memory, played: Replay) -> list[Log]:
    part = memory.part
    cycle, command, bank, row = played.commands.T
    group = bank // part.banks_per_group
    rank = group // part.bank_groups
    found = []
    for channel in range(memory.channels):
        own = rank // memory.ranks == channel
        found.append(Log(*(column[own] for column in (cycle, command, rank, group, bank, row))))
    return found


def check_gaps(part: DramPart, log: Log, closed_page: bool) -> None:
    """Every pair of commands keeps the gaps of its scopes; four activates keep tFAW."""
    gaps = gap_table(part)
    apart = log.cycle[None, :] - log.cycle[:, None]
    later = np.triu(np.ones(apart.shape, dtype=bool), 1)
    before, after = log.command[:, None], log.command[None, :]
    same_bank = log.bank[:, None] == log.bank[None, :]
    same_group = log.group[:, None] == log.group[None, :]
    same_rank = log.rank[:, None] == log.rank[None, :]
    related = (same_bank, same_group, same_rank, ~same_rank)
    for scope, holds in enumerate(related):
        if closed_page and scope == 0:
            # Banks close by themselves: no PRE is logged, so only ACT and columns are checked.
            holds = holds & (after != PRE)
        assert (apart >= gaps[scope][before, after])[later & holds].all()
    for rank in np.unique(log.rank):
        activates = log.cycle[(log.rank == rank) & (log.command == ACT)]
        assert (activates[4:] - activates[:-4] >= part.timings.tFAW).all()


def refreshed_with(part: DramPart, first: int) -> list[int]:
    """The banks of a bank refresh that is logged as one of bank `first`."""
    assert part.bank_refresh is not None
    banks = part.bank_groups * part.banks_per_group
    return [first + i * banks // part.bank_refresh.banks for i in range(part.bank_refresh.banks)]


def check_rows(part: DramPart, log: Log, closed_page: bool) -> None:
    """Columns go to the open row; ACT finds its bank closed, PRE open, a refresh all its banks."""
    open_rows: dict[int, int] = {}
    rank_of: dict[int, int] = {}
    columns = (log.command, log.rank, log.bank, log.row)
    for command, rank, bank, row in np.stack(columns, axis=1).tolist():
        rank_of[bank] = rank
        if command == ACT:
            assert bank not in open_rows
            open_rows[bank] = row
        elif command == PRE:
            del open_rows[bank]
        elif command == REF:
            assert all(rank_of[other] != rank for other in open_rows)
        elif command == REFB:
            assert not set(refreshed_with(part, bank)) & set(open_rows)
        else:
            assert bank in open_rows
            if closed_page:
                del open_rows[bank]


def check_bus(memory: Memory, log: Log) -> None:
    """No two bursts are on the data bus at once; a change of rank leaves tRTRS between them."""
    part = memory.part
    columns = (log.command == RD) | (log.command == WR)
    latency = np.where(log.command == WR, part.timings.CWL, part.timings.CL)[columns]
    begin, rank = log.cycle[columns] + latency, log.rank[columns]
    order = np.argsort(begin, kind="stable")
    gap, other = np.diff(begin[order]), np.diff(rank[order]) != 0
    assert (gap >= part.burst_cycles).all()
    write = (log.command == WR)[columns][order]
    alike = write[1:] == write[:-1]
    assert (gap >= part.burst_cycles + part.timings.tRTRS)[other & alike].all()


@settings(max_examples=60)
@given(memories, traces())
def test_every_command_is_legal(memory: Memory, trace: tuple[list[int], list[int]]) -> None:
    closed = memory.policy.page == "closed"
    for log in logs(memory, run(memory, trace)):
        check_gaps(memory.part, log, closed)
        check_rows(memory.part, log, closed)
        check_bus(memory, log)


@settings(max_examples=60)
@given(memories, traces())
def test_no_request_is_lost_or_served_twice(
    memory: Memory, trace: tuple[list[int], list[int]]
) -> None:
    played = run(memory, trace)
    cycle, command, bank, _ = played.commands.T
    writes = np.array(trace[1])
    assert (command == WR).sum() == writes.sum()
    assert (command == RD).sum() == len(writes) - writes.sum()
    counts = played.statistics
    rows = counts.row_hits + counts.row_misses + counts.row_conflicts
    assert rows.sum() == len(writes)
    assert counts.activates.sum() == (command == ACT).sum()
    assert counts.refreshes.sum() == np.isin(command, (REF, REFB)).sum()
    # One command a cycle, or two; a rank's banks may be precharged by one.
    busy = np.unique(np.stack([cycle, bank // len(bank)]), axis=1, return_counts=True)[1]
    if memory.channels == 1 and not memory.policy.precharge_all:
        assert busy.max() <= 1 + memory.policy.two_commands


@settings(max_examples=60)
@given(memories, traces())
def test_no_trace_beats_the_pins(memory: Memory, trace: tuple[list[int], list[int]]) -> None:
    played = run(memory, trace)
    moved = len(trace[0]) * memory.part.burst_bytes
    seconds = Fraction(played.cycles * memory.part.clock.hz_den, memory.part.clock.hz_num)
    assert moved <= seconds * memory.peak_bytes_per_s


@settings(max_examples=60)
@given(memories, traces())
def test_the_states_of_a_channel_never_add_up_to_more_than_its_time(
    memory: Memory, trace: tuple[list[int], list[int]]
) -> None:
    played = run(memory, trace)
    states = played.statistics.states
    assert (states >= 0).all()
    assert states.sum(axis=1).max() <= played.cycles
    assert states[:, 0].sum() == len(trace[0]) * memory.part.burst_cycles


@pytest.mark.parametrize("grade", list(PARTS))
def test_a_saturated_stream_is_refreshed_as_often_as_it_must_be(grade: str) -> None:
    # The share of the time spent in refresh itself is tRFC / tREFI, within 0.2 points.
    part = PARTS[grade]
    memory = Memory(part, 1, 1, part.burst_bytes, 32, refresh="all_bank")
    bursts = 60 * part.timings.tREFI // part.burst_cycles
    trace = sequential(bursts * part.burst_bytes, part.burst_bytes)
    played = replay(memory, *trace)
    share = int(played.statistics.refreshes[0]) * part.timings.tRFC / played.cycles
    assert share == pytest.approx(part.timings.tRFC / part.timings.tREFI, abs=0.002)


@pytest.mark.parametrize("grade", list(PARTS))
def test_what_refresh_costs_a_stream_is_its_share_and_the_rows_it_closes(grade: str) -> None:
    # Against the same stream without refresh, 11 or 12 refreshes in: less than 2 points more.
    part = PARTS[grade]
    bursts = 12 * part.timings.tREFI // part.burst_cycles
    cycles = []
    schemes: tuple[RefreshScheme, ...] = ("all_bank", "off")
    for refresh in schemes:
        memory = Memory(part, 1, 1, part.burst_bytes, 32, refresh)
        trace = sequential(bursts * part.burst_bytes, part.burst_bytes)
        cycles.append(replay(memory, *trace).cycles)
    share = 1 - cycles[1] / cycles[0]
    assert 0 <= share - part.timings.tRFC / part.timings.tREFI * (11.5 / 12) < 0.02


def test_the_refresh_state_of_a_stream_is_trfc_over_trefi_and_the_precharges() -> None:
    # The bus stands still from the refresh being due: tRTP 12 at most, tRP 22, tRFC 560, tRCD 22.
    memory = Memory(DDR4, 1, 1, 64, 32, refresh="all_bank")
    played = replay(memory, *sequential(100 << 20, 64))
    per_refresh = played.statistics.states[0, 2] / played.statistics.refreshes[0]
    assert 560 + 22 <= per_refresh <= 560 + 22 + 22 + 12


@given(st.sampled_from(list(PARTS)), st.integers(1, 4))
def test_more_channels_are_never_slower_for_a_saturated_stream(grade: str, count: int) -> None:
    part = PARTS[grade]
    cycles = []
    for channels in (1, 2, 4):
        memory = Memory(part, channels, 1, 256, 32, refresh="all_bank")
        trace = streams(1 << 18, part.burst_bytes, count=count, block=4096)
        cycles.append(replay(memory, *trace).cycles)
    assert cycles[0] >= cycles[1] >= cycles[2]


@given(st.sampled_from(list(PARTS)), st.integers(1, 30), st.integers(1, 400), st.booleans())
def test_an_idle_system_does_not_care_which_refresh_period_it_starts_in(
    grade: str, periods: int, bursts: int, write: bool
) -> None:
    part = PARTS[grade]
    memory = Memory(part, 1, 1, part.burst_bytes, 32, refresh="all_bank")
    # Whole refresh periods that are whole picoseconds too.
    period = Fraction(PS_PER_S * part.clock.hz_den, part.clock.hz_num)
    shift = int(period * part.timings.tREFI * periods * period.denominator)
    first, later = (
        ReferenceMemory(memory).submit(start, 0, 1, bursts * part.burst_bytes, 0, write) - start
        for start in (part.clock.edge_ps(2000), part.clock.edge_ps(2000) + shift)
    )
    assert first == later


BY_BANK = [grade for grade, part in PARTS.items() if part.bank_refresh is not None]


def by_bank(grade: str, ranks: int = 1) -> Memory:
    """One channel that refreshes some banks at a time."""
    part = PARTS[grade]
    assert part.bank_refresh is not None
    queue = 32 if 32 * part.burst_cycles >= part.timings.tRC else 64
    return Memory(part, 1, ranks, part.burst_bytes, queue, part.bank_refresh.scheme)


@pytest.mark.parametrize("ranks", [1, 2])
@pytest.mark.parametrize("grade", BY_BANK)
def test_every_bank_is_refreshed_within_its_interval(grade: str, ranks: int) -> None:
    # A refresh may wait for the banks to be precharged, as long as a row cycle, and for another.
    memory = by_bank(grade, ranks)
    part, own = memory.part, memory.part.bank_refresh
    assert own is not None
    trace = sequential(
        6 * part.timings.tREFI // part.burst_cycles * part.burst_bytes, part.burst_bytes
    )
    played = replay(memory, *trace, log=10**6)
    seen: dict[int, list[int]] = {}
    for cycle, command, bank, _ in played.commands.tolist():
        if command == REFB:
            for one in refreshed_with(part, bank):
                seen.setdefault(one, []).append(cycle)
    assert len(seen) == ranks * part.bank_groups * part.banks_per_group
    late = 2 * part.timings.tRC
    for cycles in seen.values():
        assert cycles[0] <= part.timings.tREFI + late
        assert max(np.diff(cycles)) <= part.timings.tREFI / own.rounds + late


@pytest.mark.parametrize("grade", BY_BANK)
def test_banks_that_are_not_refreshed_go_on(grade: str) -> None:
    # Reads issue while a bank refresh runs.
    memory = by_bank(grade)
    trace = sequential(1 << 20, memory.part.burst_bytes)
    played = replay(memory, *trace, log=10**6)
    cycle, command = played.commands.T[:2]
    reads = cycle[command == RD]
    starts = cycle[command == REFB]
    during = [((reads > at) & (reads < at + memory.part.timings.tRFCpb)).sum() for at in starts]
    assert max(during) * memory.part.burst_cycles > memory.part.timings.tRFCpb / 2


@pytest.mark.parametrize("grade", BY_BANK)
def test_a_bank_refresh_never_costs_a_stream_more_than_one_of_all_banks(grade: str) -> None:
    memory = by_bank(grade)
    trace = sequential(200_000 * memory.part.burst_bytes, memory.part.burst_bytes)
    cycles = [replay(one, *trace).cycles for one in (memory, replace(memory, refresh="all_bank"))]
    assert cycles[0] < cycles[1]
