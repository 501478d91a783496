"""Trace files that someone edited or cut: each fault is found, and named with its line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from accsim.tracing.file import write_trace

from .spoiling import TRACE, Edited, Records, find, line_of, problems


def op(records: Records, name: str = "layers.0.qkv") -> dict[str, Any]:
    return find(records, graph="decode-3", name=name)


RECORD_FAULTS: list[tuple[Callable[[Records], object], str]] = [
    (lambda r: op(r).pop("rows"), "rows: the key 'rows' is missing"),
    (lambda r: op(r).update(row=1), "row: unknown key 'row', did you mean 'rows'?"),
    (lambda r: op(r).update(xyzzy=1), "xyzzy: unknown key 'xyzzy'"),
    (lambda r: op(r).update({"\x1b[2J": 1}), r"'\x1b[2J': unknown key '\x1b[2J'"),
    (lambda r: op(r).update(rows="1"), 'rows: should be a valid integer, got "1"'),
    (lambda r: op(r).update(rows=True), "rows: should be a valid integer, got true"),
    (lambda r: op(r).update(rows=2.0), "rows: should be a valid integer, got 2.0"),
    (lambda r: op(r).update(rows=0), "rows: should be greater than or equal to 1, got 0"),
    (
        lambda r: op(r).update(rows=2**53 + 1),
        "rows: should be less than or equal to 9007199254740992, got 9007199254740993",
    ),
    (lambda r: op(r).update(reads={}), "reads: should be a valid list"),
    (
        lambda r: op(r).update(name="a" * 100, rows="b" * 100),
        f'rows: should be a valid integer, got "{"b" * 56}...',
    ),
    (
        lambda r: op(r).update(group="qkv\n"),
        'group: expected printable characters only, got "qkv\\n"',
    ),
    (
        lambda r: op(r).update(kind="matmull"),
        "kind: should be 'embedding', 'rms_norm', 'matmul', 'rotary', 'kv_append', 'scores', "
        "'softmax', 'attend', 'residual_add', 'silu_mul', 'argmax', 'quantise', "
        "'select', 'silu' or 'kv_copy', got \"matmull\", "
        "did you mean 'matmul'?",
    ),
    (
        lambda r: op(r)["reads"][1].update(place="weight"),
        "reads.1.place: should be 'weights', 'embedding', 'kv_cache' or 'chip', got \"weight\", "
        "did you mean 'weights'?",
    ),
    (
        lambda r: op(r)["reads"][1].update(shape=[0, 8]),
        'reads.1.shape.0: expected a size of 1 to 2**53, "context" or "keys", got 0',
    ),
    (
        lambda r: op(r)["reads"][1].update(shape=["tokens", 8]),
        'reads.1.shape.0: expected a size of 1 to 2**53, "context" or "keys", got "tokens"',
    ),
    (
        lambda r: op(r)["reads"][1].update(shape=[]),
        "reads.1.shape: list should have at least 1 item after validation, not 0",
    ),
    (
        lambda r: op(r)["reads"][1].update(shape=["context", 8]),
        'reads.1: "context" is the first axis of a KV cache, "keys" the last of a chip tensor',
    ),
    (
        lambda r: op(r, "layers.0.scores")["reads"][2].update(shape=["context"]),
        "reads.2: a KV cache has more than one axis",
    ),
    (
        lambda r: op(r)["reads"][1].update(format="fp61"),
        "no number format 'fp61' before this line, did you mean 'fp16'?",
    ),
    (
        lambda r: op(r).update(macs=None),
        'macs: expected an integer or a formula like "8+4*context", got null',
    ),
    (lambda r: op(r).update(macs=513), "macs: states 513, but the shapes give 512"),
    (
        lambda r: op(r).update(dram_read_bytes="512+1*context"),
        "dram_read_bytes: states 512+1*context, but the shapes give 512",
    ),
    (
        lambda r: op(r).update(dram_write_bytes=1),
        "dram_write_bytes: states 1, but the shapes give 0",
    ),
    (
        lambda r: op(r).update(graph="decode-4"),
        "no graph 'decode-4' before this line, did you mean 'decode-3'?",
    ),
    (
        lambda r: op(r).update(record="operator"),
        "record: unknown record 'operator' (there are: graph, op, run, pass)",
    ),
    (
        lambda r: op(r).update(record="ops"),
        "record: unknown record 'ops', did you mean 'op'? (there are: graph, op, run, pass)",
    ),
    (lambda r: op(r).pop("record"), 'record: the key "record" is missing or is no text'),
    (
        lambda r: op(r).update(after=["embedding"]),
        "after: states ['embedding'], but the tensors read come from ['layers.0.attn_norm']",
    ),
]


@pytest.mark.parametrize(
    ("change", "message"), RECORD_FAULTS, ids=[f[1][:60] for f in RECORD_FAULTS]
)
def test_a_fault_of_an_operator_is_reported_with_its_line(
    change: Callable[[Records], object], message: str, edited: Edited, good: Records
) -> None:
    name = "layers.0.scores" if "KV cache has" in message else "layers.0.qkv"
    line = line_of(good, graph="decode-3", name=name)
    assert problems(edited(change))[0] == f"edited.jsonl:{line}:1: {message}"


HEADER_FAULTS: list[tuple[Callable[[dict[str, Any]], object], str]] = [
    (lambda h: h.pop("seed"), "seed: the key 'seed' is missing"),
    (
        lambda h: h["number_formats"]["fp16"].update(bits=0),
        "number_formats.fp16.bits: should be greater than or equal to 1, got 0",
    ),
    (
        lambda h: h["totals"].update(macs=-1),
        "totals.macs: should be greater than or equal to 0, got -1",
    ),
    (
        lambda h: h.update(baseline="k3"),
        "baseline 'k3' names no run (there are: 'ordinary', 'k2')",
    ),
]


@pytest.mark.parametrize(
    ("change", "message"), HEADER_FAULTS, ids=[f[1][:40] for f in HEADER_FAULTS]
)
def test_a_fault_of_the_header_is_reported_on_line_1(
    change: Callable[[dict[str, Any]], object], message: str, edited: Edited
) -> None:
    assert problems(edited(lambda records: change(records[0]))) == [f"edited.jsonl:1:1: {message}"]


def test_a_file_cut_short_names_the_totals_that_do_not_hold(edited: Edited, good: Records) -> None:
    stated = good[0]["totals"]["passes"]
    assert problems(edited(lambda records: records.pop())) == [
        f"edited.jsonl:1:1: totals.passes: the header states {stated}, the file holds "
        f"{stated - 1}: it is cut short or was edited"
    ]


def test_a_file_cut_inside_a_line_is_not_json_there(good: Records, tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    write_trace(TRACE, path)
    path.write_bytes(path.read_bytes()[:-20])
    (found,) = problems(path)
    assert found.startswith(f"x.jsonl:{len(good)}:")
    assert "not JSON: " in found


def test_a_total_that_was_edited_is_named(edited: Edited, good: Records) -> None:
    found = good[0]["totals"]["macs"]
    assert problems(edited(lambda records: records[0]["totals"].update(macs=found + 1))) == [
        f"edited.jsonl:1:1: totals.macs: the header states {found + 1}, the file holds {found}: "
        "it is cut short or was edited"
    ]


def test_a_second_graph_or_run_of_one_name(edited: Edited, good: Records) -> None:
    graph, run = find(good, record="graph"), find(good, record="run")
    found = problems(edited(lambda records: records.extend([graph, run])))
    assert found == [
        f"edited.jsonl:{len(good) + 1}:1: name: a second graph named 'prefill-3'",
        f"edited.jsonl:{len(good) + 2}:1: name: a second run named 'ordinary'",
    ]


def test_a_pass_of_an_unknown_run(edited: Edited, good: Records) -> None:
    line = line_of(good, record="pass")
    found = problems(edited(lambda records: find(records, record="pass").update(run="ordinry")))
    assert found[0] == (
        f"edited.jsonl:{line}:1: no run 'ordinry' before this line, did you mean 'ordinary'?"
    )


def test_a_run_that_starts_with_a_decode_pass(edited: Edited, good: Records) -> None:
    line = line_of(good, record="pass")
    found = problems(edited(lambda records: find(records, record="pass").update(phase="decode")))
    assert found == [
        f"edited.jsonl:{line}:1: phase: "
        "a run starts with its prefill, all passes after that are decode passes"
    ]


def test_a_prefill_pass_behind_decode_passes(edited: Edited, good: Records) -> None:
    last = max(i for i, r in enumerate(good) if r.get("run") == "ordinary")
    found = problems(edited(lambda records: records[last].update(phase="prefill")))
    assert found == [
        f"edited.jsonl:{last + 1}:1: phase: "
        "a run starts with its prefill, all passes after that are decode passes"
    ]


def test_a_run_without_passes(edited: Edited, good: Records) -> None:
    def drop(records: Records) -> None:
        records[:] = [r for r in records if r.get("record") != "pass" or r["run"] != "ordinary"]

    line = line_of(good, record="run")
    assert problems(edited(drop)) == [f"edited.jsonl:{line}:1: run 'ordinary' has no passes"]


def test_contexts_that_do_not_continue_the_pass_before(edited: Edited, good: Records) -> None:
    line = line_of(good, record="pass", contexts=[6, 6])
    found = problems(
        edited(lambda r: find(r, record="pass", contexts=[6, 6]).update(contexts=[6, 9]))
    )
    assert found == [f"edited.jsonl:{line}:1: contexts: got [6, 9], expected [6, 6]"]


def test_shapes_that_do_not_fit_are_reported_at_their_operator(
    edited: Edited, good: Records
) -> None:
    line = line_of(good, graph="decode-3", name="argmax")
    found = problems(edited(lambda r: op(r, "argmax").update(rows=3)))
    assert found == [
        f"edited.jsonl:{line}:1: input rows: got [(2,)], expected [(3,)]",
        f"edited.jsonl:{line}:1: output: got [('chip', (2,))], expected [('chip', (3,))]",
    ]


def test_an_unknown_graph_of_a_pass_is_reported_at_the_pass(edited: Edited, good: Records) -> None:
    line = line_of(good, record="pass")
    found = problems(edited(lambda r: find(r, record="pass").update(graph="prefil-3")))
    assert found == [f"edited.jsonl:{line}:1: graph 'prefil-3' is not in the trace"]


def test_all_problems_come_at_once_in_the_order_of_the_file(edited: Edited, good: Records) -> None:
    def spoil(records: Records) -> None:
        op(records).update(rows=0)
        op(records, "argmax").update(kind="argmin")
        find(records, record="run").update(batch="2")

    found = problems(edited(spoil))
    spoiled = [
        line_of(good, graph="decode-3", name="layers.0.qkv"),
        line_of(good, graph="decode-3", name="argmax"),
        line_of(good, record="run"),
    ]
    assert [int(text.split(":")[1]) for text in found[:3]] == spoiled


def test_reading_stops_after_twenty_problems(edited: Edited) -> None:
    def spoil(records: Records) -> None:
        for record in records[1:]:
            record["record"] = "nonsense"

    assert len(problems(edited(spoil))) == 20


def test_any_line_may_be_lost_and_it_is_noticed(good: Records, edited: Edited) -> None:
    for lost in range(0, len(good), 7):
        assert problems(edited(lambda records, lost=lost: records.pop(lost)))  # type: ignore[misc]
