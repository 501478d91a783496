"""Programs that cannot end, and laws that the engine enforces on itself."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from accsim.chip import Chip
from accsim.engine.simulate import simulate
from accsim.errors import Deadlock, InvariantError
from accsim.lowering.builder import NOTHING, Needs, ProgramBuilder, Work
from accsim.program import Program

from .ideal import IdealMemory

TILE = Work(10, 0, 0)


@pytest.fixture
def chip(small_chip: Chip) -> Chip:
    memory = replace(small_chip.memory, channels=1)
    return replace(small_chip, memory=memory, dispatch_cycles=0)


def sealed(build: ProgramBuilder, stream_bytes: int = 100) -> Program:
    return build.seal("stuck", (0,), 0, stream_bytes)


def test_a_circle_of_needs_ends_in_a_deadlock_that_names_who_waits_for_what(chip: Chip) -> None:
    build = ProgramBuilder()
    build.array(0, build.label("tile 1/1"), TILE, needs=NOTHING)
    build.load(1, build.label("first"), 0, 8, needs=Needs(vector=1))
    build.array(1, build.label("second"), TILE, needs=Needs(loads=1), free=8)
    build.vector(2, build.label("third"), TILE, needs=Needs(array=2, stores=1))
    with pytest.raises(Deadlock) as raised:
        simulate(sealed(build), chip, IdealMemory)
    assert str(raised.value) == (
        "nothing can happen after 10000 ps, yet work is left:\n"
        "  load: command 0 of 1, operator 1, first: waits for vector 1 (done: 0)\n"
        "  store: all 0 commands done\n"
        "  array: command 1 of 2, operator 1, second: waits for load 1 (done: 0)\n"
        "  vector: command 0 of 1, operator 2, third: "
        "waits for store 1 (done: 0), array 2 (done: 1)\n"
        "  memory: 0 descriptors in flight"
    )


def test_a_load_for_which_room_never_comes_ends_in_a_deadlock(chip: Chip) -> None:
    build = ProgramBuilder()
    label = build.label("weights")
    build.load(0, label, 0, 60)
    build.load(0, label, 60, 60)
    build.array(0, label, TILE, needs=Needs(loads=2), free=120)
    with pytest.raises(
        Deadlock,
        match=re.escape(
            "load: command 1 of 2, operator 0, weights: waits for "
            "60 B of stream buffer (40 B of 100 B free)"
        ),
    ):
        simulate(sealed(build), chip, IdealMemory)


def test_a_store_behind_a_tile_that_never_comes_ends_in_a_deadlock(chip: Chip) -> None:
    build = ProgramBuilder()
    build.store(0, build.label("out"), 0, 8, needs=Needs(array=1))
    with pytest.raises(Deadlock, match=r"store: command 0 of 1, .*: waits for array 1 \(done: 0\)"):
        simulate(sealed(build), chip, IdealMemory)


def test_freeing_more_than_was_taken_is_refused(chip: Chip) -> None:
    build = ProgramBuilder()
    build.array(0, build.label("x"), TILE, needs=NOTHING, free=1)
    with pytest.raises(InvariantError, match="more stream-buffer bytes were freed than taken"):
        simulate(sealed(build), chip, IdealMemory)


def test_bytes_that_are_never_given_back_are_refused(chip: Chip) -> None:
    build = ProgramBuilder()
    build.load(0, build.label("x"), 0, 8)
    with pytest.raises(InvariantError, match="8 B of the stream buffer were never given back"):
        simulate(sealed(build), chip, IdealMemory)


class FractionalMemory(IdealMemory):
    """A model that answers with a float."""

    def submit(
        self, now_ps: int, address: int, rows: int, row_bytes: int, stride_bytes: int, write: bool
    ) -> int:
        return 0.5 + super().submit(  # type: ignore[return-value]
            now_ps, address, rows, row_bytes, stride_bytes, write
        )


def test_a_memory_model_that_answers_with_fractions_is_refused(chip: Chip) -> None:
    build = ProgramBuilder()
    build.load(0, build.label("x"), 0, 8)
    build.store(0, build.label("x"), 0, 8, needs=Needs(loads=1))
    with pytest.raises(InvariantError, match=r"time is no longer an integer: 32000\.5"):
        simulate(sealed(build), chip, FractionalMemory)


def test_a_program_with_a_fraction_of_a_byte_is_refused(chip: Chip) -> None:
    build = ProgramBuilder()
    build.load(0, build.label("x"), 0, 8)
    build.array(0, 0, TILE, needs=Needs(loads=1), free=8)
    whole = sealed(build)
    half = replace(
        whole,
        loads=replace(whole.loads, sram_bytes=(1.5,)),  # type: ignore[arg-type]
        array=replace(whole.array, sram_free_bytes=(1.5,)),  # type: ignore[arg-type]
    )
    with pytest.raises(InvariantError, match="holds something that is not an integer"):
        simulate(half, chip, IdealMemory)
