"""Sections 6 and 7: small models, and what heads cost in training."""

from __future__ import annotations

from typing import Any

from cost_of_a_token.markdown import four, table

from accsim.acceptance import Acceptance
from accsim.units import show_bytes

from .reading import span
from .steps import HEADS, WIDE, tokens
from .studies import MOST_HEADS

RATES = (0.6, 0.7, 0.8, 0.9)
"""Chances that a draft is right, the same at every position: published ones fall with it."""
TRAINING_TIME = {
    "mtp-0.3b": 1.22,
    "mtp-0.6b": 1.13,
    "mtp-1.3b": 1.12,
    "mtp-3b": 1.07,
    "llama2-7b": 1.07,
    "llama2-13b": 1.09,
}
"""Time of training with 4 heads over that with one: Gloeckle et al. 2024 (arXiv 2404.19737), table
S5; their 6.7B and 13B models have the shapes of Llama 2."""


def size_section(sizes: dict[str, Any]) -> str:
    """The share of a head, the ceilings that follow, and the best number of heads."""
    rows = [_size_row(model, one) for model, one in sizes.items()]
    headings = [
        "model",
        "T(ordinary)",
        "a head's share of the weights",
        "T(4)/T(own 1)",
        "Wikipedia, own",
        "T(4)/T(ordinary)",
        "with 3 more layers",
        *(f"best n at {rate}" for rate in RATES),
        "training time, 4 heads",
    ]
    constant = [_ratio(one, "constant", HEADS) for one in sizes.values()]
    eight = [_ratio(one, "constant", MOST_HEADS) for one in sizes.values()]
    small, large = sizes["mtp-0.3b"], sizes["llama2-13b"]
    return f"""## 6. "Small models want few heads"

*Not for the sake of decoding speed if heads replace layers; yes if they are added, and by the
baseline own k = 1.*

fp16 on `{WIDE}`, 2048 tokens cached. The best n of up to {MOST_HEADS} heads is for heads besides
all layers (the ordinary model is n = 1), with drafts that are right with the same chance at every
position:

{table(headings, rows)}

Heads in place of layers leave the bytes of a step as they are: with four
T(4)/T(ordinary) is {span(constant, 3)} and with eight {span(eight, 3)} for all sizes, so the best n
is the largest. The rows of small models cost as little. What does depend on the size is a head's
share of
the weights, {100 * small["head_share"]:.1f} % at 0.3B and {100 * large["head_share"]:.1f} % at 13B:
it is what own k = 1 saves and what added heads cost. So a 0.3B model gains less against its own
head
1, and with added heads wants fewer of them where drafts are often wrong.

The last column is the published training time with four heads over that with one (Gloeckle et al.
2024, table S5): small models pay more there, as an LM head is a larger part of them. The
published acceptance is of 7B models; the columns for lower rates are for drafts that are right less
often. To try it: `model: mtp-0.3b` in a copy of `workloads/llama2_mtp.yaml`, with `layout: extra`
and
`trained_heads`."""


def _size_row(model: str, one: dict[str, Any]) -> list[str]:
    own = one["constant"][HEADS - 1]["ps"] / one["own"]["ps"]
    return [
        model,
        f"{four(one['ordinary']['ps'] / 1e9)} ms",
        f"{100 * one['head_share']:.1f} %",
        f"{own:.3f}",
        f"{tokens('wikipedia', HEADS) / own:.2f}",
        f"{_ratio(one, 'constant', HEADS):.3f}",
        f"{_ratio(one, 'extra', HEADS):.3f}",
        *(_best(one, rate) for rate in RATES),
        f"{TRAINING_TIME[model]:.2f}",
    ]


def _ratio(one: dict[str, Any], layout: str, heads: int) -> float:
    ratio: float = one[layout][heads - 1]["ps"] / one["ordinary"]["ps"]
    return ratio


def _best(one: dict[str, Any], rate: float) -> str:
    """The number of added heads that gains most, and what it gains."""
    same = Acceptance("same at every position", (rate,) * (MOST_HEADS - 1))
    gains = {
        heads: same.expected_tokens(heads) / _ratio(one, "extra", heads)
        for heads in range(1, MOST_HEADS + 1)
    }
    best = max(gains, key=lambda heads: gains[heads])
    return f"{best} ({gains[best]:.2f}x)"


def training_section(training: dict[str, Any]) -> str:
    """What a training step takes with four heads, from the simulated step."""
    ratios = training["against_baseline"]
    rows = [_training_row(run, ratios[run["name"]]) for run in training["runs"]]
    constant, extra = ratios["const4_in_turn"], ratios["extra4_all"]
    (base,) = (run for run in training["runs"] if run["name"] == training["baseline"])
    headings = ["run", "layers", "MACs", "activations", "parameters", "DRAM bytes", "time"]
    return f"""## 7. "Training costs +300 % compute and 4x the memory"

*{more(constant["macs_full_attention"])} MACs if heads replace layers,
{more(extra["macs_full_attention"])} if three are added; {more(constant["activation_bytes"])}
and {more(ratios["extra4_in_turn"]["activation_bytes"])} activations if the heads are trained one
after
the other.*

One step of Llama-2-7B on `{training["chip"]}`, batch {training["batch"]} x
{training["sequence_tokens"]} tokens, {training["precision"]} (`accsim run ddr5_npu llama2_train`),
over that of one head, which has {base["macs_full_attention"] / 1e12:.1f} TMAC with all pairs of
attention counted, {show_bytes(base["memory"]["activation_bytes"])} of activations and takes
{base["step_s"]:.2f} s:

{table(headings, rows, left=2)}

Four times the compute would need four trunks; the heads share one, and only the LM head is applied
four times. *In turn* keeps the layer and logits of one head at a time (Gloeckle et al. 2024,
section
2), *all* keeps those of every head. The authors measured 1.07 times the time at this size (table
S5).
[The page on training](training-step.md) has the rest."""


def _training_row(run: dict[str, Any], ratios: dict[str, float]) -> list[str]:
    return [
        f"`{run['name']}`",
        f"{run['trunk_layers']} + {run['heads']}",
        *(
            more(ratios[key])
            for key in (
                "macs_full_attention",
                "activation_bytes",
                "parameters",
                "dram_bytes",
                "step_s",
            )
        ),
    ]


def more(ratio: float) -> str:
    """``+5.5 %`` for 1.055."""
    return f"{100 * (ratio - 1):+.1f} %" if abs(ratio - 1) > 0.0005 else "0"
