"""The glossary knows every figure that is reported, and the docs are made from it."""

from __future__ import annotations

from dataclasses import is_dataclass
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

from accsim.report.glossary import GLOSSARY, Entry, glossary_markdown, glossary_text, matching
from accsim.report.metrics import OP_HEADINGS, sections
from accsim.report.wording import CAUSE_NAMES
from accsim.result import CAUSES, RunResult

from .results import generations, result, run

NAMES = {name for chapter in GLOSSARY for entry in chapter.entries for name in entry.names}


def keys(kind: Any) -> list[str]:
    """The fields of a dataclass and of those inside it, which are the keys of its JSON."""
    if not is_dataclass(kind):
        return [key for inner in get_args(kind) for key in keys(inner)]
    hints = get_type_hints(kind)
    return [key for name, inner in hints.items() for key in (name, *keys(inner))]


def test_every_key_of_the_result_has_an_entry() -> None:
    unknown = {*result(run("x", 1, 1)).to_json(), *keys(RunResult)} - NAMES
    assert unknown == set()


def test_keys_of_parts_are_among_those_looked_for() -> None:
    # One of a run, of a tuple, of a part, and of a part that may be missing.
    assert {"passes", "causes_ps", "stalled_ps", "row_hits", "itl_p99_s", "low"} <= {
        *keys(RunResult)
    }


def test_every_label_of_the_report_has_an_entry() -> None:
    drawn = run(
        "x", 1, 1, generations=generations(1.0, 1.0), bound_share={"dram": 1.0, "dma": 1e-4}
    )
    rows = [row.label for section in sections(result(drawn)) for row in section.rows]
    assert {"TPOT", "token gap, P99", "others", "turnaround"} <= {*rows}
    assert {*rows, *OP_HEADINGS} - NAMES == set()


@pytest.mark.parametrize("cause", CAUSES)
def test_every_cause_has_an_entry_that_says_it_is_one(cause: str) -> None:
    meanings = [entry.meaning for entry in matching(cause) if CAUSE_NAMES[cause] in entry.names]
    assert any(meaning.startswith("Cause: ") for meaning in meanings)


def test_no_entry_says_nothing_or_stands_twice() -> None:
    entries = [entry for chapter in GLOSSARY for entry in chapter.entries]
    assert all(entry.meaning.endswith((".", ")")) and all(entry.names) for entry in entries)
    assert len({entry.meaning for entry in entries}) == len(entries)


def test_a_term_is_found_whatever_its_case() -> None:
    assert [entry.names[0] for entry in matching("tpot")] == ["tpot_s"]
    assert [entry.names[0] for entry in matching("TPOT_S")] == ["tpot_s"]


def test_a_term_of_several_meanings_has_them_all() -> None:
    meanings = [entry.meaning for entry in matching("array")]
    assert len(meanings) == 2
    assert meanings[1].startswith("Cause: ")


def test_a_part_of_a_name_finds_it_where_nothing_is_called_that() -> None:
    assert [entry.names[0] for entry in matching("gap, P50")] == ["itl_p50_s"]
    assert matching("no such thing") == ()


def test_an_entry_is_printed_with_its_names_above_its_meaning() -> None:
    entry = Entry(("TPOT, P50", "tpot_p50_s"), "word " * 16 + "end.")
    assert (
        glossary_text((entry,)) == f"TPOT, P50; tpot_p50_s\n    {'word ' * 14}word\n    word end."
    )


def test_the_page_of_the_docs_is_up_to_date() -> None:
    page = Path(__file__).parents[2] / "docs" / "glossary.md"
    assert page.read_text() == glossary_markdown()


def test_no_name_breaks_the_tables_of_the_page() -> None:
    for line in glossary_markdown().splitlines():
        assert not line.startswith("|") or line.count("|") == 3
