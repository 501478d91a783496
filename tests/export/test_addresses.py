"""A window of a pass in the address formats of other DRAM simulators."""

from __future__ import annotations

from pathlib import Path

import pytest

from accsim.chip import Chip
from accsim.engine.simulate import simulate
from accsim.export.addresses import Style, bursts, write_addresses
from accsim.lowering.builder import Needs, ProgramBuilder, Work
from accsim.program import Program
from accsim.timeline import Timeline

EVER = 10**15


@pytest.fixture
def ran(small_chip: Chip) -> tuple[Chip, Program, Timeline]:
    """A load of 192 B, one of two rows of 64 B that are 4096 B apart, and a store of 64 B."""
    build = ProgramBuilder()
    label = build.label("all")
    build.load(0, label, 0x1000, 192)
    build.load(0, label, 0x8000, 64, rows=2, stride=4096)
    build.array(0, label, Work(10, 0, 0), needs=Needs(loads=2), free=320)
    build.store(0, label, 0x20, 64, needs=Needs(array=1))
    program = build.seal("small", (0,), 0, 1000)
    return small_chip, program, simulate(program, small_chip)


def test_every_burst_of_every_descriptor_is_there_in_order(
    ran: tuple[Chip, Program, Timeline],
) -> None:
    found = [(address, is_write) for address, is_write, _ in bursts(*ran, 0, EVER)]
    loads = [0x1000, 0x1040, 0x1080, 0x8000, 0x9000]
    # The store begins in the middle of a burst and ends in the middle of the next.
    assert found == [(address, False) for address in loads] + [(0x0, True), (0x40, True)]


def test_a_window_holds_what_was_handed_over_in_it(ran: tuple[Chip, Program, Timeline]) -> None:
    # The DMA takes 8 cycles of 1 ns for each descriptor: the first at 8 ns, the second at 16 ns.
    assert len(list(bursts(*ran, 0, 8000))) == 0
    assert len(list(bursts(*ran, 8000, 8001))) == 3
    assert len(list(bursts(*ran, 8001, 16001))) == 2


@pytest.mark.parametrize(
    ("style", "first", "last"),
    [
        # 8 ns are 12.8 cycles of 0.625 ns: the first edge after them is number 13.
        ("dramsim3", "0x1000 READ 13", "0x40 WRITE"),
        ("ramulator2", "LD 0x1000", "ST 0x40"),
    ],
)
def test_the_lines_are_those_of_the_other_simulator(
    ran: tuple[Chip, Program, Timeline], tmp_path: Path, style: Style, first: str, last: str
) -> None:
    path = tmp_path / "window.trace"
    assert write_addresses(path, style, *ran, 0, EVER) == 7
    lines = path.read_text(encoding="ascii").splitlines()
    assert lines[0] == first
    assert lines[-1].startswith(last)
