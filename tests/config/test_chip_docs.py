"""The page about chip files names all that a chip file may hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from accsim.config.schema import json_schema
from accsim.dram.standards import GRADES, Grade

PAGE = (Path(__file__).parents[2] / "docs" / "describe-a-chip.md").read_text(encoding="utf-8")


def every_key(schema: dict[str, Any]) -> list[str]:
    """The keys of all sections of a JSON Schema, sorted."""
    sections = [schema, *schema["$defs"].values()]
    return sorted({key for section in sections for key in section.get("properties", {})})


@pytest.mark.parametrize("key", every_key(json_schema("chip")))
def test_the_page_names_every_key(key: str) -> None:
    assert f"`{key}`" in PAGE


@pytest.mark.parametrize("grade", GRADES.values(), ids=list(GRADES))
def test_the_page_lists_every_grade_with_its_densities(grade: Grade) -> None:
    (line,) = [line for line in PAGE.splitlines() if f"`{grade.name}`" in line]
    listed = [f"**{gbit}**" if gbit == grade.gbit else str(gbit) for gbit in grade.densities_gbit]
    assert line.endswith(f"| {', '.join(listed)} |")
