"""Sections 4 and 5: what leads the critical path, and what the batch does to the gain."""

from __future__ import annotations

from typing import Any

from cost_of_a_token.markdown import cause_name, listed, table

from .reading import Steps, cost, has_room, speed_up
from .steps import HEADS, WIDE, tokens
from .studies import BATCH_CONTEXT, BATCHES, ENGINE, MEMORIES, SIDES

ARRAYS = (*(f"{side} x {side}" for side in SIDES), ENGINE)
BYTES_PER_WEIGHT = {"fp16": 2, "int8": 1, "int4": 0.5}


def turning_section(turns: list[dict[str, Any]]) -> str:
    """Where the array leads, and from which k on."""
    by_key = {(one["chip"], one["weights"], one["array"]): one for one in turns}
    rows = [
        [f"`{chip}`", weights, *(_leader(by_key[chip, weights, array]) for array in ARRAYS)]
        for chip in MEMORIES
        for weights in BYTES_PER_WEIGHT
    ]
    npu = by_key["ddr_npu", "fp16", "64 x 64"]
    dot = by_key["ddr_npu", "fp16", ENGINE]
    rate, pins = npu["weights_per_s"] / 1e9, npu["pins_bytes_per_s"] / 1e9
    needs = listed(
        [f"{rate * size:.0f} GB/s in {weights}" for weights, size in BYTES_PER_WEIGHT.items()]
    )
    hbm = by_key["hbm_npu", "int8", "128 x 128"]
    return f"""## 4. "Memory-bound turns compute-bound"

*On a systolic array not by up to four heads at batch 1: whatever leads the ordinary step leads that
of four heads. On an engine that takes one row at a time at k = 2, with fp16 weights in DDR or
LPDDR.*

Llama-2-7B on the memories of three chips with other arrays (`hbm_npu` has four of each;
*{ENGINE}* is the engine of `ddr_dot`). The first word says who has the largest share of the
critical
path at batch 1: *DRAM* or *array* for the ordinary model and every k alike, *k = 2* if the array
takes over with two heads. Behind the colon stands
T(4)/T(ordinary). *b = 32* is the least batch at which the
array
leads the four-head step ({BATCH_CONTEXT} tokens in each cache, powers of two as far as the DRAM has
room), where it is not the first:

{table(["memory", "weights", *ARRAYS], rows, left=2)}

"The array leads" is not the same as "more rows cost more". A 64 x 64 array takes 64 weights a
cycle,
for one row or for 64: {rate:.0f} G weights/s at 1 GHz, which is {needs}, and the pins carry
{pins:.1f}. So with int4 weights the array leads already at one row, all but one of its rows being
idle, and four rows are as free as they are in front of DRAM: T(4)/T(ordinary) stays
{cost(by_key["ddr_npu", "int4", "64 x 64"]["steps"]):.3f}. `hbm_npu` with int8 is of the same kind:
{hbm["weights_per_s"] / 1e9:.0f} G weights/s for {hbm["pins_bytes_per_s"] / 1e9:.1f} GB/s. There
more
bandwidth would buy nothing, and heads buy as much as elsewhere. An 8 x 8 array pays for the LM
head, whose 16 rows (4 positions x 4 heads) take two folds.

The dot-product engine does each row's MACs anew: with fp16 the array takes over at k = 2, and four
heads cost {cost(dot["steps"]):.2f} steps. [The other page](cost-of-a-token.md) has the curves up to
64 rows. To try it: change `array.rows` and `array.columns` in a copy of the chip file;
`accsim run` prints the largest share, `accsim explain` why."""


def _leader(turn: dict[str, Any]) -> str:
    """Who leads at batch 1, T(4)/T(ordinary), and the batch that changes it."""
    steps = turn["steps"]
    names = ("ordinary", *(f"k{active}" for active in range(1, HEADS + 1)))
    leaders = [steps[name]["bound"] for name in names]
    first = next((i for i, leader in enumerate(leaders) if leader == "array"), None)
    word = f"k = {first}" if first else cause_name(leaders[0])
    batch = turn["batch"]["k4"]
    turned = f", b = {batch}" if first is None and batch else ""
    return f"{word}: {cost(steps):.2f}{turned}"


def batch_section(batches: list[dict[str, Any]]) -> str:
    """Speed-ups on code over the batch, and where four heads stop paying."""
    rows = [
        [f"`{one['chip']}`{_side(one)}", one["weights"], *map(_gain, _by_batch(one))]
        for one in batches
    ]
    by_key = {(one["chip"], one["weights"], one["side"]): one for one in batches}
    wide = by_key[WIDE, "fp16", None]["steps"]["64"]
    full = by_key[WIDE, "fp16", 16]["steps"]["16"]
    dot = by_key["ddr_dot", "fp16", None]["steps"]["2"]
    own = by_key["ddr_dot", "int8", None]["steps"]["1"]
    losing = [_losing(one) for one in batches]
    stopped = [
        f"`{one['chip']}` with {one['weights']} at batch {batch}"
        for one, batch in zip(batches, losing, strict=True)
        if batch
    ]
    factor = tokens("wikipedia", HEADS) / tokens("code", HEADS)
    return f"""## 5. "The gain holds at large batch"

*While 4 b rows fit the array it nearly does; from there it falls towards E[N] / 4, which is no
gain.*

Speed-up of four heads on code against the ordinary 7B model at the same batch, {BATCH_CONTEXT}
tokens
in each cache; in brackets another k that gains more
(k = 1 drafts nothing: it is head 1 alone, with 29 of 32 layers). `-`: the DRAM has no room for
weights and
caches.

{table(["chip", "weights", *(f"b = {batch}" for batch in BATCHES)], rows, left=2)}

![Speed-up over the batch](does-multi-token-decoding-pay-batch.svg)

For Wikipedia multiply by {factor:.2f}. Four heads stop paying against the ordinary model on
{listed(stopped)}; on the systolic arrays they do so nowhere up to {BATCHES[-1]}. What ends the
gain:

- The LM head has 16 b rows and fills a 64 x 64 array at b = 4, all other products have 4 b rows and
  fill it at b = 16. Where the b rows of the ordinary model fit one fold and 4 b need four, the
  array's time is four times as long and no longer hidden: {cost(wide):.2f} steps on `{WIDE}` at
  batch
  64, fp16. A 16 x 16 array is full at batch 16 of the ordinary model already: four heads gain
  {speed_up(full, "code"):.2f} times, and that only as attention, whose rows are those of one
  sequence, does not take four times as long too.
- `ddr_dot` takes every row for itself. At batch 2 a step of four heads costs {cost(dot):.2f}
  ordinary
  ones, more than four, because heads 2 to 4 are further rows of the LM head: decoding is
  {speed_up(dot, "code"):.2f} times as fast. With narrower weights it is so at batch 1
  ({speed_up(own, "code"):.2f}).
- With more sequences there are more caches, which four heads read once for all rows: that part of
  the traffic falls to 1/E[N] at any batch.

So it is not the batch but the height of the array over it that counts; the published speed-ups are
of batch 42 on GPUs. To try it:
`accsim breakeven CHIP llama2_mtp`, over batches and contexts ([how to read it](breakeven.md))."""


def _side(one: dict[str, Any]) -> str:
    return f", {one['side']} x {one['side']}" if one["side"] else ""


def _by_batch(one: dict[str, Any]) -> list[Steps]:
    return [one["steps"][str(batch)] for batch in BATCHES]


def _gain(steps: Steps) -> str:
    if not has_room(steps):
        return "-"
    best = max(range(1, HEADS + 1), key=lambda active: speed_up(steps, "code", active))
    gain = f"{speed_up(steps, 'code'):.2f}"
    if best == HEADS:
        return gain
    return f"{gain} (k = {best}: {speed_up(steps, 'code', best):.2f})"


def _losing(one: dict[str, Any]) -> int | None:
    """The least batch at which four heads gain nothing on code."""
    return next(
        (
            batch
            for batch, steps in zip(BATCHES, _by_batch(one), strict=True)
            if has_room(steps) and speed_up(steps, "code") <= 1
        ),
        None,
    )
