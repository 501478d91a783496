"""The page docs/cost-of-a-token.md: a pure function of the figures beside it."""

from __future__ import annotations

from typing import Any

from .curves_text import curves_section, ratios
from .markdown import flowed, percent
from .prefill_text import prefill_section
from .rows_text import sharing_section, staircase_section
from .turning_text import turning_section

__all__ = ["page", "ratios"]


def page(found: dict[str, Any]) -> str:
    """The Markdown page."""
    parts = [
        _opening(found),
        curves_section(found["curves"]),
        sharing_section(found["sharing"]),
        staircase_section(found["curves"]),
        turning_section(found["turning"]),
        prefill_section(found["prefill"]),
        _SURE,
    ]
    return flowed("\n\n".join(parts)) + "\n"


def _opening(found: dict[str, Any]) -> str:
    npu = found["curves"]["fp16"]["ddr_npu"]["ps"]
    dot = found["curves"]["fp16"]["ddr_dot"]["ps"]
    steps = found["curves"]["int4"]["cpu_tiled"]["ps"]
    apart = {one["rows"]: one["each"]["ps"] for one in found["sharing"]}
    shipped = next(
        one
        for one in found["turning"]
        if (one["side"], one["dataflow"], one["double_buffered"]) == (64, "output_stationary", True)
    )
    prompt = next(one for one in found["prefill"] if one["double_buffered"])
    turn = f"at {shipped['rows']} rows" if shipped["rows"] else "at no number of rows up to 1024"
    return f"""# Where the second token stops being free

Written by `make cost-curves`; do not edit. The figures lie beside it (`cost-of-a-token.json`).

A pass that verifies m tokens reads the weights once and multiplies them m times. T(m) is what
such a pass of Llama-2-7B takes, with 2048 tokens in the KV cache of one sequence; all m rows go
through all 32 layers and the LM head. On `ddr_npu` with fp16 weights

- eight tokens cost what one costs: T(8)/T(1) = {npu[7] / npu[0]:.4f}, and T(64)/T(1) =
  {npu[63] / npu[0]:.3f}; on `ddr_dot`, which has the same memory and takes one row at a time,
  T(8)/T(1) = {dot[7] / dot[0]:.2f};
- that holds if all rows share what is read of the KV cache: if each reads it for itself (1 MiB of
  SRAM), T(8)/T(1) = {apart[8] / apart[1]:.3f};
- the array comes to lead the critical path {turn}; the roofline says
  {shipped["roofline_rows"]:.0f};
- the prompt of {prompt["tokens"]} tokens takes {prompt["ps"] / 1e12:.3f} s,
  {percent(prompt["ps"] - prompt["compute_floor_ps"], prompt["compute_floor_ps"])} more than its
  MACs at the array's peak.

On `cpu_tiled` with int4 weights the fourth token is cheaper than the third: T(3)/T(1) =
{steps[2] / steps[0]:.2f}, T(4)/T(1) = {steps[3] / steps[0]:.2f}, T(5)/T(1) =
{steps[4] / steps[0]:.2f}."""


_SURE = """## How sure

One sequence and one length of the cache are shown; `accsim run` takes others. The times come from
structure; [what is modelled](models.md) says what is left out and what that is worth. What matters
most here: folds of a systolic array overlap wholly with `double_buffered` and not at all without,
which a design may do in part; the [vector unit](models.md#vector-unit-and-dispatch) fuses norms and
rotary embeddings with no neighbour, which hardly counts in a decode pass and counts in a prefill;
activations that do not
fit the SRAM travel through DRAM in blocks that a [search](models.md#prefill) finds, which a
compiler may cut better, scales of
grouped weights cost the array nothing, and with `dequantise: array` up to a quarter more
([arrays](models.md#arrays)), which would bring the knees of int4 forward; and decode passes take
within 0.3 % of what a command-level model of the [DRAM](dram-model.md) gives them, far less than
any step here. The causes are those of the critical path: where two units are about equally busy,
which of them it names is a close call, and the m at which the array comes to lead moves by a few
rows for a per cent of either."""
