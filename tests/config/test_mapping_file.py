"""Mapping files: what they become, and the message for each thing that can be wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from accsim.config.mapping_file import load_pinning
from accsim.config.mapping_schema import PinSection
from accsim.config.shipped import folder
from accsim.errors import InputError
from accsim.mapping import UNPINNED, pin_of
from accsim.ops import OpTrace, PassGraph


@pytest.fixture(scope="module")
def trace(small_decode: PassGraph, small_prefill: PassGraph) -> OpTrace:
    """Two graphs, ``decode`` and ``prefill``, of two layers each."""
    graphs = {graph.name: graph for graph in (small_prefill, small_decode)}
    return OpTrace("text", 1, "one", graphs, ())


def complaints(trace: OpTrace, tmp_path: Path, text: str) -> list[str]:
    """Line, column, key and message of each problem."""
    path = tmp_path / "pins.yaml"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        load_pinning(str(path), trace)
    assert all(problem.file == str(path) for problem in caught.value.problems)
    return [f"{p.line}:{p.column}: {p.key}: {p.message}" for p in caught.value.problems]


def test_every_key_is_read(trace: OpTrace, tmp_path: Path) -> None:
    path = tmp_path / "pins.yaml"
    path.write_text(
        "ops:\n"
        '  - {match: "layers.*.gate_up", rows: 64, outer: 2048, inner: 4e3, held: inputs,\n'
        "     split: rows}\n"
        '  - {match: "*.scores", graph: "pre*", rows: 8, heads: 2}\n'
    )
    pinning = load_pinning(str(path), trace)
    assert pinning.name == "pins.yaml"
    first, second = pinning.pins
    assert (first.rows, first.outer, first.inner, first.heads) == (64, 2048, 4000, None)
    assert (first.held, first.split, first.graph) == ("inputs", "rows", "*")
    assert (second.match, second.rows, second.heads) == ("*.scores", 8, 2)
    assert (second.at.line, second.at.key) == (4, "ops[1].match")


def test_a_pin_is_for_the_passes_of_its_graph_only(trace: OpTrace, tmp_path: Path) -> None:
    path = tmp_path / "pins.yaml"
    path.write_text('ops: [{match: "*.scores", graph: "pre*", rows: 8}, {match: "*", rows: 1}]')
    pinning = load_pinning(str(path), trace)
    of_prefill = pin_of(pinning.of("prefill"), "layers.0.scores")
    of_decode = pin_of(pinning.of("decode"), "layers.0.scores")
    assert of_prefill is not None
    assert of_decode is not None
    assert (of_prefill.rows, of_decode.rows) == (8, 1)


def test_without_a_file_nothing_is_pinned() -> None:
    assert (UNPINNED.name, UNPINNED.of("decode")) == (None, ())


def test_all_problems_of_the_schema_come_at_once(trace: OpTrace, tmp_path: Path) -> None:
    text = (
        "ops:\n"
        "  - match: lm_head\n"
        "    row: 4\n"
        "    outer: 0\n"
        "    inner: wide\n"
        "    held: input\n"
        "    split: columns\n"
        "  - rows: 4\n"
    )
    assert complaints(trace, tmp_path, text) == [
        "3:5: ops[0].row: unknown key 'row', did you mean 'rows'? "
        "(allowed: match, graph, rows, outer, inner, held, split, heads)",
        "4:12: ops[0].outer: must be at least 1, got 0",
        "5:12: ops[0].inner: expected a whole number, got 'wide'",
        "6:11: ops[0].held: unknown value 'input', did you mean 'inputs'? "
        "(allowed: inputs, weights, none)",
        "7:12: ops[0].split: unknown value 'columns' (allowed: outer, rows, inner)",
        "8:5: ops[1].match: this key is required: name of an operator (`accsim explain` lists "
        "them); * stands for any characters, ? for one; attention is pinned by its scores operator",
    ]


def test_a_file_that_pins_nothing_is_refused(trace: OpTrace, tmp_path: Path) -> None:
    assert complaints(trace, tmp_path, "ops: []\n") == [
        "1:6: ops: expected at least one entry, got a list"
    ]


def test_all_problems_with_the_trace_come_at_once(trace: OpTrace, tmp_path: Path) -> None:
    text = (
        "ops:\n"
        "  - match: layers.0.gate_upp\n"
        "  - match: layers.1.*\n"
        "    heads: 2\n"
        "    held: inputs\n"
        "  - match: layers.1.qkv\n"
        "  - match: lm_head\n"
        "    graph: decoding\n"
    )
    assert complaints(trace, tmp_path, text) == [
        "2:12: ops[0].match: matches no matmul and no scores operator, did you mean "
        "'layers.0.gate_up' or 'layers.1.gate_up'?",
        "4:5: ops[1].heads: is only for scores operators, but the entry matches layers.1.qkv "
        "(matmul)",
        "5:5: ops[1].held: is only for matmuls, but the entry matches layers.1.scores (scores)",
        "6:12: ops[2].match: earlier entries match all that this one does, so it is never used",
        "8:12: ops[3].graph: matches no pass graph, did you mean 'decode'?",
    ]


def test_a_name_like_none_gets_no_suggestion(trace: OpTrace, tmp_path: Path) -> None:
    assert complaints(trace, tmp_path, "ops: [{match: zzz}]\n") == [
        "1:15: ops[0].match: matches no matmul and no scores operator"
    ]


def test_operators_that_are_not_cut_are_not_pinned(trace: OpTrace, tmp_path: Path) -> None:
    (found,) = complaints(trace, tmp_path, "ops: [{match: layers.0.softmax}]\n")
    assert "matches no matmul and no scores operator" in found


def test_an_entry_may_match_what_an_earlier_one_leaves(trace: OpTrace, tmp_path: Path) -> None:
    path = tmp_path / "pins.yaml"
    path.write_text('ops: [{match: layers.0.qkv, rows: 1}, {match: "*.qkv", rows: 2}]')
    pins = load_pinning(str(path), trace).of("decode")
    found = [pin_of(pins, f"layers.{layer}.qkv") for layer in (0, 1)]
    assert [pin.rows for pin in found if pin is not None] == [1, 2]


def test_a_chip_is_no_mapping(trace: OpTrace) -> None:
    chip = str(folder("chips") / "ddr_npu.yaml")
    with pytest.raises(InputError) as caught:
        load_pinning(chip, trace)
    assert str(caught.value) == f"{chip}: this is a chip, not a mapping"


def test_the_documentation_names_every_key() -> None:
    page = (Path(__file__).parents[2] / "docs" / "explain.md").read_text(encoding="utf-8")
    for key in PinSection.model_fields:
        assert f"| `{key}` |" in page
