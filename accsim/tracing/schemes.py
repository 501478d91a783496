"""Ways of decoding, one function each: the passes that a phase of it executes.

A *phase* is a part of the prompt that predicts nothing, the end of the prompt, or a decode step.
Every function says for a decode step which query rows its passes carry, how often they read the LM
head and for how many rows, and how many KV entries they write and keep; k is `Scheme.rows`, N the
tokens that the step emits, 1 to drafts + 1. Figures are per sequence; nothing of them depends on
what is accepted, as a compiler for fixed shapes needs it. All entries are written at the positions
after the committed ones: what was rejected is overwritten by the next step, without a copy, but for
trees.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from accsim.ops import PassGraph, Tensor
from accsim.tracing.layers import GraphBuilder
from accsim.tracing.llama import build_graph, trunk_of
from accsim.workload import (
    Autoregressive,
    DraftModel,
    Medusa,
    ModelShape,
    MultiToken,
    Precision,
    PromptLookup,
    Scheme,
    SequentialMtp,
)

PhaseName = Literal["prefill_chunk", "prefill", "decode"]


@dataclass(frozen=True, slots=True)
class Phase:
    """What is done, and on how many rows of each sequence (of a decode step: `Scheme.rows`)."""

    name: PhaseName
    rows: int

    @property
    def decodes(self) -> bool:
        return self.name == "decode"

    @property
    def predicts(self) -> bool:
        return self.name != "prefill_chunk"


@dataclass(frozen=True, slots=True)
class Setting:
    """The model, how it is stored, and the sequences that are decoded together."""

    model: ModelShape
    precision: Precision
    sequences: int


@dataclass(frozen=True, slots=True)
class Part:
    """One pass of a phase. Its caches hold `ahead` tokens more than have been committed before the
    phase; the last part of a decode step is the one that emits tokens.
    """

    graph: PassGraph
    ahead: int = 0


def parts(at: Setting, scheme: Scheme, phase: Phase) -> tuple[Part, ...]:
    """The passes of a phase, in order."""
    return _SCHEMES[scheme.name](at, scheme, phase)


def step_parts(at: Setting, scheme: Scheme) -> tuple[Part, ...]:
    """The passes of a decode step, in order."""
    return parts(at, scheme, Phase("decode", scheme.rows))


def autoregressive(at: Setting, scheme: Autoregressive, phase: Phase) -> tuple[Part, ...]:
    """The ordinary model: 1 row, 1 row of the LM head, 1 KV entry per layer."""
    return (Part(_ordinary(at, phase)),)


def prompt_lookup(at: Setting, scheme: PromptLookup, phase: Phase) -> tuple[Part, ...]:
    """Carry k = drafts + 1 rows through the ordinary model and its LM head; k KV entries, N kept.

    The drafts are copied from the text (Saxena 2023, prompt lookup decoding) and cost nothing; a
    step carries all k rows even where no match was found, which the acceptance has to tell.
    """
    return (Part(_ordinary(at, phase)),)


def multi_token(at: Setting, scheme: MultiToken, phase: Phase) -> tuple[Part, ...]:
    """Carry k rows through the trunk and k heads; k entries in each of their caches, N kept.

    Merged: k x k rows of the LM head, read once. Deferred: k rows of the LM head for head 1; then
    heads 2 to k make keys and values of all k rows and go on with one row each, and the LM head is
    read again, for k - 1 rows. In the prompt every head leaves entries of every position, and
    predicts from the last one.
    """
    trunk, heads = scheme.trunk_layers(at.model.layers), scheme.active_heads
    name = f"{phase.name}-{trunk}+{heads}"
    if phase.decodes and scheme.drafting == "deferred":
        return (Part(_deferred(f"{name}-deferred", at, trunk, heads)),)
    graph = build_graph(
        name,
        at.model,
        at.precision,
        trunk_layers=trunk,
        heads=heads,
        sequences=at.sequences,
        rows=phase.rows,
        predict_all_rows=phase.decodes,
        predicts=phase.predicts,
    )
    return (Part(graph),)


def _deferred(name: str, at: Setting, trunk_layers: int, heads: int) -> PassGraph:
    build = GraphBuilder(at.model, at.precision, at.sequences, heads)
    trunk = trunk_of(build, trunk_layers)
    first = build.layer("heads.1", trunk_layers, trunk)
    _, tokens = build.predict((first,), at.sequences * heads)
    late = tuple(
        build.late_layer(f"heads.{head}", trunk_layers + head - 1, trunk, tokens)
        for head in range(2, heads + 1)
    )
    if late:
        build.predict(late, at.sequences * len(late), "drafts.")
    return build.graph(name)


def medusa(at: Setting, scheme: Medusa, phase: Phase) -> tuple[Part, ...]:
    """Carry k = 1 + nodes rows through the ordinary model, its LM head, and every Medusa head.

    A head is a residual block and an unembedding of its own (hidden x vocab), without KV, on all k
    rows, as which of them is the last accepted one is known only afterwards. k KV entries, N kept.
    A tree pays for the rows of all its nodes, whose attention is masked to their ancestors; and for
    its accepted branch, as many entries as the tree is deep, being moved together in every layer's
    cache (a chain only resets the length). The choice of several candidates per head is priced as
    an argmax.
    """
    if not phase.decodes:
        build = GraphBuilder(at.model, at.precision, at.sequences, phase.rows)
        name = f"{phase.name}-{at.model.layers}"
        trunk = trunk_of(build, at.model.layers)
        if phase.predicts:
            name += f"-medusa{scheme.heads}"
            hidden, _ = build.predict((trunk,), at.sequences)
            _medusa_heads(build, scheme.heads, hidden)
        return (Part(build.graph(name)),)
    visible = () if scheme.is_chain else _ancestors(scheme.tree)
    build = GraphBuilder(at.model, at.precision, at.sequences, scheme.rows, visible=visible)
    trunk = trunk_of(build, at.model.layers)
    hidden, tokens = build.predict((trunk,), at.sequences * scheme.rows)
    _medusa_heads(build, scheme.heads, hidden)
    if not scheme.is_chain:
        for layer in range(at.model.layers):
            build.copy_accepted(f"layers.{layer}", layer, scheme.drafts, tokens)
    shape = "x".join(map(str, scheme.tree))
    return (Part(build.graph(f"decode-{at.model.layers}-medusa{shape}")),)


def _medusa_heads(build: GraphBuilder, heads: int, hidden: Tensor) -> None:
    for head in range(1, heads + 1):
        block = build.residual_block(f"medusa.{head}", hidden)
        build.choose(f"medusa.{head}.", block, weight=f"medusa.{head}.lm_head")


def _ancestors(tree: tuple[int, ...]) -> tuple[int, ...]:
    """New keys that each row of a tree sees, itself among them, depth by depth."""
    return (1, *(depth + 2 for depth, nodes in enumerate(tree) for _ in range(nodes)))


def draft_model(at: Setting, scheme: DraftModel, phase: Phase) -> tuple[Part, ...]:
    """One pass of the draft model for each draft, then k = drafts + 1 rows through the model.

    The first draft pass has two rows: the last committed token, and the one before it, which the
    draft model has not seen if all its drafts were right; otherwise its entry is overwritten with
    the same. Each draft pass predicts from its last row. The model has k rows of the LM head and
    writes k KV entries, N kept; the draft model's cache has one entry less. It reads the prompt
    too, each part before the model does, and so delays the first token.
    """
    if not phase.decodes:
        graph = _draft_graph(at, scheme, f"draft_{phase.name}", phase.rows, predicts=False)
        return (Part(graph), Part(_ordinary(at, phase)))
    first = _draft_graph(at, scheme, "draft_first", 2, predicts=True)
    later = _draft_graph(at, scheme, "draft", 1, predicts=True)
    return (
        Part(first, -1),
        *(Part(later, ahead) for ahead in range(1, scheme.drafts)),
        Part(_ordinary(at, phase)),
    )


def _draft_graph(
    at: Setting, scheme: DraftModel, name: str, rows: int, *, predicts: bool
) -> PassGraph:
    return build_graph(
        f"{name}-{scheme.model.name}",
        scheme.model,
        scheme.precision,
        trunk_layers=scheme.model.layers,
        heads=0,
        sequences=at.sequences,
        rows=rows,
        predict_all_rows=False,
        predicts=predicts,
        role="draft",
    )


def sequential_mtp(at: Setting, scheme: SequentialMtp, phase: Phase) -> tuple[Part, ...]:
    """Carry k = modules + 1 rows through the model and its LM head; then the modules draft.

    A module joins the hidden states before it (the model's last layer, or the module before) with
    the embedding of the tokens after them, and is one layer, on all k rows: the next module needs
    the hidden states of all, and its cache the entries, k written, N kept. Only the last accepted
    row goes through a norm of the module's own and the LM head, which is read k times in a step.
    """
    rows, layers = phase.rows, at.model.layers
    build = GraphBuilder(at.model, at.precision, at.sequences, rows)
    hidden, tokens = trunk_of(build, layers), None
    if phase.predicts:
        predicted = at.sequences * (rows if phase.decodes else 1)
        _, tokens = build.predict((hidden,), predicted)
    known = tokens
    for module in range(1, scheme.modules + 1):
        prefix, layer = f"mtp.{module}", layers + module - 1
        embedded = build.embedding(f"{prefix}.", known)
        hidden = build.layer(prefix, layer, build.joined(prefix, layer, hidden, embedded))
        if tokens is not None:
            chosen = build.select(f"{prefix}.select", layer, hidden, tokens)
            normed = build.norm(f"{prefix}.final_norm", layer, chosen)
            known = build.choose(f"{prefix}.", normed, weight="lm_head")
    return (Part(build.graph(f"{phase.name}-{layers}-mtp{scheme.modules}")),)


def _ordinary(at: Setting, phase: Phase) -> PassGraph:
    """The model as it is; more rows than one in a decode step are drafts to be verified."""
    layers = at.model.layers
    several = f"-{phase.rows}rows" if phase.decodes and phase.rows > 1 else ""
    return build_graph(
        f"{phase.name}-{layers}{several}",
        at.model,
        at.precision,
        trunk_layers=layers,
        heads=0,
        sequences=at.sequences,
        rows=phase.rows,
        predict_all_rows=phase.decodes,
        predicts=phase.predicts,
    )


_SCHEMES: dict[str, Callable[[Setting, Any, Phase], tuple[Part, ...]]] = {
    function.__name__: function
    for function in (
        autoregressive,
        multi_token,
        medusa,
        draft_model,
        sequential_mtp,
        prompt_lookup,
    )
}
