"""The JSON text of a result."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from accsim.report.json_text import result_json

from .results import result, run

PAIR = result(run("ordinary", 300, 100), run("heads", 330, 40))


def test_the_text_is_the_object_and_ends_with_a_newline() -> None:
    text = result_json(PAIR)
    assert text.endswith("}\n")
    assert json.loads(text) == json.loads(json.dumps(PAIR.to_json()))


def test_fields_keep_the_order_of_the_contract() -> None:
    assert list(json.loads(result_json(PAIR)))[:5] == [
        "schema",
        "chip",
        "workload",
        "accsim_version",
        "seed",
    ]


def test_figures_that_json_cannot_say_are_refused() -> None:
    with pytest.raises(ValueError, match="Out of range float values"):
        result_json(replace(PAIR, clock_hz=float("nan")))
