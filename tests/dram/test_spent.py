"""What the cycles of a descriptor were spent on: `MemoryModel.spent`, by `DRAM_PARTS`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from accsim.chip import Memory
from accsim.dram.memory import RowGranularMemory
from accsim.dram.reference.memory import ReferenceMemory
from accsim.dram.standards import PARTS
from accsim.result import CAUSE_PARTS
from accsim.timeline import DRAM_PARTS

from .rig import ACTIVATION, DATA, REFRESH, TURNAROUND, Rig
from .test_laws import Request, memories, requests


def spent(rig: Rig) -> dict[str, int]:
    """What the last descriptor's cycles went to; zeros left out."""
    found = zip(DRAM_PARTS, rig.model.spent.tolist(), strict=True)
    return {part: cycles for part, cycles in found if cycles}


def test_the_parts_are_those_of_the_result() -> None:
    assert CAUSE_PARTS["dram"] == DRAM_PARTS


def test_a_read_of_a_closed_row_waits_for_it_and_then_for_its_data() -> None:
    # ACT at 0, RD at 22 (tRCD), data from 44 (CL) to 48.
    rig = Rig()
    assert rig.access(rig.burst()) == (44, 48)
    assert spent(rig) == {"data": 4, "activation": 22, "latency": 22}


def test_a_read_of_an_open_row_after_a_pause_takes_latency_only() -> None:
    rig = Rig()
    rig.access(rig.burst())
    assert rig.access(rig.burst(), at=100) == (122, 126)
    assert spent(rig) == {"data": 4, "latency": 22}


def test_a_read_right_behind_another_takes_its_data_only() -> None:
    rig = Rig()
    rig.access(rig.burst())
    assert rig.access(rig.burst() + 1) == (48, 52)
    assert spent(rig) == {"data": 4}


def test_a_conflict_is_a_wait_for_a_row() -> None:
    # RD at 22; PRE at 52 (tRAS), ACT at 74 (tRP), RD at 96, data from 118. The next column of this
    # bank group could have gone at 30 (tCCD_L), one of another at 26.
    rig = Rig()
    rig.access(rig.burst())
    assert rig.access(rig.burst(row=1)) == (118, 122)
    assert spent(rig) == {"data": 4, "turnaround": 4, "activation": 66}


def test_a_read_after_a_write_waits_for_the_turnaround() -> None:
    # WR at 22, data from 38 (CWL 16) to 42; RD at 22 + 16 + 4 + 12 (tWTR_L) = 54 in place of 26,
    # data from 76 to 80: 38 cycles, 6 of them because a read's latency is longer than a write's.
    rig = Rig()
    assert rig.access(rig.burst(), write=True) == (38, 42)
    assert rig.access(rig.burst()) == (76, 80)
    assert spent(rig) == {"data": 4, "turnaround": 28, "latency": 6}


def test_a_write_after_a_read_has_its_shorter_latency_taken_off_the_turnaround() -> None:
    # RD at 22, data until 48; WR at 22 + 12 (tRTW) = 34 in place of 26, data from 50 to 54.
    rig = Rig()
    rig.access(rig.burst())
    assert rig.access(rig.burst(), write=True) == (50, 54)
    assert spent(rig) == {"data": 4, "turnaround": 2}


def test_a_read_that_meets_a_refresh_waits_for_its_end() -> None:
    # Due at 12480, over at 13040 (tRFC 560). No row was open, so it waits for one anyway.
    rig = Rig(refresh="all_bank")
    assert rig.access(rig.burst(), at=12_480) == (13_084, 13_088)
    assert spent(rig) == {"data": 4, "refresh": 560, "activation": 22, "latency": 22}


def test_a_row_that_a_refresh_closed_is_opened_again_on_its_account() -> None:
    # A read of 5000 bursts; the refresh is due in the middle of a row. The last column before it
    # issues at 22 + 4 x 3114 = 12478, data pass until 12504. The rows of all four groups are
    # precharged from 12482 on, 12 after their last RD at 12478: REF at 12512, until 13072; RD 22
    # later. So the bus waits from 12482 to 13094.
    rig = Rig(refresh="all_bank")
    rig.access(rig.burst(), bursts=5000)
    assert spent(rig) == {"data": 20_000, "refresh": 612, "activation": 22, "latency": 22}
    assert rig.model.statistics().states[0].tolist() == [20_000, 0, 590, 44]


def test_without_refresh_none_of_the_time_is_its() -> None:
    rig = Rig()
    rig.access(rig.burst(), bursts=5000)
    assert spent(rig) == {"data": 20_000, "activation": 22, "latency": 22}


def test_of_a_long_stream_refresh_has_its_duty_cycle() -> None:
    # tRFC of every tREFI, 4.49 %, and 52 cycles each time to close the rows and open them again.
    rig = Rig(refresh="all_bank")
    _, end = rig.access(0, bursts=1_000_000)
    assert spent(rig)["refresh"] / end == pytest.approx((560 + 52) / 12_480, rel=0.01)


def test_the_channel_that_finishes_last_is_told() -> None:
    # Interleaved by burst: of three bursts channel 0 has two, the second right behind the first.
    rig = Rig(channels=2)
    rig.access(0, bursts=3)
    assert spent(rig) == {"data": 8, "activation": 22, "latency": 22}


def test_of_channels_that_finish_together_the_first_is_told() -> None:
    # Channel 1 has a row open, channel 0 not, yet both are done when channel 0 is.
    rig = Rig(channels=2)
    rig.access(1)
    rig.access(0, at=100, bursts=2)
    assert spent(rig) == {"data": 4, "activation": 22, "latency": 22}


@settings(max_examples=60)
@given(memories, requests)
def test_each_descriptor_spends_what_the_states_of_its_channel_grow_by(
    memory: Memory, sequence: list[Request]
) -> None:
    model = RowGranularMemory(replace(memory, channels=1))
    size, now = memory.part.burst_bytes, 0
    total = np.zeros(len(DRAM_PARTS), dtype=np.int64)
    saved, free = 0, 0
    for one in sequence:
        now += one.after_ps
        done = model.submit(
            now, one.address * size, one.rows, one.bursts * size, one.stride * size, one.write
        )
        assert (model.spent >= 0).all()
        total += model.spent
        end = int(model.window[0, 1])
        arrival = memory.part.clock.next_edge(now)
        saved += int(model.spent.sum()) - (end - max(free, arrival))
        free = end
        assert memory.part.clock.edge_ps(end) == done
    states = model.statistics().states[0]
    assert saved == 0
    assert total[DATA] == states[DATA]
    assert total[[REFRESH, ACTIVATION]].sum() == states[[REFRESH, ACTIVATION]].sum()
    assert total[REFRESH] >= states[REFRESH]
    assert total[TURNAROUND] <= states[TURNAROUND]
    if memory.refresh == "off":
        assert total[REFRESH] == 0


def test_the_reference_tells_of_a_closed_row_what_the_fast_model_does() -> None:
    # One cycle more: a request moves from the buffer to its bank's queue before anything issues.
    model = ReferenceMemory(Rig().memory)
    model.submit(0, 0, 1, 64, 0, False)
    assert model.spent.tolist() == [4, 0, 0, 23, 22]


def test_the_reference_spends_on_a_long_stream_what_the_fast_model_does() -> None:
    memory = Memory(PARTS["DDR4-3200"], 1, 1, 64, 32, "all_bank")
    spans = []
    for model in (RowGranularMemory(memory), ReferenceMemory(memory)):
        total = np.zeros(len(DRAM_PARTS), dtype=np.int64)
        for number in range(40):
            model.submit(0, number * 65_536, 1, 65_536, 0, False)
            total += model.spent
        spans.append(total)
    fast, slow = spans
    assert slow[DATA] == fast[DATA] == 40 * 4096
    assert slow[REFRESH] == pytest.approx(fast[REFRESH], rel=0.05)
    assert slow.sum() == pytest.approx(fast.sum(), rel=0.01)
