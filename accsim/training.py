"""What is trained: a model shape with prediction heads, one batch, and the ways of one step.

Resolved from a workload file of ``kind: train_step`` by `accsim.config`; frozen, no I/O.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from accsim.ops import NumberFormat
from accsim.workload import ModelShape

HeadsLive = Literal["one_at_a_time", "all"]
AttentionStorage = Literal["flash", "stored"]

FP32 = NumberFormat("fp32", bits=32)
"""How logits, sums of gradients and the statistics of a softmax are kept."""


@dataclass(frozen=True, slots=True)
class TrainingRun:
    """One way of a training step.

    The model has `trunk_layers` and `heads` head layers in parallel on the trunk's output, which
    share final norm and LM head (Gloeckle et al. 2024, arXiv 2404.19737, section 2); one head is
    the ordinary model. With `heads_live` ``one_at_a_time`` each head goes forward and backward
    before the next begins, so that the logits of one head exist at a time; with ``all`` every head
    goes forward, then every head backward. `attention` says what the forward pass keeps of it:
    ``flash`` a logarithm for each row, from which the backward pass makes the scores again;
    ``stored`` the probabilities.
    """

    name: str
    trunk_layers: int
    heads: int
    heads_live: HeadsLive
    attention: AttentionStorage

    @property
    def layers(self) -> int:
        """Transformer layers, those of the heads included."""
        return self.trunk_layers + self.heads


@dataclass(frozen=True, slots=True)
class TrainingWorkload:
    """A model, one batch of sequences, and every run to compare.

    Weights, activations and gradients are stored in `format`; logits and their gradient in fp32.
    """

    name: str
    model: ModelShape
    format: NumberFormat
    batch: int
    sequence_tokens: int
    baseline: str
    runs: tuple[TrainingRun, ...]

    def params(self, run: TrainingRun) -> int:
        """Parameters of the model that a run trains: those of its layers beside the tables."""
        model = self.model
        layer = model.layer_matmul_params + 2 * model.hidden
        return model.params + (run.layers - model.layers) * layer

    def attention_pairs(self, *, causal: bool = True) -> int:
        """Query-key pairs of one head in one layer, over the batch; all of them if not `causal`."""
        tokens = self.sequence_tokens
        return self.batch * (tokens * (tokens + 1) // 2 if causal else tokens * tokens)

    def forward_macs(self, run: TrainingRun, *, causal: bool = True) -> int:
        """MACs of the forward pass: each token passes every layer, and the LM head once per head.

        A pair of a query and a key costs 2 x heads x head_dim in each layer: scores and attend.
        """
        model, tokens = self.model, self.batch * self.sequence_tokens
        linear = run.layers * model.layer_matmul_params + run.heads * model.vocab * model.hidden
        pairs = run.layers * self.attention_pairs(causal=causal)
        return tokens * linear + 2 * pairs * model.heads * model.head_dim

    def step_macs(self, run: TrainingRun, *, causal: bool = True) -> int:
        """MACs of a step without what is made again: three times those of the forward pass.

        Each product makes two in the backward pass, one for either operand.
        """
        return 3 * self.forward_macs(run, causal=causal)

    def remade_macs(self, run: TrainingRun) -> int:
        """MACs of the scores that flash attention makes again in the backward pass."""
        if run.attention == "stored":
            return 0
        return run.layers * self.attention_pairs() * self.model.heads * self.model.head_dim
