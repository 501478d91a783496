"""Operators of a Llama-family model, with their tensors, in the order in which they can run.

What is modelled: RMSNorm, fused QKV projection, rotary embedding, attention over a KV cache and
SwiGLU feed-forward. Where activations are stored in fewer bits than the vector unit works in, a
``quantise`` operator makes each input of a product with weights; likewise the new keys and values
for a KV cache of fewer bits. Attention itself stays in the working format: queries, new keys and
values, scores and probabilities.

What is left out: token ids on their way in and out, and the rotary tables (head_dim values per
row): together under 0.01 % of the bytes of a decode pass.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from accsim.ops import (
    TOKEN_ID,
    Attention,
    Dim,
    NumberFormat,
    Op,
    OpKind,
    PassGraph,
    Role,
    Tensor,
)
from accsim.workload import ModelShape, Precision


def table_format(model: ModelShape, precision: Precision) -> NumberFormat:
    """How the LM head is stored: as a weight matrix, or as the embedding table if it is that."""
    return precision.working if model.tied_embeddings else precision.weights


@dataclass
class GraphBuilder:
    """Collects operators; each method appends some and returns the tensor that goes on.

    Operators are named ``layers.<i>.<group>`` and the like; those of a draft model, and its groups,
    begin with ``draft.``.
    """

    model: ModelShape
    precision: Precision
    sequences: int
    rows: int
    role: Role = "target"
    visible: tuple[int, ...] = ()
    ops: list[Op] = field(default_factory=list)

    def graph(self, name: str) -> PassGraph:
        """The finished graph."""
        return PassGraph(name, self.sequences, self.rows, tuple(self.ops), self.role)

    def embedding(self, prefix: str = "", tokens: Tensor | None = None) -> Tensor:
        """Rows of the embedding table for every row of the pass; `tokens` were chosen by it."""
        model, total = self.model, self.sequences * self.rows
        table = Tensor(
            f"{self._own}embedding.weight",
            (model.vocab, model.hidden),
            self.precision.working,
            "embedding",
        )
        name = f"{prefix}embedding"
        out = self._chip(f"{name}.out", total, model.hidden)
        reads = (table,) if tokens is None else (table, tokens)
        self._add("embedding", name, None, reads, (out,), rows=total)
        return out

    def layer(self, prefix: str, layer: int, inputs: Tensor) -> Tensor:
        """One transformer layer: attention and feed-forward, each with norm and residual."""
        attended = self._attention(prefix, layer, self.norm(f"{prefix}.attn_norm", layer, inputs))
        return self._rest_of_layer(prefix, layer, inputs, attended)

    def late_layer(self, prefix: str, layer: int, inputs: Tensor, tokens: Tensor) -> Tensor:
        """A layer that leaves keys and values of all rows, but goes on with the last row that
        `tokens` accept: (sequences, hidden).

        How many rows are accepted is only known then, so keys and values are made of all of them;
        entries of rejected rows are overwritten by the next pass.
        """
        normed = self.norm(f"{prefix}.attn_norm", layer, inputs)
        key, value = self._heads(prefix, layer, inputs, kv=True)
        self._matmul(f"{prefix}.kv_proj", layer, normed, (key, value))
        turned_key = self._chip(f"{prefix}.k_rotated", *_fixed(key))
        self._add("rotary", f"{prefix}.rotary", layer, (key,), (turned_key,))
        chosen = self.select(f"{prefix}.select_normed", layer, normed, tokens)
        stream = self.select(f"{prefix}.select", layer, inputs, tokens)
        (query,) = self._heads(prefix, layer, chosen, kv=False)
        self._matmul(f"{prefix}.q_proj", layer, chosen, (query,))
        turned_query = self._chip(f"{prefix}.q_rotated", *_fixed(query))
        self._add("rotary", f"{prefix}.q_rotary", layer, (query,), (turned_query,))
        attended = self._attend(prefix, layer, turned_query, turned_key, value, (self.rows,))
        return self._rest_of_layer(prefix, layer, stream, attended)

    def predict(
        self, inputs: tuple[Tensor, ...], rows: int, prefix: str = ""
    ) -> tuple[Tensor, Tensor]:
        """Final norm over the stacked inputs, LM head and argmax, all on `rows` rows.

        Returns the normed hidden states and the tokens. Of more input rows the last of each
        sequence go on. Whatever the `prefix` of the names, the weights are the model's own.
        """
        normed = self.norm(f"{prefix}final_norm", None, *inputs, rows=rows, weight="final_norm")
        return normed, self.choose(prefix, normed, weight="lm_head")

    def choose(self, prefix: str, inputs: Tensor, weight: str) -> Tensor:
        """LM head and argmax on all rows of `inputs`."""
        rows = inputs.shape[0]
        logits = self._chip(f"{prefix}lm_head.out", rows, self.model.vocab)
        stored = table_format(self.model, self.precision)
        self._matmul(f"{prefix}lm_head", None, inputs, (logits,), stored, weight=weight)
        tokens = Tensor(f"{self._own}{prefix}tokens", (rows,), TOKEN_ID, "chip")
        self._add("argmax", f"{prefix}argmax", None, (logits,), (tokens,))
        return tokens

    def residual_block(self, prefix: str, inputs: Tensor) -> Tensor:
        """``x + SiLU(W x)``, the block of a Medusa head."""
        out = self._chip(f"{prefix}.linear.out", *_fixed(inputs))
        self._matmul(f"{prefix}.linear", None, inputs, (out,))
        active = self._chip(f"{prefix}.silu.out", *_fixed(inputs))
        self._add("silu", f"{prefix}.silu", None, (out,), (active,))
        return self._add_residual(prefix, "residual", None, inputs, active)

    def joined(self, prefix: str, layer: int, hidden: Tensor, embedded: Tensor) -> Tensor:
        """``M [norm(hidden); norm(embedded)]``, which begins a sequential prediction module.

        The matrix M (hidden x 2 hidden) is worked on as its two halves, whose products are added.
        """
        parts = []
        for name, inputs in (("hidden", hidden), ("embedding", embedded)):
            normed = self.norm(f"{prefix}.{name}_norm", layer, inputs)
            out = self._chip(f"{prefix}.{name}_proj.out", *_fixed(inputs))
            self._matmul(f"{prefix}.{name}_proj", layer, normed, (out,))
            parts.append(out)
        return self._add_residual(prefix, "join", layer, *parts)

    def select(self, name: str, layer: int | None, inputs: Tensor, tokens: Tensor) -> Tensor:
        """The last accepted row of each sequence, which is known once `tokens` are chosen."""
        out = self._chip(f"{name}.out", self.sequences, *_fixed(inputs)[1:])
        self._add("select", name, layer, (inputs, tokens), (out,))
        return out

    def copy_accepted(self, prefix: str, layer: int, entries: int, tokens: Tensor) -> None:
        """Move the accepted branch of a tree together in the KV cache: `entries` positions of each
        sequence at most, and always as many, so that the shapes do not depend on the tokens.
        """
        model = self.model
        shape = (self.sequences * entries, model.kv_heads, model.head_dim)
        names = (f"{prefix}.{part}_{{}}" for part in "kv")
        pairs = [
            (
                self._cache(name.format("accepted"), *shape),
                self._cache(name.format("moved"), *shape),
            )
            for name in names
        ]
        reads = (tokens, *(before for before, _ in pairs))
        self._add("kv_copy", f"{prefix}.kv_copy", layer, reads, tuple(after for _, after in pairs))

    def _attention(self, prefix: str, layer: int, normed: Tensor) -> Tensor:
        query, key, value = (
            *self._heads(prefix, layer, normed, kv=False),
            *self._heads(prefix, layer, normed, kv=True),
        )
        self._matmul(f"{prefix}.qkv", layer, normed, (query, key, value))
        turned_query = self._chip(f"{prefix}.q_rotated", *_fixed(query))
        turned_key = self._chip(f"{prefix}.k_rotated", *_fixed(key))
        self._add("rotary", f"{prefix}.rotary", layer, (query, key), (turned_query, turned_key))
        return self._attend(prefix, layer, turned_query, turned_key, value, self.visible)

    def _heads(self, prefix: str, layer: int, inputs: Tensor, *, kv: bool) -> tuple[Tensor, ...]:
        model = self.model
        heads, parts = (model.kv_heads, "kv") if kv else (model.heads, "q")
        return tuple(
            self._chip(f"{prefix}.{part}", inputs.shape[0], heads, model.head_dim) for part in parts
        )

    def _attend(
        self,
        prefix: str,
        layer: int,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        visible: tuple[int, ...],
    ) -> Tensor:
        """From queries, new keys and values to the output projection."""
        model = self.model
        # New entries and cached ones are two tensors: attention takes the new rows from the chip
        # and need not wait until they are stored.
        self._add(
            "kv_append",
            f"{prefix}.kv_append",
            layer,
            self._cache_entries(prefix, layer, (key, value)),
            (
                self._cache(f"{prefix}.k_new", *key.shape),
                self._cache(f"{prefix}.v_new", *key.shape),
            ),
        )
        total = _fixed(query)[0]
        rows = total // self.sequences
        shape = Attention(
            self.sequences, rows, model.heads, model.kv_heads, model.head_dim, visible
        )
        scores = self._chip(f"{prefix}.scores.out", model.heads, rows, "keys")
        weights = self._chip(f"{prefix}.softmax.out", model.heads, rows, "keys")
        attended = self._chip(f"{prefix}.attend.out", *query.shape)
        keys, values = (
            self._cache(f"{prefix}.{part}_cached", "context", *key.shape[1:]) for part in "kv"
        )
        steps: tuple[tuple[OpKind, tuple[Tensor, ...], Tensor], ...] = (
            ("scores", (query, key, keys), scores),
            ("softmax", (scores,), weights),
            ("attend", (weights, value, values), attended),
        )
        for kind, reads, made in steps:
            name = f"{prefix}.{kind}"
            self._add(kind, name, layer, reads, (made,), rows=total, attention=shape)
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
            Tensor(f"{self._own}{prefix}.{part}_quantised", entry.shape, stored, "chip")
            for part, entry in zip("kv", entries, strict=True)
        )
        self._add("quantise", f"{prefix}.kv_quantise", layer, entries, narrow)
        return narrow

    def _rest_of_layer(self, prefix: str, layer: int, stream: Tensor, attended: Tensor) -> Tensor:
        middle = self._add_residual(prefix, "attn_residual", layer, stream, attended)
        fed = self._feed_forward(prefix, layer, self.norm(f"{prefix}.ffn_norm", layer, middle))
        return self._add_residual(prefix, "ffn_residual", layer, middle, fed)

    def _feed_forward(self, prefix: str, layer: int, normed: Tensor) -> Tensor:
        model, rows = self.model, normed.shape[0]
        both = self._chip(f"{prefix}.gate_up.out", rows, 2 * model.ffn)
        self._matmul(f"{prefix}.gate_up", layer, normed, (both,))
        gated = self._chip(f"{prefix}.silu_mul.out", rows, model.ffn)
        self._add("silu_mul", f"{prefix}.silu_mul", layer, (both,), (gated,))
        out = self._chip(f"{prefix}.down.out", rows, model.hidden)
        self._matmul(f"{prefix}.down", layer, gated, (out,))
        return out

    def norm(
        self,
        name: str,
        layer: int | None,
        *inputs: Tensor,
        rows: int | None = None,
        weight: str | None = None,
    ) -> Tensor:
        """RMSNorm of the inputs, one upon the other; `rows` of them if not all, with the weights of
        the norm `weight` if not its own.
        """
        total = sum(_fixed(tensor)[0] for tensor in inputs)
        shape = (self.model.hidden,)
        scale = Tensor(
            f"{self._own}{weight or name}.weight", shape, self.precision.working, "weights"
        )
        out = self._chip(f"{name}.out", rows or total, *shape)
        self._add("rms_norm", name, layer, (*inputs, scale), (out,))
        return out

    def _add_residual(
        self, prefix: str, group: str, layer: int | None, stream: Tensor, change: Tensor
    ) -> Tensor:
        name = f"{prefix}.{group}"
        out = self._chip(f"{name}.out", *_fixed(stream))
        self._add("residual_add", name, layer, (stream, change), (out,))
        return out

    def _matmul(
        self,
        name: str,
        layer: int | None,
        inputs: Tensor,
        outputs: tuple[Tensor, ...],
        stored: NumberFormat | None = None,
        weight: str | None = None,
    ) -> None:
        rows = _fixed(inputs)[0]
        inner = _width(inputs)
        outer = sum(_width(tensor) for tensor in outputs)
        narrow = self.precision.activations
        if narrow.bits < self.precision.working.bits:
            # One row is one vector, so that it has one scale.
            made = Tensor(f"{self._own}{name}_quantise.out", (rows, inner), narrow, "chip")
            self._add("quantise", f"{name}_quantise", layer, (inputs,), (made,))
            inputs = made
        matrix = Tensor(
            f"{self._own}{weight or name}.weight",
            (outer, inner),
            stored or self.precision.weights,
            "weights",
        )
        self._add("matmul", name, layer, (inputs, matrix), outputs, inner=inner, outer=outer)

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
        group = self._own + name.rpartition(".")[2]
        rows = _fixed(writes[0])[0] if rows is None else rows
        name = self._own + name
        self.ops.append(Op(name, kind, group, layer, reads, writes, rows, inner, outer, attention))

    @property
    def _own(self) -> str:
        return "draft." if self.role == "draft" else ""

    def _chip(self, name: str, *shape: Dim) -> Tensor:
        return Tensor(self._own + name, shape, self.precision.working, "chip")

    def _cache(self, name: str, *shape: Dim) -> Tensor:
        return Tensor(self._own + name, shape, self.precision.kv_cache, "kv_cache")


def _fixed(tensor: Tensor) -> tuple[int, ...]:
    """The shape of a tensor that has no symbol in it."""
    assert all(isinstance(dim, int) for dim in tensor.shape), tensor.name
    return tensor.shape  # type: ignore[return-value]


def _width(tensor: Tensor) -> int:
    """Elements of one row: the product of all axes but the first."""
    return math.prod(_fixed(tensor)[1:])
