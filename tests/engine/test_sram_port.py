"""Two units that share the banks of the SRAM."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accsim.engine.sram_port import Draw, Port, rate_of, transfer_cycles


def test_a_tile_draws_its_bytes_evenly_over_its_cycles() -> None:
    # 101 bytes in 10 cycles: 11 in each, but for the last.
    assert rate_of(101, 10, limit=64) == 11
    assert rate_of(1000, 10, limit=64) == 64
    assert rate_of(0, 10, limit=64) == 0
    # Of a tile without cycles of its own, all could move at once.
    assert rate_of(30, 0, limit=64) == 30


@pytest.mark.parametrize(
    ("other", "cycles"),
    [
        (Draw(0, 5, 90), 10),  # ended before
        (Draw(0, 9, 60), 10),  # leaves the 40 that are needed
        (Draw(2, 9, 80), 12),  # 20 in cycles 5 to 8: 80 bytes; the other 320 take 8
        (Draw(2, 9, 100), 14),  # nothing in cycles 5 to 8
        (Draw(2, 90, 80), 20),  # 20 throughout
        (Draw(7, 9, 80), 11),  # 40 in cycles 5, 6; 20 in 7, 8; 280 in 7 more
        (Draw(8, 99, 80), 17),  # 120 until 8, then 280 at 20
        (Draw(15, 99, 100), 10),  # comes when all is done
        (Draw(14, 16, 100), 12),  # 360 until 14, nothing in two cycles, 40 in the last
    ],
)
def test_beside_another_tile_a_transfer_draws_what_is_left(other: Draw, cycles: int) -> None:
    # 400 bytes at 40 a cycle from edge 5 on, of 100 that both share.
    assert transfer_cycles(400, 40, 5, other, shared=100) == cycles


def test_a_transfer_of_nothing_takes_no_time() -> None:
    assert transfer_cycles(0, 0, 5, Draw(0, 50, 100), shared=100) == 0


def test_a_tile_is_held_up_by_the_one_that_was_there_first() -> None:
    array, vector = Port(100, 100), Port(100, 100)
    # 60 a cycle until edge 10. The second tile wants 50 and gets 40 in 6 cycles: of its 500 bytes
    # 260 are left at edge 10, which take 6 cycles.
    assert array.occupy(0, 10, 600, vector) == 10
    assert vector.occupy(4, 10, 500, array) == 12
    assert vector.draw() == Draw(4, 16, 50)
    # What the first unit does next comes later: 50 are left until 16, then 60. 6 x 50 + 5 x 60.
    assert array.occupy(10, 10, 600, vector) == 11


def test_alone_a_tile_takes_the_longer_of_its_cycles_and_its_bytes_over_the_port() -> None:
    port, idle = Port(40, 100), Port(100, 100)
    assert port.occupy(0, 10, 400, idle) == 10
    assert port.occupy(10, 10, 401, idle) == 11
    assert port.occupy(21, 0, 401, idle) == 11
    assert port.occupy(32, 0, 0, idle) == 0


def test_no_port_carries_more_than_what_is_shared() -> None:
    assert Port(1000, 100).occupy(0, 1, 1000, Port(1000, 100)) == 10


class Tile(NamedTuple):
    """A tile that starts `gap` cycles after its unit was free."""

    gap: int
    cycles: int
    sram_bytes: int


class Ran(NamedTuple):
    """A tile as it ran through a port of `limit` bytes per cycle."""

    limit: int
    tile: Tile
    start: int
    span: int
    moved: dict[int, int]


tiles = st.lists(
    st.builds(Tile, st.integers(0, 6), st.integers(0, 20), st.integers(0, 300)), max_size=8
)
rates = st.integers(1, 30)


def drawn(start: int, sram_bytes: int, rate: int, other: Draw, shared: int) -> dict[int, int]:
    """Bytes moved in each cycle, one cycle after the other."""
    moved: dict[int, int] = {}
    cycle = start
    while sum(moved.values()) < sram_bytes:
        taken = other.rate if other.start <= cycle < other.end else 0
        left = sram_bytes - sum(moved.values())
        moved[cycle] = min(left, rate, shared - taken)
        cycle += 1
    return moved


def run(queues: tuple[list[Tile], list[Tile]], limits: tuple[int, int], shared: int) -> list[Ran]:
    """Both units work through their tiles; whoever is free first decides first."""
    ports = Port(limits[0], shared), Port(limits[1], shared)
    waiting, free, ran = [list(queue) for queue in queues], [0, 0], []
    while any(waiting):
        unit = min((u for u in (0, 1) if waiting[u]), key=lambda u: (free[u], u))
        tile, other = waiting[unit].pop(0), ports[1 - unit]
        start, held = free[unit] + tile.gap, other.draw()
        span = ports[unit].occupy(start, tile.cycles, tile.sram_bytes, other)
        free[unit] = start + span
        moved = drawn(start, tile.sram_bytes, ports[unit].draw().rate, held, shared)
        ran.append(Ran(ports[unit].limit, tile, start, span, moved))
    return ran


@given(tiles, tiles, rates, rates, rates)
def test_a_tile_occupies_its_unit_until_its_last_byte_has_moved_and_its_cycles_are_over(
    array: list[Tile], vector: list[Tile], a_limit: int, v_limit: int, shared: int
) -> None:
    for one in run((array, vector), (a_limit, v_limit), shared):
        last = max((cycle for cycle, moved in one.moved.items() if moved), default=one.start - 1)
        assert one.span == max(one.tile.cycles, last + 1 - one.start)
        assert sum(one.moved.values()) == one.tile.sram_bytes


@given(tiles, tiles, rates, rates, rates)
def test_both_units_together_never_move_more_than_they_share(
    array: list[Tile], vector: list[Tile], a_limit: int, v_limit: int, shared: int
) -> None:
    total: dict[int, int] = {}
    for one in run((array, vector), (a_limit, v_limit), shared):
        for cycle, moved in one.moved.items():
            total[cycle] = total.get(cycle, 0) + moved
    assert max(total.values(), default=0) <= shared


@given(tiles, tiles, rates, rates, rates)
def test_no_tile_is_faster_than_alone(
    array: list[Tile], vector: list[Tile], a_limit: int, v_limit: int, shared: int
) -> None:
    for one in run((array, vector), (a_limit, v_limit), shared):
        assert one.span >= max(one.tile.cycles, -(-one.tile.sram_bytes // one.limit))


@given(tiles, rates, rates)
def test_the_port_to_itself_a_tile_takes_the_longer_of_cycles_and_bytes(
    array: list[Tile], limit: int, shared: int
) -> None:
    for one in run((array, []), (limit, shared), shared):
        assert one.limit == min(limit, shared)
        assert one.span == max(one.tile.cycles, -(-one.tile.sram_bytes // one.limit))
