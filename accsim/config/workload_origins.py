"""Every value of a workload file, and where it comes from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path

from accsim.acceptance import Acceptance
from accsim.config.origins import stated
from accsim.config.resolve import read_workload_file
from accsim.config.workload_schema import WorkloadFile
from accsim.config.yaml_source import Document
from accsim.provenance import ResolvedValue
from accsim.workload import DraftModel, ModelShape, Workload


def workload_values(path_or_name: str) -> tuple[ResolvedValue, ...]:
    """All values of a workload file, by path or by the name of a shipped one, in the order of the
    file format; the shape of a model and the rates of an acceptance follow what names them.

    Raises:
        InputError: every problem of the file.
    """
    return workload_file_values(*read_workload_file(path_or_name))


def workload_file_values(
    document: Document, file: WorkloadFile, workload: Workload
) -> tuple[ResolvedValue, ...]:
    """The same of a workload file that was read."""
    found: list[ResolvedValue] = []
    for name in type(file).model_fields:
        if name == "runs":
            for index, run in enumerate(file.runs):
                found += stated(document, run, ("runs", index))
                found += _of_run(workload, index)
            continue
        found += stated(document, getattr(file, name), (name,))
        if name == "model":
            found += _shape("model", workload.model)
    return tuple(map(_without_folder, found))


def _without_folder(found: ResolvedValue) -> ResolvedValue:
    """Files that a workload names go by their base names: where they lie is nobody's business."""
    if found.key.endswith((".config_json", ".recording")):
        return replace(found, value=Path(str(found.value)).name)
    return found


def _of_run(workload: Workload, index: int) -> Iterator[ResolvedValue]:
    """What the names in a run stand for."""
    run, key = workload.runs[index], f"runs[{index}]"
    if isinstance(run.scheme, DraftModel):
        yield from _shape(f"{key}.drafter", run.scheme.model)
    if isinstance(run.acceptance, Acceptance):
        rates = ", ".join(f"{rate:.4g}" for rate in run.acceptance.rates)
        origin = f"acceptance {run.acceptance.name}"
        yield ResolvedValue(f"{key}.acceptance.rates_used", rates, "", origin)


def _shape(key: str, shape: ModelShape) -> Iterator[ResolvedValue]:
    """All but the name: that of a shape from a file is the name of a folder."""
    for field in fields(shape):
        if field.name != "name":
            yield ResolvedValue(
                f"{key}.{field.name}", getattr(shape, field.name), "", "the model that is named"
            )
    formula = "computed: layers, norms, embedding and LM head"
    yield ResolvedValue(f"{key}.params", shape.params, "", formula)
