"""Section 4: how many rows it takes until the array leads."""

from __future__ import annotations

from typing import Any

from accsim.lowering.residency import MAX_TILE_BYTES
from accsim.units import show_capacity

from .markdown import largest, listed, ms, share, subject, table
from .studies import SIDES, TURN_LIMIT

HIDDEN = 4096
"""Inputs of most products of Llama-2-7B, for the worked example."""
EXAMPLE = 64
AGREEING = 0.05
_LABELS = {
    "output_stationary": "outputs",
    "weight_stationary": "weights",
    "input_stationary": "inputs",
}


def turning_section(turns: list[dict[str, Any]]) -> str:
    """The least m for which the array has the largest share, by array, dataflow and buffering."""
    by_key = {(one["side"], one["dataflow"], one["double_buffered"]): one for one in turns}
    rows = []
    for side in SIDES:
        for dataflow, held in _LABELS.items():
            plain, double = (by_key[side, dataflow, buffered] for buffered in (False, True))
            rows.append(
                [f"{side} x {side}", held, f"{plain['roofline_rows']:.1f}"]
                + [_rows(one[key]) for one in (plain, double) for key in ("folds_rows", "rows")]
            )
    headings = [
        "array",
        "held",
        "roofline",
        "folds, single",
        "simulated, single",
        "folds, double",
        "simulated, double",
    ]
    return f"""## 4. Where does decoding turn compute-bound?

`ddr_npu` with fp16 weights and other arrays. *Simulated* is the least m at which the array has
the largest share of the critical path of a pass: m is doubled until that is so, up to
{TURN_LIMIT}, and the last doubling halved (equal layers extrapolated). *Folds* is the least m at
which the array alone takes longer for all products of the pass than the
{ms(turns[0]["memory_ps"])} that a pass of one row waits for DRAM. *Single* and *double* are
arrays without and with `double_buffered`.

{table(headings, rows, left=2)}

{_arithmetic(by_key)}

{_differences(turns)}"""


def _rows(rows: int | None) -> str:
    return str(rows) if rows else f"> {TURN_LIMIT}"


def _arithmetic(by_key: dict[tuple[int, str, bool], dict[str, Any]]) -> str:
    """The folds of one array, with numbers."""
    side = EXAMPLE
    outputs, weights, inputs = (by_key[side, dataflow, False] for dataflow in _LABELS)
    double = by_key[side, "weight_stationary", True]
    one, full, over = "1", str(side), str(side + 1)
    fill = 2 * side - 2
    peak = outputs["memory_floor_ps"] / outputs["roofline_rows"]
    small = by_key[SIDES[0], "output_stationary", False]
    return f"""The roofline counts MACs at the peak, about {ms(peak)} for each row on
{side} x {side}. The array counts folds:

- *Outputs held*: a fold of {side} x {side} outputs takes as long as its reduction streams,
  {HIDDEN} + {fill} = {HIDDEN + fill} cycles for {HIDDEN} inputs, whether 1 or {side} of its rows
  are used. All products of a pass take {ms(outputs["folds_ps"][one])} for one row and
  {ms(outputs["folds_ps"][full])} for {side}, and {ms(outputs["folds_ps"][over])} for {side + 1}:
  a staircase with steps of {side} rows, and the step that begins at {outputs["folds_rows"]} is the
  first above the {ms(outputs["memory_ps"])} of DRAM. The roofline's line from 0 touches the steps
  at their ends only. On {SIDES[0]} x {SIDES[0]} one row takes {ms(small["folds_ps"][one])}, where
  the roofline allows {small["roofline_rows"]:.1f} rows.
- *Weights held*: a fold of {side} x {side} weights takes m + {side + fill} cycles, nearly all of
  them to get weights in and sums out if m is small: {ms(weights["folds_ps"][one])} for one row,
  {ms(weights["folds_ps"][full])} for {side}. Double-buffered it takes max(m, {side}) cycles,
  {ms(double["folds_ps"][one])} for 1 to {side} rows and {ms(double["folds_ps"][str(2 * side)])}
  for {2 * side}: then a row more is a cycle more for each fold, without steps, and the roofline
  is nearly right: {double["folds_rows"]} in place of {double["roofline_rows"]:.0f}, because DRAM
  needs {ms(double["memory_ps"])} for what the pins could carry in {ms(double["memory_floor_ps"])}.
- *Inputs held*: a fold of {side} inputs of {side} rows takes as long as the outputs stream,
  {HIDDEN} + {side + fill} cycles for {HIDDEN} of them: {ms(inputs["folds_ps"][one])} for 1 to
  {side} rows, {ms(inputs["folds_ps"][over])} for {side + 1}."""


def _differences(turns: list[dict[str, Any]]) -> str:
    """Where the simulation agrees with the folds, and why not elsewhere."""
    sorts: dict[str, list[dict[str, Any]]] = {"agrees": [], "earlier": [], "later": [], "never": []}
    for one in turns:
        sorts[_against_folds(one)].append(one)
    texts = [
        f"""In {len(sorts["agrees"])} of the {len(turns)} cases the simulation agrees with the folds
within 5 % or one row."""
    ]
    if sorts["earlier"]:
        texts.append(_earlier(sorts["earlier"]))
    if sorts["later"]:
        texts.append(_later(sorts["later"]))
    if sorts["never"]:
        texts.append(_never(sorts["never"]))
    return "\n\n".join(texts)


def _against_folds(one: dict[str, Any]) -> str:
    rows, by_folds = one["rows"], one["folds_rows"] or TURN_LIMIT + 1
    if rows is None:
        return "never" if one["folds_rows"] else "agrees"
    if abs(rows - by_folds) <= max(1.0, AGREEING * by_folds):
        return "agrees"
    return "earlier" if rows < by_folds else "later"


def _earlier(cases: list[dict[str, Any]]) -> str:
    columns = MAX_TILE_BYTES // (2 * HIDDEN)
    first = cases[-1]
    fill = 3 * first["side"] - 2
    text = f"""The array leads earlier than its folds say with
{listed([_moved(one) for one in cases])}.
The products are done in tiles, which are loads of at most {show_capacity(MAX_TILE_BYTES)}, and each
tile has fills and drains of its own."""
    if first["dataflow"] == "input_stationary":
        text += f""" Held inputs suffer most: a tile of {HIDDEN} inputs has {columns} outputs, so a
fold streams {columns} of them, not {HIDDEN}, and takes {columns} + {fill} cycles for {columns}
of use."""
    return text


def _later(cases: list[dict[str, Any]]) -> str:
    worst = max(cases, key=lambda one: one["rows"] / one["folds_rows"])
    return f"""It leads later with {listed([_moved(one) for one in cases])}: with that
many rows the activations outgrow the SRAM, they travel through DRAM, and blocks read weights or
activations again. {_state(worst)}"""


def _never(cases: list[dict[str, Any]]) -> str:
    examples = " ".join(_state(cases[i]) for i in dict.fromkeys((0, len(cases) - 1)))
    return f"""In {len(cases)} cases the folds would lead from some m on and the array still has
not the largest share at {TURN_LIMIT} rows, for the same reason: such a pass is a small prefill
(section 5), and what its blocks read again grows with m as the MACs do. {examples} The critical
path names the unit that is waited for, which need not be the busier one."""


def _state(one: dict[str, Any]) -> str:
    """A pass at the end of the search, in a sentence."""
    at, rows = one["at"], one["rows"] or TURN_LIMIT
    leading = largest(at["causes_ps"])
    return (
        f"{_name(one).capitalize()}: a pass of {rows} rows moves "
        f"{at['dram_bytes'] / one['memory_bytes']:.2f} times the DRAM bytes of one row and takes "
        f"{ms(at['ps'])}, where its MACs at the peak take {ms(at['at_peak_ps'])}; "
        f"{subject(leading)} has {share(at['causes_ps'], leading)} of the critical path."
    )


def _moved(one: dict[str, Any]) -> str:
    return f"{_name(one)} ({one['rows']} for {_rows(one['folds_rows'])})"


def _name(one: dict[str, Any]) -> str:
    buffered = "double-buffered" if one["double_buffered"] else "single"
    return f"{_LABELS[one['dataflow']]} held on {one['side']} x {one['side']}, {buffered}"
