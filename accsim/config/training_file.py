"""Workload files of ``kind: train_step`` as the values that the simulator computes with."""

from __future__ import annotations

from accsim.config.formats import FORMATS
from accsim.config.kinds import refuse_other_kind
from accsim.config.problems import check
from accsim.config.resolve import read_model
from accsim.config.shipped import find
from accsim.config.training_schema import TrainingFile, TrainingRunSection
from accsim.config.yaml_source import read_yaml
from accsim.errors import InputError
from accsim.training import TrainingRun, TrainingWorkload
from accsim.workload import ModelShape


def is_training(path_or_name: str) -> bool:
    """Whether a workload is a training step; a file that cannot be read is not."""
    try:
        return read_yaml(str(find("workloads", path_or_name))).value.get("kind") == "train_step"
    except InputError:
        return False


def load_training(path_or_name: str) -> TrainingWorkload:
    """Read a training step, by path or by the name of a shipped workload.

    Raises:
        InputError: every problem of the file, and of the ``config.json`` that it names.
    """
    document = read_yaml(str(find("workloads", path_or_name)))
    refuse_other_kind(document, "workload")
    shape, model_problems = read_model(document, document.value.get("model"))
    file, problems = check(document, TrainingFile, context=shape)
    if file is None or shape is None:
        raise InputError([*problems, *model_problems])
    return TrainingWorkload(
        name=file.name,
        model=shape,
        format=FORMATS["activations"][file.precision],
        batch=file.batch,
        sequence_tokens=file.sequence_tokens,
        baseline=file.baseline,
        runs=tuple(_run(run, shape) for run in file.runs),
    )


def _run(run: TrainingRunSection, shape: ModelShape) -> TrainingRun:
    # Extra heads: the last layer of the ordinary model is the first of them.
    trunk = shape.layers - (run.heads if run.layout == "constant" else 1)
    return TrainingRun(
        name=run.name,
        trunk_layers=trunk,
        heads=run.heads,
        heads_live=run.heads_live,
        attention=run.attention,
    )
