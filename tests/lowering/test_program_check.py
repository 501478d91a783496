"""The check between lowering and engine finds every kind of spoilt program."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from accsim.chip import Chip
from accsim.errors import InvariantError
from accsim.lowering.builder import NOTHING, Needs, ProgramBuilder, Work
from accsim.lowering.check import check_program
from accsim.lowering.lower import lower
from accsim.ops import NumberFormat, Op, PassGraph, Tensor
from accsim.program import Program

FP16 = NumberFormat("fp16", bits=16)
TILE = Work(cycles=10, macs=128, sram_bytes=0)

# One product of 2 rows, 16 inputs, 8 outputs: 256 MACs, 256 B of weights; its result is cached.
GRAPH = PassGraph(
    "one",
    1,
    2,
    (
        Op(
            "mm",
            "matmul",
            "mm",
            None,
            (Tensor("a", (2, 16), FP16, "chip"), Tensor("w", (8, 16), FP16, "weights")),
            (Tensor("c", (2, 8), FP16, "kv_cache"),),
            rows=2,
            inner=16,
            outer=8,
        ),
    ),
)


def program(
    *,
    tiles: int = 2,
    loads: int = 2,
    stored: int = 32,
    freed: tuple[int, ...] = (128, 128),
    awaited: tuple[int, ...] = (1, 2),
    stream_bytes: int = 256,
) -> Program:
    """Two loads of 128 B, a tile on each, a store; every part can be spoilt."""
    build = ProgramBuilder()
    label = build.label("all")
    for load in range(loads):
        build.load(0, label, 128 * load, 128)
    for tile in range(tiles):
        build.array(0, label, TILE, needs=Needs(loads=awaited[tile]), free=freed[tile])
    build.store(0, label, 4096, stored, needs=NOTHING)
    return build.seal("one", (0,), 0, stream_bytes)


def refused(spoilt: Program, message: str) -> None:
    with pytest.raises(InvariantError, match=re.escape(message)):
        check_program(spoilt, GRAPH)


def test_a_good_program_passes() -> None:
    check_program(program(), GRAPH)


def test_a_lost_tile_is_found() -> None:
    refused(program(tiles=1), "mm: tiles hold 128 MACs, the operator 256")


def test_a_tile_that_is_there_twice_is_found() -> None:
    refused(
        program(tiles=3, freed=(128, 128, 0), awaited=(1, 2, 2)),
        "mm: tiles hold 384 MACs, the operator 256",
    )


def test_a_lost_load_is_found() -> None:
    refused(program(loads=1), "mm: loads 128 B of 256 B needed")


def test_a_store_that_is_cut_short_is_found() -> None:
    refused(program(stored=31), "mm: stores 31 B of 32 B needed")


def test_bytes_that_are_never_freed_are_found() -> None:
    refused(program(freed=(128, 0)), "loads take 256 B of stream buffer, 128 B are freed")


def test_bytes_that_are_freed_twice_are_found() -> None:
    refused(program(freed=(128, 256)), "loads take 256 B of stream buffer, 384 B are freed")


def test_tiles_that_must_be_alive_at_once_are_held_against_the_stream_buffer() -> None:
    # Each tile is freed before the next load: one tile of room is enough, a byte less is not.
    check_program(program(stream_bytes=128), GRAPH)
    refused(
        program(stream_bytes=127),
        "128 B of tiles must be alive at once, there is room for 127 B",
    )


def test_a_load_that_waits_for_room_which_only_its_own_tile_makes_is_found() -> None:
    # The first tile wants both loads; with room for one, the second never comes.
    refused(
        program(awaited=(2, 2), stream_bytes=255),
        "256 B of tiles must be alive at once, there is room for 255 B",
    )


def test_a_program_without_loads_needs_no_room(small_chip: Chip) -> None:
    graph = replace(GRAPH, ops=(replace(GRAPH.ops[0], reads=(), writes=()),))
    build = ProgramBuilder()
    for _ in range(2):
        build.array(0, build.label("all"), TILE, needs=NOTHING)
    check_program(build.seal("one", (0,), 0, 0), graph)


def test_every_lowered_program_is_checked(
    small_chip: Chip, small_decode: PassGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lie(self: Op, context: int) -> int:
        return 1

    monkeypatch.setattr(Op, "macs", lie)
    with pytest.raises(InvariantError, match="embedding: tiles hold 0 MACs, the operator 1"):
        lower(small_chip, small_decode, (0,), 1)
