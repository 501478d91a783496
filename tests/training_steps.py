"""Training steps that several tests look at."""

from __future__ import annotations

from accsim.config.models import SHAPES
from accsim.ops import NumberFormat
from accsim.training import AttentionStorage, HeadsLive, TrainingRun, TrainingWorkload
from accsim.workload import ModelShape

BF16 = NumberFormat("bf16", bits=16)

TINY = ModelShape("tiny", 4, 2, 2, 1, 2, 8, 10, 64, tied_embeddings=False)
"""Two layers of 4 channels, two query heads of 2 that share a key head, 8 FFN channels, 10 tokens:
a layer has 4 x 2 x (2 x 2 + 2 x 1) + 3 x 4 x 8 = 144 weights in products and 8 in norms."""
SMALL = ModelShape("small", 256, 12, 4, 2, 64, 512, 1000, 4096, tied_embeddings=False)
"""Twelve layers of 256 channels."""


def step_of(
    trunk_layers: int,
    heads: int,
    heads_live: HeadsLive = "one_at_a_time",
    attention: AttentionStorage = "flash",
    name: str = "run",
) -> TrainingRun:
    """A run of a training step."""
    return TrainingRun(name, trunk_layers, heads, heads_live, attention)


def training(
    model: ModelShape, *runs: TrainingRun, tokens: int, batch: int = 1
) -> TrainingWorkload:
    """A training step whose baseline is its first run."""
    return TrainingWorkload("step", model, BF16, batch, tokens, runs[0].name, runs)


LLAMA = (
    step_of(31, 1, name="one_head"),
    step_of(28, 4, name="constant_in_turn"),
    step_of(28, 4, "all", name="constant_all"),
    step_of(31, 4, name="extra_in_turn"),
    step_of(31, 4, "all", name="extra_all"),
)
"""Llama-2-7B with one head, with four in 32 layers, and with four in 35."""
LLAMA_STEP = training(SHAPES["llama2-7b"], *LLAMA, tokens=2048)
