"""The two file formats as JSON Schemas, for editors.

The formats themselves are pydantic models: strict (no text for numbers, no ``true`` for 1), closed
(no unknown keys) and frozen. Their descriptions become those of the JSON Schema.
"""

from __future__ import annotations

from typing import Any, Literal

from accsim.config.chip_schema import ChipFile
from accsim.config.workload_schema import WorkloadFile


def json_schema(kind: Literal["chip", "workload"]) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a file format, for editors."""
    model = ChipFile if kind == "chip" else WorkloadFile
    schema = model.model_json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": f"accsim {kind} file",
    }
