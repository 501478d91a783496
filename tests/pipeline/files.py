"""A small workload as files, and the command line in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

WORKLOAD = """\
name: small_text
model: {config_json: config.json}
precision: {weights: fp16, activations: fp16, kv_cache: fp16}
prompt_tokens: 24
output_tokens: 12
batch: 2
seed: 3
baseline: ordinary
runs:
  - {name: ordinary, scheme: autoregressive}
  - name: two_heads
    scheme: multi_token
    trained_heads: 2
    active_heads: 2
    acceptance: {rates: [0.7], source: made up}
"""

MODEL = {
    "model_type": "llama",
    "hidden_size": 128,
    "intermediate_size": 256,
    "num_hidden_layers": 8,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 512,
    "max_position_embeddings": 4096,
    "tie_word_embeddings": False,
    "hidden_act": "silu",
}


def write_workload(folder: Path) -> Path:
    """``small.yaml`` and the ``config.json`` of its model in a folder."""
    (folder / "config.json").write_text(json.dumps(MODEL))
    path = folder / "small.yaml"
    path.write_text(WORKLOAD)
    return path


def accsim(
    *arguments: str | Path, cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the command line to its end, with some environment variables of its own."""
    return subprocess.run(
        [sys.executable, "-m", "accsim", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=cwd,
        env=os.environ | environment,
    )
