"""What each way of decoding makes a pass carry, read, compute and write, by hand."""

from __future__ import annotations

from dataclasses import replace

from accsim.ops import PassGraph
from accsim.tracing.decoding import trace_workload
from accsim.tracing.schemes import Part, Phase, Setting, parts, step_parts
from accsim.tracing.shipped import LLAMA2_7B
from accsim.workload import (
    Autoregressive,
    DraftModel,
    Medusa,
    ModelShape,
    MultiToken,
    PromptLookup,
    RunSpec,
    Scheme,
    SequentialMtp,
)

from .samples import ALL_FP16, INT8, TINY, WIKIPEDIA, workload

DRAFTER = ModelShape("drafter", 4, 2, 2, 1, 2, 8, 20, 64, False)
LAYER = 202_375_168
"""Weights of a layer of Llama-2-7B: 2 x 4096^2 + 2 x 4096^2 + 3 x 4096 x 11008."""
TABLE = 131_072_000
"""Weights of its LM head: 32000 x 4096."""


def step(scheme: Scheme, model: ModelShape = LLAMA2_7B, batch: int = 1) -> tuple[Part, ...]:
    return step_parts(Setting(model, ALL_FP16, batch), scheme)


def only(scheme: Scheme, model: ModelShape = LLAMA2_7B, batch: int = 1) -> PassGraph:
    (part,) = step(scheme, model, batch)
    return part.graph


def rows_of(graph: PassGraph, group: str) -> list[int]:
    """Rows of every operator of a group, in order."""
    return [op.rows for op in graph.ops if op.group == group]


def linear_macs(graph: PassGraph) -> int:
    return sum(op.macs(0) for op in graph.ops if op.kind == "matmul")


def weight_bytes(graph: PassGraph) -> int:
    """Bytes of weight matrices that a pass streams, each as often as it is read."""
    return sum(op.weights.stored_bytes(0, 0) for op in graph.ops if op.kind == "matmul")


def entries_written(graph: PassGraph) -> list[int]:
    """KV entries that each layer's cache gains."""
    return [op.rows for op in graph.ops if op.kind == "kv_append"]


def test_a_merged_pass_has_k_rows_everywhere_and_k_times_k_in_the_lm_head() -> None:
    graph = only(MultiToken(4, 4))
    assert rows_of(graph, "qkv") == [4] * 32
    assert rows_of(graph, "lm_head") == [16]
    assert entries_written(graph) == [4] * 32


def test_one_active_head_of_four_runs_29_of_32_layers() -> None:
    graph = only(MultiToken(4, 1))
    assert linear_macs(graph) == 29 * LAYER + TABLE == 5_999_951_872
    assert entries_written(graph) == [1] * 29


def test_the_extra_layout_keeps_the_model_and_adds_heads() -> None:
    # 31 trunk layers and head 1 are the ordinary 32; three more heads make 35.
    assert linear_macs(only(MultiToken(4, 1, "extra"))) == linear_macs(only(Autoregressive()))
    assert len(entries_written(only(MultiToken(4, 4, "extra")))) == 35


def test_deferred_heads_take_50_6_gflop_where_merged_ones_take_56() -> None:
    # 29 layers of 4 rows and 4 rows of the LM head; then 3 heads make keys and values of 4 rows
    # (2 x 4096^2 weights) and do the rest of the layer and the LM head on one row each.
    keys_and_values = 2 * 4096 * 4096
    by_hand = 4 * (29 * LAYER + TABLE) + 3 * (4 * keys_and_values + LAYER - keys_and_values + TABLE)
    macs = linear_macs(only(MultiToken(4, 4, drafting="deferred")))
    assert macs == by_hand
    assert round(2 * macs / 1e9, 1) == 50.6
    assert round(2 * linear_macs(only(MultiToken(4, 4))) / 1e9, 1) == 56.0


def test_deferred_heads_read_the_lm_head_twice() -> None:
    merged, deferred = (only(MultiToken(4, 4, drafting=d)) for d in ("merged", "deferred"))
    assert weight_bytes(merged) == 2 * 6_607_077_376
    assert weight_bytes(deferred) == 2 * (6_607_077_376 + TABLE) == 2 * 6_738_149_376
    assert rows_of(deferred, "lm_head") == [4, 3]


def test_deferred_heads_wait_for_the_verified_tokens_but_their_keys_do_not() -> None:
    graph = only(MultiToken(4, 2, drafting="deferred"), TINY)
    by_name = {op.name: number for number, op in enumerate(graph.ops)}

    def waits_for_argmax(name: str) -> bool:
        todo, seen = [by_name[name]], set()
        while todo:
            number = todo.pop()
            if number not in seen:
                seen.add(number)
                todo += graph.producers[number]
        return by_name["argmax"] in seen

    assert waits_for_argmax("heads.2.q_proj")
    assert waits_for_argmax("heads.2.attn_residual")
    assert not waits_for_argmax("heads.2.kv_proj")


def test_a_deferred_head_attends_from_one_row_to_all_new_keys() -> None:
    graph = only(MultiToken(4, 4, drafting="deferred"))
    scores = next(op for op in graph.ops if op.name == "heads.2.scores")
    assert scores.macs(100) == (100 + 4) * 4096


def test_a_medusa_chain_adds_a_block_and_an_unembedding_per_head_and_no_cache() -> None:
    graph = only(Medusa((1, 1, 1)))
    ordinary = only(PromptLookup(3))
    assert weight_bytes(graph) - weight_bytes(ordinary) == 3 * 2 * (4096 * 4096 + TABLE)
    assert entries_written(graph) == [4] * 32
    assert rows_of(graph, "lm_head") == [4, 4, 4, 4]
    assert "kv_copy" not in {op.kind for op in graph.ops}


def test_a_tree_pays_for_all_its_nodes_and_masks_them_to_their_ancestors() -> None:
    # Root, 2 nodes that see 2 keys each, 3 that see 3: 1 + 4 + 9 of 6 x 6 pairs.
    graph = only(Medusa((2, 3)), TINY)
    scores = next(op for op in graph.ops if op.kind == "scores")
    assert rows_of(graph, "qkv") == [6] * 3
    assert scores.macs(10) == (6 * 10 + 14) * TINY.heads * TINY.head_dim


def test_a_tree_moves_its_accepted_branch_in_every_cache() -> None:
    # Two entries of each of 2 sequences, keys and values of 2 x 4 elements, 3 layers.
    graph = only(Medusa((2, 3)), TINY, batch=2)
    copies = [op for op in graph.ops if op.kind == "kv_copy"]
    assert len(copies) == 3
    assert {op.dram_read_bytes(10) for op in copies} == {2 * 2 * 2 * 2 * 4 * 2}
    assert {op.dram_write_bytes() for op in copies} == {2 * 2 * 2 * 2 * 4 * 2}


def test_a_draft_model_makes_a_pass_for_every_draft_before_the_model_verifies() -> None:
    made = step(DraftModel(DRAFTER, ALL_FP16, 3), TINY)
    assert [part.graph.role for part in made] == ["draft", "draft", "draft", "target"]
    assert [part.graph.rows for part in made] == [2, 1, 1, 4]
    assert [part.ahead for part in made] == [-1, 1, 2, 0]


def test_a_draft_model_has_names_of_its_own() -> None:
    first, *_, verify = step(DraftModel(DRAFTER, ALL_FP16, 2), TINY)
    own = {t.name for op in first.graph.ops for t in (*op.reads, *op.writes)}
    others = {t.name for op in verify.graph.ops for t in (*op.reads, *op.writes)}
    assert not own & others
    assert all(op.group.startswith("draft.") for op in first.graph.ops)


def test_draft_models_of_one_name_may_differ_in_number_formats() -> None:
    narrow = replace(ALL_FP16, kv_cache=INT8)
    runs = (
        RunSpec("wide", DraftModel(DRAFTER, ALL_FP16, 2), WIKIPEDIA),
        RunSpec("narrow", DraftModel(DRAFTER, narrow, 2), WIKIPEDIA),
        RunSpec("again", DraftModel(DRAFTER, narrow, 2), WIKIPEDIA),
    )
    traced = trace_workload(workload(*runs, model=TINY, prompt_tokens=5, output_tokens=3))
    assert [run.decode[0].graph for run in traced.runs] == [
        "draft_first-drafter",
        "draft_first-drafter.2",
        "draft_first-drafter.2",
    ]


def test_a_draft_models_weights_and_cache_must_lie_in_dram_too() -> None:
    both = workload(
        RunSpec("alone", PromptLookup(2), WIKIPEDIA),
        RunSpec("drafted", DraftModel(DRAFTER, ALL_FP16, 2), WIKIPEDIA),
        model=TINY,
        prompt_tokens=5,
        output_tokens=3,
    )
    alone, drafted = trace_workload(both).runs
    # Two layers of 4 x 8 + 4 x 4 + 16 x 4 + 4 x 8 = 144 weights and 2 norms of 4, the final norm,
    # two tables of 20 x 4; entries of 2 x 2 elements for 5 + 3 + 3 positions in 2 layers.
    extra = 2 * (144 + 8) + 4 + 2 * 80 + 2 * 4 * 11
    assert drafted.resident_bytes - alone.resident_bytes == 2 * extra


def test_a_draft_model_reads_the_prompt_before_the_model_does() -> None:
    made = parts(Setting(TINY, ALL_FP16, 1), DraftModel(DRAFTER, ALL_FP16, 2), Phase("prefill", 5))
    assert [(part.graph.role, part.graph.rows) for part in made] == [("draft", 5), ("target", 5)]


def test_a_sequential_module_is_a_layer_a_projection_and_the_lm_head_again() -> None:
    graph, ordinary = only(SequentialMtp(1)), only(PromptLookup(1))
    extra = weight_bytes(graph) - weight_bytes(ordinary)
    assert extra == 2 * (LAYER + 2 * 4096 * 4096 + TABLE)
    assert rows_of(graph, "lm_head") == [2, 1]
    assert entries_written(graph) == [2] * 33


def test_sequential_modules_wait_for_each_other() -> None:
    graph = only(SequentialMtp(2), TINY)
    reads = {op.name: [t.name for t in op.reads] for op in graph.ops}
    assert reads["mtp.1.embedding"] == ["embedding.weight", "tokens"]
    assert reads["mtp.2.embedding"] == ["embedding.weight", "mtp.1.tokens"]
    assert "mtp.1.ffn_residual.out" in reads["mtp.2.hidden_norm"]


def test_looked_up_drafts_cost_their_rows_and_nothing_else() -> None:
    graph = only(PromptLookup(3))
    assert weight_bytes(graph) == weight_bytes(only(Autoregressive()))
    assert linear_macs(graph) == 4 * linear_macs(only(Autoregressive()))
