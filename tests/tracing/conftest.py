"""A good trace file, and a way to spoil it."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from accsim.tracing.file import write_trace

from .spoiling import TRACE, Edited, Records, parse


@pytest.fixture(scope="session")
def good(tmp_path_factory: pytest.TempPathFactory) -> Records:
    """The records of a trace that nothing is wrong with."""
    path = tmp_path_factory.mktemp("good") / "good.jsonl"
    write_trace(TRACE, path)
    return parse(path)


@pytest.fixture
def edited(good: Records, tmp_path: Path) -> Edited:
    """Give the path of a file whose records a function has changed."""

    def edit(change: Callable[[Records], object]) -> Path:
        records = copy.deepcopy(good)
        change(records)
        path = tmp_path / "edited.jsonl"
        path.write_text("".join(json.dumps(record) + "\n" for record in records))
        return path

    return edit
