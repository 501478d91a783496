"""A pocket chip and a pocket model, and the command line in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from accsim.chip import Memory
from accsim.dram.catalogue import Sizes
from accsim.dram.study import Study

CHIP = """\
name: pocket
core: {clock_mhz: 1000, dispatch_cycles: 20}
memory: {grade: DDR5-4800, channels: 2, interleave_bytes: 256, queue_bursts: 32}
dma: {outstanding: 4, issue_cycles: 8}
sram: {capacity_kib: 256, banks: 8, bank_bytes_per_cycle: 32}
array: {kind: systolic, count: 1, rows: 32, columns: 32, dataflow: weight_stationary}
vector:
  lanes: 32
  latency_cycles: 8
  cycles_per_element:
    {rms_norm: 2, rotary: 2, softmax: 4, silu_mul: 2, residual_add: 1, argmax: 1, embedding: 1}
"""

WORKLOAD = """\
name: pocket_text
model: {{config_json: config.json}}
precision: {{weights: fp16, activations: fp16, kv_cache: fp16}}
prompt_tokens: 16
output_tokens: {output_tokens}
baseline: ordinary
runs:
  - {{name: ordinary, scheme: autoregressive}}
  - name: two_heads
    scheme: multi_token
    trained_heads: 2
    active_heads: 2
    acceptance: {{rates: [0.8], source: made up}}
"""

MODEL = {
    "model_type": "llama",
    "hidden_size": 128,
    "intermediate_size": 256,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 512,
    "max_position_embeddings": 100_000,
    "tie_word_embeddings": False,
    "hidden_act": "silu",
}


def write_inputs(folder: Path, output_tokens: int = 8) -> None:
    """``chip.yaml`` and ``work.yaml`` in a folder."""
    (folder / "chip.yaml").write_text(CHIP)
    (folder / "work.yaml").write_text(WORKLOAD.format(output_tokens=output_tokens))
    (folder / "config.json").write_text(json.dumps(MODEL))


def accsim(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command line to its end."""
    command = [sys.executable, "-m", "accsim", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    """A folder with ``chip.yaml`` and ``work.yaml``."""
    write_inputs(tmp_path)
    return tmp_path


@pytest.fixture
def memory_asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Patterns and sizes that a memory is asked for; the answer is the same for all of them.

    The model of DRAM commands, which most patterns need, takes some ten seconds to compile.
    """
    asked: list[tuple[str, int]] = []

    def study(sizes: Sizes, memory: Memory, pattern: str) -> Study:
        asked.append((pattern, sizes.size))
        states = ((50, 10, 10, 10),) * memory.channels
        return Study(pattern, "row_granular", sizes.size, 0, 100, 1e-6, 1e11, states, 0, 0, 0, 0, 0)

    monkeypatch.setattr(Sizes, "study", study)
    return asked
