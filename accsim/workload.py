"""What is decoded: a model shape, its precisions, prompt and output, and the ways of decoding.

Resolved from a workload file by `accsim.config`; frozen, no I/O.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from accsim.acceptance import Acceptance, Recording
from accsim.ops import NumberFormat

SchemeName = Literal["autoregressive", "multi_token"]

FP16 = NumberFormat("fp16", bits=16)


@dataclass(frozen=True, slots=True)
class ModelShape:
    """A decoder-only transformer of the Llama family: RMSNorm, rotary, SwiGLU, no biases."""

    name: str
    hidden: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    ffn: int
    vocab: int
    max_positions: int
    tied_embeddings: bool

    @property
    def layer_matmul_params(self) -> int:
        """Weights of the projections and the feed-forward network of one layer."""
        attention = self.hidden * self.head_dim * (2 * self.heads + 2 * self.kv_heads)
        return attention + 3 * self.hidden * self.ffn

    @property
    def params(self) -> int:
        """All parameters: layers, norms, embedding, LM head (once if tied)."""
        tables = (1 if self.tied_embeddings else 2) * self.vocab * self.hidden
        norms = (2 * self.layers + 1) * self.hidden
        return self.layers * self.layer_matmul_params + norms + tables

    @property
    def kv_elements_per_token_layer(self) -> int:
        """Keys and values that one token leaves in one layer's cache."""
        return 2 * self.kv_heads * self.head_dim


@dataclass(frozen=True, slots=True)
class Precision:
    """Storage formats of weight matrices, of activations that enter a product with one, and of the
    KV cache.
    """

    weights: NumberFormat
    activations: NumberFormat
    kv_cache: NumberFormat

    @property
    def working(self) -> NumberFormat:
        """How everything else is stored: residual stream, outputs of products, norm weights and
        embedding table, and queries, keys, values, scores and probabilities of attention.

        The vector unit does not work in fewer than 16 bits: narrower activations are made from
        fp16 where a weight matrix needs them (LLM.int8(): Dettmers et al. 2022,
        arXiv 2208.07339, section 3.1).
        """
        return FP16 if self.activations.bits < FP16.bits else self.activations


@dataclass(frozen=True, slots=True)
class RunSpec:
    """One way of decoding.

    ``autoregressive`` runs the ordinary model, `trunk_layers` = all layers, one token at a time.
    ``multi_token`` runs `trunk_layers` and then `active_heads` of the `trained_heads` head layers;
    with k active heads a pass carries k query rows (merged drafting and verification).
    """

    name: str
    scheme: SchemeName
    trunk_layers: int
    trained_heads: int
    active_heads: int
    acceptance: Acceptance | Recording | None


@dataclass(frozen=True, slots=True)
class Workload:
    """A model, how it is stored, how much is read and written, and every run to compare.

    A prompt is read in passes of at most `prefill_chunk_tokens` per sequence (None: in one pass).
    """

    name: str
    model: ModelShape
    precision: Precision
    prompt_tokens: int
    output_tokens: int
    batch: int
    seed: int
    baseline: str
    runs: tuple[RunSpec, ...]
    prefill_chunk_tokens: int | None = None
