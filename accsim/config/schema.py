"""The file formats as JSON Schemas, for editors.

The formats themselves are pydantic models: strict (no text for numbers, no ``true`` for 1), closed
(no unknown keys) and frozen. Their descriptions become those of the JSON Schema.
"""

from __future__ import annotations

from typing import Any

from accsim.config.kinds import FORMATS, FileKind


def json_schema(kind: FileKind) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a file format, for editors."""
    schema = FORMATS[kind].model_json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": f"accsim {kind} file",
    }
