"""Checking a document against a schema: pydantic's errors as Problems with a position."""

from __future__ import annotations

import re
from typing import Any, TypeVar, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from accsim.config.fields import FORM, Section, fields_by_key
from accsim.config.text import show, suggest
from accsim.config.yaml_source import Document, KeyPath
from accsim.errors import Problem

S = TypeVar("S", bound=Section)

EXPECTED = {
    "int_type": "expected a whole number",
    "float_type": "expected a number",
    "string_type": "expected text",
    "bool_type": "expected true or false",
    "list_type": "expected a list",
    "tuple_type": "expected a list",
    "dict_type": "expected keys and values",
    "dataclass_type": "expected keys and values",
    "model_type": "expected keys and values",
    "model_attributes_type": "expected keys and values",
    "string_too_short": "expected some text",
    "too_short": "expected at least one entry",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "less_than": "must be less than {lt}",
    "string_too_long": "must be at most {max_length} characters long",
    "string_pattern_mismatch": "may hold only letters, digits and the characters _ . -",
}
"""Messages by pydantic error type, with the numbers of the error's context; ", got ..." follows."""


def check(
    document: Document, schema: type[S], context: object = None
) -> tuple[S | None, list[Problem]]:
    """The document as a `schema`, or None; and all its problems, YAML's own included, in order.

    `context` is handed to the validators of the schema.
    """
    problems = list(document.problems)
    checked = None
    try:
        checked = schema.model_validate(document.value, context=context)
    except ValidationError as error:
        # What YAML objected to has no value, so the schema's complaint about it is an echo.
        reported = {(problem.line, problem.column) for problem in problems}
        for details in error.errors(include_url=False):
            problem = _problem(document, schema, details)
            if problem.line is None or (problem.line, problem.column) not in reported:
                problems.append(problem)
    problems.sort(key=lambda problem: (problem.line or 0, problem.column or 0))
    return (None if problems else checked), problems


def _problem(document: Document, schema: type[Section], details: ErrorDetails) -> Problem:
    kind, context = details["type"], details.get("ctx", {})
    path = _path(document, details)
    if kind == "missing":
        section = _section(schema, details["loc"][:-1])
        description = fields_by_key(section)[str(details["loc"][-1])].description
        return document.problem(path, f"this key is required: {description}")
    if kind == "extra_forbidden":
        section = _section(schema, details["loc"][:-1])
        key = str(path[-1])
        if key in section.foreign_keys:
            reason = f"no key {key!r} here: {section.foreign_keys[key]}"
            return document.problem(path, reason, at_key=True)
        hint = suggest(key, fields_by_key(section))
        return document.problem(path, f"unknown key {key!r}{hint}", at_key=True)
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        return _wrong_variant(document, schema, path, details)
    if kind == "literal_error":
        options = _words(context["expected"])
        got = details["input"]
        # No number is a misspelling of another.
        tail = f" (allowed: {', '.join(options)})"
        if isinstance(got, str):
            tail = suggest(got, options)
        message = f"unknown value {show(got)}{tail}"
        return document.problem(path, message)
    got = f", got {show(details['input'])}"
    if kind == FORM:
        return document.problem(path, details["msg"] + got)
    if kind in EXPECTED:
        return document.problem(path, EXPECTED[kind].format(**context) + got)
    return document.problem(path, details["msg"])


def _wrong_variant(
    document: Document, schema: type[Section], path: KeyPath, details: ErrorDetails
) -> Problem:
    """The key that says which keys are allowed (``array.kind``) is missing or unknown."""
    context = details["ctx"]
    key = context["discriminator"].strip("'")
    if details["type"] == "union_tag_invalid":
        hint = suggest(context["tag"], _words(context["expected_tags"]))
        return document.problem((*path, key), f"unknown {key} {context['tag']!r}{hint}")
    variants = _variants(schema, details["loc"])
    options = [get_args(variant.model_fields[key].annotation)[0] for variant in variants]
    message = f"this key is required (allowed: {', '.join(options)})"
    return document.problem((*path, key), message)


def _words(quoted: str) -> list[str]:
    """The words of pydantic's ``'a', 'b' or 'c'``, or numbers of ``1, 2 or 3``."""
    return [word.strip("'") for word in re.split(", | or ", quoted)]


def _path(document: Document, details: ErrorDetails) -> KeyPath:
    """The error's location without the names of union members that pydantic puts between."""
    value: Any = document.value
    path: list[str | int] = []
    last = len(details["loc"]) - 1
    for index, part in enumerate(details["loc"]):
        if part in value if isinstance(value, dict) else isinstance(part, int):
            value = value[part]
            path.append(part)
        elif index == last and isinstance(value, dict):  # a key that is missing
            path.append(part)
    return tuple(path)


def _section(schema: type[Section], loc: KeyPath) -> type[Section]:
    """The section of the schema at an error's location."""
    return _variants(schema, loc)[0]


def _variants(schema: type[Section], loc: KeyPath) -> list[type[Section]]:
    found = [schema]
    for part in loc:
        if isinstance(part, int):
            continue
        holders = [section for section in found if part in section.model_fields]
        if holders:
            found = _sections_in(holders[0].model_fields[part].annotation)
        else:
            # The tag of a union member: the name of a section, or the one word that its
            # discriminator allows.
            found = [section for section in found if _is_variant(section, part)] or found
    return found


def _is_variant(section: type[Section], tag: str) -> bool:
    return section.__name__ == tag or any(
        get_args(f.annotation) == (tag,) for f in section.model_fields.values()
    )


def _sections_in(annotation: Any) -> list[type[Section]]:  # noqa: ANN401 (types have no type)
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return [annotation]
    return [section for inner in get_args(annotation) for section in _sections_in(inner)]
