"""The page docs/does-multi-token-decoding-pay.md: a pure function of the figures beside it."""

from __future__ import annotations

from typing import Any

from cost_of_a_token.markdown import cause_name, flowed, ms, table

from accsim.units import show_bytes

from .bound_text import batch_section, turning_section
from .reading import Steps, cost, grid_steps, has_room, span, speed_up
from .size_text import more, size_section, training_section
from .speed_text import schemes_section, speed_section
from .steps import CHIPS, HEADS, MODELS, PRECISIONS, TEXTS, WIDE, tokens
from .traffic_text import bandwidth_section, cache_section, needed_gb_s, used_pins

NAME = "does-multi-token-decoding-pay"


def page(found: dict[str, Any]) -> str:
    """The Markdown page."""
    parts = [
        _opening(found),
        _claims(found),
        _glance(found["grid"]),
        cache_section(found["sharing"]),
        bandwidth_section(found["bandwidth"]),
        speed_section(found),
        turning_section(found["turning"]),
        batch_section(found["batch"]),
        size_section(found["sizes"]),
        training_section(found["training"]),
        schemes_section(found["schemes"]),
        _sure(found["errors"]),
    ]
    return flowed("\n\n".join(parts)) + "\n"


def _opening(found: dict[str, Any]) -> str:
    cells = list(grid_steps(found))
    dot = {weights: _batches(found, "ddr_dot", weights)["1"] for weights in ("fp16", "int8")}
    return f"""# Does multi-token decoding pay?

Written by `make multi-token-page`; do not edit. The figures lie beside it (`{NAME}.json`).

A model with four prediction heads (Gloeckle et al. 2024, arXiv 2404.19737) drafts its next three
tokens and verifies them in one step of four query rows. A step brings E[N] tokens:
{tokens("wikipedia", HEADS):.2f} on Wikipedia, {tokens("books", HEADS):.2f} on books and
{tokens("code", HEADS):.2f} on code (their table S2). The speed-up is E[N] x T(ordinary)/T(4), so
all
depends on what a step of four rows costs.

**Yes, where one reading of the weights serves all rows.** On the chips with systolic arrays a
step of
four heads costs {span((cost(one) for one in cells), 3)} ordinary steps at batch 1, for Llama-2 7B
and 13B with fp16, int8 and int4 weights, whether DRAM or the array leads: text and code decode
{span((speed_up(one, text) for one in cells for text in TEXTS), 2)} times as fast. **No, where every
row is worked on anew**: on `ddr_dot`, with one row at a time, code decodes
{speed_up(dot["fp16"], "code"):.2f} times as fast with fp16 weights and
{speed_up(dot["int8"], "code"):.2f} times with int8. It pays less the more rows the batch brings."""


def _claims(found: dict[str, Any]) -> str:
    """What is said, what it takes to be true, and the number."""
    (npu,) = grid_steps(found, chip=CHIPS[0], weights="fp16", model=MODELS[0])
    code, text = tokens("code", HEADS), tokens("wikipedia", HEADS)
    shares = [
        one["ordinary"]["cached_bytes"] / one["ordinary"]["dram_bytes"] for one in found["sharing"]
    ]
    fp16 = found["bandwidth"]["fp16"]
    int4 = found["bandwidth"]["int4"]
    wide = _batches(found, WIDE, "fp16")
    ratios = found["training"]["against_baseline"]
    least, most = ratios["const4_in_turn"], ratios["extra4_all"]
    small, large = found["sizes"]["mtp-0.3b"], found["sizes"]["llama2-13b"]
    rows = [
        [
            "KV traffic falls to a quarter",
            "if rows share what is read",
            f"to 1/{code:.2f} (code), 1/{text:.2f} (Wikipedia), as all traffic does; the cache is "
            f"{span((100 * share for share in shares), 0)} % of "
            f"it. To {HEADS / code:.2f} times if they do not",
        ],
        [
            "50 GB/s becomes 12.5",
            "no, where DRAM is waited for",
            f"{needed_gb_s(fp16, 'ordinary', 'code'):.1f} (code), "
            f"{needed_gb_s(fp16, 'ordinary', 'wikipedia'):.1f} (Wikipedia) for 51.2; with int4 "
            f"{needed_gb_s(int4, 'ordinary', 'code'):.1f} on code, as the ordinary model leaves "
            f"{100 * (1 - used_pins(int4)):.0f} % unused",
        ],
        [
            "1.5 to 2x, over 2x, 3x",
            "with 2, 3, 4 heads in use",
            f"{_by_heads(npu, 'wikipedia')} (Wikipedia), {_by_heads(npu, 'code')} (code)",
        ],
        [
            "memory-bound turns compute-bound",
            "on engines of one row at a time",
            "at k = 2 there; on systolic arrays not by heads alone, and an array that leads costs "
            "nothing while most of its rows are idle",
        ],
        [
            "the gain holds at large batch",
            "while 4 x batch rows fit the array",
            f"{speed_up(wide['1'], 'code'):.2f} at 1, {speed_up(wide['16'], 'code'):.2f} at 16, "
            f"{speed_up(wide['64'], 'code'):.2f} at 64 (code, 64 rows, 102.4 GB/s)",
        ],
        [
            "small models want few heads",
            "if heads are added to the layers",
            f"a head is {100 * small['head_share']:.1f} % of a 0.3B model's weights, "
            f"{100 * large['head_share']:.1f} % at 13B; in place of a layer it adds no bytes",
        ],
        [
            "training: +300 % compute, 4x memory",
            "no",
            f"{more(least['macs_full_attention'])} MACs (28 + 4 layers), "
            f"{more(most['macs_full_attention'])} (31 + 4); activations "
            f"{more(least['activation_bytes'])} to {more(most['activation_bytes'])}",
        ],
    ]
    return table(["claim", "holds", "number"], rows, left=3)


def _by_heads(steps: Steps, text: str) -> str:
    return ", ".join(f"{speed_up(steps, text, active):.2f}" for active in range(2, HEADS + 1))


def _glance(grid: list[dict[str, Any]]) -> str:
    rows = [
        [f"`{cell['chip']}`", cell["weights"], cell["model"], *_cell(cell["steps"])]
        for cell in grid
    ]
    headings = [
        "chip",
        "weights",
        "model",
        "T(ordinary)",
        "T(4)/T(ordinary)",
        *TEXTS,
        "waits for",
    ]
    return f"""## At a glance

Speed-up of four heads (28 + 4 layers of 7B, 36 + 4 of 13B) against the ordinary model; one
sequence,
2048 tokens in the cache, KV cache and activations in fp16. `{WIDE}` is `ddr_npu` with twice the
channels, 102.4 GB/s. *Waits for* is the largest cause of the critical path, of both steps unless
two
are given.

{table(headings, rows, left=3)}

To try it: `accsim run CHIP WORKLOAD` with `llama2_mtp`, `llama2_mtp_int8`, `llama2_mtp_int4` or
`llama2_13b_mtp`, whose caches hold 1920 tokens and more."""


def _cell(steps: Steps) -> list[str]:
    if not has_room(steps):
        return [f"{show_bytes(steps['missing_bytes'])} too large", *("" for _ in range(5))]
    leaders = dict.fromkeys(cause_name(steps[name]["bound"]) for name in ("ordinary", "k4"))
    return [
        ms(steps["ordinary"]["ps"]),
        f"{cost(steps):.4f}",
        *(f"{speed_up(steps, text):.2f}" for text in TEXTS),
        ", then ".join(leaders),
    ]


def _batches(found: dict[str, Any], chip: str, weights: str) -> dict[str, Steps]:
    (steps,) = (
        one["steps"]
        for one in found["batch"]
        if (one["chip"], one["weights"], one["side"]) == (chip, weights, None)
    )
    known: dict[str, Steps] = steps
    return known


def _sure(errors: list[float]) -> str:
    worst = max(map(abs, errors))
    return f"""## How sure

- How often drafts are right is the published table's: 4200 prompts of 512 tokens, greedy. Another
  text, another model or sampling moves E[N], and with it every speed-up in proportion; the costs of
  steps stay.
- Of equal layers a few are simulated and the others take what one of them takes. For four heads on
  the {len(CHIPS)} chips in {len(PRECISIONS)} formats that changes a step by at most
  {100 * worst:.3f} %.
- Steps that wait for DRAM are held against their bytes: no speed-up above E[N] x ordinary bytes /
  own
  bytes, and no step of four heads below 1.1012 of one head's (7B; 1.0800 of 13B), which is what the
  weights ask for.
- Systolic arrays are double-buffered: a step of few rows shows no fill and drain. What is modelled
  and what is not is in [the list](models.md)."""
