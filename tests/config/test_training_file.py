"""Workload files of kind train_step, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest
from training_steps import LLAMA

from accsim.config import shipped
from accsim.config.resolve import load_pair, load_workload
from accsim.config.training_file import is_training, load_training
from accsim.errors import InputError
from accsim.training import TrainingRun

TEXT = """\
kind: train_step
name: step
model: llama2-7b
precision: bf16
sequence_tokens: 2048
baseline: plain
runs:
  - {name: plain}
  - {name: four, heads: 4, layout: extra, heads_live: all, attention: stored}
"""


def written(folder: Path, old: str = "", new: str = "", text: str = TEXT) -> str:
    """The file with a part of it replaced."""
    assert old in text
    path = folder / "step.yaml"
    path.write_text(text.replace(old, new))
    return str(path)


def problems(folder: Path, old: str, new: str) -> list[str]:
    """Key and message of each problem of the file with a part of it replaced."""
    with pytest.raises(InputError) as caught:
        load_training(written(folder, old, new))
    return [f"{one.key}: {one.message}" for one in caught.value.problems]


def test_a_step_is_read_with_its_defaults(tmp_path: Path) -> None:
    workload = load_training(written(tmp_path))
    assert (workload.batch, workload.sequence_tokens, workload.format.name) == (1, 2048, "bf16")
    assert workload.runs == (
        TrainingRun("plain", 31, 1, "one_at_a_time", "flash"),
        TrainingRun("four", 31, 4, "all", "stored"),
    )


def test_constant_heads_take_the_place_of_trunk_layers(tmp_path: Path) -> None:
    workload = load_training(written(tmp_path, "layout: extra", "layout: constant"))
    assert (workload.runs[1].trunk_layers, workload.runs[1].layers) == (28, 32)


def test_the_shipped_step_compares_both_layouts_and_both_orders() -> None:
    workload = load_training("llama2_train")
    shapes = [(run.trunk_layers, run.heads, run.heads_live) for run in workload.runs]
    assert shapes == [(run.trunk_layers, run.heads, run.heads_live) for run in LLAMA]


def test_a_file_says_by_its_kind_whether_it_is_a_training_step(tmp_path: Path) -> None:
    assert is_training(written(tmp_path))
    assert is_training("llama2_train")
    assert not is_training("llama2_mtp")
    assert not is_training("no_such_workload")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "sequence_tokens: 2048",
            "sequence_tokens: 5000",
            "sequence_tokens: 5000 exceeds the 4096 positions of llama2-7b",
        ),
        (
            "precision: bf16",
            "precision: int8",
            "precision: unknown format to train in 'int8' (allowed: bf16, fp16, fp32)",
        ),
        (
            "baseline: plain",
            "baseline: plane",
            "baseline: no run is named 'plane', did you mean 'plain'? (allowed: plain, four)",
        ),
        ("name: four", "name: plain", "runs[1].name: 'plain' is already runs[0]"),
        (
            "heads: 4, layout: extra",
            "heads: 32",
            "runs[1].heads: 32 heads leave no trunk in the 32 layers of llama2-7b, must be at "
            "most 31",
        ),
        ("layout: extra", "layout: more", "runs[1].layout: unknown value 'more' "
         "(allowed: constant, extra)"),
        (
            "name: step\n",
            "name: step\nprompt_tokens: 5\n",
            "prompt_tokens: no key 'prompt_tokens' here: it belongs to workloads that decode, and "
            "this is a training step (kind: train_step)",
        ),
        (
            "heads_live: all",
            "live: all",
            "runs[1].live: unknown key 'live' "
            "(allowed: name, heads, layout, heads_live, attention)",
        ),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_key(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert problems(tmp_path, old, new) == [message]


def test_as_many_extra_heads_as_layers_leave_a_trunk(tmp_path: Path) -> None:
    workload = load_training(written(tmp_path, "heads: 4", "heads: 32"))
    assert workload.runs[1].layers == 63


def test_a_model_file_that_is_missing_is_told(tmp_path: Path) -> None:
    (fault,) = problems(tmp_path, "model: llama2-7b", "model: {config_json: none.json}")
    assert fault.endswith("no such file")


def decoding(folder: Path, old: str, new: str) -> str:
    """A workload that decodes, with a part of it replaced."""
    text = (shipped.folder("workloads") / "llama2_mtp.yaml").read_text()
    return written(folder, old, new, text)


def test_a_workload_that_decodes_may_say_so(tmp_path: Path) -> None:
    path = decoding(tmp_path, "name: llama2_mtp\n", "kind: decode\nname: llama2_mtp\n")
    assert load_workload(path) == load_workload("llama2_mtp")


def test_an_unknown_kind_of_workload_names_both(tmp_path: Path) -> None:
    path = decoding(tmp_path, "name: llama2_mtp\n", "kind: train\nname: llama2_mtp\n")
    with pytest.raises(InputError) as caught:
        load_workload(path)
    (problem,) = caught.value.problems
    assert problem.message == (
        "unknown kind of workload 'train', did you mean 'train_step'? (allowed: decode, train_step)"
    )


def test_a_key_of_a_training_step_in_a_workload_that_decodes_is_explained(tmp_path: Path) -> None:
    path = decoding(tmp_path, "batch: 1 ", "sequence_tokens: 1 ")
    with pytest.raises(InputError) as caught:
        load_workload(path)
    (problem,) = caught.value.problems
    assert problem.message == (
        "no key 'sequence_tokens' here: it belongs to a training step (kind: train_step), and this "
        "workload decodes"
    )


def test_only_accsim_run_takes_a_training_step(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        load_workload(written(tmp_path))
    (problem,) = caught.value.problems
    assert (problem.line, problem.message) == (1, "only accsim run takes a training step")


def test_problems_of_chip_and_step_are_told_together(tmp_path: Path) -> None:
    path = written(tmp_path, "bf16", "int8")
    with pytest.raises(InputError) as caught:
        load_pair("no_chip", path, load_training)
    assert len(caught.value.problems) == 2
