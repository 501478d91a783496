"""Which passes a run shows, and that showing them costs no further simulation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from accsim.acceptance import Acceptance
from accsim.chip import Chip
from accsim.engine.simulate import simulate
from accsim.export.pass_view_file import read_view, write_view
from accsim.ops import OpTrace
from accsim.pass_view import PassView
from accsim.pipeline import run, simulate_pass
from accsim.program import Program
from accsim.timeline import Timeline
from accsim.workload import DraftModel, RunSpec

from .models import ALL_FP16, SMALL, ordinary, traced, with_heads


def shown(chip: Chip, trace: OpTrace) -> list[PassView]:
    """The passes that a run of the trace shows."""
    views: list[PassView] = []
    run(chip, trace, show=views.append)
    return views


def test_each_run_shows_its_first_decode_pass(small_chip: Chip, tmp_path: Path) -> None:
    """Pass 1: the prefill has number 0. Equal views are written as equal bytes."""
    trace = traced(SMALL, ordinary(), with_heads(3), prompt=20, output=5)
    views = shown(small_chip, trace)
    assert [(view.run, view.number) for view in views] == [("ordinary", 1), ("heads3", 1)]
    for view in views:
        alone = simulate_pass(small_chip, trace, view.run, 1).view(small_chip, view.run, 1)
        write_view(tmp_path / "one.npz", view)
        write_view(tmp_path / "two.npz", alone)
        assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
        assert read_view(tmp_path / "one.npz").slices == view.slices


def test_a_run_with_a_draft_model_shows_the_pass_that_emits(small_chip: Chip) -> None:
    """Prefills of the model and of its drafter (0 and 1), three passes of the drafter, then 5."""
    scheme = DraftModel(replace(SMALL, name="drafter", layers=1), ALL_FP16, 3)
    spec = RunSpec("drafted", scheme, Acceptance("made up", (0.5,) * 3))
    trace = traced(SMALL, ordinary(), spec, prompt=20, output=9)
    view = shown(small_chip, trace)[1]
    assert (view.run, view.number) == ("drafted", 5)
    assert trace.graphs[view.graph].role == "target"


def test_showing_simulates_no_pass_more(small_chip: Chip, monkeypatch: pytest.MonkeyPatch) -> None:
    trace = traced(SMALL, ordinary(), prompt=20, output=5)
    calls: list[str] = []

    def counting(program: Program, chip: Chip, progress: Callable[[int], None]) -> Timeline:
        calls.append(program.graph)
        return simulate(program, chip, progress=progress)

    monkeypatch.setattr("accsim.passes.simulate", counting)
    run(small_chip, trace)
    alone = len(calls)
    shown(small_chip, trace)
    assert len(calls) == 2 * alone > 0


def test_the_result_is_the_same_whether_passes_are_shown_or_not(small_chip: Chip) -> None:
    trace = traced(SMALL, ordinary(), prompt=20, output=5)
    assert run(small_chip, trace, show=lambda view: None) == run(small_chip, trace)


def test_passes_are_shown_with_no_more_slices_than_the_cap(
    small_chip: Chip, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accsim.pipeline.VIEW_CAP", 10)
    (view,) = shown(small_chip, traced(SMALL, ordinary(), prompt=20, output=3))
    assert view.slices == 10
    assert view.left_out > 0
