"""Where a result comes from, written and read back; what is none is told with file and key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from accsim.config.provenance_file import load_provenance
from accsim.errors import InputError
from accsim.provenance import Provenance, ResolvedValue
from accsim.report.json_text import provenance_json

MADE = Provenance(
    command="accsim run chip work",
    versions={"Python": "3.11"},
    chip=(
        ResolvedValue("name", "x", "", "chip.yaml:1"),
        ResolvedValue("memory.refresh_share", 0.05, "of time", "computed: a / b", "[R2]"),
        ResolvedValue("memory.bank_hash", value=True, unit="", origin="default"),
    ),
    workload=(),
)


def refused(folder: Path, **changes: Any) -> str:
    file = folder / "p.json"
    file.write_text(json.dumps(json.loads(provenance_json(MADE)) | changes))
    with pytest.raises(InputError) as error:
        load_provenance(str(file))
    return str(error.value).replace(str(file), "p.json")


def test_what_was_written_is_read_back_the_same(tmp_path: Path) -> None:
    file = tmp_path / "p.json"
    file.write_text(provenance_json(MADE))
    assert load_provenance(str(file)) == MADE


def test_another_schema_is_refused(tmp_path: Path) -> None:
    told = refused(tmp_path, schema="accsim.result/1")
    assert told == "p.json: schema: expected 'accsim.provenance/1', got 'accsim.result/1'"


def test_a_key_that_is_missing_is_named(tmp_path: Path) -> None:
    told = refused(tmp_path, chip=[{"key": "a", "value": 1, "unit": ""}])
    assert told == "p.json: chip[0].origin: this key is required"


def test_a_value_of_a_wrong_type_is_named(tmp_path: Path) -> None:
    assert refused(tmp_path, command=7) == "p.json: command: expected text, got 7"
