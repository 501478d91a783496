"""Sections 3 and 8: speed-ups by heads in use, and the ways of decoding beside each other."""

from __future__ import annotations

from typing import Any

from cost_of_a_token.markdown import cause_name, percent, table

from .reading import PUBLISHED, cost, grid_steps, span, speed_up
from .steps import CHIPS, HEADS, MODELS, PRECISIONS, TEXTS, tokens
from .studies import SCHEMES_CONTEXT


def speed_section(found: dict[str, Any]) -> str:
    """Speed-ups on ddr_npu with each number of heads, their span elsewhere, and GPUs beside."""
    (steps,) = grid_steps(found, chip=CHIPS[0], weights="fp16", model=MODELS[0])
    rows = [
        [
            str(active),
            f"{cost(steps, active):.4f}",
            f"{cost(steps, active, 'k1'):.4f}",
            *(f"{speed_up(steps, text, active):.2f}" for text in TEXTS),
            *(f"{speed_up(steps, text, active, 'k1'):.2f}" for text in TEXTS),
            *(f"{PUBLISHED[active][text]:.2f}" if active > 1 else "1" for text in TEXTS),
        ]
        for active in range(1, HEADS + 1)
    ]
    headings = [
        "k",
        "T(k)/T(ordinary)",
        "T(k)/T(own 1)",
        *TEXTS,
        *(f"{text}, own" for text in TEXTS),
        *(f"{text}, own, GPU" for text in TEXTS),
    ]
    sevens = list(grid_steps(found, model=MODELS[0]))
    gpu = [tokens(text, HEADS) / PUBLISHED[HEADS][text] for text in TEXTS]
    drawn = found["generations"]["generations"]["speedup"]
    count = found["generations"]["generations"]["count"]
    return f"""## 3. "1.5 to 2x", "over 2x", "3x"

*All are right, for 2, 3 and 4 heads in use; which number it is depends on text and baseline more
than on the chip.*

{MODELS[0]}, fp16, on `ddr_npu`; *own* is against the same model with head 1 alone, which reads 29
of 32 layers; *GPU* are the published speed-ups (Gloeckle et al. 2024, table S2, batch 42), which
are against own k = 1 too:

{table(headings, rows, left=0)}

Over the {len(CHIPS)} chips and {len(PRECISIONS)} formats of the table on top, four heads gain
{span(speed_up(one, "wikipedia") for one in sevens)} times on Wikipedia and
{span(speed_up(one, "code") for one in sevens)} on code against the ordinary 7B model, and
{span(speed_up(one, "wikipedia", HEADS, "k1") for one in sevens)} and
{span(speed_up(one, "code", HEADS, "k1") for one in sevens)} against own k = 1. The best k is 4
everywhere there.

The published step of four heads took {span(gpu)} times one of own k = 1 (tokens per pass over
speed-up), where the bytes ask for {cost(steps, HEADS, "k1"):.3f}: the rest is what further rows
cost
that GPU.

These are ratios of means. Of {count} drawn generations of 128 tokens of code, `accsim run ddr_npu
llama2_mtp` gives {drawn["mean"]:.3f} (95 % interval {drawn["low"]:.3f} to {drawn["high"]:.3f}),
{percent(1 - drawn["mean"] / speed_up(steps, "code"), 1)} less than {speed_up(steps, "code"):.2f},
as the last step of a generation may bring more
tokens than are asked for."""


def schemes_section(schemes: dict[str, Any]) -> str:
    """What a step of each way costs, which is how many tokens it has to bring."""
    ordinary = {weights: ways["ordinary model"] for weights, ways in schemes.items()}
    ways = next(iter(schemes.values()))
    rows = [
        [
            name,
            str(one["rows"]),
            str(one["passes"]),
            *(f"{schemes[w][name]['ps'] / ordinary[w]['ps']:.3f}" for w in schemes),
            str(one["drafts"] + 1),
            cause_name(one["bound"]),
        ]
        for name, one in ways.items()
    ]
    headings = [
        "way of decoding",
        "rows",
        "passes",
        *(f"tokens to break even, {weights}" for weights in schemes),
        "tokens at most",
        "waits for (fp16)",
    ]
    merged, deferred, drafter = (
        ways[name]["ps"] / ordinary["fp16"]["ps"]
        for name in (
            "4 heads, 28 + 4 layers, merged",
            "4 heads, 28 + 4 layers, deferred",
            "draft model TinyLlama 1.1B, 3 drafts",
        )
    )
    return f"""## 8. Other ways to draft

A step of each way on `ddr_npu`, {MODELS[0]}, {SCHEMES_CONTEXT} tokens cached, over a step of the
ordinary model: as many tokens must it bring on average to be as fast. The speed-up is the tokens
that it brings over this number.

{table(headings, rows)}

Four heads in place of layers ask for the least, {merged:.3f}: the drafts are paid for by the layers
that they replace. *Deferred* heads read the LM head twice ({deferred:.3f}), which saves MACs that
nobody waits for here. A separate draft model of 1.1 G parameters asks for {drafter:.2f}: each of
its
passes reads all of its weights. Medusa heads bring an unembedding each, sequential modules read the
LM head once more each. Prompt lookup costs nothing but its rows. What a step of each carries is in
[ways of decoding](decoding-schemes.md); `accsim compare ddr_npu llama2_schemes` puts most of them
side
by side."""
