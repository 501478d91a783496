"""Saved results come back as they were; what is no result is told with file and key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from analysis.sound import sound_result

from accsim.config.result_file import load_result, result_of
from accsim.errors import InputError
from accsim.report.json_text import result_json

Json = dict[str, Any]


def document() -> Json:
    found: Json = json.loads(result_json(sound_result()))
    return found


def refused(changed: Json) -> list[str]:
    with pytest.raises(InputError) as error:
        result_of("r.json", changed)
    return [str(problem) for problem in error.value.problems]


def refused_text(folder: Path, text: str | bytes) -> str:
    file = folder / "r.json"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(InputError) as error:
        load_result(str(file))
    return str(error.value).replace(str(file), "r.json")


def test_a_result_that_was_written_is_read_back_the_same(tmp_path: Path) -> None:
    file = tmp_path / "r.json"
    file.write_text(result_json(sound_result()))
    assert load_result(str(file)) == sound_result()
    assert result_json(load_result(str(file))) == file.read_text()


def test_a_key_that_an_earlier_accsim_did_not_write_has_its_default() -> None:
    earlier = document()
    del earlier["mapping"], earlier["runs"][0]["generations"], earlier["runs"][0]["draft_passes"]
    read = result_of("r.json", earlier)
    assert read.mapping is None
    assert read.runs[0].generations is None
    assert read.runs[0].draft_passes == 0


def test_a_key_that_a_later_accsim_added_is_left_out() -> None:
    later = document()
    later["novel"] = later["runs"][0]["ops"][0]["novel"] = {"a": 1}
    assert result_of("r.json", later) == sound_result()


def test_a_whole_number_may_stand_for_seconds_but_no_fraction_for_a_count() -> None:
    changed = document()
    changed["runs"][0]["ttft_s"] = 2
    assert result_of("r.json", changed).runs[0].ttft_s == 2.0
    changed["runs"][0]["passes"] = 10.0
    assert refused(changed) == ["r.json: runs[0].passes: expected a whole number, got 10.0"]


def test_all_problems_are_told_at_once() -> None:
    changed = document()
    del changed["runs"][0]["passes"], changed["speedup"]["baseline"]
    changed["seed"] = True
    changed["runs"][1]["ops"][1]["bound"] = "dran"
    changed["runs"][1]["units"] = 3
    changed["runs"][1]["dram"] = None
    changed["speedup"]["one"] = "fast"
    changed["speedup_expected"]["two"] = "fast"
    causes = "dram, array, vector, sram, sram_bandwidth, dma, dispatch, dependency"
    assert sorted(refused(changed)) == [
        "r.json: runs[0].passes: this key is required",
        "r.json: runs[1].dram: expected keys and values, got nothing",
        "r.json: runs[1].ops[1].bound: unknown value 'dran', did you mean 'dram'? "
        f"(allowed: {causes})",
        "r.json: runs[1].units: expected a list, got 3",
        "r.json: seed: expected a whole number, got true",
        "r.json: speedup.baseline: this key is required",
        "r.json: speedup.one: expected a number, got 'fast'",
        "r.json: speedup_expected.two: expected a number, got 'fast'",
    ]


def test_a_result_without_its_schema_is_none() -> None:
    changed = document()
    del changed["schema"]
    assert refused(changed) == [
        "r.json: not a result of accsim run: there is no key 'schema' that says accsim.result/1"
    ]


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        (
            "accsim.training/1",
            "this is the result of a training step (accsim.training/1), not a result of accsim run "
            "(accsim.result/1)",
        ),
        (
            "accsim.comparison/1",
            "this is what accsim compare prints (accsim.comparison/1), not a result of accsim run "
            "(accsim.result/1)",
        ),
        ("accsim.result/2", "unknown schema 'accsim.result/2', expected 'accsim.result/1'"),
        (7, "unknown schema 7, expected 'accsim.result/1'"),
    ],
)
def test_another_schema_is_named(schema: object, message: str) -> None:
    assert refused(document() | {"schema": schema}) == [f"r.json: schema: {message}"]


@pytest.mark.parametrize("key", ["speedup", "speedup_expected"])
def test_the_speedups_are_keys_and_values_and_both_needed(key: str) -> None:
    expected = f"r.json: {key}: expected keys and values, got a list"
    assert refused(document() | {key: []}) == [expected]
    changed = document()
    del changed[key]
    assert refused(changed) == [f"r.json: {key}: this key is required"]


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("passes", 0, "must be at least 1, got 0"),
        ("output_tokens", 1, "must be at least 2, got 1"),
        ("decode_ps", 0, "must be at least 1, got 0"),
        ("tpot_s", 0.0, "must be more than 0, got 0.0"),
    ],
)
def test_what_others_are_divided_by_is_not_0(key: str, value: object, message: str) -> None:
    changed = document()
    changed["runs"][1][key] = value
    assert refused(changed) == [f"r.json: runs[1].{key}: {message}"]


def test_the_peaks_of_the_chip_are_not_0() -> None:
    assert refused(document() | {"clock_hz": 0.0}) == [
        "r.json: clock_hz: must be more than 0, got 0.0"
    ]


def test_a_result_has_runs() -> None:
    assert refused(document() | {"runs": []}) == ["r.json: runs: there is no run"]


def test_runs_have_different_names() -> None:
    changed = document()
    changed["runs"][1]["name"] = "one"
    assert refused(changed)[0] == "r.json: runs: 2 runs are named 'one'"


def test_speedups_are_of_the_runs_there_are() -> None:
    changed = document()
    changed["speedup"] = {"baseline": "onw", "one": 1.0}
    assert refused(changed) == [
        "r.json: speedup.baseline: no run 'onw', did you mean 'one'? (allowed: one, two)",
        "r.json: speedup: is of the runs one, but there are one, two",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "r.json:1:1: not valid JSON: Expecting value"),
        ('{\n "a": }', "r.json:2:7: not valid JSON: Expecting value"),
        ("[1]", "r.json:1:1: expected a JSON object {...}"),
        ('{"a": NaN}', "r.json: not valid JSON: NaN is no finite number"),
        ('{"a": 1e999}', "r.json: not valid JSON: 1e999 is no finite number"),
        ('{"a": %s}' % ("1" * 31), "r.json: not valid JSON: a number of 31 digits is too long"),
        ("[" * 100_000, "r.json: not valid JSON: nested too deeply"),
        ('{"a": [{"b": "\\u001b[2J"}]}', "r.json: a[0].b: '\\x1b[2J' is not printable text"),
        ('{"\\ud800": 1}', "r.json: '\\ud800' is not printable text"),
        (b"\xff", "r.json: is not UTF-8 text: byte 0xff at offset 0"),
    ],
)
def test_what_is_no_json_object_is_told(tmp_path: Path, text: str | bytes, message: str) -> None:
    assert refused_text(tmp_path, text) == message


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"r\.json: no such file"):
        load_result(str(tmp_path / "r.json"))
