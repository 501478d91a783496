"""What holds for any sequence of requests on any part."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accsim.chip import DramPart, Memory
from accsim.dram.memory import RowGranularMemory
from accsim.dram.standards import PARTS
from accsim.units import PS_PER_S

from .rig import Rig

parts = st.sampled_from(list(PARTS.values()))


@dataclass(frozen=True)
class Request:
    """A descriptor, in bursts, and how long after the one before it is offered."""

    after_ps: int
    address: int
    rows: int
    bursts: int
    stride: int
    write: bool


requests = st.lists(
    st.builds(
        Request,
        after_ps=st.sampled_from([0, 0, 0, 1, 5_000, 3_000_000, 9_000_000]),
        address=st.integers(0, 4000) | st.integers(0, 10**6),
        rows=st.integers(1, 3),
        bursts=st.integers(1, 40) | st.integers(1, 3000),
        stride=st.integers(3000, 9000),
        write=st.booleans(),
    ),
    min_size=1,
    max_size=12,
)
memories = st.builds(
    Memory,
    part=parts,
    channels=st.sampled_from([1, 2, 4]),
    ranks=st.sampled_from([1, 2]),
    interleave_bytes=st.sampled_from([64, 256, 4096]),
    queue_bursts=st.sampled_from([1, 8, 32]),
    refresh=st.sampled_from(["all_bank", "off"]),
)


def run(memory: Memory, sequence: list[Request], start_ps: int = 0) -> tuple[list[int], int]:
    """Offer a sequence; the finish of each request in ps, and the bytes that were moved."""
    model = RowGranularMemory(memory)
    burst = memory.part.burst_bytes
    now, moved, finishes = start_ps, 0, []
    for request in sequence:
        now += request.after_ps
        size = request.bursts * burst
        finishes.append(
            model.submit(
                now,
                request.address * burst,
                request.rows,
                size,
                request.stride * burst,
                request.write,
            )
        )
        moved += request.rows * size
    return finishes, moved


@given(memories, requests)
def test_no_sequence_beats_the_pins(memory: Memory, sequence: list[Request]) -> None:
    finishes, moved = run(memory, sequence)
    assert moved * PS_PER_S <= max(finishes) * memory.peak_bytes_per_s


@given(memories, requests)
def test_every_burst_is_served_once_and_takes_its_slot(
    memory: Memory, sequence: list[Request]
) -> None:
    model = RowGranularMemory(memory)
    part = memory.part
    opened = 0
    for request in sequence:
        model.submit(
            0,
            request.address * part.burst_bytes,
            request.rows,
            request.bursts * part.burst_bytes,
            request.stride * part.burst_bytes,
            request.write,
        )
        opened += int(model.window[:, 2].sum())
    bursts = sum(request.rows * request.bursts for request in sequence)
    timings = part.timings
    slot = max(timings.tCCD_S, -(-timings.tCCD_L // part.bank_groups))
    stats = model.statistics()
    assert stats.states[:, 0].sum() == bursts * slot
    assert stats.row_hits.sum() + stats.row_misses.sum() + stats.row_conflicts.sum() == bursts
    assert stats.activates.sum() == stats.row_misses.sum() + stats.row_conflicts.sum()
    assert stats.activates.sum() == opened


@given(
    parts,
    st.integers(1, 2),
    st.lists(
        st.tuples(st.integers(0, 30_000), st.booleans(), st.integers(0, 400)),
        min_size=2,
        max_size=40,
    ),
)
def test_the_data_bus_never_carries_two_bursts_at_once(
    part: DramPart, ranks: int, bursts: list[tuple[int, bool, int]]
) -> None:
    rig = Rig(part, ranks=ranks, refresh="all_bank")
    now, free = 0, 0
    for burst, write, pause in bursts:
        now += pause
        begin, end = rig.access(burst, at=now, write=write)
        assert begin >= free
        assert end == begin + part.burst_cycles
        free = end


@given(memories, requests)
def test_the_states_of_a_channel_never_add_up_to_more_than_its_time(
    memory: Memory, sequence: list[Request]
) -> None:
    model = RowGranularMemory(memory)
    burst = memory.part.burst_bytes
    finish = 0
    for request in sequence:
        model.submit(0, request.address * burst, 1, request.bursts * burst, 0, request.write)
        finish = max(finish, int(model.window[:, 1].max()))
    assert model.statistics().states.sum(axis=1).max() <= finish


@given(parts, st.integers(0, 3000), st.lists(st.integers(1, 700), min_size=2, max_size=8))
def test_a_request_in_consecutive_pieces_ends_like_the_whole(
    part: DramPart, first: int, pieces: list[int]
) -> None:
    whole, cut = Rig(part), Rig(part)
    end = whole.access(first, bursts=sum(pieces))[1]
    at = first
    for piece in pieces:
        done = cut.access(at, bursts=piece)[1]
        at += piece
    assert done == end
    assert whole.states() == cut.states()


@settings(max_examples=20)
@given(parts, st.integers(0, 3000), st.integers(1, 1500), st.booleans())
def test_a_run_ends_like_its_bursts_one_by_one(
    part: DramPart, first: int, bursts: int, write: bool
) -> None:
    whole, single = Rig(part), Rig(part)
    end = whole.access(first, bursts=bursts, write=write)[1]
    for burst in range(first, first + bursts):
        done = single.access(burst, write=write)[1]
    assert done == end


@given(memories, requests)
def test_the_same_requests_get_the_same_answers(memory: Memory, sequence: list[Request]) -> None:
    assert run(memory, sequence) == run(memory, sequence)


@given(memories, requests, st.integers(1, 50))
def test_idling_for_whole_refresh_periods_first_changes_nothing(
    memory: Memory, sequence: list[Request], periods: int
) -> None:
    clock, interval = memory.part.clock, memory.part.timings.tREFI
    # 336 intervals are whole picoseconds on every clock here, so that both starts are edges; and
    # not from time 0, which has no refresh behind it.
    exact = Fraction(336 * interval * PS_PER_S * clock.hz_den, clock.hz_num)
    assert exact.denominator == 1
    shift = int(exact)
    ends, _ = run(memory, sequence, shift)
    later, _ = run(memory, sequence, shift * (1 + periods))
    assert [end + shift * periods for end in ends] == later


def test_a_second_read_of_the_same_row_is_a_hit() -> None:
    rig = Rig()
    assert rig.access(0, bursts=64) == (44, 300)
    assert rig.access(0, at=300, bursts=64) == (322, 578)
    assert rig.statistics.activates.sum() == 4
    assert rig.statistics.row_hits.sum() == 124


@pytest.mark.parametrize("grade", PARTS)
def test_more_channels_are_never_slower_for_a_stream(grade: str) -> None:
    finishes = [
        RowGranularMemory(Memory(PARTS[grade], channels, 1, 256, 32, refresh="all_bank")).submit(
            0, 0, 1, 2**22, 0, write=False
        )
        for channels in (1, 2, 4, 8)
    ]
    assert finishes == sorted(finishes, reverse=True)


def test_a_stream_is_spread_evenly_over_the_channels() -> None:
    rig = Rig(channels=4)
    rig.access(0, bursts=4096)
    assert rig.statistics.states[:, 0].tolist() == [4096] * 4


def test_a_channel_without_a_part_of_the_request_says_so() -> None:
    rig = Rig(channels=2)
    rig.access(1)
    assert rig.model.window.tolist() == [[-1, 0, 0], [44, 48, 1]]


def test_a_request_that_begins_and_ends_inside_bursts_moves_them_whole() -> None:
    # Bytes 32 to 160 touch bursts 0, 1 and 2.
    rig = Rig()
    rig.model.submit(0, 32, 1, 128, 0, write=False)
    assert rig.states()[0] == 3 * 4


def test_the_rows_of_a_descriptor_lie_a_stride_apart() -> None:
    # Four single bursts, 4 MiB apart: row 0, 32, 64 and 96 of the same bank, one conflict each.
    rig = Rig()
    rig.model.submit(0, 0, 4, 64, 4 * 2**20, write=False)
    assert rig.statistics.row_conflicts.sum() == 3


def test_cycles_become_picoseconds_rounded_up() -> None:
    rig = Rig(PARTS["DDR5-4800"])
    assert rig.model.to_ps(np.array([0, 1, 2, 3])).tolist() == [0, 417, 834, 1250]
