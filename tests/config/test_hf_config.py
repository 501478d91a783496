"""Model shapes from Hugging Face config.json files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from accsim.config.hf import read_hf_config
from accsim.config.models import SHAPES
from accsim.errors import InputError
from accsim.workload import ModelShape

# As transformers 4 wrote it for Llama-2-70B.
V4: dict[str, Any] = {
    "architectures": ["LlamaForCausalLM"],
    "hidden_act": "silu",
    "hidden_size": 8192,
    "intermediate_size": 28672,
    "max_position_embeddings": 4096,
    "model_type": "llama",
    "num_attention_heads": 64,
    "num_hidden_layers": 80,
    "num_key_value_heads": 8,
    "rope_scaling": None,
    "rope_theta": 10000.0,
    "tie_word_embeddings": False,
    "torch_dtype": "float16",
    "transformers_version": "4.31.0",
    "vocab_size": 32000,
}
# As transformers 5 writes the same.
V5 = {
    **{key: value for key, value in V4.items() if key not in ("rope_theta", "torch_dtype")},
    "attention_bias": False,
    "dtype": "float16",
    "head_dim": 128,
    "mlp_bias": False,
    "rope_parameters": {"rope_theta": 10000.0, "rope_type": "default"},
    "transformers_version": "5.0.0",
}


def read(tmp_path: Path, config: object) -> ModelShape:
    path = tmp_path / "llama2-70b" / "config.json"
    path.parent.mkdir()
    path.write_text(config if isinstance(config, str) else json.dumps(config, indent=2))
    return read_hf_config(str(path))


def complaint(tmp_path: Path, config: object) -> str:
    with pytest.raises(InputError) as caught:
        read(tmp_path, config)
    (problem,) = caught.value.problems
    return str(problem).split("\n")[0].removeprefix(f"{tmp_path}/llama2-70b/")


@pytest.mark.parametrize("config", [V4, V5], ids=["version 4", "version 5"])
def test_both_spellings_give_the_shape_known_by_name(
    tmp_path: Path, config: dict[str, Any]
) -> None:
    assert read(tmp_path, config) == SHAPES["llama2-70b"]


def test_heads_and_their_width_have_the_defaults_of_llama(tmp_path: Path) -> None:
    config = {**V4, "num_key_value_heads": None, "head_dim": None}
    shape = read(tmp_path, config)
    assert (shape.kv_heads, shape.head_dim) == (64, 128)  # 8192 / 64


def test_a_head_width_of_its_own_is_kept(tmp_path: Path) -> None:
    assert read(tmp_path, {**V5, "head_dim": 96}).head_dim == 96


def test_tied_embeddings_are_kept(tmp_path: Path) -> None:
    assert read(tmp_path, {**V4, "tie_word_embeddings": True}).tied_embeddings


def test_a_file_of_another_name_gives_the_model_that_name(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(V4))
    assert read_hf_config(str(path)).name == "mine"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"model_type": "gpt2"},
            "config.json:9:3: model_type: 'gpt2' is not supported (allowed: 'llama')",
        ),
        ({"model_type": None}, "config.json:9:3: model_type: this key is required"),
        (
            {"attention_bias": True},
            "config.json:19:3: attention_bias: true is not supported (allowed: false)",
        ),
        ({"mlp_bias": True}, "config.json:19:3: mlp_bias: true is not supported (allowed: false)"),
        (
            {"hidden_act": "gelu"},
            "config.json:5:3: hidden_act: 'gelu' is not supported (allowed: 'silu')",
        ),
        (
            {"tie_word_embeddings": "no"},
            "config.json:15:3: tie_word_embeddings: expected true or false, got 'no'",
        ),
        (
            {"hidden_size": "8192"},
            "config.json:6:3: hidden_size: expected a whole number, got '8192'",
        ),
        (
            {"vocab_size": True},
            "config.json:18:3: vocab_size: expected a whole number, got true",
        ),
        (
            {"num_hidden_layers": 0},
            "config.json:11:3: num_hidden_layers: must lie between 1 and 1000000000, got 0",
        ),
        (
            {"num_key_value_heads": 7},
            "config.json:12:3: num_key_value_heads: 7 does not divide 64 attention heads",
        ),
        (
            {"hidden_size": 8191},
            "config.json:6:3: hidden_size: 8191 is not a multiple of 64 attention heads",
        ),
    ],
)
def test_each_wrong_value_has_its_message(
    tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    assert complaint(tmp_path, {**V4, **changes}) == message


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    config = {key: value for key, value in V4.items() if key != "vocab_size"}
    assert complaint(tmp_path, config) == "config.json: vocab_size: this key is required"


def test_all_problems_come_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, {})
    assert [problem.key for problem in caught.value.problems] == [
        "model_type",
        "hidden_size",
        "num_attention_heads",
        "num_hidden_layers",
        "intermediate_size",
        "vocab_size",
        "max_position_embeddings",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": 1,}', "config.json:1:9: not valid JSON: Expecting property name"),
        ("", "config.json:1:1: not valid JSON: Expecting value"),
        ('{"a": NaN}', "config.json: not valid JSON: NaN is not a JSON number"),
        ("[" * 100_000, "config.json: not valid JSON: nested too deeply"),
        ("[1]", "config.json: expected a JSON object, got a list"),
    ],
)
def test_what_is_not_a_json_object_is_refused(tmp_path: Path, text: str, message: str) -> None:
    assert complaint(tmp_path, text).startswith(message)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent\.json: no such file$"):
        read_hf_config(str(tmp_path / "absent.json"))
