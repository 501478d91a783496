"""What a sweep finds out about a point."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accsim.chip import Chip, SystolicArray
from accsim.config.resolve import load_both
from accsim.evaluation import evaluate
from accsim.metrics import Value, metric_names
from accsim.passes import KNOWN
from accsim.pipeline import run
from accsim.study import Limit, Outcome, Task
from accsim.tracing.decoding import trace_workload
from accsim.workload import DraftModel, RunSpec, Workload

from .models import ALL_FP16, LAST_OF_THREE, SMALL, ordinary, with_heads

RUNS = ("ordinary", "heads2")
WORK = Workload(
    "small_text", SMALL, ALL_FP16, 40, 12, 1, 1, "ordinary", (ordinary(), with_heads(2))
)


def found(chip: Chip, work: Workload, *metrics: str) -> dict[str, Any]:
    outcome = evaluate(Task("a", chip, work, metrics, ()))
    assert (outcome.status, outcome.reason) == ("done", "")
    assert [name for name, _ in outcome.metrics] == list(metrics)
    return dict(outcome.metrics)


def limited(chip: Chip, work: Workload, *limits: Limit) -> Outcome:
    return evaluate(Task("a", chip, work, ("pins",), limits))


@pytest.fixture(scope="module")
def everything(small_chip: Chip) -> dict[str, Any]:
    return found(small_chip, WORK, *metric_names(RUNS))


def test_the_chip_is_measured_by_its_own_figures(everything: dict[str, Any]) -> None:
    """Two channels of 64 bits at 3200 MT/s; 16 x 16 MACs at 1 GHz."""
    assert everything["pins"] == 128
    assert everything["peak_dram_bytes_per_s"] == 51.2e9
    assert everything["peak_macs_per_s"] == 256e9
    assert everything["sram_bytes"] == 512 * 1024
    # Two PHYs of DDR4 at 9.9 mm2, 0.5 MiB of SRAM at 0.875, 256 MACs of 671 um2.
    assert everything["area_mm2"] == pytest.approx(2 * 9.9 + 0.4375 + 0.171776)


def test_times_follow_from_those_of_a_step(everything: dict[str, Any]) -> None:
    """One draft that is right in 0.8 of the steps."""
    step_s = everything["heads2.step_s"]
    assert everything["heads2.tokens_per_step"] == pytest.approx(1.8)
    assert everything["heads2.tpot_s"] == pytest.approx(step_s / 1.8)
    assert everything["heads2.tokens_per_s"] == pytest.approx(1.8 / step_s)
    gain = everything["ordinary.tpot_s"] / everything["heads2.tpot_s"]
    assert everything["heads2.speedup"] == pytest.approx(gain)
    assert everything["ordinary.speedup"] == 1


def test_sequences_of_a_batch_decode_together(small_chip: Chip) -> None:
    names = ("heads2.step_s", "heads2.tpot_s", "heads2.tokens_per_s", "heads2.tokens_per_step")
    many = found(small_chip, replace(WORK, batch=4), *names)
    assert many["heads2.tokens_per_step"] == pytest.approx(1.8)
    assert many["heads2.tpot_s"] == pytest.approx(many["heads2.step_s"] / 1.8)
    assert many["heads2.tokens_per_s"] == pytest.approx(4 / many["heads2.tpot_s"])


def test_the_best_run_is_that_with_most_tokens(everything: dict[str, Any]) -> None:
    assert everything["heads2.tokens_per_s"] > everything["ordinary.tokens_per_s"]
    assert everything["best.run"] == "heads2"
    for name, value in everything.items():
        if name.startswith("best.") and name != "best.run":
            assert value == everything[name.replace("best", "heads2")]


def test_shares_add_up_and_the_largest_is_the_bound(everything: dict[str, Any]) -> None:
    shares = {
        name.rpartition(".")[2]: value
        for name, value in everything.items()
        if name.startswith("heads2.share.")
    }
    assert sum(shares.values()) == pytest.approx(1)
    assert shares[everything["heads2.bound"]] == max(shares.values())


def test_power_is_energy_over_time(everything: dict[str, Any]) -> None:
    power_w = everything["heads2.energy_per_token_j"] * everything["heads2.tokens_per_s"]
    assert everything["heads2.power_w"] == pytest.approx(power_w)
    pins = everything["heads2.dram_bytes_per_token"] * everything["heads2.tokens_per_s"]
    assert everything["heads2.utilization.dram"] == pytest.approx(pins / 51.2e9)


def test_figures_are_those_of_accsim_run(small_chip: Chip, everything: dict[str, Any]) -> None:
    """With one token a pass, where the draw plays no part, and every pass and layer simulated."""
    one = run(small_chip, trace_workload(WORK), exact=True).runs[0]
    assert one.energy is not None
    expected: dict[str, Value] = {
        "step_s": one.mean_pass_s,
        "tpot_s": one.tpot_s,
        "ttft_s": one.ttft_s,
        "tokens_per_s": one.decode_tokens_per_s,
        "bound": one.bound,
        "share.array": one.bound_share["array"],
        "utilization.array": one.utilization.array,
        "power_w": one.energy.mean_power_w.value,
        "energy_per_token_j": one.energy.j_per_token.value,
        "dram_bytes_per_token": one.decode_dram_bytes_per_token,
    }
    for name, value in expected.items():
        told = everything[f"ordinary.{name}"]
        assert told == (value if isinstance(value, str) else pytest.approx(value, rel=2e-3)), name


def test_passes_of_the_shipped_chip_take_what_accsim_run_says_to_0_1_per_cent() -> None:
    """All layers and more contexts there; two layers and three contexts here."""
    chip, work = load_both("ddr_npu", "llama2_mtp")
    work = replace(work, prompt_tokens=16, output_tokens=48, baseline="heads4_k4")
    work = replace(work, runs=work.runs[2:])
    told = found(chip, work, "heads4_k4.step_s")
    (one,) = run(chip, trace_workload(work)).runs
    assert told["heads4_k4.step_s"] == pytest.approx(one.mean_pass_s, rel=1e-3)


def test_a_step_of_a_draft_model_has_all_its_passes(small_chip: Chip) -> None:
    drafter = replace(SMALL, name="drafter", layers=1)
    drafted = RunSpec("drafted", DraftModel(drafter, ALL_FP16, 2), LAST_OF_THREE)
    work = replace(WORK, runs=(ordinary(), drafted))
    one = run(small_chip, trace_workload(work), exact=True).runs[1]
    told = found(small_chip, work, "drafted.step_s", "drafted.tokens_per_step")
    # 1 + 0.8 + 0.8 x 0.6.
    assert told["drafted.tokens_per_step"] == pytest.approx(2.28)
    assert told["drafted.step_s"] == pytest.approx(one.mean_pass_s, rel=2e-3)


def test_acceptance_alone_simulates_nothing_anew(small_chip: Chip) -> None:
    better = replace(WORK.runs[1], acceptance=replace(LAST_OF_THREE, rates=(0.9, 0.6)))
    KNOWN.forget()
    first = found(small_chip, WORK, "heads2.tpot_s", "heads2.step_s")
    known = len(KNOWN)
    second = found(
        small_chip, replace(WORK, runs=(ordinary(), better)), "heads2.tpot_s", "heads2.step_s"
    )
    assert len(KNOWN) == known == 3
    assert first["heads2.step_s"] == second["heads2.step_s"]
    assert first["heads2.tpot_s"] / second["heads2.tpot_s"] == pytest.approx(1.9 / 1.8)


@pytest.mark.parametrize(
    ("metrics", "passes"),
    [
        (("area_mm2",), 0),
        (("ordinary.ttft_s",), 1),
        (("heads2.tpot_s",), 3),
        (("heads2.speedup",), 6),
        (("best.tpot_s",), 6),
        (("best.ttft_s",), 7),
    ],
)
def test_what_is_not_wanted_is_not_simulated(
    small_chip: Chip, metrics: tuple[str, ...], passes: int
) -> None:
    """Three contexts of each run, and a prefill."""
    KNOWN.forget()
    found(small_chip, WORK, *metrics)
    assert len(KNOWN) == passes


@settings(max_examples=12)
@given(
    channels=st.sampled_from((1, 2, 4)),
    rows=st.sampled_from((8, 16)),
    dispatch=st.integers(0, 60),
    heads=st.integers(1, 3),
)
def test_what_is_remembered_changes_nothing(
    small_chip: Chip, channels: int, rows: int, dispatch: int, heads: int
) -> None:
    chip = replace(
        small_chip,
        memory=replace(small_chip.memory, channels=channels),
        array=SystolicArray(1, rows, 16, "output_stationary", (1, 2, 2)),
        dispatch_cycles=dispatch,
    )
    work = replace(WORK, runs=(ordinary(), with_heads(heads)), output_tokens=6)
    task = Task("a", chip, work, ("best.tpot_s", "best.power_w", "best.share.dram"), ())
    after_others = evaluate(task).metrics
    KNOWN.forget()
    assert evaluate(task).metrics == evaluate(task).metrics == after_others


def test_limits_of_the_chip_exclude_before_anything_is_simulated(small_chip: Chip) -> None:
    KNOWN.forget()
    limits = (Limit("area_mm2", None, 20), Limit("heads2.tpot_s", None, 1e-9))
    outcome = limited(small_chip, WORK, *limits)
    assert (outcome.status, outcome.reason) == ("excluded", "area_mm2 20.41 is above 20")
    assert dict(outcome.metrics).keys() == {"pins", "area_mm2"}
    assert len(KNOWN) == 0


def test_limits_of_a_run_exclude_before_its_prefill_is_simulated(small_chip: Chip) -> None:
    KNOWN.forget()
    limits = (Limit("heads2.ttft_s", None, 1.0), Limit("heads2.tokens_per_s", 1e9, None))
    outcome = limited(small_chip, WORK, *limits)
    assert outcome.status == "excluded"
    assert outcome.reason.startswith("heads2.tokens_per_s ")
    assert outcome.reason.endswith(" is below 1e+09")
    assert len(KNOWN) == 3


def test_all_limits_that_are_known_to_be_broken_are_told(small_chip: Chip) -> None:
    outcome = limited(small_chip, WORK, Limit("pins", 200, None), Limit("area_mm2", 30, 40))
    assert outcome.reason == "pins 128 is below 200; area_mm2 20.41 is below 30"


def test_limits_that_hold_exclude_nothing(small_chip: Chip) -> None:
    outcome = limited(small_chip, WORK, Limit("pins", 128, 128), Limit("best.tpot_s", None, 1.0))
    assert (outcome.status, outcome.reason) == ("done", "")
    assert [name for name, _ in outcome.metrics] == ["pins", "best.tpot_s"]


def test_a_model_that_does_not_fit_the_dram_is_excluded(small_chip: Chip) -> None:
    """Two channels of 16 banks with one row of 8 KiB each: 256 KiB."""
    part = replace(small_chip.memory.part, rows=1)
    chip = replace(small_chip, memory=replace(small_chip.memory, part=part))
    outcome = evaluate(Task("a", chip, WORK, ("pins", "ordinary.tpot_s"), ()))
    assert outcome.status == "excluded"
    assert outcome.metrics == (("pins", 128),)
    assert "does not fit the 256 KiB of DRAM" in outcome.reason


def test_a_pass_that_does_not_fit_the_sram_is_excluded(small_chip: Chip) -> None:
    tiny = replace(small_chip, sram=replace(small_chip.sram, capacity_bytes=1024))
    outcome = evaluate(Task("a", tiny, WORK, ("ordinary.tpot_s",), ()))
    assert outcome.status == "excluded"
    assert "of SRAM are too small for pass" in outcome.reason


def test_a_run_that_the_workload_does_not_have_is_excluded(small_chip: Chip) -> None:
    outcome = evaluate(Task("a", small_chip, WORK, ("heads3.tpot_s",), ()))
    assert outcome.status == "excluded"
    assert outcome.reason == "no run 'heads3'; there are ordinary, heads2"


def test_a_run_that_decodes_nothing_is_excluded(small_chip: Chip) -> None:
    outcome = evaluate(
        Task("a", small_chip, replace(WORK, output_tokens=1), ("ordinary.tpot_s",), ())
    )
    assert outcome.reason == "run 'ordinary' ends with the token that its prefill emits"


def test_a_metric_that_does_not_exist_is_no_matter_of_the_point(small_chip: Chip) -> None:
    with pytest.raises(KeyError, match="speed"):
        evaluate(Task("a", small_chip, WORK, ("speed",), ()))
