"""Every operator of one pass of a Llama-family model, with its tensors.

What is modelled: RMSNorm, fused QKV projection, rotary embedding, attention over a KV cache, SwiGLU
feed-forward, and parallel prediction heads: each head is one whole transformer layer on the trunk's
output, with a KV cache of its own; all heads share the final norm and the LM head (Gloeckle et al.
2024, arXiv 2404.19737, section 2). Where activations are stored in fewer bits than the vector unit
works in, a ``quantise`` operator makes each input of a product with weights; likewise the new keys
and values for a KV cache of fewer bits. Attention itself stays in the working format: queries, new
keys and values, scores and probabilities.

What is left out: token ids on their way in and out, and the rotary tables (head_dim values per
row): together under 0.01 % of the bytes of a decode pass.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from accsim.ops import Attention, Dim, NumberFormat, Op, OpKind, PassGraph, Tensor
from accsim.workload import ModelShape, Precision, RunSpec

TOKEN_ID = NumberFormat("token_id", bits=32)
"""How argmax writes the tokens that it chose."""


def head_layers(spec: RunSpec) -> int:
    """Prediction heads that a run executes after its trunk: 0 for the ordinary model."""
    return spec.active_heads if spec.scheme == "multi_token" else 0


def table_format(model: ModelShape, precision: Precision) -> NumberFormat:
    """How the LM head is stored: as a weight matrix, or as the embedding table if it is that."""
    return precision.working if model.tied_embeddings else precision.weights


def build_graph(
    name: str,
    model: ModelShape,
    precision: Precision,
    *,
    trunk_layers: int,
    heads: int,
    sequences: int,
    rows: int,
    predict_all_rows: bool,
    predicts: bool = True,
) -> PassGraph:
    """Build a pass of `rows` query rows for each of `sequences`.

    After the trunk follow `heads` parallel head layers (0: the ordinary model, whose last trunk
    layer is what the final norm reads). With `predict_all_rows` the LM head sees every row of every
    head, as decoding needs it: sequences x rows x heads rows. Otherwise, in prefill, it sees the
    last row of each sequence only: the final norm then reads whole tensors and writes
    sequences x heads rows of them. A part of a prompt, but for the last, predicts nothing
    (`predicts` false): it has no final norm, LM head nor argmax. Its layers and head layers run
    whole, and leave keys and values of every prompt position.

    Operators are named ``layers.<i>.<group>`` and ``heads.<j>.<group>``, from layer 0 and head 1;
    `Op.layer` of head j is trunk_layers + j - 1.
    """
    total = sequences * rows
    builder = _Builder(model, precision, sequences, rows)
    trunk = builder.embedding()
    for layer in range(trunk_layers):
        trunk = builder.layer(f"layers.{layer}", layer, trunk)
    outputs = tuple(
        builder.layer(f"heads.{head}", trunk_layers + head - 1, trunk)
        for head in range(1, heads + 1)
    )
    if predicts:
        stacked = (total if predict_all_rows else sequences) * max(1, heads)
        builder.predict(outputs or (trunk,), stacked)
    return PassGraph(name, sequences, rows, tuple(builder.ops))


@dataclass
class _Builder:
    """Collects operators; each method appends some and returns the tensor that goes on."""

    model: ModelShape
    precision: Precision
    sequences: int
    rows: int
    ops: list[Op] = field(default_factory=list)

    @property
    def total(self) -> int:
        """Activation rows of the pass, over the batch."""
        return self.sequences * self.rows

    def embedding(self) -> Tensor:
        model = self.model
        table = Tensor(
            "embedding.weight",
            (model.vocab, model.hidden),
            self.precision.working,
            "embedding",
        )
        out = self._chip("embedding.out", self.total, model.hidden)
        self._add("embedding", "embedding", None, (table,), (out,))
        return out

    def layer(self, prefix: str, layer: int, inputs: Tensor) -> Tensor:
        """One transformer layer: attention and feed-forward, each with norm and residual."""
        attended = self._attention(prefix, layer, self._norm(prefix, "attn_norm", layer, inputs))
        middle = self._add_residual(prefix, "attn_residual", layer, inputs, attended)
        fed = self._feed_forward(prefix, layer, self._norm(prefix, "ffn_norm", layer, middle))
        return self._add_residual(prefix, "ffn_residual", layer, middle, fed)

    def predict(self, inputs: tuple[Tensor, ...], rows: int) -> None:
        """Final norm over the stacked inputs, LM head and argmax, all on `rows` rows."""
        model = self.model
        weight = self._norm_weight("final_norm")
        normed = self._chip("final_norm.out", rows, model.hidden)
        self._add("rms_norm", "final_norm", None, (*inputs, weight), (normed,), rows=rows)
        logits = self._chip("lm_head.out", rows, model.vocab)
        stored = table_format(model, self.precision)
        self._matmul("lm_head", None, normed, (logits,), stored, rows)
        tokens = Tensor("tokens", (rows,), TOKEN_ID, "chip")
        self._add("argmax", "argmax", None, (logits,), (tokens,), rows=rows)

    def _attention(self, prefix: str, layer: int, normed: Tensor) -> Tensor:
        model, total = self.model, self.total
        query_shape = (total, model.heads, model.head_dim)
        key_shape = (total, model.kv_heads, model.head_dim)
        query = self._chip(f"{prefix}.q", *query_shape)
        key = self._chip(f"{prefix}.k", *key_shape)
        value = self._chip(f"{prefix}.v", *key_shape)
        self._matmul(f"{prefix}.qkv", layer, normed, (query, key, value))

        turned_query = self._chip(f"{prefix}.q_rotated", *query_shape)
        turned_key = self._chip(f"{prefix}.k_rotated", *key_shape)
        self._add("rotary", f"{prefix}.rotary", layer, (query, key), (turned_query, turned_key))

        # New entries and cached ones are two tensors: attention takes the new rows from the chip
        # and need not wait until they are stored.
        self._add(
            "kv_append",
            f"{prefix}.kv_append",
            layer,
            self._cache_entries(prefix, layer, (turned_key, value)),
            (
                self._cache(f"{prefix}.k_new", *key_shape),
                self._cache(f"{prefix}.v_new", *key_shape),
            ),
        )
        shape = Attention(self.sequences, self.rows, model.heads, model.kv_heads, model.head_dim)
        scores = self._chip(f"{prefix}.scores.out", model.heads, self.rows, "keys")
        cached = self._cache(f"{prefix}.k_cached", "context", *key_shape[1:])
        reads = (turned_query, turned_key, cached)
        self._add("scores", f"{prefix}.scores", layer, reads, (scores,), attention=shape)

        weights = self._chip(f"{prefix}.softmax.out", model.heads, self.rows, "keys")
        self._add("softmax", f"{prefix}.softmax", layer, (scores,), (weights,), attention=shape)

        attended = self._chip(f"{prefix}.attend.out", *query_shape)
        cached = self._cache(f"{prefix}.v_cached", "context", *key_shape[1:])
        reads = (weights, value, cached)
        self._add("attend", f"{prefix}.attend", layer, reads, (attended,), attention=shape)

        out = self._chip(f"{prefix}.o_proj.out", total, model.hidden)
        self._matmul(f"{prefix}.o_proj", layer, attended, (out,))
        return out

    def _cache_entries(
        self, prefix: str, layer: int, entries: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, ...]:
        """New keys and values as the KV cache stores them: quantised if it has fewer bits."""
        stored = self.precision.kv_cache
        if stored.bits >= self.precision.working.bits:
            return entries
        narrow = tuple(
            Tensor(f"{prefix}.{part}_quantised", entry.shape, stored, "chip")
            for part, entry in zip("kv", entries, strict=True)
        )
        self._add("quantise", f"{prefix}.kv_quantise", layer, entries, narrow)
        return narrow

    def _feed_forward(self, prefix: str, layer: int, normed: Tensor) -> Tensor:
        model, total = self.model, self.total
        both = self._chip(f"{prefix}.gate_up.out", total, 2 * model.ffn)
        self._matmul(f"{prefix}.gate_up", layer, normed, (both,))
        gated = self._chip(f"{prefix}.silu_mul.out", total, model.ffn)
        self._add("silu_mul", f"{prefix}.silu_mul", layer, (both,), (gated,))
        out = self._chip(f"{prefix}.down.out", total, model.hidden)
        self._matmul(f"{prefix}.down", layer, gated, (out,))
        return out

    def _norm(self, prefix: str, group: str, layer: int, inputs: Tensor) -> Tensor:
        name = f"{prefix}.{group}"
        out = self._chip(f"{name}.out", self.total, self.model.hidden)
        self._add("rms_norm", name, layer, (inputs, self._norm_weight(name)), (out,))
        return out

    def _add_residual(
        self, prefix: str, group: str, layer: int, stream: Tensor, change: Tensor
    ) -> Tensor:
        name = f"{prefix}.{group}"
        out = self._chip(f"{name}.out", self.total, self.model.hidden)
        self._add("residual_add", name, layer, (stream, change), (out,))
        return out

    def _matmul(
        self,
        name: str,
        layer: int | None,
        inputs: Tensor,
        outputs: tuple[Tensor, ...],
        stored: NumberFormat | None = None,
        rows: int | None = None,
    ) -> None:
        inner = _width(inputs)
        outer = sum(_width(tensor) for tensor in outputs)
        narrow = self.precision.activations
        if narrow.bits < self.precision.working.bits:
            # One row is one vector, so that it has one scale.
            made = Tensor(f"{name}_quantise.out", (inputs.shape[0], inner), narrow, "chip")
            self._add("quantise", f"{name}_quantise", layer, (inputs,), (made,), rows=rows)
            inputs = made
        weight = Tensor(
            f"{name}.weight", (outer, inner), stored or self.precision.weights, "weights"
        )
        self._add(
            "matmul", name, layer, (inputs, weight), outputs, rows=rows, inner=inner, outer=outer
        )

    def _add(
        self,
        kind: OpKind,
        name: str,
        layer: int | None,
        reads: tuple[Tensor, ...],
        writes: tuple[Tensor, ...],
        *,
        rows: int | None = None,
        inner: int = 0,
        outer: int = 0,
        attention: Attention | None = None,
    ) -> None:
        group = name.rpartition(".")[2]
        rows = self.total if rows is None else rows
        self.ops.append(Op(name, kind, group, layer, reads, writes, rows, inner, outer, attention))

    def _norm_weight(self, name: str) -> Tensor:
        shape = (self.model.hidden,)
        return Tensor(f"{name}.weight", shape, self.precision.working, "weights")

    def _chip(self, name: str, *shape: Dim) -> Tensor:
        return Tensor(name, shape, self.precision.working, "chip")

    def _cache(self, name: str, *shape: Dim) -> Tensor:
        return Tensor(name, shape, self.precision.kv_cache, "kv_cache")


def _width(tensor: Tensor) -> int:
    """Elements of one row: the product of all axes but the first."""
    width = 1
    for dim in tensor.shape[1:]:
        assert isinstance(dim, int)
        width *= dim
    return width
