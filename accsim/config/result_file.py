"""Results that were saved, ``accsim run --json`` or ``result.json``, as values again.

The keys are those of the dataclasses of `accsim.result`, so a key that is added there is read here.
What a file lacks gets the default of its field, as in files of an earlier accsim; what this accsim
does not know, as in files of a later one, is left out: keys are only ever added.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from accsim.config.json_source import read_json
from accsim.config.problems import EXPECTED
from accsim.config.text import show, suggest
from accsim.config.yaml_source import dotted
from accsim.errors import InputError, Problem
from accsim.result import SCHEMA, Result

OTHERS = {
    "accsim.training": "the result of a training step",
    "accsim.comparison": "what accsim compare prints",
    "accsim.diff": "what accsim diff prints",
    "accsim.check": "what accsim check prints",
    "accsim.explain": "what accsim explain prints",
    "accsim.chip_values": "what accsim show prints",
    "accsim.dram": "what accsim dram prints",
    "accsim.provenance": "where a result comes from",
}
"""What else accsim writes as JSON, by schema without its version."""

AT_LEAST = {"batch": 1, "passes": 1, "output_tokens": 2, "decode_ps": 1, "max_tokens_per_pass": 1}
"""Figures of a run that others are divided by; a run decodes at least one token after the first."""
POSITIVE_RUN = ("tpot_s", "mean_pass_s")
POSITIVE = ("clock_hz", "peak_dram_bytes_per_s", "peak_macs_per_s")


def load_result(file: str) -> Result:
    """Read a result.

    Only its form is checked here: types, names, and that nothing is divided by 0. Whether the
    figures agree with each other is for `accsim.analysis.laws`.

    Raises:
        InputError: every problem of the file.
    """
    return result_of(file, read_json(file))


def result_of(file: str, document: dict[str, Any]) -> Result:
    """The result in a JSON object.

    Args:
        file: where it comes from, for messages.
        document: as in the file.

    Raises:
        InputError: every problem of the object.
    """
    _refuse_other_schema(file, document)
    given = dict(document)
    problems = [
        Problem(file, f"expected keys and values, got {show(given[key])}", key=key)
        for key in ("speedup", "speedup_expected")
        if not isinstance(given.get(key, {}), dict)
    ]
    if problems:
        raise InputError(problems)
    # In the file the baseline stands among the runs, in the value beside them.
    if "speedup" in given and "speedup_expected" in given:
        by_run, expected = dict(given["speedup"]), dict(given.pop("speedup_expected"))
        expected.pop("baseline", None)
        named = {"baseline": by_run.pop("baseline")} if "baseline" in by_run else {}
        given["speedup"] = {**named, "by_run": by_run, "expected": expected}
    elif "speedup" in given:
        raise InputError(Problem(file, "this key is required", key="speedup_expected"))
    try:
        # From JSON, because there a list may stand for a tuple even if all else is strict.
        result = TypeAdapter(Result).validate_json(json.dumps(given), strict=True)
    except ValidationError as error:
        raise InputError(
            _problem(file, details) for details in error.errors(include_url=False)
        ) from None
    problems = list(_senseless(file, result))
    if problems:
        raise InputError(problems)
    return result


def _refuse_other_schema(file: str, document: dict[str, Any]) -> None:
    schema = document.get("schema")
    if schema == SCHEMA:
        return
    if "schema" not in document:
        message = f"not a result of accsim run: there is no key 'schema' that says {SCHEMA}"
        raise InputError(Problem(file, message))
    kind = str(schema).partition("/")[0]
    if kind in OTHERS:
        message = f"this is {OTHERS[kind]} ({schema}), not a result of accsim run ({SCHEMA})"
    else:
        message = f"unknown schema {show(schema)}, expected {SCHEMA!r}"
    raise InputError(Problem(file, message, key="schema"))


def _problem(file: str, details: ErrorDetails) -> Problem:
    kind, path = details["type"], details["loc"]
    if path[:1] == ("speedup",) and path[1:2] in (("by_run",), ("expected",)):
        path = ("speedup" if path[1] == "by_run" else "speedup_expected", *path[2:])
    key = dotted(path)
    if kind == "missing":
        return Problem(file, "this key is required", key=key)
    if kind == "literal_error":
        options = details["ctx"]["expected"].split("'")[1::2]
        got = details["input"]
        return Problem(file, f"unknown value {show(got)}{suggest(str(got), options)}", key=key)
    expected = EXPECTED.get(kind, details["msg"])
    return Problem(file, f"{expected}, got {show(details['input'])}", key=key)


def _senseless(file: str, result: Result) -> Iterator[Problem]:
    """What keeps the figures from being compared at all."""
    for key in POSITIVE:
        if getattr(result, key) <= 0:
            yield Problem(file, f"must be more than 0, got {getattr(result, key)}", key=key)
    if not result.runs:
        yield Problem(file, "there is no run", key="runs")
        return
    names = Counter(run.name for run in result.runs)
    for name, times in names.items():
        if times > 1:
            yield Problem(file, f"{times} runs are named {name!r}", key="runs")
    speedup = result.speedup
    if speedup.baseline not in names:
        message = f"no run {speedup.baseline!r}{suggest(speedup.baseline, names)}"
        yield Problem(file, message, key="speedup.baseline")
    for key, given in (("speedup", speedup.by_run), ("speedup_expected", speedup.expected)):
        if given.keys() != names.keys():
            message = f"is of the runs {', '.join(given)}, but there are {', '.join(names)}"
            yield Problem(file, message, key=key)
    for index, run in enumerate(result.runs):
        place = f"runs[{index}]"
        for key, least in AT_LEAST.items():
            if getattr(run, key) < least:
                message = f"must be at least {least}, got {getattr(run, key)}"
                yield Problem(file, message, key=f"{place}.{key}")
        for key in POSITIVE_RUN:
            if getattr(run, key) <= 0:
                message = f"must be more than 0, got {getattr(run, key)}"
                yield Problem(file, message, key=f"{place}.{key}")
