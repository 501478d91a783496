"""A file format as a page of the docs: its JSON Schema as tables that people read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from accsim.config.kinds import FileKind
from accsim.config.schema import json_schema

Schema = dict[str, Any]

SCALARS = {"boolean", "integer", "number", "string"}
"""The JSON types of a value that is neither a list nor a mapping."""

HUGE = 10**9
"""The limit of what has no limit of its own (`accsim.config.fields`), which says nothing."""

INTRODUCTIONS: dict[FileKind, str] = {
    "chip": "How to write one: [describe a chip](describe-a-chip.md).",
    "workload": "How to write one: [describe a workload](describe-a-workload.md). A file with "
    "`kind: train_step` is a training step; its keys are [below](#a-training-step).",
    "sweep": "How to write one: [sweeps](sweeps.md#the-sweep-file).",
    "mapping": "What a mapping is, and how to get one: [explain](explain.md#pinning-a-mapping).",
}


def schema_markdown(kind: FileKind) -> str:
    """The page of a file format: a table of keys for each section, from its JSON Schema."""
    schema = json_schema(kind)
    writer = _Writer(schema["$defs"])
    parts = [
        f"# Keys of {kind} files",
        f"Written by `accsim schema {kind} --markdown`; do not edit. Numbers are plain: the unit "
        "is in the name of the key. Unknown keys are refused. "
        f"{INTRODUCTIONS[kind]}",
    ]
    if "properties" in schema:
        parts += writer.section("", schema)
    else:
        parts += writer.section("", schema["$defs"]["WorkloadFile"])
        parts += ["## A training step", *writer.section("", schema["$defs"]["TrainingFile"])]
    return "\n\n".join(parts) + "\n"


class _Writer:
    """Sections in the order in which they are met, each once, under the path that leads there."""

    def __init__(self, definitions: dict[str, Schema]) -> None:
        self._definitions = definitions
        self._titles: dict[str, str] = {}

    def section(self, path: str, schema: Schema) -> Iterator[str]:
        """Its description, the table of its keys, and the sections that these lead to."""
        yield schema["description"]
        required = schema.get("required", ())
        rows = ["| key | value | default | meaning |", "|---|---|---|---|"]
        inner: list[tuple[str, str]] = []
        for key, value in schema["properties"].items():
            here = f"{path}.{key}" if path else key
            for name in _references(value):
                if name not in self._titles:
                    self._titles[name] = self._title(here, name, value)
                    inner.append((here, name))
            default = "required" if key in required else _default(value)
            meaning = value["description"].replace("|", r"\|")
            rows.append(f"| `{key}` | {self._value(value)} | {default} | {meaning} |")
        yield "\n".join(rows)
        for here, name in inner:
            yield f"## {self._titles[name]}"
            yield from self.section(here, self._definitions[name])

    def _title(self, path: str, name: str, value: Schema) -> str:
        """The path, and where it may hold one of several things, what tells this one."""
        if len(list(_references(value))) == 1:
            return path
        section = self._definitions[name]
        constants = (one["const"] for one in section["properties"].values() if "const" in one)
        return f"{path}: {next(constants, section['required'][0])}"

    def _value(self, value: Schema) -> str:
        if "$ref" in value:
            title = self._titles[_name(value)]
            return f"[{title}](#{_anchor(title)})"
        for several in ("anyOf", "oneOf"):
            if several in value:
                if {one.get("type") for one in value[several]} == SCALARS:
                    return "`true`, `false`, number, text"
                return " or ".join(
                    self._value(one) for one in value[several] if one.get("type") != "null"
                )
        if "const" in value:
            return f"`{value['const']}`"
        if "enum" in value:
            return ", ".join(f"`{one}`" for one in value["enum"])
        match value["type"]:
            case "array":
                return f"list of: {self._value(value['items'])}"
            case "object":
                return f"by name: {self._value(value['additionalProperties'])}"
            case "integer":
                return f"whole number{_span(value)}"
            case "number":
                return f"number{_span(value)}"
            case "boolean":
                return "`true`, `false`"
            case _:
                return "text"


def _references(value: Schema) -> Iterator[str]:
    """The names of the sections that a value may be, or hold."""
    if "$ref" in value:
        yield _name(value)
    for several in ("anyOf", "oneOf"):
        for one in value.get(several, ()):
            yield from _references(one)
    for inner in ("items", "additionalProperties"):
        if inner in value:
            yield from _references(value[inner])


def _name(value: Schema) -> str:
    return str(value["$ref"]).rpartition("/")[2]


def _span(value: Schema) -> str:
    """The limits of a number."""
    if "minimum" not in value:
        return ""
    low, high = value["minimum"], value.get("maximum", HUGE)
    return f" from {low}" if high >= HUGE else f", {low} to {high:,}"


def _default(value: Schema) -> str:
    default = value.get("default")
    if default is None:
        return "none"
    if isinstance(default, dict):
        return "as there" if default else "none"
    return f"`{default if isinstance(default, str) else json.dumps(default)}`"


def _anchor(title: str) -> str:
    """What both the site and code forges call a heading."""
    kept = "".join(one for one in title.lower() if one.isalnum() or one in " _-")
    return kept.replace(" ", "-")
