"""Operator traces by their path, or by the name of one that comes with accsim."""

from __future__ import annotations

from pathlib import Path

from accsim.config.shipped import folder
from accsim.config.text import suggest
from accsim.errors import InputError, Problem
from accsim.ops import OpTrace
from accsim.tracing.file import read_trace

TRACE_SUFFIXES = (".jsonl", ".jsonl.gz")


def load_trace(text: str) -> OpTrace:
    """The trace of that path; a bare name of no file is that of a shipped one.

    Raises:
        InputError: there is none, or it has problems: every one of them.
    """
    path, shipped = Path(text), folder("traces")
    if path.name != text or path.exists():
        return read_trace(path)
    known = sorted(one.name for one in shipped.iterdir() if one.name.endswith(TRACE_SUFFIXES))
    if text not in known:
        message = f"no such file, and no shipped trace of that name{suggest(text, known)}"
        raise InputError(Problem(text, message))
    return read_trace(shipped / text)
