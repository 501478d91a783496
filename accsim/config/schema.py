"""The file formats as JSON Schemas, for editors.

The formats themselves are pydantic models: strict (no text for numbers, no ``true`` for 1), closed
(no unknown keys) and frozen. Their descriptions become those of the JSON Schema.
"""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import models_json_schema

from accsim.config.kinds import FORMATS, FileKind
from accsim.config.training_schema import TrainingFile
from accsim.config.workload_schema import WorkloadFile


def json_schema(kind: FileKind) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a file format, for editors."""
    schema = _workload_schema() if kind == "workload" else FORMATS[kind].model_json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": f"accsim {kind} file",
    }


def _workload_schema() -> dict[str, Any]:
    """The two kinds of workloads: which keys may stand in a file says its `kind`."""
    formats = (WorkloadFile, TrainingFile)
    references, schema = models_json_schema([(one, "validation") for one in formats])
    decoding, training = (references[one, "validation"] for one in formats)
    is_training = {"properties": {"kind": {"const": "train_step"}}, "required": ["kind"]}
    return {**schema, "if": is_training, "then": training, "else": decoding}
