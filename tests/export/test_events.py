"""The stream of events that all trace writers share."""

from __future__ import annotations

from dataclasses import replace

from accsim.export.events import (
    ARRAY,
    FIRST_CHANNEL,
    LOAD,
    SRAM,
    STORE,
    VECTOR,
    PassEvents,
    Slice,
)
from accsim.program import Unit

from .small import PROGRAM, TIMELINE, column, lane, small_pass, small_view


def on(track: int) -> list[Slice]:
    return [piece for piece in small_pass().slices() if piece.track == track]


def spans(track: int) -> list[tuple[int, int]]:
    return [(piece.start_ns, piece.end_ns) for piece in on(track)]


def test_a_load_is_shown_while_the_memory_serves_it() -> None:
    """Load 1 is issued at 200 ns, but load 0 occupies the memory until 1000.5 ns."""
    assert spans(LOAD) == [(0, 1000), (1000, 2000), (2000, 2500)]


def test_a_store_waits_for_the_loads_before_it_in_the_memory() -> None:
    assert spans(STORE) == [(2500, 3000)]


def test_a_transfer_that_overtakes_another_gets_an_empty_slice() -> None:
    """Load 2 ends at 1.9 us here, load 1 before it at 2 us: nothing is left to show."""
    ends = (1_000_500, 2_000_000, 1_900_000)
    loads = replace(TIMELINE.lanes[Unit.LOAD], end_ps=column(*ends))
    timeline = replace(TIMELINE, lanes=(loads, *TIMELINE.lanes[1:]))
    pieces = [p for p in PassEvents(small_view(timeline=timeline)).slices() if p.track == LOAD]
    assert (pieces[2].start_ns, pieces[2].end_ns) == (2000, 2000)


def test_tiles_are_shown_as_they_ran() -> None:
    assert spans(ARRAY) == [(1000, 1500), (2000, 2300)]
    assert spans(VECTOR) == [(2500, 2700)]


def test_channels_show_only_the_descriptors_that_reach_them() -> None:
    assert spans(FIRST_CHANNEL) == [(100, 900), (900, 1900), (1900, 2500)]
    assert spans(FIRST_CHANNEL + 1) == [(100, 1000), (1000, 2000), (2600, 3000)]


def test_neighbours_that_touch_in_ps_touch_in_ns() -> None:
    """[0.4, 1.6) and [1.6, 2.9) ns become [0, 1) and [1, 2): both ends are floored."""
    array = lane((400, 1_600), (1_600, 2_900), (0, 0))
    timeline = replace(TIMELINE, lanes=(*TIMELINE.lanes[:2], array, TIMELINE.lanes[3]))
    pieces = [p for p in PassEvents(small_view(timeline=timeline)).slices() if p.track == ARRAY]
    assert [(p.start_ns, p.end_ns) for p in pieces] == [(0, 1), (1, 2)]


def test_a_load_says_what_it_moves_and_what_it_waited_for() -> None:
    third = on(LOAD)[2]
    assert third.name == "norm"
    assert dict(third.args) == {
        "tile": "whole",
        "group": "norm",
        "start_ps": 1_500_000,
        "end_ps": 2_500_700,
        "waited_for": "SRAM room",
        "bytes": 1200,
        "address": "0x10000",
    }


def test_an_array_tile_says_its_layer_cycles_and_macs() -> None:
    second = on(ARRAY)[1]
    assert second.name == "layer0.up"
    assert dict(second.args) == {
        "tile": "tile 2/2",
        "group": "up",
        "layer": 0,
        "start_ps": 2_000_000,
        "end_ps": 2_300_000,
        "waited_for": "load",
        "cycles": 300,
        "sram_bytes": 4200,
        "macs": 65,
    }


def test_a_tile_is_shown_while_it_occupies_its_unit_and_says_what_it_waited_for() -> None:
    # The second tile waits 100 ns for SRAM and drains for 60 of its 300.
    array = TIMELINE.lanes[2]
    array = replace(array, sram_wait_ps=column(0, 100_000), drain_ps=column(0, 60_000))
    timeline = replace(TIMELINE, lanes=(*TIMELINE.lanes[:2], array, TIMELINE.lanes[3]))
    second = [p for p in PassEvents(small_view(timeline=timeline)).slices() if p.track == ARRAY][1]
    assert (second.start_ns, second.end_ns) == (2_000, 2_240)
    args = dict(second.args)
    assert (args["end_ps"], args["sram_wait_ps"]) == (2_300_000, 100_000)


def test_a_command_behind_its_own_unit_waited_for_the_previous_command() -> None:
    assert dict(on(LOAD)[0].args)["waited_for"] == "previous command"
    assert dict(on(LOAD)[1].args)["waited_for"] == "DMA slot"


def test_bytes_of_all_load_slices_are_those_of_the_program() -> None:
    """4 x 1000 + 4 x 1000 + 1200."""
    assert sum(int(dict(piece.args)["bytes"]) for piece in on(LOAD)) == 9200


def test_an_arrow_goes_from_a_load_to_the_first_tile_that_needs_it() -> None:
    """Arrow ids: load 0 and 1 to the array are 1 and 2; load 2 to the vector unit is 3 + 1 + 2."""
    assert [piece.flows_out for piece in on(LOAD)] == [(1,), (2,), (6,)]
    assert [piece.flows_in for piece in on(ARRAY)] == [(1,), (2,)]
    assert [piece.flows_in for piece in on(VECTOR)] == [(6,)]


def test_a_tile_that_waits_for_no_new_load_has_no_arrow() -> None:
    array = replace(PROGRAM.array, needs=((2, 2), *PROGRAM.array.needs[1:]))
    events = PassEvents(small_view(replace(PROGRAM, array=array)))
    assert [p.flows_in for p in events.slices() if p.track == ARRAY] == [(2,), ()]


def test_no_arrow_points_backwards_in_time_or_in_the_stream() -> None:
    began: dict[int, int] = {}
    for piece in small_pass().slices():
        for flow in piece.flows_in:
            assert began[flow] <= piece.start_ns
        for flow in piece.flows_out:
            began[flow] = piece.start_ns
    assert sorted(began) == [1, 2, 6]


def test_the_number_of_slices_is_known_beforehand() -> None:
    """7 commands and 6 stays on a channel."""
    events = small_pass()
    assert events.total_slices == 13
    assert len(list(events.slices())) == 13
    assert events.dropped == 0


def test_slices_beyond_the_cap_are_dropped_and_the_title_says_so() -> None:
    events = small_pass(cap=5)
    assert len(list(events.slices())) == 5
    assert events.dropped == 8
    assert events.title == (
        "pocket: pass decode-1, 10 tokens cached (only the first 5 of 13 slices)"
    )


def test_the_title_tells_of_a_batch() -> None:
    events = PassEvents(small_view(replace(PROGRAM, contexts=(10, 12))))
    assert events.title == "pocket: pass decode-1, 22 tokens cached in 2 sequences"


def test_every_track_has_a_parent_that_came_before_it() -> None:
    seen = {0}
    for track in small_pass().tracks():
        assert track.parent in seen
        assert track.id not in seen
        seen.add(track.id)


def test_sram_fill_counts_the_reserve_and_lasts_to_the_end() -> None:
    fill = [(s.time_ns, s.value) for s in small_pass().samples() if s.track == SRAM]
    assert fill == [
        (0, 5000),
        (200, 9000),
        (1500, 6200),
        (2300, 2200),
        (2700, 1000),
        (3000, 1000),
    ]


def test_a_window_shows_what_overlaps_it_with_its_whole_times() -> None:
    """From 1 us on load 1, channel 0 and array 0 are at work; at 2 us load 2 begins."""
    events = small_pass(window_ps=(1_000_500, 2_000_000))
    shown = [(piece.track, piece.start_ns, piece.end_ns) for piece in events.slices()]
    assert shown == [
        (LOAD, 1000, 2000),
        (ARRAY, 1000, 1500),
        (FIRST_CHANNEL, 900, 1900),
        (FIRST_CHANNEL, 1900, 2500),
        (FIRST_CHANNEL + 1, 1000, 2000),
    ]
    assert events.dropped == 0


def test_counters_of_a_window_begin_with_the_value_from_before() -> None:
    samples = small_pass(window_ps=(1_000_500, 2_000_000)).samples()
    assert [(s.time_ns, s.value) for s in samples if s.track == SRAM] == [
        (1000, 9000),
        (1500, 6200),
    ]


def test_arrows_from_outside_a_window_are_left_out_and_others_kept() -> None:
    """Load 0 has ended before; array 1 begins when load 1, which it needs, has ended."""
    pieces = list(small_pass(window_ps=(1_500_000, 2_100_000)).slices())
    leaving = [flow for piece in pieces for flow in piece.flows_out]
    arriving = [flow for piece in pieces for flow in piece.flows_in]
    assert arriving == [1]
    assert set(arriving) <= set(leaving)


def test_the_title_tells_the_window_and_the_cap_chooses_within_it() -> None:
    events = small_pass(cap=2, window_ps=(1_000_500, 2_000_000))
    # Of those that begin at 1000.5 ns, the array's comes first.
    assert [(p.track, p.start_ns) for p in events.slices()] == [(ARRAY, 1000), (FIRST_CHANNEL, 900)]
    assert events.title == (
        "1 us to 2 us of pocket: pass decode-1, 10 tokens cached (only the first 2 of 5 slices)"
    )
