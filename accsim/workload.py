"""What is decoded: a model shape, its precisions, prompt and output, and the ways of decoding.

Resolved from a workload file by `accsim.config`; frozen, no I/O.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from accsim.acceptance import Acceptance, Recording
from accsim.ops import NumberFormat

SchemeName = Literal[
    "autoregressive", "multi_token", "medusa", "draft_model", "sequential_mtp", "prompt_lookup"
]
Layout = Literal["constant", "extra"]
Drafting = Literal["merged", "deferred"]

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
class Autoregressive:
    """The ordinary model, one token per pass."""

    name: ClassVar[SchemeName] = "autoregressive"
    drafts: ClassVar[int] = 0
    rows: ClassVar[int] = 1


@dataclass(frozen=True, slots=True)
class MultiToken:
    """Self-speculative decoding with parallel prediction heads, each one layer with a KV cache of
    its own (Gloeckle et al. 2024, arXiv 2404.19737, section 2).

    trained_heads  heads of the model; head 1 predicts the next token
    active_heads   those in use: a pass carries as many rows, the last token and drafts
    layout         ``constant``: heads take the place of trunk layers (28 + 4 of 32); ``extra``: the
                   model keeps its layers, the last of which is head 1, and the others are added
    drafting       ``merged``: all heads see all rows, and the drafts of the next pass come out of
                   this one (Stern et al. 2018, arXiv 1811.03115, section 4); ``deferred``: head 1
                   verifies, then the others draft from the last accepted row alone
    """

    name: ClassVar[SchemeName] = "multi_token"
    trained_heads: int
    active_heads: int
    layout: Layout = "constant"
    drafting: Drafting = "merged"

    @property
    def drafts(self) -> int:
        return self.active_heads - 1

    @property
    def rows(self) -> int:
        return self.active_heads

    def trunk_layers(self, layers: int) -> int:
        """Layers before the heads, of a model with `layers` in all when it predicts one token."""
        return layers - (self.trained_heads if self.layout == "constant" else 1)


@dataclass(frozen=True, slots=True)
class Medusa:
    """Residual heads on the last hidden state, without KV, each with an unembedding of its own; a
    chain or a tree of drafts (Cai et al. 2024, arXiv 2401.10774, section 2).

    `tree` has the nodes of each depth: head d proposes those of depth d. All ones are a chain.
    """

    name: ClassVar[SchemeName] = "medusa"
    tree: tuple[int, ...]

    @property
    def heads(self) -> int:
        return len(self.tree)

    @property
    def drafts(self) -> int:
        return len(self.tree)

    @property
    def rows(self) -> int:
        return 1 + sum(self.tree)

    @property
    def is_chain(self) -> bool:
        return all(nodes == 1 for nodes in self.tree)


@dataclass(frozen=True, slots=True)
class DraftModel:
    """A smaller model on the same chip, with weights and KV cache of its own, drafts token after
    token; the model then verifies them all (Leviathan et al. 2023, arXiv 2211.17192).
    """

    name: ClassVar[SchemeName] = "draft_model"
    model: ModelShape
    precision: Precision
    drafts: int

    @property
    def rows(self) -> int:
        return self.drafts + 1


@dataclass(frozen=True, slots=True)
class SequentialMtp:
    """Prediction modules one after the other, each one layer on the hidden state before it and the
    embedding of the token after it (DeepSeek-V3, arXiv 2412.19437, section 2.2: one module).
    """

    name: ClassVar[SchemeName] = "sequential_mtp"
    modules: int

    @property
    def drafts(self) -> int:
        return self.modules

    @property
    def rows(self) -> int:
        return self.modules + 1


@dataclass(frozen=True, slots=True)
class PromptLookup:
    """Drafts are copied from the text so far, at no cost; the ordinary model verifies them."""

    name: ClassVar[SchemeName] = "prompt_lookup"
    drafts: int

    @property
    def rows(self) -> int:
        return self.drafts + 1


Scheme = Autoregressive | MultiToken | Medusa | DraftModel | SequentialMtp | PromptLookup
"""A way of decoding. `rows` are the query rows that a verifying pass carries for each sequence, and
`drafts` the most of them that can be accepted: it emits one token more than it accepts."""


@dataclass(frozen=True, slots=True)
class RunSpec:
    """One way of decoding, and how often its drafts are right (None: it has no drafts)."""

    name: str
    scheme: Scheme
    acceptance: Acceptance | Recording | None = None


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
