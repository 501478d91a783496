"""Explaining a pass: hand-computed figures, sums that hold, and lines that pin what they say."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from accsim.acceptance import Acceptance
from accsim.chip import AttentionOptions, Chip, DotProductEngine, Sram, SystolicArray
from accsim.config.mapping_file import load_pinning
from accsim.config.resolve import load_chip
from accsim.errors import InputError
from accsim.explanation import OpExplanation, PassExplanation
from accsim.mapping import AttentionMapping, MatmulMapping, Pinning
from accsim.ops import NumberFormat, OpTrace
from accsim.pipeline import explain_pass, run, simulate_pass
from accsim.report.mapping_words import pin_lines
from accsim.units import KIB
from accsim.workload import (
    Medusa,
    MultiToken,
    Precision,
    RunSpec,
    Scheme,
    SequentialMtp,
)

from .models import FP16, MEDIUM, SMALL, ordinary, traced, with_heads


@pytest.fixture(scope="module")
def trace() -> OpTrace:
    """A prompt of 300 tokens, then eight more, without and with two heads."""
    return traced(SMALL, ordinary(), with_heads(2), prompt=300, output=8)


@pytest.fixture(scope="module")
def decode(small_chip: Chip, trace: OpTrace) -> PassExplanation:
    return explain_pass(small_chip, trace, "ordinary", 1)


@pytest.fixture(scope="module")
def prefill(small_chip: Chip, trace: OpTrace) -> PassExplanation:
    return explain_pass(small_chip, trace, "ordinary", 0)


def named(told: PassExplanation, name: str) -> OpExplanation:
    return told.line_of(name)[1]


def pinned(folder: Path, trace: OpTrace, lines: list[str]) -> Pinning:
    path = folder / "pins.yaml"
    path.write_text("\n".join(lines) + "\n")
    return load_pinning(str(path), trace)


def test_a_matmul_by_hand(decode: PassExplanation) -> None:
    # 1 x 256 inputs, 256 x 1024 weights of 2 B: 524,288 B at 51.2 GB/s take 10.24 us. 262,144 MACs
    # at 16 x 16 a cycle of 1 ns: 1.024 us. 64 folds of 16 outputs, 256 + 16 + 16 - 2 = 286 cycles
    # each: 18,304 cycles, more than the DRAM takes, so the array is what it waits for.
    op = named(decode, "layers.1.gate_up")
    assert (op.rows, op.inner, op.outer) == (1, 256, 1024)
    dram, array = op.dram, op.array
    assert array is not None
    assert (dram.needed.weights, dram.needed.total, dram.moved_bytes) == (524_288,) * 3
    assert dram.needed_pins_ps == 10_240_000
    assert dram.busy_ps > dram.needed_pins_ps
    assert (array.macs, array.macs_per_cycle, array.peak_ps) == (262_144, 256, 1_024_000)
    assert (array.cycles, array.busy_ps) == (18_304, 18_304_000)
    assert op.causes_ps["array"] == 18_304_000
    # The dispatch of 50 cycles is all else that it costs.
    assert op.time_ps == 18_304_000 + 50_000


def test_the_cut_of_that_matmul_by_hand(decode: PassExplanation) -> None:
    # The stream buffer of 515,376 B aims at tiles of a third, 171,792 B: 20 panels of 16 outputs,
    # 8192 B each. With any number of panels up to 20 the weights pass by once.
    op = named(decode, "layers.1.gate_up")
    assert decode.sram.stream == 515_376
    assert op.mapping == MatmulMapping(1, 320, 256, "none", "outer")
    assert op.choice is not None
    assert (op.choice.candidates, op.choice.fitting, op.choice.pinned) == (20, 20, False)
    # Refresh leaves 11920 of 12480 cycles for data.
    assert op.choice.dram_cycles == pytest.approx(10_240 * 12_480 / 11_920)
    assert op.choice.array_cycles == 18_304
    assert op.choice.cycles == 18_304
    assert op.array is not None
    assert op.array.formula is not None
    assert (op.array.tiles, op.array.first, op.array.first_cycles) == (4, (1, 256, 320), 5720)
    assert op.array.formula.numbers == "20 x (256 + 16 + 16 - 2)"


def test_the_sram_of_a_pass_by_hand(decode: PassExplanation) -> None:
    # Two units of scores: 2 KV heads x 2 query heads x 301 keys of 2 B; the rest is for tiles.
    sram = decode.sram
    assert (sram.resident, sram.staging, sram.scores) == (4096, 0, 2 * 2408)
    assert sram.resident + sram.staging + sram.scores + sram.stream == 512 * KIB
    assert (sram.candidates, decode.spilled) == (1, ())


def test_the_vector_unit_by_hand(decode: PassExplanation) -> None:
    # Two passes over 256 elements in 16 lanes, 10 cycles of latency.
    work = named(decode, "layers.0.attn_norm").vector
    assert work is not None
    assert (work.tiles, work.rounds, work.passes, work.lanes) == (1, 16, 2, 16)
    assert work.first_cycles == work.cycles == 16 * 2 + 10
    # Softmax: 4 passes over 4 heads x 301 keys, ceil(1204 / 16) = 76 rounds.
    softmax = named(decode, "layers.0.softmax").vector
    assert softmax is not None
    assert (softmax.rounds, softmax.passes, softmax.first_cycles) == (76, 4, 314)


def test_attention_by_hand(decode: PassExplanation) -> None:
    # 300 cached keys of 2 heads x 64 x 2 B. Each KV head: 2 rows x 64 x 301, 19 folds of
    # 64 + 16 + 16 - 2 cycles; both one after the other.
    op = named(decode, "layers.2.scores")
    assert op.dram.needed.kv_cache == op.dram.moved_bytes == 300 * 2 * 64 * 2
    assert (op.inputs, op.outputs) == ("both", "sram")
    assert op.mapping == AttentionMapping(1, 2, head_stays=False)
    assert op.array is not None
    assert op.array.formula is not None
    assert (op.array.first, op.array.turns) == ((2, 64, 301), 2)
    assert op.array.formula.numbers == "19 x (64 + 16 + 16 - 2)"
    assert op.array.first_cycles == 2 * 19 * 94


def test_equal_layers_share_a_line(decode: PassExplanation) -> None:
    assert [line.name for line in decode.lines][:3] == [
        "embedding",
        "layers.*.attn_norm",
        "layers.*.qkv",
    ]
    assert decode.line_of("layers.1.qkv")[0] == decode.lines[2]
    assert [decode.ops[i].name for i in decode.lines[2].ops] == [
        f"layers.{layer}.qkv" for layer in range(3)
    ]
    assert sorted(i for line in decode.lines for i in line.ops) == list(range(len(decode.ops)))


def test_causes_add_up_to_the_time_of_the_pass(
    decode: PassExplanation, prefill: PassExplanation
) -> None:
    for told in (decode, prefill):
        assert sum(told.causes_ps.values()) == told.elapsed_ps
        assert sum(told.dram_states_ps.values()) == told.elapsed_ps
        assert sum(op.time_ps for op in told.ops) == told.elapsed_ps
        for op in told.ops:
            assert sum(op.causes_ps.values()) == op.time_ps
        spent = [(told.causes_ps, told.causes_detail_ps)]
        spent += [(op.causes_ps, op.causes_detail_ps) for op in told.ops]
        for causes, detail in spent:
            assert all(sum(parts.values()) == causes[cause] for cause, parts in detail.items())


def test_causes_are_those_of_a_run(small_chip: Chip) -> None:
    # Two output tokens: the second comes from the only decode pass.
    trace = traced(SMALL, ordinary(), prompt=40, output=2)
    told = explain_pass(small_chip, trace, "ordinary", 1)
    (one,) = run(small_chip, trace).runs
    assert one.decode_ps == told.elapsed_ps
    for group in one.ops:
        members = [op for op in told.ops if op.group == group.name]
        assert group.time_ps == sum(op.time_ps for op in members)
        for cause, time in group.causes_ps.items():
            assert time == sum(op.causes_ps[cause] for op in members)


def test_spilled_activations_are_needed_bytes(prefill: PassExplanation) -> None:
    # 300 rows of 256 x 2 B come in and go out; the norm's weights beside them.
    op = named(prefill, "layers.1.attn_norm")
    assert (op.inputs, op.outputs) == ("dram", "dram")
    assert op.dram.needed.spilled == 2 * 300 * 512
    assert op.dram.needed.total == op.dram.moved_bytes == 2 * 300 * 512 + 512


def test_the_last_norm_of_a_prefill_needs_one_row(prefill: PassExplanation) -> None:
    op = named(prefill, "final_norm")
    assert op.dram.needed.total == op.dram.moved_bytes == 512 + 512


def test_reading_again_shows_as_more_than_needed(prefill: PassExplanation) -> None:
    # Weights held: 16 blocks of 64 columns, each of which meets all of the inputs. The outputs
    # never leave the SRAM: SiLU x mul takes them block by block.
    op = named(prefill, "layers.1.gate_up")
    assert op.mapping == MatmulMapping(16, 64, 256, "weights", "outer")
    inputs, weights = 300 * 512, 1024 * 512
    assert op.dram.needed.total == inputs + weights
    assert op.dram.moved_bytes == 16 * inputs + weights
    assert (op.inputs, op.outputs) == ("dram", "sram")


def test_the_best_of_several_divisions_is_told(prefill: PassExplanation) -> None:
    sram = prefill.sram
    assert sram.candidates == 4
    assert sram.resident + sram.staging + sram.scores + sram.stream == 512 * KIB
    assert "layers.0.ffn_residual.out" in prefill.spilled


def test_a_prefill_chooses_attention_rows_among_candidates(prefill: PassExplanation) -> None:
    op = named(prefill, "layers.0.scores")
    assert op.mapping == AttentionMapping(16, 1, head_stays=True)
    assert op.choice is not None
    assert op.choice.candidates >= 1
    assert op.choice.vector_cycles > 0


@pytest.mark.parametrize("name", ["cpu_tiled", "ddr5_npu", "ddr_dot", "hbm_npu"])
@pytest.mark.parametrize("number", [0, 1])
def test_every_tile_of_a_shipped_chip_has_its_formula(name: str, number: int) -> None:
    trace = traced(SMALL, with_heads(2), prompt=70, output=4)
    told = explain_pass(load_chip(name), trace, "heads2", number)
    tiled = [op for op in told.ops if op.array is not None]
    assert {op.kind for op in tiled} == {"matmul", "scores", "attend"}
    assert all(op.array.formula is not None for op in tiled if op.array)


def test_a_head_that_is_cut_has_its_formula(small_chip: Chip) -> None:
    # 48 KiB of SRAM: a head of 300 keys comes in several pieces.
    chip = replace(small_chip, sram=Sram(48 * KIB, banks=8, bank_bytes_per_cycle=32))
    trace = traced(SMALL, ordinary(), prompt=300, output=3)
    op = named(explain_pass(chip, trace, "ordinary", 1), "layers.0.scores")
    assert op.array is not None
    assert op.array.tiles > 2
    assert op.array.formula is not None


CHIPS = {
    "systolic": {},
    "two_arrays": {"array": SystolicArray(2, 16, 16, "weight_stationary", (1, 2, 2))},
    "dot_product": {"array": DotProductEngine(1, 16, 8, 5, (1, 1, 1))},
    "rows_apart": {"attention": AttentionOptions(fused=False, kv_shared_by_rows=False)},
}


@pytest.mark.parametrize("changes", CHIPS.values(), ids=list(CHIPS))
@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("batch", [1, 2])
def test_the_printed_lines_give_the_same_program(
    small_chip: Chip, tmp_path: Path, changes: dict[str, object], number: int, batch: int
) -> None:
    """Explain, write down what each line says, and simulate with that."""
    chip = replace(small_chip, **changes)  # type: ignore[arg-type]
    trace = traced(SMALL, with_heads(2), prompt=50, output=4, batch=batch)
    told = explain_pass(chip, trace, "heads2", number)
    lines = ["ops:"]
    for line in told.lines:
        op = told.ops[line.ops[0]]
        if op.mapping is not None:
            assert line.pattern is not None
            lines += pin_lines(told, line.pattern, op)[1:]
    pinning = pinned(tmp_path, trace, lines)
    assert pinning.pins
    assert (
        simulate_pass(chip, trace, "heads2", number, pinning).program
        == simulate_pass(chip, trace, "heads2", number).program
    )


def test_a_pin_changes_what_it_says(small_chip: Chip, trace: OpTrace, tmp_path: Path) -> None:
    lines = ["ops:", '  - {match: "layers.1.gate_up", graph: "decode-3", outer: 64}']
    pinning = pinned(tmp_path, trace, lines)
    told = explain_pass(small_chip, trace, "ordinary", 1, pinning)
    assert told.mapping == "pins.yaml"
    op = named(told, "layers.1.gate_up")
    assert op.mapping == MatmulMapping(1, 64, 256, "none", "outer")
    assert op.choice is not None
    assert op.choice.pinned
    # 1024 / 64 tiles, as many loads.
    assert op.array is not None
    assert (op.array.tiles, op.dram.loads) == (16, 16)
    # The other layers are as they were, on a line of their own.
    assert told.line_of("layers.0.gate_up")[0].name == "layers.0,2.gate_up"
    assert named(told, "layers.0.gate_up").mapping == MatmulMapping(1, 320, 256, "none", "outer")


def test_rows_of_attention_are_pinned(small_chip: Chip, trace: OpTrace, tmp_path: Path) -> None:
    pinning = pinned(tmp_path, trace, ["ops:", '  - {match: "*.scores", graph: "pre*", rows: 10}'])
    told = explain_pass(small_chip, trace, "ordinary", 0, pinning)
    mapping = named(told, "layers.0.scores").mapping
    assert isinstance(mapping, AttentionMapping)
    assert mapping.rows == 10


def test_a_run_follows_the_pins_of_each_graph(
    small_chip: Chip, trace: OpTrace, tmp_path: Path
) -> None:
    """Slower decoding, the same prefill; and the result names the file."""
    lines = ["ops:", '  - {match: "*.gate_up", graph: "decode-*", inner: 64}']
    free = run(small_chip, trace)
    held = run(small_chip, trace, pinning=pinned(tmp_path, trace, lines))
    assert (free.mapping, held.mapping) == (None, "pins.yaml")
    for one, other in zip(free.runs, held.runs, strict=True):
        assert one.prefill_ps == other.prefill_ps
        assert one.decode_ps < other.decode_ps
        assert one.decode_macs == other.decode_macs


def test_a_pin_that_does_not_fit_points_to_its_line(
    small_chip: Chip, trace: OpTrace, tmp_path: Path
) -> None:
    pinning = pinned(tmp_path, trace, ["ops:", "  - match: lm_head", "    outer: 1024"])
    with pytest.raises(InputError) as caught:
        explain_pass(small_chip, trace, "ordinary", 1, pinning)
    (problem,) = caught.value.problems
    assert (problem.line, problem.key) == (2, "ops[0].match")
    assert problem.message == "lm_head: nothing that is pinned like this fits the SRAM"


def test_layers_that_are_pinned_apart_are_not_extrapolated_from_each_other(tmp_path: Path) -> None:
    """Pinning one layer of twelve leaves runs of equal ones on either side of it."""
    trace = traced(MEDIUM, ordinary(), prompt=64, output=3)
    chip = load_chip("ddr_npu")
    lines = ["ops:", "  - {match: layers.5.gate_up, outer: 64}"]
    pinning = pinned(tmp_path, trace, lines)
    (plain,), (held,) = run(chip, trace).runs, run(chip, trace, pinning=pinning).runs
    # The first layer reads the embedding, so eleven are equal: four of them are simulated. With
    # the pin, six are equal, layers 6 to 11: four of them, and those before.
    assert (plain.sampling.prefill_layers_simulated, plain.sampling.prefill_layers) == (5, 12)
    assert held.sampling.prefill_layers_simulated == 10
    exact = run(chip, trace, exact=True, pinning=pinning).runs[0]
    assert held.prefill_ps == pytest.approx(exact.prefill_ps, rel=1e-3)


def test_the_json_of_an_explanation_is_plain(decode: PassExplanation) -> None:
    document = json.loads(json.dumps(decode.to_json(), allow_nan=False))
    assert document["schema"] == "accsim.explain/1"
    assert document["ops"][2]["mapping"]["outer"] == 320
    assert document["lines"][2] == {
        "name": "layers.*.qkv",
        "pattern": "layers.*.qkv",
        "ops": [2, 16, 30],
    }


def test_progress_is_told_by_per_cent_of_the_pass(small_chip: Chip, trace: OpTrace) -> None:
    seen: list[tuple[str, int, int]] = []
    explain_pass(small_chip, trace, "heads2", 1, progress=lambda *told: seen.append(told))
    assert {(text, total) for text, _, total in seen} == {("heads2: pass 1", 100)}
    done = [percent for _, percent, _ in seen]
    assert done == sorted(done)
    assert (done[0], done[-1]) == (0, 100)


def test_an_explanation_can_be_narrowed_to_a_line(decode: PassExplanation) -> None:
    only = decode.only(decode.line_of("layers.1.qkv")[0])
    assert [op.name for op in only.ops] == [f"layers.{layer}.qkv" for layer in range(3)]
    assert [line.ops for line in only.lines] == [(0, 1, 2)]


def test_no_operator_has_an_unknown_name(decode: PassExplanation) -> None:
    with pytest.raises(KeyError, match=r"layers\.9\.qkv"):
        decode.line_of("layers.9.qkv")


def test_weights_that_the_vector_unit_dequantises_are_its_work(small_chip: Chip) -> None:
    # 256 x 1024 weights in 16 lanes, one pass each, 10 cycles of latency a tile.
    assert isinstance(small_chip.array, SystolicArray)
    chip = replace(
        small_chip,
        array=replace(small_chip.array, dequantise="vector"),
        vector=replace(
            small_chip.vector,
            cycles_per_element={**small_chip.vector.cycles_per_element, "dequantise": 1},
        ),
    )
    int8 = NumberFormat("int8", bits=8, per_channel=True, scale_bits=16)
    trace = traced(SMALL, ordinary(), prompt=30, output=4, precision=Precision(int8, FP16, FP16))
    told = explain_pass(chip, trace, "ordinary", 1)
    work = named(told, "layers.1.gate_up").vector
    assert work is not None
    assert work.passes == 1
    assert work.cycles == 256 * 1024 // 16 + 10 * work.tiles


@pytest.mark.parametrize(
    ("scheme", "name", "passes"),
    [
        # Passes over each element: a copy takes those of an embedding, SiLU those of SiLU x mul.
        (MultiToken(2, 2, drafting="deferred"), "heads.2.select", 1),
        (SequentialMtp(1), "mtp.1.select", 1),
        (Medusa((1,)), "medusa.1.silu", 2),
        (Medusa((2, 2)), "layers.0.kv_copy", 1),
    ],
)
def test_every_operator_of_a_way_of_decoding_is_explained(
    small_chip: Chip, scheme: Scheme, name: str, passes: int
) -> None:
    spec = RunSpec("drafts", scheme, Acceptance("half", (0.5, 0.5)))
    told = explain_pass(small_chip, traced(SMALL, spec, prompt=60, output=4), "drafts", 1)
    vector = named(told, name).vector
    assert vector is not None
    assert vector.passes == passes
    assert sum(op.time_ps for op in told.ops) == told.elapsed_ps


def test_a_row_that_drafts_late_sees_the_keys_of_all_rows(small_chip: Chip) -> None:
    # One row of two query heads for each KV head; 60 cached keys and two new ones.
    scheme = MultiToken(2, 2, drafting="deferred")
    spec = RunSpec("drafts", scheme, Acceptance("half", (0.5,)))
    told = explain_pass(small_chip, traced(SMALL, spec, prompt=60, output=4), "drafts", 1)
    array = named(told, "heads.2.scores").array
    assert array is not None
    assert array.first == (2, 64, 62)
    assert array.formula is not None
