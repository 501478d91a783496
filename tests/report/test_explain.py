"""The explanation of a pass as text, in 80 columns."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
import yaml
from rich.console import Console

from accsim.explanation import (
    ArrayWork,
    DramWork,
    Formula,
    Line,
    Needed,
    OpExplanation,
    PassExplanation,
    VectorWork,
)
from accsim.mapping import AttentionMapping, Choice, MatmulMapping, SramDivision
from accsim.ops import Attention
from accsim.report.explain import print_explanation
from accsim.report.explain_op import print_operator
from accsim.report.mapping_words import mapping_words, pin_lines
from accsim.result import CAUSE_PARTS, CAUSES

US = 10**6


def causes(**times: int) -> dict[str, int]:
    return {cause: times.get(cause, 0) for cause in CAUSES}


def parts(**times: tuple[int, ...]) -> dict[str, dict[str, int]]:
    """Time by part of the causes that have some, in their order; 0 where not given."""
    return {
        cause: dict(zip(names, times.get(cause, (0,) * len(names)), strict=True))
        for cause, names in CAUSE_PARTS.items()
    }


def matmul(name: str = "layers.0.qkv") -> OpExplanation:
    """4 x 1000 inputs and 1000 x 512 weights, read twice; 25 of 30 us wait for DRAM."""
    formula = Formula("F x (S + R + C - 2)", "2 x (1000 + 64 + 64 - 2)", 2252, 126, ("F = 2",))
    return OpExplanation(
        name=name,
        kind="matmul",
        group="qkv",
        layer=0,
        rows=4,
        inner=1000,
        outer=512,
        attention=None,
        inputs="sram",
        outputs="dram",
        mapping=MatmulMapping(2, 128, 1000, "none", "rows"),
        choice=Choice(False, 1200, 300, 20_000.0, 15_000, exposed_cycles=1000.0),
        dram=DramWork(Needed(1_024_000, 0, 4096), 2_048_000, 4096, 8, 2, 20 * US, 40 * US, 42 * US),
        array=ArrayWork(
            2_048_000, 4096, 500_000, 8, 2252, (2, 1000, 128), 1, formula, 18_016, 18_016_000
        ),
        vector=None,
        time_ps=30 * US,
        causes_ps=causes(dram=25 * US, array=4 * US + 1, dispatch=US - 1),
        causes_detail_ps=parts(dram=(22 * US, 0, 3 * US, 0, 0), array=(4 * US + 1, 0)),
    )


def norm() -> OpExplanation:
    """Never on the critical path."""
    return replace(
        matmul("layers.0.norm"),
        kind="rms_norm",
        inner=0,
        outer=0,
        outputs="sram",
        mapping=None,
        choice=None,
        dram=DramWork(Needed(0, 0, 0), 0, 0, 0, 0, 0, 0, 0),
        array=None,
        vector=VectorWork(1, 42, 16, 16, 2, 10, 42, 42_000),
        time_ps=0,
        causes_ps=causes(),
        causes_detail_ps=parts(),
    )


def told(*ops: OpExplanation, **changes: object) -> PassExplanation:
    lines = tuple(Line(op.name, op.name, (i,)) for i, op in enumerate(ops))
    made = PassExplanation(
        chip="pocket",
        workload="text",
        run="one",
        number=1,
        phase="decode",
        graph="decode-2",
        rows=4,
        contexts=(100,),
        mapping=None,
        clock_hz=1e9,
        peak_dram_bytes_per_s=51.2e9,
        sram_bytes=1 << 20,
        sram=SramDivision(4096, 0, 8192, 0, (1 << 20) - 12288, 3),
        spilled=("x",),
        elapsed_ps=30 * US,
        memory_floor_ps=24 * US,
        compute_floor_ps=US,
        bound="dram",
        causes_ps=causes(dram=25 * US, array=4 * US, dispatch=US),
        causes_detail_ps=parts(dram=(22 * US, 0, 3 * US, 0, 0), array=(4 * US, 0)),
        dram_states_ps={"data": 24 * US, "turnaround": 0, "refresh": 3 * US, "idle": 3 * US},
        lines=lines,
        ops=ops,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def table(one: PassExplanation, width: int = 80) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    print_explanation(one, console)
    assert isinstance(console.file, io.StringIO)
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines())


def operator(op: OpExplanation, one: PassExplanation | None = None, match: str = "") -> str:
    console = Console(file=io.StringIO(), width=80, color_system=None)
    line = Line(op.name, op.name, (0,))
    print_operator(one or told(op), line, op, match or op.name, console)
    assert isinstance(console.file, io.StringIO)
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines())


def test_the_table_has_two_lines_for_each_line() -> None:
    text = table(told(matmul(), norm()))
    assert (
        "operator           DRAM  x need     MACs      busy  on path  mostly\n"
        "layers.0.qkv   2.052 MB    2.00  2.048 M  18.02 us    30 us  DRAM 83 %\n"
        "    2 x 1000 x 128, weights stream, split by rows, 8 tiles, SRAM to DRAM\n"
        "layers.0.norm         -       -        -     42 ns        -  -\n"
        "    1 tile, SRAM to SRAM\n"
    ) in text


def test_the_table_ends_with_the_sram_and_the_bound() -> None:
    text = " ".join(table(told(matmul())).split())
    assert text.endswith(
        "SRAM, 1 MiB: 4 KiB resident activations, 0 B staging, 8 KiB scores, 1012 KiB stream, the "
        "best of 3 divisions; 1 activation is spilled to DRAM. "
        "The pass is bound by DRAM (critical path: DRAM 83.3 %, array 13.3 %, dispatch 3.3 %): it "
        "takes 30 us, 1.250x what it must; at their peaks the DRAM pins need 24 us for its bytes "
        "and the array 1 us for its MACs."
    )


def test_the_head_says_which_pass_and_whose_mapping() -> None:
    text = " ".join(table(told(matmul(), mapping="pins.yaml", contexts=(100, 20))).split())
    assert text.startswith(
        "Pass one:1 (decode) of text on pocket: 4 rows after 120 cached tokens in 2 sequences, "
        "30 us, mapping pinned by pins.yaml Equal operators"
    )


def test_layers_are_added_up_under_their_heading() -> None:
    ops = (matmul(), matmul("layers.1.qkv"))
    one = told(*ops, lines=(Line("layers.*.qkv", "layers.*.qkv", (0, 1)),))
    assert (
        "layers.* (2x)\n qkv      4.104 MB    2.00  4.096 M  36.03 us    60 us  DRAM 83 %\n"
    ) in table(one)


@pytest.mark.parametrize("width", [60, 80, 200])
def test_no_line_is_wider_than_the_console(width: int) -> None:
    long = matmul("a_rather_long_name.of.an_operator.from_elsewhere")
    text = table(told(matmul(), long), width)
    assert max(map(len, text.splitlines())) <= width
    assert "\na_rather_long_name.of.an_operator.from_elsewhere" in text


def test_names_are_not_read_as_markup() -> None:
    assert "\n[red]x " in table(told(matmul("[red]x")))
    assert "\n[red]x: matmul" in operator(matmul("[red]x"))


def test_an_operator_is_told_with_its_numbers() -> None:
    flat = " ".join(operator(matmul()).split())
    assert flat.startswith("layers.0.qkv: matmul of 4 x 1,000 inputs and 1,000 x 512 weights Pass")
    for sentence in (
        "Needs 1,024,000 B of weights + 4,096 B of spilled activations: 1,028,096 B / 51.2 GB/s = "
        "20 us at the pins' peak.",
        "Moves 2,052,096 B in 8 loads and 2 stores, 1,024,000 B more than needed (1.996x): 40 us "
        "at the pins' peak.",
        "The DRAM served it for 42 us, 1.050x the pins' time. Over the whole pass its time was "
        "80.0 % data, 10.0 % refresh, 10.0 % idle.",
        "2,048,000 MACs / 4,096 MACs a cycle at 1 GHz = 500 ns at its peak.",
        "The first tile, 2 x 1,000 x 128, takes F x (S + R + C - 2) cycles = 2 x (1000 + 64 + 64 - "
        "2) = 2,252 where F = 2",
        "In the last 126 the array takes the next tile already.",
        "8 tiles occupy the array for 18,016 cycles; with waits for SRAM bandwidth 18.02 us, 36x "
        "what they take at its peak: 2.8 % of the MACs that it could do meanwhile are useful ones.",
        "Candidates: 1,200; fitting the SRAM: 300; chosen: 2 x 1000 x 128, weights stream, split "
        "by rows.",
        "Its estimate: DRAM 20 us, array 15 us + 1 us for late blocks; the slowest counts, 20 us.",
        "Simulated: DRAM 42 us, array 18.02 us; 30 us of the critical path.",
    ):
        assert sentence in flat


def test_the_verdict_tells_what_the_pass_waits_for_and_leaves_small_waits_out() -> None:
    # 25 and 4 of 30 us; dispatch, 1 us, is less than 5 %.
    flat = " ".join(operator(matmul()).split())
    assert (
        "Cut into 2 x 1000 x 128 (rows x inputs x outputs), weights stream, split by rows, 8 "
        "tiles; activations from SRAM to DRAM. The pass waits 30 us for it, 100.0 % of its time: "
        "83.3 % for the DRAM to move its bytes, 13.3 % for the array to compute it."
    ) in flat


@pytest.mark.parametrize(
    ("waits", "sentence"),
    [
        ({"array": 30 * US}, "all of that for the array to compute it."),
        ({"dispatch": 29 * US, "vector": US}, "96.7 % of that for it to be started."),
        (
            {"vector": 20 * US, "sram_bandwidth": 10 * US},
            "66.7 % for the vector unit to compute it, 33.3 % for the SRAM to hand its operands "
            "on.",
        ),
        (
            {"sram": 15 * US, "dma": 15 * US},
            "50.0 % for room in the SRAM for its loads, 50.0 % for the DMA engine to issue its "
            "transfers.",
        ),
    ],
)
def test_the_verdict_is_a_sentence_for_each_cause(waits: dict[str, int], sentence: str) -> None:
    op = replace(matmul(), causes_ps=causes(**waits), causes_detail_ps=parts())
    flat = " ".join(operator(op, told(op, elapsed_ps=60 * US)).split())
    assert f"The pass waits 30 us for it, 50.0 % of its time: {sentence}" in flat


def test_causes_are_told_to_the_picosecond() -> None:
    assert (
        "Critical path: what the pass waits for\n"
        "  DRAM       25,000,000 ps   83.3 %\n"
        "    data     22,000,000 ps   73.3 %\n"
        "    refresh   3,000,000 ps   10.0 %\n"
        "  array       4,000,001 ps   13.3 %\n"
        "  dispatch      999,999 ps    3.3 %\n"
        "  together   30,000,000 ps\n"
    ) in operator(matmul())


def test_an_operator_off_the_critical_path_says_so() -> None:
    text = operator(norm())
    assert "The pass never waits for it" in text
    assert "0 ps: it is never what the pass waits for" in text
    assert "Moves no byte through the DRAM." in text
    assert "To pin" not in text


def test_the_vector_unit_is_told_with_its_numbers() -> None:
    flat = " ".join(operator(norm()).split())
    assert (
        "2 passes over 16 rounds of 16 lanes + 10 cycles of latency: 2 x 16 + 10 = 42 cycles for "
        "the first tile. 1 tile occupies the unit for 42 cycles, 42 ns."
    ) in flat


def test_a_pinned_choice_names_the_file() -> None:
    op = replace(matmul(), choice=Choice(True, 3, 2, 20_000.0, 15_000))
    flat = " ".join(operator(op, told(op, mapping="pins.yaml")).split())
    assert "Candidates left by pins.yaml: 3; fitting the SRAM: 2; chosen: " in flat


def test_the_lines_of_a_pin_can_be_copied_as_they_are() -> None:
    text = operator(matmul(), match="layers.*.qkv")
    copied = text[text.index("\nops:\n") :]
    assert yaml.safe_load(copied) == {
        "ops": [
            {
                "match": "layers.*.qkv",
                "graph": "decode-2",
                "rows": 2,
                "outer": 128,
                "inner": 1000,
                "held": "none",
                "split": "rows",
            }
        ]
    }


def scores(rows: int) -> OpExplanation:
    """Attention over 8 query rows, in blocks of `rows`."""
    return replace(
        matmul("layers.0.scores"),
        kind="scores",
        attention=Attention(1, 8, 4, 2, 64),
        mapping=AttentionMapping(rows, 2, head_stays=False),
    )


def test_heads_are_pinned_where_all_rows_fit_and_sequences_are_alike() -> None:
    alike, apart = told(scores(8), contexts=(5, 5)), told(scores(8), contexts=(5, 6))
    assert pin_lines(alike, "m", scores(8))[3:] == ["    rows: 8", "    heads: 2"]
    assert pin_lines(apart, "m", scores(8))[3:] == ["    rows: 8"]
    assert pin_lines(alike, "m", scores(4))[3:] == ["    rows: 4"]


def test_attention_is_estimated_as_a_whole() -> None:
    softmax = replace(norm(), name="layers.0.softmax", kind="softmax", time_ps=US)
    attend = replace(scores(8), name="layers.0.attend", kind="attend", mapping=None, choice=None)
    choice = Choice(False, 1, 1, 2000.0, 1000.0, 500.0)
    first = replace(scores(8), choice=choice)
    one = told(first, softmax, attend)
    flat = " ".join(operator(first, one).split())
    assert (
        "Its estimate (softmax and attend too; of DRAM bytes keys and values only): DRAM 2 us, "
        "array 1 us, vector unit 500 ns; the slowest counts, 2 us. Simulated: DRAM 84 us, array "
        "36.03 us, vector unit 42 ns; 61 us of the critical path."
    ) in flat
    assert "Cut as its scores operator says" in operator(attend, one)


@pytest.mark.parametrize(
    ("mapping", "inputs", "words"),
    [
        (MatmulMapping(4, 128, 64, "none", "outer"), "sram", "4 x 64 x 128, weights stream"),
        (MatmulMapping(4, 128, 64, "none", "outer"), "dram", "4 x 64 x 128, both stream"),
        (MatmulMapping(4, 128, 64, "inputs", "outer"), "dram", "4 x 64 x 128, inputs held"),
        (
            MatmulMapping(4, 128, 64, "weights", "inner"),
            "dram",
            "4 x 64 x 128, weights held, split by inner",
        ),
        (AttentionMapping(1, 8, False), "both", "1 row x 8 KV heads"),
        (
            AttentionMapping(64, 1, True),
            "dram",
            "64 rows x 1 KV head, keys and values stay for all rows",
        ),
    ],
)
def test_mappings_in_words(mapping: MatmulMapping, inputs: str, words: str) -> None:
    assert mapping_words(mapping, inputs) == words  # type: ignore[arg-type]
