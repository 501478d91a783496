"""Sections 2 and 3: rows that read the KV cache apart, and engines that take rows in groups."""

from __future__ import annotations

from typing import Any

from accsim.units import show_bytes

from .laws import KV_BYTES
from .markdown import cause_name, largest, listed, ms, share, table

ROUNDS_MS = {2: 88.7, 3: 84.8, 4: 106.6, 6: 152.4, 8: 158.0, 16: 260.1, 32: 464.8}
"""Mean ms of a round by drafts, Qwen3-8B Q4_K_M with Qwen3-0.6B Q8_0 as drafter, 18 threads of a
Snapdragon X2 Elite Extreme: decoded_seconds / (n_drafted / draft_max), the mean of ten prompts of
256 tokens; github.com/hotschmoe/specula at 439e884, results/csv/spec-cpu-*.csv."""
DRAFT_MS = 1000 / 111
"""Of one draft: the drafter decodes 111 tokens/s alone, docs/npu_results.md of the same."""
PLAIN_MS = 1000 / 25.91
"""Of one token without drafts: 25.91 tokens/s, results/csv/baseline-cpu-*.csv of the same."""
STAIR_ROWS = range(1, 17)


def sharing_section(rows: list[dict[str, Any]]) -> str:
    """What a pass costs if each row reads the KV cache for itself."""
    first, last = rows[0], rows[-1]
    body = [
        [
            str(one["rows"]),
            f"{one['shared']['ps'] / first['shared']['ps']:.3f}",
            show_bytes(one["shared"]["cached_bytes"]),
            f"{one['each']['ps'] / first['each']['ps']:.3f}",
            show_bytes(one["each"]["cached_bytes"]),
            f"{one['each']['cached_bytes'] / KV_BYTES:.10g}",
        ]
        for one in rows
    ]
    headings = [
        "m",
        "T(m)/T(1), shared",
        "cache read",
        "T(m)/T(1), each its own",
        "cache read",
        "times KV",
    ]
    causes = last["each"]["causes_ps"]
    more_bytes = last["each"]["cached_bytes"] - first["each"]["cached_bytes"]
    more_ps = last["each"]["ps"] - first["each"]["ps"]
    return f"""## 2. Rows that do not share the KV cache

`attention.kv_shared_by_rows: false` lets every query row read the cached keys and values for
itself, as a kernel does that was written for one row. On `ddr_npu` with 1 MiB of SRAM and fp16
weights:

{table(headings, body, left=0)}

A row reads {show_bytes(KV_BYTES)} (2048 tokens of 524,288 bytes), so m rows read m times that, to
the byte; all else is read once. From {first["rows"]} to {last["rows"]} rows that is
{show_bytes(more_bytes)} more in {ms(more_ps)} more, {more_bytes / more_ps * 1e3:.1f} GB/s, and
{cause_name(largest(causes))} stays what the pass waits for ({share(causes, largest(causes))} of
the critical path): more rows cost bandwidth, not compute."""


def staircase_section(curves: dict[str, Any]) -> str:
    """Rows in groups of four, beside a measurement."""
    times = curves["int4"]["cpu_tiled"]["ps"]
    measured = {
        drafts + 1: (round_ms - drafts * DRAFT_MS) / PLAIN_MS
        for drafts, round_ms in ROUNDS_MS.items()
    }
    body = [
        [
            str(m),
            f"{times[m - 1] / times[0]:.2f}",
            f"{measured[m]:.2f}" if m in measured else "",
        ]
        for m in sorted({*STAIR_ROWS, *measured})
    ]
    both = [m for m in measured if m in STAIR_ROWS]
    order = sorted(both, key=lambda m: times[m - 1])
    agree = order == sorted(both, key=lambda m: measured[m])
    far = max(both, key=lambda m: abs(times[m - 1] / times[0] / measured[m] - 1))
    return f"""## 3. A staircase: groups of four rows

`cpu_tiled` sends whole groups of four rows through one reading of the weights and each row beyond
them through one of its own, as llama.cpp does. With int4 weights one row's work about fills the
time that DRAM needs, so each reading shows: T(3) = {ms(times[2])}, T(4) = {ms(times[3])}, T(5) =
{ms(times[4])}.

{table(["m", "T(m)/T(1), simulated", "measured"], body, left=0)}

Measured: Qwen3-8B in 4 bits (Q4_K_M) on 18 cores of a Snapdragon X2 Elite Extreme with LPDDR5X,
in rounds of drafting and verifying (github.com/hotschmoe/specula at 439e884,
`results/csv/spec-cpu-*.csv`: ten prompts of 256 tokens for each number of drafts). From a round
of k drafts, {DRAFT_MS:.1f} ms for each draft are taken away (111 tokens/s of the drafter alone,
`docs/npu_results.md`) and the rest, a pass of k + 1 rows, is divided by the {PLAIN_MS:.1f} ms of
a token without drafts (25.91 tokens/s). The share of the drafter is an estimate: at 150 tokens/s,
as another of its runs has it, the ratio of 4 rows would be
{(ROUNDS_MS[3] - 3 * 1000 / 150) / PLAIN_MS:.2f} and that of 17 rows
{(ROUNDS_MS[16] - 16 * 1000 / 150) / PLAIN_MS:.2f}.

It is another model on another chip, so only the shape can be compared; the height of a step less
still, since the 8 MACs per core and cycle of `cpu_tiled` were taken from what a row beyond the
groups costs in these measurements. Both have the tooth at four: three and five rows cost more than
four. The {len(both)} measured points up to 16 rows ({listed([str(m) for m in both])}) are
{"in the same order of cost as" if agree else "not all in the same order of cost as"} the simulated
ones; the largest difference is at {far} rows, {times[far - 1] / times[0]:.2f} simulated and
{measured[far]:.2f} measured. The real cores overlap less of their work with their loads, so that a
group of four costs them half a pass more where here it hides behind DRAM; and there are more of
them, which pay less for each row beyond a group."""
