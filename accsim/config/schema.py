"""The file formats as JSON Schemas, for editors.

The formats themselves are pydantic models: strict (no text for numbers, no ``true`` for 1), closed
(no unknown keys) and frozen. Their descriptions become those of the JSON Schema.
"""

from __future__ import annotations

from collections.abc import Callable
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
        **_with_limits(schema),
        "title": f"accsim {kind} file",
    }


LIMITS: dict[str, tuple[str, Callable[[float, float], float]]] = {
    "ge": ("minimum", max),
    "le": ("maximum", min),
    "gt": ("exclusiveMinimum", max),
    "lt": ("exclusiveMaximum", min),
}
"""What pydantic calls the limits of a number that a validator of ours reads first, what editors
know them by, and which of two holds."""


def _with_limits(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema whose limits are spelled as JSON Schema has them."""
    limits = {
        key: one for key, one in schema.items() if key in LIMITS and not isinstance(one, dict)
    }
    spelled = {key: _inside(one) for key, one in schema.items() if key not in limits}
    for key, limit in limits.items():
        name, tighter = LIMITS[key]
        spelled[name] = tighter(limit, schema.get(name, limit))
    return spelled


def _inside(value: object) -> object:
    if isinstance(value, list):
        return [_inside(one) for one in value]
    return _with_limits(value) if isinstance(value, dict) else value


def _workload_schema() -> dict[str, Any]:
    """The two kinds of workloads: which keys may stand in a file says its `kind`."""
    formats = (WorkloadFile, TrainingFile)
    references, schema = models_json_schema([(one, "validation") for one in formats])
    decoding, training = (references[one, "validation"] for one in formats)
    is_training = {"properties": {"kind": {"const": "train_step"}}, "required": ["kind"]}
    return {**schema, "if": is_training, "then": training, "else": decoding}
