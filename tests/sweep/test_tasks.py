"""Tasks: what a point resolves to, and the key it is known by."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

import accsim.sweep.tasks as tasks
from accsim.acceptance import Acceptance
from accsim.config.models import ACCEPTANCES
from accsim.config.resolve import load_chip, load_workload
from accsim.config.shipped import folder
from accsim.config.sweep_file import load_study
from accsim.errors import InputError
from accsim.study import Limit, Objective, Sampler, Setting, Settings, Study
from accsim.sweep.tasks import task_of, wanted

ASKED = Study(
    name="one",
    chips=("ddr_npu",),
    workloads=("llama2_mtp",),
    axes=(),
    limits=(Limit("pins", None, 256.0),),
    objectives=(Objective("best.tokens_per_s", maximise=True),),
    metrics=("area_mm2", "pins"),
    sampler=Sampler("grid", None, 1),
    timeout_s=60.0,
)


def key(study: Study = ASKED, settings: Settings = ()) -> str:
    return task_of(study, settings).key


def test_without_settings_a_task_has_the_files_as_they_are() -> None:
    task = task_of(ASKED, ())
    assert (task.chip, task.workload) == (load_chip("ddr_npu"), load_workload("llama2_mtp"))
    assert task.metrics == ("best.tokens_per_s", "pins", "area_mm2")
    assert task.limits == ASKED.limits


def test_settings_replace_fields_of_chip_and_workload() -> None:
    settings: Settings = (
        ("chip.memory.channels", 4),
        ("chip.memory.timings.tRFC", 576),
        ("workload.runs.heads4_k4.acceptance", "wikipedia"),
    )
    task = task_of(ASKED, settings)
    memory = load_chip("ddr_npu").memory
    timings = replace(memory.part.timings, tRFC=576)
    assert task.chip.memory == replace(
        memory, channels=4, part=replace(memory.part, timings=timings)
    )
    (changed,) = [run for run in task.workload.runs if run.name == "heads4_k4"]
    assert changed.acceptance is not None
    assert changed.acceptance.name == "wikipedia"


def test_a_point_may_choose_another_file() -> None:
    task = task_of(ASKED, (("chip", "hbm_npu"), ("workload", "llama2_single")))
    assert (task.chip.name, task.workload.name) == ("hbm_npu", "llama2_single")


def test_an_entry_of_a_list_goes_by_its_number(tmp_path: Path) -> None:
    text = folder("workloads").joinpath("llama2_mtp.yaml").read_text(encoding="utf-8")
    rates = "{rates: [0.9, 0.8, 0.7], source: made up}"
    tmp_path.joinpath("w.yaml").write_text(text.replace("acceptance: code", f"acceptance: {rates}"))
    study = replace(ASKED, workloads=("w.yaml",), folder=str(tmp_path))
    task = task_of(study, (("workload.runs.heads4_k4.acceptance.rates.1", 0.5),))
    assert task.workload.runs[2].acceptance == Acceptance("made up", (0.9, 0.5, 0.7))
    with pytest.raises(InputError) as caught:
        task_of(study, (("workload.runs.heads4_k4.acceptance.rates.3", 0.5),))
    assert str(caught.value) == (
        "w.yaml: runs.heads4_k4.acceptance.rates.3: runs[2].acceptance.rates has no entry '3' "
        "(allowed: 0 to 2)"
    )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            (("chip.memory.channels", 3),),
            "ddr_npu.yaml: memory.channels: must be a power of two, got 3",
        ),
        (
            (("workload.runs.heads4_k4.acceptance.rates.3", 0.5),),
            "llama2_mtp.yaml: runs.heads4_k4.acceptance.rates.3: runs[2].acceptance is 'code' and "
            "has no keys of its own",
        ),
        (
            (("workload.runs.heads4_k5.acceptance", "code"),),
            "llama2_mtp.yaml: runs.heads4_k5.acceptance: no entry of runs is named 'heads4_k5', "
            "did you mean 'heads4_k4'? (allowed: ordinary, heads4_k1, heads4_k4)",
        ),
    ],
)
def test_where_there_is_no_such_point_the_reason_has_no_line_and_no_folder(
    settings: Settings, message: str
) -> None:
    with pytest.raises(InputError) as caught:
        task_of(ASKED, settings)
    assert str(caught.value) == message


def test_a_file_that_has_changed_is_read_again(tmp_path: Path) -> None:
    text = folder("chips").joinpath("ddr_npu.yaml").read_text(encoding="utf-8")
    tmp_path.joinpath("c.yaml").write_text(text)
    study = replace(ASKED, chips=("c.yaml",), folder=str(tmp_path))
    assert task_of(study, ()).chip.memory.channels == 2
    tmp_path.joinpath("c.yaml").write_text(text.replace("channels: 2 ", "channels: 16 "))
    assert task_of(study, ()).chip.memory.channels == 16


def test_metrics_that_are_wanted_are_named_once() -> None:
    assert wanted(ASKED) == ("best.tokens_per_s", "pins", "area_mm2")


SAME: list[tuple[str, Setting]] = [
    ("chip.memory.channels", 2),
    ("chip.memory.channels", 2.0),
    ("chip.name", "another"),
    ("workload.name", "another"),
    ("chip.memory.density_gbit", 8),
    ("chip.attention.fused", True),
    ("workload.precision.weights", "bf16"),
    ("workload.batch", 1),
]


@pytest.mark.parametrize("setting", SAME, ids=str)
def test_equal_content_by_another_spelling_has_the_same_key(setting: tuple[str, Setting]) -> None:
    assert key(settings=(setting,)) == key()


OTHER: list[tuple[str, Setting]] = [
    ("chip.core.clock_mhz", 1001),
    ("chip.memory.channels", 4),
    ("chip.memory.grade", "DDR4-2400"),
    ("chip.memory.timings.tRFC", 576),
    ("chip.memory.controller.hit_limit", 5),
    ("chip.memory.bank_hash", True),
    ("chip.dma.outstanding", 9),
    ("chip.sram.capacity_kib", 4097),
    ("chip.sram.ports.array", 256),
    ("chip.array.dataflow", "weight_stationary"),
    ("chip.array.macs_per_pe.bits_4", 4),
    ("chip.vector.cycles_per_element.softmax", 5),
    ("chip.attention.fused", False),
    ("chip.energy.node_nm", 16),
    ("chip.energy.mac_pj.bits_16", 0.5),
    ("workload.model", "llama2-13b"),
    ("workload.precision.weights", "fp8"),
    ("workload.prompt_tokens", 1919),
    ("workload.output_tokens", 127),
    ("workload.batch", 2),
    ("workload.seed", 2),
    ("workload.baseline", "heads4_k1"),
    ("workload.runs.heads4_k1.name", "k1"),
    ("workload.runs.heads4_k4.acceptance", "wikipedia"),
    ("workload.runs.heads4_k4.drafting", "deferred"),
]


def test_each_changed_field_makes_another_key() -> None:
    keys = [key(), *(key(settings=(setting,)) for setting in OTHER)]
    assert len(set(keys)) == len(OTHER) + 1


@pytest.mark.parametrize(
    "study",
    [
        replace(ASKED, metrics=("area_mm2",), limits=()),
        replace(ASKED, limits=(Limit("pins", None, 255.0),)),
        replace(ASKED, limits=(Limit("pins", 256.0, None),)),
    ],
    ids=["metrics", "most", "least"],
)
def test_what_is_asked_of_a_point_is_part_of_its_key(study: Study) -> None:
    assert key(study) != key()


def test_the_order_of_metrics_is_not() -> None:
    assert key(replace(ASKED, metrics=("pins", "area_mm2"))) == key()


def test_another_version_makes_another_key(monkeypatch: pytest.MonkeyPatch) -> None:
    before = key()
    monkeypatch.setattr(tasks, "__version__", "another")
    assert key() != before


def test_rates_are_the_same_whether_named_or_written_out(tmp_path: Path) -> None:
    rates = ", ".join(map(repr, ACCEPTANCES["code"].rates))
    text = folder("workloads").joinpath("llama2_mtp.yaml").read_text(encoding="utf-8")
    written = f"acceptance: {{rates: [{rates}], source: the same}}"
    tmp_path.joinpath("w.yaml").write_text(text.replace("acceptance: code", written))
    assert key(replace(ASKED, workloads=("w.yaml",), folder=str(tmp_path))) == key()


def test_fractions_are_exact_and_unknown_values_are_refused() -> None:
    assert tasks._canonical(Fraction(1, 3)) == ["Fraction", 1, 3]
    with pytest.raises(TypeError, match="no canonical form of set"):
        tasks._canonical({1, 2})


def test_a_key_does_not_depend_on_the_seed_of_hashes() -> None:
    code = (
        "from accsim.config.sweep_file import load_study\n"
        "from accsim.sweep.tasks import task_of\n"
        "print(task_of(load_study('memory_standards'), ()).key)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "12345"},
    )
    assert done.stdout.strip() == task_of(load_study("memory_standards"), ()).key
