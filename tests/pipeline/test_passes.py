"""What passes cost, and what is remembered of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from accsim.analysis.knobs import knobs
from accsim.analysis.measure import PassStats
from accsim.chip import Chip
from accsim.energy import StatedEnergy
from accsim.ops import OpTrace, Pass, PassGraph
from accsim.passes import KNOWN, Memory, same_work, simulated, total_stats

from .models import SMALL, ordinary, traced, with_heads


@pytest.fixture(scope="module")
def trace() -> OpTrace:
    return traced(SMALL, ordinary(), with_heads(2), prompt=40, output=12)


@pytest.fixture(scope="module")
def stats(small_chip: Chip, small_decode: PassGraph) -> PassStats:
    return simulated(small_chip, small_decode, (40,), 64).stats(small_chip)


def elapsed(chip: Chip, trace: OpTrace, *passes: Pass) -> int:
    return total_stats(chip, trace.graphs, passes, 64).elapsed_ps


def giving(stats: PassStats, told: list[str], name: str) -> Callable[[], PassStats]:
    def made() -> PassStats:
        told.append(name)
        return stats

    return made


def test_what_is_known_is_not_simulated_again(stats: PassStats) -> None:
    memory, told = Memory(most=2), list[str]()
    for name in "aab":
        assert memory.get(name, giving(stats, told, name)) is stats
    assert told == ["a", "b"]


def test_what_was_not_asked_for_longest_is_forgotten_first(stats: PassStats) -> None:
    memory, told = Memory(most=2), list[str]()
    for name in "abacab":
        memory.get(name, giving(stats, told, name))
        assert len(memory) <= 2
    # c took the place of b, as a had been asked for since.
    assert told == ["a", "b", "c", "b"]


def test_what_was_forgotten_is_simulated_again(stats: PassStats) -> None:
    memory, told = Memory(most=2), list[str]()
    for _ in range(2):
        memory.get("a", giving(stats, told, "a"))
        memory.forget()
    assert told == ["a", "a"]
    assert len(memory) == 0


def test_what_fails_is_not_remembered(stats: PassStats) -> None:
    def fails() -> PassStats:
        raise ValueError

    memory = Memory(most=2)
    with pytest.raises(ValueError):  # noqa: PT011
        memory.get("a", fails)
    assert memory.get("a", lambda: stats) is stats


def test_passes_add_up(small_chip: Chip, trace: OpTrace) -> None:
    first, *_, last = trace.runs[0].decode
    both = elapsed(small_chip, trace, first, last)
    assert both == elapsed(small_chip, trace, first) + elapsed(small_chip, trace, last)


def test_names_and_energy_figures_of_a_chip_make_no_difference(
    small_chip: Chip, trace: OpTrace
) -> None:
    other = replace(small_chip, name="other", energy=StatedEnergy(node_nm=28, static_w=3.0))
    KNOWN.forget()
    for chip in (small_chip, other):
        elapsed(chip, trace, trace.runs[0].decode[0])
    assert len(KNOWN) == 1


def test_every_knob_of_a_chip_makes_a_difference(small_chip: Chip, trace: OpTrace) -> None:
    turned = [knob.turned(small_chip, 1) for knob in knobs(small_chip) if knob.name != "data_rate"]
    KNOWN.forget()
    for chip in turned:
        elapsed(chip, trace, trace.runs[0].decode[0])
    assert len(KNOWN) == len(turned)


def test_other_shapes_are_other_work(trace: OpTrace) -> None:
    works = [same_work(graph) for graph in trace.graphs.values()]
    assert len(works) == len(set(works))


def test_other_formats_are_other_work(trace: OpTrace) -> None:
    """All in fp16, and all but the names of the formats the same in 8 bits."""
    graph = trace.graphs["decode-3"]
    ops = tuple(
        replace(op, reads=tuple(replace(t, format=replace(t.format, bits=8)) for t in op.reads))
        for op in graph.ops
    )
    assert same_work(replace(graph, ops=ops)) != same_work(graph)


def test_what_lies_in_dram_belongs_to_the_work(trace: OpTrace) -> None:
    graph = trace.graphs["decode-3"]
    name = graph.ops[1].writes[0].name
    assert same_work(replace(graph, in_dram=frozenset({name}))) != same_work(graph)
