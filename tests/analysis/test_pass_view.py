"""From a simulated pass to what people look at; the small pass has times chosen by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from export.small import PROGRAM, TIMELINE, column, small_pass, small_view

from accsim.analysis.pass_view import view_pass
from accsim.chip import Chip
from accsim.ops import PassGraph
from accsim.pass_view import ARRAY, FIRST_CHANNEL, LOAD, STORE, VECTOR, WAITED_FOR, PassView
from accsim.program import Unit
from accsim.timeline import NO_BLOCKER, SLOT_BLOCKER, Timeline


def waits(view: PassView, lane: int) -> list[tuple[str, int, int]]:
    """What each slice of a lane waited for: the word, and the lane and place of the slice."""
    one = view.lanes[lane]
    rows = zip(one.waited_for.tolist(), one.after_lane.tolist(), one.after.tolist(), strict=True)
    return [(WAITED_FOR[word], other, place) for word, other, place in rows]


def spans(view: PassView, lane: int) -> list[tuple[int, int]]:
    one = view.lanes[lane]
    return list(zip(one.start_ps.tolist(), one.end_ps.tolist(), strict=True))


def test_lanes_come_in_the_order_in_which_they_are_shown() -> None:
    names = ["array", "vector", "load", "store", "channel 0", "channel 1"]
    assert [lane.name for lane in small_view().lanes] == names


def test_a_load_is_shown_from_the_end_of_the_one_before_in_the_memory() -> None:
    view = small_view()
    assert spans(view, LOAD) == [(0, 1_000_500), (1_000_500, 2_000_000), (2_000_000, 2_500_700)]
    assert view.lanes[LOAD].issued_ps.tolist() == [0, 200_000, 1_500_000]


def test_times_are_those_of_the_trace_files_to_the_ns() -> None:
    """Slices of all lanes, as `PassEvents` gives them to the trace writers."""
    names = {track.id: track.name for track in small_pass().tracks()}
    seen = {
        (names[piece.track], piece.start_ns, piece.end_ns, piece.name)
        for piece in small_pass().slices()
    }
    view = small_view()
    assert seen == {
        (lane.name, start // 1000, end // 1000, view.ops[op].name)
        for number, lane in enumerate(view.lanes)
        for (start, end), op in zip(spans(view, number), lane.op.tolist(), strict=True)
    }
    assert len(seen) == view.slices == 13


def test_a_tile_waited_for_the_load_that_it_needed() -> None:
    """The first two loads and the third: ``needs`` counts from 1."""
    assert waits(small_view(), ARRAY) == [("load", LOAD, 0), ("load", LOAD, 1)]
    assert waits(small_view(), VECTOR) == [("load", LOAD, 2)]


def test_a_tile_that_is_the_first_to_need_a_load_is_fed_by_it() -> None:
    array = replace(PROGRAM.array, needs=((2, 2), *PROGRAM.array.needs[1:]))
    assert small_view(replace(PROGRAM, array=array)).lanes[ARRAY].fed_by.tolist() == [1, -1]


def test_a_load_without_room_waited_for_the_tile_that_made_some() -> None:
    """Load 2 was ready at 1500 ns, when array tile 0 ended and gave 4000 B back."""
    assert waits(small_view(), LOAD)[2] == ("SRAM room", ARRAY, 0)


def test_nobody_made_room_if_no_tile_ended_then() -> None:
    lanes = TIMELINE.lanes
    array = replace(lanes[Unit.ARRAY], end_ps=column(1_499_999, 2_300_000))
    timeline = replace(TIMELINE, lanes=(*lanes[:2], array, lanes[3]))
    assert waits(small_view(timeline=timeline), LOAD)[2] == ("SRAM room", -1, -1)


def with_slots(blockers: tuple[int, int, int]) -> Timeline:
    load = replace(TIMELINE.lanes[Unit.LOAD], blocker=column(*blockers))
    return replace(TIMELINE, lanes=(load, *TIMELINE.lanes[1:]))


def test_a_load_waited_for_the_slot_of_the_descriptor_two_before() -> None:
    """The chip has two slots."""
    view = small_view(timeline=with_slots((NO_BLOCKER, SLOT_BLOCKER, SLOT_BLOCKER)))
    assert waits(view, LOAD)[1:] == [("DMA slot", -1, -1), ("DMA slot", LOAD, 0)]


def test_a_command_without_a_blocker_came_after_the_one_before() -> None:
    view = small_view(timeline=with_slots((NO_BLOCKER, NO_BLOCKER, NO_BLOCKER)))
    assert waits(view, LOAD) == [
        ("previous command", -1, -1),
        ("previous command", LOAD, 0),
        ("previous command", LOAD, 1),
    ]


def test_what_a_channel_moves_is_of_a_descriptor() -> None:
    """Channel 1 has data of loads 0 and 1 and of the store."""
    view = small_view()
    lane = FIRST_CHANNEL + 1
    assert waits(view, lane) == [("load", LOAD, 0), ("load", LOAD, 1), ("store", STORE, 0)]
    assert view.lanes[lane].figures["descriptor_bytes"].tolist() == [4000, 4000, 400]


def test_counters_know_what_the_chip_can_do() -> None:
    """Two channels of 32 bits at 4800 MT/s; 9000 B of SRAM."""
    fill, bandwidth = small_view().counters
    assert (fill.unit, fill.limit) == ("B", 9000.0)
    assert (bandwidth.unit, bandwidth.limit) == ("GB/s", 38.4)
    assert fill.time_ps.tolist() == [0, 200_000, 1_500_000, 2_300_000, 2_700_000, 3_000_000]
    assert fill.value.tolist() == [5000, 9000, 6200, 2200, 1000, 1000]


def test_a_capped_view_keeps_what_starts_first() -> None:
    """Up to 1000.5 ns: loads 0 and 1, array tile 0, and two pieces on each channel."""
    view = small_view().capped(7)
    assert [len(lane) for lane in view.lanes] == [1, 0, 2, 0, 2, 2]
    assert (view.slices, view.left_out) == (7, 6)
    assert view.title == "pocket: pass decode-1, 10 tokens cached (only the first 7 of 13 slices)"


def test_a_view_within_the_cap_is_left_as_it_is() -> None:
    view = small_view()
    assert view.capped(13) is view


def test_nothing_points_to_a_slice_that_was_left_out() -> None:
    """Channel pieces begin before the slice of their descriptor, which is left out first."""
    view = small_view().capped(4)
    assert [len(lane) for lane in view.lanes] == [0, 0, 1, 0, 2, 1]
    assert waits(view, FIRST_CHANNEL) == [("load", LOAD, 0), ("load", -1, -1)]
    array = small_view().lanes[ARRAY]
    late = replace(small_view().lanes[LOAD], start_ps=column(0, 1_000_500, 2_900_000))
    lanes = (array, small_view().lanes[VECTOR], late, *small_view().lanes[3:])
    capped = replace(small_view(), lanes=lanes).capped(12)
    assert capped.lanes[VECTOR].fed_by.tolist() == [-1]


@pytest.fixture(scope="module")
def simulated(small_chip: Chip, small_decode: PassGraph) -> tuple[PassView, Timeline]:
    """A real pass on a chip of four DMA slots, and what happened."""
    from accsim.engine.simulate import simulate
    from accsim.lowering.lower import lower

    program = lower(small_chip, small_decode, (100,), 128)
    timeline = simulate(program, small_chip)
    return view_pass(small_chip, small_decode, program, timeline, "one", 1), timeline


def test_no_two_slices_of_a_lane_overlap(simulated: tuple[PassView, Timeline]) -> None:
    for lane in simulated[0].lanes:
        edges = np.stack([lane.start_ps, lane.end_ps], axis=1).ravel()
        assert (np.diff(edges) >= 0).all()
        assert 0 <= edges[0] <= edges[-1] <= simulated[0].elapsed_ps


def test_a_command_is_ready_when_what_it_waited_for_is_done(
    simulated: tuple[PassView, Timeline],
) -> None:
    """Whatever it waited for: results, room or a slot; all three occur."""
    view, timeline = simulated
    units = {ARRAY: Unit.ARRAY, VECTOR: Unit.VECTOR, LOAD: Unit.LOAD, STORE: Unit.STORE}
    words = set()
    for number, unit in units.items():
        ready = timeline.lane(unit).ready_ps.tolist()
        for index, (word, lane, place) in enumerate(waits(view, number)):
            if word != "previous command":
                assert view.lanes[lane].done_ps[place] == ready[index]
                words.add(word)
    assert {"load", "array", "DMA slot"} <= words
