"""Training steps from a workload to a result."""

from __future__ import annotations

from dataclasses import replace

import pytest
from training_steps import LLAMA_STEP, SMALL, step_of, training

from accsim.analysis import training as analysis
from accsim.chip import Chip
from accsim.errors import InputError, InvariantError
from accsim.training_pipeline import run_training
from accsim.training_result import TrainingResult, TrainingRunResult

RUNS = (
    step_of(11, 1, name="one_head"),
    step_of(8, 4, name="in_turn"),
    step_of(8, 4, "all", name="all"),
    step_of(11, 1, attention="stored", name="stored"),
    step_of(11, 4, name="extra"),
)
STEP = training(SMALL, *RUNS, tokens=192)


@pytest.fixture(scope="module")
def result(small_chip: Chip) -> TrainingResult:
    return run_training(small_chip, STEP)


@pytest.fixture(scope="module")
def exact(small_chip: Chip) -> TrainingResult:
    return run_training(small_chip, STEP, exact=True)


def run_named(result: TrainingResult, name: str) -> TrainingRunResult:
    return next(run for run in result.runs if run.name == name)


def test_extrapolated_layers_change_a_step_by_less_than_a_fifth_of_a_per_cent(
    result: TrainingResult, exact: TrainingResult
) -> None:
    for short, full in zip(result.runs, exact.runs, strict=True):
        assert short.layers_simulated == short.layers - (short.trunk_layers - 5)
        assert full.layers_simulated == full.layers
        assert short.step_ps == pytest.approx(full.step_ps, rel=2e-3)


def test_extrapolated_layers_move_the_same_bytes(
    result: TrainingResult, exact: TrainingResult
) -> None:
    for short, full in zip(result.runs, exact.runs, strict=True):
        assert short.dram_read_bytes == full.dram_read_bytes
        assert short.dram_write_bytes == full.dram_write_bytes


def test_no_step_is_faster_than_its_floors(result: TrainingResult) -> None:
    for run in result.runs:
        assert run.step_s >= run.floor_s
        moved = run.dram_bytes / result.peak_dram_bytes_per_s
        assert run.memory_floor_s == pytest.approx(moved)
        done = (run.macs + run.remade_macs) / result.peak_macs_per_s
        assert run.compute_floor_s == pytest.approx(done)


def test_a_step_that_beats_its_floor_is_refused(
    small_chip: Chip, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(analysis, "compute_floor_ps", lambda *_: 10**15)
    with pytest.raises(InvariantError, match=r"run one_head took \d+ ps, its bound is 10{15} ps"):
        run_training(small_chip, training(SMALL, RUNS[0], tokens=8))


def test_at_least_weights_and_gradients_pass_through_dram(result: TrainingResult) -> None:
    for run in result.runs:
        # Read on the way there and back; the embedding table by rows only.
        table = 2 * SMALL.vocab * SMALL.hidden
        assert run.dram_read_bytes > 2 * (run.memory.parameter_bytes - table)
        assert run.dram_write_bytes > run.memory.gradient_bytes - table


def test_the_groups_of_a_step_add_up_to_it(result: TrainingResult) -> None:
    for run in result.runs:
        assert sum(op.time_ps for op in run.ops) == run.step_ps
        assert sum(op.macs for op in run.ops) == run.macs + run.remade_macs
        assert sum(op.dram_read_bytes for op in run.ops) == run.dram_read_bytes
        assert sum(op.dram_write_bytes for op in run.ops) == run.dram_write_bytes
        assert sum(run.bound_share.values()) == pytest.approx(1)


def test_four_heads_cost_less_than_four_trunks(result: TrainingResult) -> None:
    ratio = result.against_baseline()["in_turn"]
    assert 1 < ratio.macs < 1.5
    assert 1 < ratio.step_s < 1.5
    assert ratio.parameters == 1
    assert result.against_baseline()["one_head"].step_s == 1


def test_stored_attention_makes_no_scores_again_but_moves_more(result: TrainingResult) -> None:
    flash, stored = run_named(result, "one_head"), run_named(result, "stored")
    assert stored.remade_macs == 0 < flash.remade_macs
    assert stored.macs == flash.macs
    assert stored.dram_bytes > flash.dram_bytes


def test_equal_input_gives_equal_results(small_chip: Chip, result: TrainingResult) -> None:
    assert run_training(small_chip, STEP) == result


def test_progress_names_each_run(small_chip: Chip) -> None:
    told: list[tuple[str, int, int]] = []
    work = training(SMALL, RUNS[0], tokens=8)
    run_training(small_chip, work, progress=lambda *step: told.append(step))
    assert told[0] == ("one_head: step, 0 %", 0, 1)
    assert told[-1] == ("done", 1, 1)


def test_the_json_object_has_these_keys(result: TrainingResult) -> None:
    document = result.to_json()
    assert list(document) == [
        "schema",
        "chip",
        "workload",
        "accsim_version",
        "batch",
        "sequence_tokens",
        "precision",
        "clock_hz",
        "peak_dram_bytes_per_s",
        "peak_macs_per_s",
        "sram_bytes",
        "baseline",
        "runs",
        "against_baseline",
    ]
    assert document["schema"] == "accsim.training/1"
    assert list(document["runs"][0]) == [
        "name",
        "trunk_layers",
        "heads",
        "heads_live",
        "attention",
        "parameters",
        "macs",
        "macs_full_attention",
        "remade_macs",
        "memory",
        "dram_read_bytes",
        "dram_write_bytes",
        "step_s",
        "step_ps",
        "step_cycles",
        "tokens_per_s",
        "memory_floor_s",
        "compute_floor_s",
        "bound",
        "bound_share",
        "layers",
        "layers_simulated",
        "ops",
    ]
    assert list(document["against_baseline"]) == [run.name for run in RUNS]


def test_a_step_that_does_not_fit_the_dram_says_what_it_takes(small_chip: Chip) -> None:
    with pytest.raises(InputError) as caught:
        run_training(small_chip, replace(LLAMA_STEP, runs=LLAMA_STEP.runs[:1]))
    (problem,) = caught.value.problems
    assert problem.key == "memory.channels"
    # 6,738,415,616 weights of 2 bytes, and 10.63 GB, in GiB.
    assert problem.message == (
        "a training step does not fit the 16 GiB of DRAM: one_head takes 35 GiB "
        "(12.55 GiB of weights, as much for gradients, 9.902 GiB for activations)"
    )
