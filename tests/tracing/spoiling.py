"""Reading and spoiling trace files."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from accsim.errors import InputError
from accsim.tracing.decoding import trace_workload
from accsim.tracing.file import read_trace

from .samples import tiny_workload

TRACE = trace_workload(tiny_workload(batch=2))
Records = list[dict[str, Any]]
Edited = Callable[[Callable[[Records], object]], Path]


def parse(path: Path) -> Records:
    return [json.loads(line) for line in path.read_text().splitlines()]


def problems(path: Path) -> list[str]:
    """The problems of a file, each without the folder."""
    with pytest.raises(InputError) as caught:
        read_trace(path)
    return [
        str(problem).replace(str(path.parent) + os.sep, "") for problem in caught.value.problems
    ]


def find(records: Records, **wanted: Any) -> dict[str, Any]:
    return next(r for r in records if all(r.get(key) == value for key, value in wanted.items()))


def line_of(records: Records, **wanted: Any) -> int:
    return records.index(find(records, **wanted)) + 1
