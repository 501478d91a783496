"""Workload files: what they become, and the message for each thing that can be wrong."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from accsim.acceptance import Acceptance
from accsim.config.models import SHAPES
from accsim.config.resolve import load_both, load_workload
from accsim.errors import InputError
from accsim.ops import NumberFormat
from accsim.workload import Autoregressive, ModelShape, MultiToken, RunSpec, Workload

FP16 = NumberFormat("fp16", 16)
K4 = {
    "name": "k4",
    "scheme": "multi_token",
    "trained_heads": 4,
    "active_heads": 4,
    "acceptance": "code",
}
GOOD: dict[str, Any] = {
    "name": "toy",
    "model": "llama2-7b",
    "precision": {"weights": "fp16", "activations": "fp16", "kv_cache": "fp16"},
    "prompt_tokens": 1920,
    "output_tokens": 128,
    "baseline": "one",
    "runs": [{"name": "one", "scheme": "autoregressive"}, K4],
}


def load(tmp_path: Path, changes: dict[str, object] | None = None) -> Workload:
    """The good workload with values replaced by dotted key."""
    tree = copy.deepcopy(GOOD)
    for dotted, value in (changes or {}).items():
        *parents, key = dotted.split(".")
        branch = tree
        for parent in parents:
            branch = branch[parent]
        branch[key] = value
    path = tmp_path / "workload.yaml"
    path.write_text(yaml.safe_dump(tree, sort_keys=False))
    return load_workload(str(path))


def complaints(tmp_path: Path, changes: dict[str, object]) -> list[str]:
    """Key and message of each problem."""
    with pytest.raises(InputError) as caught:
        load(tmp_path, changes)
    return [f"{problem.key}: {problem.message}" for problem in caught.value.problems]


def k4(**changes: object) -> dict[str, object]:
    """A list of runs for `changes`: the ordinary one, and four heads with some keys changed."""
    run = {key: value for key, value in {**K4, **changes}.items() if value is not None}
    return {"runs": [{"name": "one", "scheme": "autoregressive"}, run]}


def test_a_workload_file_becomes_a_workload(tmp_path: Path) -> None:
    workload = load(tmp_path)
    assert workload.model is SHAPES["llama2-7b"]
    assert workload.precision.weights == FP16
    assert (workload.prompt_tokens, workload.output_tokens) == (1920, 128)
    assert (workload.batch, workload.seed, workload.baseline) == (1, 1, "one")


def test_heads_that_are_added_may_be_as_many_as_the_layers(tmp_path: Path) -> None:
    scheme = load(tmp_path, k4(trained_heads=32, layout="extra")).runs[1].scheme
    assert isinstance(scheme, MultiToken)
    assert scheme.trunk_layers(32) == 31


def test_a_prompt_is_read_in_one_pass_unless_chunks_are_asked_for(tmp_path: Path) -> None:
    assert load(tmp_path).prefill_chunk_tokens is None
    assert load(tmp_path, {"prefill_chunk_tokens": 512}).prefill_chunk_tokens == 512


def test_an_ordinary_run_has_all_layers_and_no_heads(tmp_path: Path) -> None:
    assert load(tmp_path).runs[0] == RunSpec("one", Autoregressive())


def test_heads_take_the_place_of_trunk_layers(tmp_path: Path) -> None:
    run = load(tmp_path).runs[1]
    assert run.scheme == MultiToken(trained_heads=4, active_heads=4)
    assert run.scheme.trunk_layers(32) == 28


@pytest.mark.parametrize(
    ("name", "tokens"),
    # Gloeckle et al. 2024, table S2: tokens per pass with 1, 2, 3 and 4 heads.
    [
        ("wikipedia", (1.0, 1.88, 2.57, 3.12)),
        ("books", (1.0, 1.87, 2.56, 3.09)),
        ("code", (1.0, 1.94, 2.78, 3.50)),
    ],
)
def test_acceptance_sets_give_the_published_tokens_per_pass(
    tmp_path: Path, name: str, tokens: tuple[float, ...]
) -> None:
    acceptance = load(tmp_path, k4(acceptance=name)).runs[1].acceptance
    assert acceptance is not None
    expected = [acceptance.expected_tokens(heads) for heads in (1, 2, 3, 4)]
    assert expected == pytest.approx(tokens, abs=1e-12)


def test_acceptance_on_code_is_that_of_the_table(tmp_path: Path) -> None:
    acceptance = load(tmp_path).runs[1].acceptance
    assert acceptance == Acceptance("code", (0.94, 0.84 / 0.94, 0.72 / 0.84))


def test_own_rates_are_named_after_their_source(tmp_path: Path) -> None:
    rates = {"rates": [1, 0.5, 0], "source": "measured at home"}
    acceptance = load(tmp_path, k4(acceptance=rates)).runs[1].acceptance
    assert acceptance == Acceptance("measured at home", (1.0, 0.5, 0.0))


def test_one_active_head_needs_no_acceptance(tmp_path: Path) -> None:
    run = load(tmp_path, k4(active_heads=1, acceptance=None)).runs[1]
    assert (run.scheme, run.acceptance) == (MultiToken(4, 1), None)


def test_int8_has_a_scale_per_channel_of_weights_entry_of_a_cache_and_row_of_activations(
    tmp_path: Path,
) -> None:
    int8 = {"weights": "int8", "activations": "int8", "kv_cache": "int8"}
    precision = load(tmp_path, {"precision": int8}).precision
    scaled = NumberFormat("int8", 8, per_channel=True, scale_bits=16)
    assert precision.weights == precision.kv_cache == scaled
    assert precision.activations == scaled


def test_a_format_can_be_written_out(tmp_path: Path) -> None:
    written = {"bits": 4, "group_size": 64, "scale_bits": 8, "zero_bits": 4}
    weights = load(tmp_path, {"precision.weights": written}).precision.weights
    assert weights == NumberFormat("int4_g64_s8_z4", 4, group=64, scale_bits=8, zero_bits=4)


def test_a_format_written_out_has_a_16_bit_scale_and_no_zero_point_unless_told(
    tmp_path: Path,
) -> None:
    weights = load(tmp_path, {"precision.weights": {"bits": 3, "group_size": 64}}).precision.weights
    assert weights == NumberFormat("int3_g64_s16", 3, group=64, scale_bits=16)


def streamed_bytes(shape: ModelShape, weights: NumberFormat) -> int:
    """Weight matrices once, norms and one embedding row in fp16."""
    queries, keys = shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
    matrices = [  # (outer, inner)
        (queries, shape.hidden),
        (keys, shape.hidden),
        (keys, shape.hidden),
        (shape.hidden, queries),
        (shape.ffn, shape.hidden),
        (shape.ffn, shape.hidden),
        (shape.hidden, shape.ffn),
    ]
    layer = sum(weights.stored_bytes(outer, inner) for outer, inner in matrices)
    lm_head = weights.stored_bytes(shape.vocab, shape.hidden)
    norms_and_row = 2 * ((2 * shape.layers + 1) * shape.hidden + shape.hidden)
    return shape.layers * layer + lm_head + norms_and_row


@pytest.mark.parametrize(
    ("name", "model", "expected"),
    # 7B matrices hold 6,607,077,376 weights, 13B 12,851,609,600, 70B 68,713,185,280; norms and one
    # embedding row take 540,672, 839,680 and 2,654,208 bytes. Scales of int8: one per output
    # channel, 2 bytes x (32 x (4 x 4096 + 2 x 11008 + 4096) + 32000) = 2,783,744 bytes for 7B...
    [
        ("fp16", "llama2-7b", 13_214_695_424),
        ("int8", "llama2-7b", 6_610_401_792),
        ("int4_g128", "llama2-7b", 3_407_314_944),
        ("int4_g128_z4", "llama2-7b", 3_433_123_840),
        ("int4_g128_z16", "llama2-7b", 3_510_550_528),
        ("q4_0", "llama2-7b", 3_717_021_696),
        ("q8_0", "llama2-7b", 7_020_560_384),
        ("fp16", "llama2-13b", 25_704_058_880),
        ("int8", "llama2-13b", 12_856_773_120),
        ("int4_g128", "llama2-13b", 6_627_450_880),
        ("fp16", "llama2-70b", 137_429_024_768),
        ("int8", "llama2-70b", 68_729_338_368),
        ("int4_g128", "llama2-70b", 35_432_890_368),
    ],
)
def test_formats_stream_the_known_bytes_per_pass(
    tmp_path: Path, name: str, model: str, expected: int
) -> None:
    workload = load(tmp_path, {"model": model, "precision.weights": name})
    assert streamed_bytes(workload.model, workload.precision.weights) == expected


@pytest.mark.parametrize(
    ("model", "params"),
    # The counts that their authors publish.
    [
        ("llama2-7b", 6_738_415_616),
        ("llama2-13b", 13_015_864_320),
        ("llama2-70b", 68_976_648_192),
        ("tinyllama-1.1b", 1_100_048_384),
    ],
)
def test_shapes_have_the_known_number_of_parameters(model: str, params: int) -> None:
    assert SHAPES[model].params == params


@pytest.mark.parametrize(
    ("model", "giga"),
    [("mtp-0.3b", 0.297), ("mtp-0.6b", 0.631), ("mtp-1.3b", 1.364), ("mtp-3b", 3.019)],
)
def test_shapes_without_a_published_width_come_to_the_size_in_their_name(
    model: str, giga: float
) -> None:
    # mtp-0.3b: 18 x (4 x 1024^2 + 3 x 1024 x 2816) + 37 x 1024 + 2 x 32000 x 1024 = 296,784,896
    assert round(SHAPES[model].params / 1e9, 3) == giga


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"model": "llama2-7c"},
            "model: unknown model 'llama2-7c', did you mean 'llama2-7b'? (allowed: llama2-7b, "
            "llama2-13b, llama2-70b, tinyllama-1.1b, mtp-0.3b, mtp-0.6b, mtp-1.3b, mtp-3b)",
        ),
        (
            {"model": "cfg.json"},
            "model: 'cfg.json' is a file, not the name of a model: "
            "write `model: {config_json: cfg.json}`",
        ),
        ({"model": 7}, "model: expected the name of a model or {config_json: path}, got 7"),
        ({"model": {"config_json": ""}}, "model.config_json: expected some text, got ''"),
        (
            {"model": {}},
            "model.config_json: this key is required: Hugging Face config.json, relative to the "
            "folder of this file",
        ),
        (
            {"precision.weights": "int4"},
            "precision.weights: unknown number format 'int4', did you mean 'int8'? (allowed: fp32, "
            "fp16, bf16, fp8, int8, int4_g32, int4_g64, int4_g128, int4_g128_z4, int4_g128_z16, "
            "q4_0, q8_0)",
        ),
        (
            {"precision.kv_cache": 8},
            "precision.kv_cache: expected the name of a number format or "
            "{bits: ..., group_size: ...}, got 8",
        ),
        (
            {"precision.weights": {"bits": 4}},
            "precision.weights.group_size: this key is required: elements that share a scale",
        ),
        (
            {"precision.weights": {"bits": 33, "group_size": 8}},
            "precision.weights.bits: must be at most 32, got 33",
        ),
        (
            {"precision.activations": "q8_0"},
            "precision.activations: unknown activation format 'q8_0' "
            "(allowed: fp32, fp16, bf16, fp8, int8)",
        ),
        ({"prompt_tokens": 0}, "prompt_tokens: must be at least 1, got 0"),
        ({"prefill_chunk_tokens": 0}, "prefill_chunk_tokens: must be at least 1, got 0"),
        ({"output_tokens": 1}, "output_tokens: must be at least 2, got 1"),
        ({"batch": 0}, "batch: must be at least 1, got 0"),
        ({"seed": 2**63}, f"seed: must be less than {2**63}, got {2**63}"),
        ({"runs": 3}, "runs: expected a list, got 3"),
        ({"runs": []}, "runs: expected at least one entry, got a list"),
        ({"runs": [3]}, "runs[0]: expected keys and values, got 3"),
        (
            {"baseline": "on"},
            "baseline: no run is named 'on', did you mean 'one'? (allowed: one, k4)",
        ),
        (
            {"prompt_tokens": 4000},
            "output_tokens: prompt 4000 + output 128 exceeds the 4096 positions of llama2-7b",
        ),
        (
            {"prompt_tokens": 3965},
            "runs[1].active_heads: prompt 3965 + output 128 + 4 rows of a pass exceeds the 4096 "
            "positions of llama2-7b",
        ),
        (
            k4(scheme="multitoken"),
            "runs[1].scheme: unknown scheme 'multitoken', did you mean 'multi_token'? "
            "(allowed: autoregressive, multi_token, medusa, "
            "draft_model, sequential_mtp, prompt_lookup)",
        ),
        (
            k4(scheme=None),
            "runs[1].scheme: this key is required (allowed: autoregressive, multi_token, medusa, "
            "draft_model, sequential_mtp, prompt_lookup)",
        ),
        (
            k4(draft=3),
            "runs[1].draft: unknown key 'draft', "
            "did you mean 'drafting'? (allowed: name, scheme, trained_heads, active_heads, layout, "
            "drafting, acceptance)",
        ),
        (
            {"runs": [{"name": "one", "scheme": "autoregressive", "acceptance": "code"}]},
            "runs[0].acceptance: unknown key 'acceptance' (allowed: name, scheme)",
        ),
        (k4(name="one"), "runs[1].name: 'one' is already runs[0]"),
        (
            k4(name="baseline"),
            "runs[1].name: 'baseline' is a reserved word of the result, choose another name",
        ),
        (
            k4(name="k 4"),
            "runs[1].name: may hold only letters, digits and the characters _ . -, got 'k 4'",
        ),
        (
            k4(trained_heads=32),
            "runs[1].trained_heads: 32 heads leave no trunk in the 32 layers of llama2-7b, must "
            "be at most 31",
        ),
        (
            k4(trained_heads=2),
            "runs[1].active_heads: 4 active heads, but the model has only 2 trained heads",
        ),
        (
            k4(acceptance=None),
            "runs[1].acceptance: this key is required with 4 active heads: name a set (wikipedia, "
            "books, code, eagle_llama2_chat_7b, eagle_llama2_chat_13b, eagle_llama2_chat_70b, "
            "deepseek_v3, deepseek_v3_high), or give rates, histogram, recording or single_rate "
            "and their source",
        ),
        (
            k4(acceptance="coda"),
            "runs[1].acceptance: unknown acceptance set 'coda', did you mean 'code'? "
            "(allowed: wikipedia, books, code, eagle_llama2_chat_7b, eagle_llama2_chat_13b, "
            "eagle_llama2_chat_70b, deepseek_v3, deepseek_v3_high)",
        ),
        (
            k4(acceptance=0.9),
            "runs[1].acceptance: expected the name of an acceptance set, or keys and values with "
            "one of rates, histogram, recording, single_rate, got 0.9",
        ),
        (
            k4(trained_heads=5, active_heads=5),
            "runs[1].acceptance: 3 rates for the 4 drafts of 5 active heads",
        ),
        (
            k4(acceptance={"rates": [0.9, 0.8], "source": "me"}),
            "runs[1].acceptance: 2 rates for the 3 drafts of 4 active heads",
        ),
        (
            k4(acceptance={"rates": [0.9, 1.8, "x"], "source": "me"}),
            "runs[1].acceptance.rates[1]: must be at most 1.0, got 1.8\n"
            "runs[1].acceptance.rates[2]: expected a number, got 'x'",
        ),
        (
            k4(acceptance={"rates": [0.9, 0.9, 0.9]}),
            "runs[1].acceptance.source: this key is required: where the rates come from",
        ),
    ],
)
def test_each_wrong_value_has_its_message(
    tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    assert "\n".join(complaints(tmp_path, changes)) == message


def test_prompt_and_output_may_fill_all_positions(tmp_path: Path) -> None:
    assert load(tmp_path, {"prompt_tokens": 3964}).prompt_tokens == 3964  # + 128 + 4 = 4096


def test_problems_of_the_runs_do_not_hide_those_of_the_rest(tmp_path: Path) -> None:
    changes = {"prompt_tokens": 5000, **k4(acceptance=None), "extra": 1}
    keys = [text.split(":")[0] for text in complaints(tmp_path, changes)]
    assert keys == ["output_tokens", "runs[1].acceptance", "extra"]


def test_a_model_may_come_from_a_config_json_beside_the_file(tmp_path: Path) -> None:
    config = {
        "model_type": "llama",
        "hidden_size": 512,
        "intermediate_size": 1024,
        "num_hidden_layers": 6,
        "num_attention_heads": 8,
        "vocab_size": 100,
        "max_position_embeddings": 4096,
    }
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "config.json").write_text(json.dumps(config))
    workload = load(tmp_path, {"model": {"config_json": "tiny/config.json"}})
    assert (workload.model.name, workload.model.layers) == ("tiny", 6)
    assert workload.runs[1].scheme == MultiToken(4, 4)


def test_a_missing_config_json_is_reported_with_the_problems_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        load(tmp_path, {"model": {"config_json": "absent.json"}, "batch": 0})
    batch, config = caught.value.problems
    assert batch.message == "must be at least 1, got 0"
    assert str(config) == f"{tmp_path}/absent.json: no such file"


def test_problems_of_chip_and_workload_come_together(tmp_path: Path) -> None:
    path = tmp_path / "workload.yaml"
    path.write_text(yaml.safe_dump({**GOOD, "batch": 0, "seed": -1}))
    with pytest.raises(InputError) as caught:
        load_both("no_such_chip", str(path))
    assert [problem.key for problem in caught.value.problems] == ["", "batch", "seed"]


def test_a_good_chip_and_workload_come_as_a_pair() -> None:
    chip, workload = load_both("ddr_npu", "llama2_mtp")
    assert (chip.name, workload.name) == ("ddr_npu", "llama2_mtp")
