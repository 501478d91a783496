"""What is wrong with a record, in words for the person who edited it."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from accsim.tracing.lines import ProblemList
from accsim.tracing.records import (
    RECORDS,
    AcceptanceRecord,
    AttentionRecord,
    FormatRecord,
    HeaderRecord,
    RecordingRecord,
    TensorRecord,
    TotalsRecord,
)


def suggest(word: str, known: Iterable[str]) -> str:
    """``, did you mean 'x'?`` where some known word is close, else nothing."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f", did you mean {close[0]!r}?" if close else ""


def note_invalid(error: ValidationError, line: int, problems: ProblemList) -> None:
    """Note every fault that pydantic found in the record of a line."""
    for detail in error.errors(include_url=False):
        problems.add(_explain(detail), line, ".".join(_key_part(part) for part in detail["loc"]))


def _key_part(part: int | str) -> str:
    # A key comes from the file and goes to a terminal: show control characters escaped.
    text = str(part)
    return text if text.isprintable() else ascii(text)


def _explain(detail: ErrorDetails) -> str:
    last = str(detail["loc"][-1]) if detail["loc"] else ""
    if detail["type"] == "missing":
        return f"the key {last!r} is missing"
    if detail["type"] == "extra_forbidden":
        return f"unknown key {last!r}{suggest(last, _known_keys())}"
    message = detail["msg"].removeprefix("Input ")
    message = message[0].lower() + message[1:]
    got = detail["input"]
    if isinstance(got, dict | list | BaseModel):
        return message
    text = json.dumps(got)
    text = text if len(text) <= 60 else f"{text[:57]}..."
    hint = suggest(got, _literals(detail)) if isinstance(got, str) else ""
    return f"{message}, got {text}{hint}"


def _literals(detail: ErrorDetails) -> list[str]:
    """The words in quotes of ``'a', 'b' or 'c'``, which pydantic gives for a literal."""
    expected = str(detail.get("ctx", {}).get("expected", ""))
    return expected.split("'")[1::2]


def _known_keys() -> list[str]:
    models: list[type[BaseModel]] = [
        HeaderRecord,
        FormatRecord,
        TotalsRecord,
        *RECORDS.values(),
        AttentionRecord,
        TensorRecord,
        AcceptanceRecord,
        RecordingRecord,
    ]
    return sorted({name for model in models for name in model.model_fields})
