"""The row-granular model against the reference, on what the DMA of a decoding chip asks for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accsim.chip import Chip, Memory
from accsim.dram.memory import MemoryModel, RowGranularMemory
from accsim.dram.reference.memory import ReferenceMemory, replay
from accsim.dram.standards import PARTS
from accsim.engine.simulate import simulate
from accsim.lowering.lower import lower
from accsim.ops import PassGraph
from accsim.units import KIB, MIB

Descriptor = tuple[int, int, int, int, bool]
"""Address, rows, bytes of a row, stride, and whether it writes."""

WEIGHTS, CACHE = 0, 1 << 28
VECTOR = 256
"""A key or value of 128 channels in fp16."""
OUTSTANDING = 8


def memory_of(grade: str, channels: int = 2) -> Memory:
    """Channels that interleave at one burst to each bank group, but 256 bytes at least.

    The controller looks 32 bursts ahead, or 64 where 32 do not cover a row cycle.
    """
    part = PARTS[grade]
    step = max(256, part.bank_groups * part.burst_bytes)
    queue = 32 if 32 * part.burst_cycles >= part.timings.tRC else 64
    return Memory(part, channels, 1, step, queue, refresh="all_bank")


def weights(size: int, count: int) -> list[Descriptor]:
    """Consecutive tiles of weights."""
    return [(WEIGHTS + index * size, 1, size, 0, False) for index in range(count)]


def cache(context: int, heads: int, together: int) -> list[Descriptor]:
    """Keys and values of all heads, head by head, `together` heads to a descriptor."""
    size, room = context * VECTOR, (context + 128) * VECTOR
    return [
        (CACHE + half * heads * room + head * room, together, size, room, False)
        for head in range(0, heads, together)
        for half in (0, 1)
    ]


def appended(context: int, heads: int) -> list[Descriptor]:
    """The new key and value of each head."""
    room = (context + 128) * VECTOR
    return [
        (CACHE + half * heads * room + context * VECTOR, heads, VECTOR, room, True)
        for half in (0, 1)
    ]


def finish(model: MemoryModel, descriptors: list[Descriptor]) -> int:
    """When the last is done, the DMA keeping `OUTSTANDING` in flight, done in order."""
    ends: list[int] = []
    now = 0
    for index, descriptor in enumerate(descriptors):
        if index >= OUTSTANDING:
            now = max(now, ends[index - OUTSTANDING])
        end = model.submit(now, *descriptor)
        ends.append(max(end, ends[-1]) if ends else end)
    return ends[-1]


def compare(memory: Memory, descriptors: list[Descriptor]) -> float:
    """How much longer the row-granular model takes than the reference, relative."""
    fast = finish(RowGranularMemory(memory), descriptors)
    return fast / finish(ReferenceMemory(memory), descriptors) - 1


grades = st.sampled_from(["DDR4-3200", "DDR5-4800", "DDR5-6400", "LPDDR5-6400", "LPDDR5X-8533"])


@settings(max_examples=12)
@given(grades, st.integers(16, 1024), st.sampled_from([1, 2, 4]))
def test_streams_of_weights_agree_within_half_a_percent(
    grade: str, tile_kib: int, channels: int
) -> None:
    count = 8 * MIB // (tile_kib * KIB) + 1
    assert abs(compare(memory_of(grade, channels), weights(tile_kib * KIB, count))) < 0.005


@settings(max_examples=12)
@given(grades, st.integers(1500, 4000), st.sampled_from([1, 2, 4]))
def test_reading_a_kv_cache_agrees_within_half_a_percent(
    grade: str, context: int, together: int
) -> None:
    # Long enough for one refresh more or less to weigh less than that.
    assert abs(compare(memory_of(grade), cache(context, 8, together))) < 0.005


@settings(max_examples=12)
@given(grades, st.integers(300, 2000), st.sampled_from([4, 8]))
def test_layers_of_weights_reads_and_appends_agree_within_half_a_percent(
    grade: str, context: int, heads: int
) -> None:
    asked = (weights(256 * KIB, 6) + appended(context, heads) + cache(context, heads, 2)) + weights(
        512 * KIB, 6
    )
    assert abs(compare(memory_of(grade), asked)) < 0.005


@pytest.mark.parametrize("grade", list(PARTS))
def test_every_grade_streams_alike_within_half_a_percent(grade: str) -> None:
    assert abs(compare(memory_of(grade), weights(MIB, 12))) < 0.005


def test_the_reference_answers_for_channels_that_a_request_does_not_touch() -> None:
    model = ReferenceMemory(memory_of("DDR4-3200"))
    model.submit(0, 0, 1, 256, 0, write=False)
    # ACT in cycle 1, RD 23, data from 45; four bursts of 4 cycles, one in each bank group.
    assert model.window.tolist() == [[45, 61, 4], [-1, 0, 0]]


def test_requests_that_share_the_bus_are_given_windows_that_do_not_overlap() -> None:
    model = ReferenceMemory(memory_of("DDR4-3200", 1))
    end = 0
    for index in range(40):
        model.submit(0, index * 2048, 1, 2048, 0, write=index % 3 == 0)
        begin, after, _ = model.window[0]
        assert begin >= end
        assert after >= begin
        end = after


def test_a_request_is_done_in_whole_picoseconds_after_the_clock_edge() -> None:
    # ACT 1, RD 23, data end at 49; 625 ps a cycle.
    model = ReferenceMemory(memory_of("DDR4-3200"))
    assert model.submit(0, 0, 1, 64, 0, write=False) == 49 * 625
    assert model.to_ps(np.array([0, 49])).tolist() == [0, 30625]


def test_a_late_request_finds_the_system_as_the_earlier_left_it() -> None:
    # The row is open: offered at 1000, RD 1001, data end 26 later.
    model = ReferenceMemory(memory_of("DDR4-3200"))
    model.submit(0, 0, 1, 64, 0, write=False)
    assert model.submit(1000 * 625, 0, 1, 64, 0, write=False) == 1027 * 625


def test_statistics_count_what_is_still_to_be_served() -> None:
    model = ReferenceMemory(memory_of("DDR4-3200"))
    model.submit(0, 0, 1, 64 * KIB, 0, write=False)
    counts = model.statistics()
    served = counts.row_hits + counts.row_misses + counts.row_conflicts
    assert served.tolist() == [512, 512]
    assert counts.states[:, 0].tolist() == [2048, 2048]


@settings(max_examples=20)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 1 << 14).map(lambda burst: burst * 64),
            st.integers(1, 4),
            st.integers(1, 3000),
            st.sampled_from([4096, 8192, 100_032]),
            st.booleans(),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_descriptors_that_come_together_are_served_like_their_bursts_in_one_trace(
    descriptors: list[Descriptor],
) -> None:
    memory = memory_of("DDR4-3200")
    model = ReferenceMemory(memory)
    addresses: list[int] = []
    writes: list[int] = []
    for address, rows, row_bytes, stride, write in descriptors:
        end = model.submit(0, address, rows, row_bytes, stride, write)
        for row in range(rows):
            start = address + row * stride
            addresses += range(start // 64 * 64, start + row_bytes, 64)
        writes += [int(write)] * (len(addresses) - len(writes))
    played = replay(memory, np.array(addresses), np.array(writes), apart=True)
    assert end == played.cycles * 625
    assert model.statistics().states.tolist() == played.statistics.states.tolist()
    assert model.statistics().row_hits.tolist() == played.statistics.row_hits.tolist()


def test_a_request_that_comes_while_the_last_waits_queues_behind_it() -> None:
    # Two requests to rows of one bank: PRE at tRAS after ACT, 53; ACT 75, RD 97, data end 123.
    for arrival in (0, 1, 30, 49):
        model = ReferenceMemory(memory_of("DDR4-3200", 1))
        model.submit(0, 0, 1, 64, 0, write=False)
        row = 4 * 4 * 128 * 64
        assert model.submit(arrival * 625, row, 1, 64, 0, write=False) == 123 * 625


def test_more_banks_than_a_request_can_name_are_refused() -> None:
    # 1024 channels of 4 ranks of 32 banks.
    memory = Memory(PARTS["DDR5-4800"], 1024, 4, 512, 32, refresh="all_bank")
    with pytest.raises(ValueError, match="holds 65536 banks at most, got 131072"):
        replay(memory, np.array([0]), np.array([0]))


def test_only_the_banks_of_one_channel_count_where_each_has_its_own_queue() -> None:
    memory = Memory(PARTS["DDR5-4800"], 1024, 4, 512, 32, refresh="all_bank")
    ReferenceMemory(memory).submit(0, 0, 1, 64, 0, write=False)


def test_the_engine_runs_a_pass_on_the_reference(small_chip: Chip, small_decode: PassGraph) -> None:
    program = lower(small_chip, small_decode, (500,), 600)
    fast = simulate(program, small_chip)
    slow = simulate(program, small_chip, lambda: ReferenceMemory(small_chip.memory))
    assert slow.elapsed_ps == pytest.approx(fast.elapsed_ps, rel=0.005)
    served = slow.memory.row_hits + slow.memory.row_misses + slow.memory.row_conflicts
    fetched = fast.memory.row_hits + fast.memory.row_misses + fast.memory.row_conflicts
    assert served.tolist() == fetched.tolist()
