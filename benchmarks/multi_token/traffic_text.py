"""Sections 1 and 2: traffic of the KV cache, and the bandwidth that four heads need."""

from __future__ import annotations

from typing import Any

from cost_of_a_token.markdown import percent, table

from accsim.units import show_bytes

from .steps import HEADS, MODELS, PRECISIONS, TEXTS, tokens
from .studies import CONTEXTS, RATE_MTPS

CODE = tokens("code", HEADS)
WIKIPEDIA = tokens("wikipedia", HEADS)


def cache_section(sharing: list[dict[str, Any]]) -> str:
    """Cached keys and values: their share of the bytes, and what is read of them per token."""
    by_key = {(one["model"], one["weights"], one["context"]): one for one in sharing}
    shares = [
        [
            model,
            weights,
            *(
                percent(one["cached_bytes"], one["dram_bytes"])
                for one in (by_key[model, weights, context]["ordinary"] for context in CONTEXTS)
            ),
        ]
        for model in MODELS
        for weights in PRECISIONS
    ]
    small = [one for one in sharing if one["model"] == MODELS[0]]
    costs = [
        [one["weights"], str(one["context"]), *_cache_row(one)]
        for one in sorted(small, key=lambda one: list(PRECISIONS).index(one["weights"]))
    ]
    example = by_key[MODELS[0], "fp16", 2048]
    before, after = example["ordinary"]["dram_bytes"], example["shared"]["dram_bytes"] / CODE
    return f"""## 1. "KV traffic falls to a quarter"

*To 1/{CODE:.2f} on code and 1/{WIKIPEDIA:.2f} on Wikipedia, if the rows of a step share what is
read; it rises if they do not.*

A step of four rows reads the cache once, as a step of one row does, and brings E[N] tokens. A
quarter would need every draft to be right. Nothing of that is special to keys and values: the
weights are read once per step too, so all traffic falls alike, on code from {show_bytes(before)} to
{show_bytes(round(after))} a token (7B, fp16, 2048 tokens in the cache). The cache is the smaller
part of it. Share of cached keys and values (fp16) in the DRAM bytes of an ordinary step:

{table(["model", "weights", *(f"{context} tokens" for context in CONTEXTS)], shares, left=2)}

If each row reads the cache for itself (`attention: {{kv_shared_by_rows: false}}` in the chip file),
a step reads it {HEADS} times, which is {HEADS / CODE:.2f} times an ordinary token's reading for
each token of code and {HEADS / WIKIPEDIA:.2f} times for Wikipedia. {MODELS[0]} on `ddr_npu`:

{table(_CACHE_HEADINGS, costs, left=0)}

To try it: add that line to a copy of `chips/ddr_npu.yaml`, and put `accsim run my_chip.yaml
llama2_mtp` beside `accsim run ddr_npu llama2_mtp`."""


_CACHE_HEADINGS = (
    "weights",
    "tokens cached",
    "read per token, ordinary",
    "rows share it, code",
    "each its own, code",
    "T(each its own)/T(shared)",
    "speed-up on code, shared",
    "each its own",
)


def _cache_row(one: dict[str, Any]) -> list[str]:
    ordinary, shared, apart = one["ordinary"], one["shared"], one["apart"]
    return [
        show_bytes(ordinary["cached_bytes"]),
        show_bytes(round(shared["cached_bytes"] / CODE)),
        show_bytes(round(apart["cached_bytes"] / CODE)),
        f"{apart['ps'] / shared['ps']:.3f}",
        *(f"{CODE * ordinary['ps'] / step['ps']:.2f}" for step in (shared, apart)),
    ]


def bandwidth_section(bandwidth: dict[str, Any]) -> str:
    """The bandwidth at which four heads are as fast as one token a step at 51.2 GB/s."""
    peak = bandwidth["fp16"]["peak_bytes_per_s"] / 1e9
    rows = [
        [
            weights,
            *(
                f"{needed_gb_s(one, against, text):.1f}"
                for against in ("ordinary", "k1")
                for text in TEXTS
            ),
        ]
        for weights, one in bandwidth.items()
    ]
    headings = [
        "weights",
        *(f"{text}" for text in TEXTS),
        *(f"{text}, own k = 1" for text in TEXTS),
    ]
    return f"""## 2. "50 GB/s becomes 12.5 GB/s"

*{peak} GB/s become {needed_gb_s(bandwidth["fp16"], "ordinary", "code"):.1f} GB/s on code and
{needed_gb_s(bandwidth["fp16"], "ordinary", "wikipedia"):.1f} on Wikipedia: 1/E[N], not 1/4.*

The least bandwidth in GB/s at which {MODELS[0]} with four heads on `ddr_npu` is as fast as the
ordinary model, or as its own head 1 alone, at {peak} GB/s. The DRAM's data rate is searched to
1 MT/s of {RATE_MTPS}, all timings staying what they are in clock cycles:

{table(headings, rows)}

![Tokens per second over DRAM bandwidth](does-multi-token-decoding-pay-bandwidth.svg)

With fp16 and int8 weights both ways wait for the DRAM, so it is the bytes that count: four heads
move as many in a step as the ordinary model, and {CODE:.2f} tokens for one. Against its own head 1,
which reads three layers less, the gain is smaller. With int4 the figure falls below 12.5, which is
no merit of the heads: the ordinary model on this array waits for the array (section 4) and uses
only
{100 * used_pins(bandwidth["int4"]):.0f} % of {peak} GB/s.

To try it: `memory.grade` and `memory.channels` in a copy of `chips/ddr_npu.yaml` give single
points."""


def needed_gb_s(one: dict[str, Any], against: str, text: str) -> float:
    """The bandwidth that stands for a data rate found."""
    rate: int = one["needed_mtps"][against][text]
    return float(one["peak_bytes_per_s"]) * rate / RATE_MTPS / 1e9


def used_pins(one: dict[str, Any]) -> float:
    """The part of the pins' bandwidth that the ordinary model uses at `RATE_MTPS`."""
    step = one["ordinary"]
    used: float = 1e12 * step["dram_bytes"] / step["ps"] / one["peak_bytes_per_s"]
    return used
