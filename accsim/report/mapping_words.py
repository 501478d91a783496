"""Mappings in a few words, and as the lines of a mapping file that would pin them."""

from __future__ import annotations

import json

from accsim.explanation import OpExplanation, PassExplanation, Place
from accsim.mapping import AttentionMapping, MatmulMapping, OpMapping

PLACES: dict[Place, str] = {
    "sram": "SRAM",
    "dram": "DRAM",
    "both": "SRAM and DRAM",
    "none": "nothing",
}


def counted(count: int, noun: str) -> str:
    """``1 tile``, ``172 tiles``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def cut_words(op: OpExplanation) -> str:
    """How an operator is cut: ``4 x 4096 x 128, weights stream, 172 tiles``."""
    if op.array is not None:
        tiles = counted(op.array.tiles, "tile")
        return tiles if op.mapping is None else f"{mapping_words(op.mapping, op.inputs)}, {tiles}"
    if op.vector is not None:
        return counted(op.vector.tiles, "tile")
    return counted(op.dram.stores, "store")


def mapping_words(mapping: OpMapping, inputs: Place) -> str:
    """A mapping: block sizes (rows x inputs x outputs) and what is held."""
    if isinstance(mapping, AttentionMapping):
        heads = counted(mapping.heads, "KV head")
        stays = ", keys and values stay for all rows" if mapping.head_stays else ""
        return f"{counted(mapping.rows, 'row')} x {heads}{stays}"
    sizes = f"{mapping.rows} x {mapping.inner} x {mapping.outer}"
    streamed = "weights stream" if inputs == "sram" else "both stream"
    how = {"inputs": "inputs held", "weights": "weights held", "none": streamed}[mapping.held]
    split = "" if mapping.split == "outer" else f", split by {mapping.split}"
    return f"{sizes}, {how}{split}"


def places_words(op: OpExplanation) -> str:
    """Where the activations of an operator come from and go to: ``SRAM to DRAM``."""
    return f"{PLACES[op.inputs]} to {PLACES[op.outputs]}"


def pin_lines(told: PassExplanation, match: str, op: OpExplanation) -> list[str]:
    """The lines of a mapping file that pin what was chosen for an operator, in passes like this.

    The KV heads of a unit of attention are left to the mapper where its rows do not fit together,
    or where sequences differ in length and so in the heads that fit.
    """
    lines = ["ops:", f"  - match: {json.dumps(match)}", f"    graph: {json.dumps(told.graph)}"]
    if isinstance(op.mapping, MatmulMapping):
        for key in ("rows", "outer", "inner", "held", "split"):
            lines.append(f"    {key}: {getattr(op.mapping, key)}")
    elif op.mapping is not None and op.attention is not None:
        lines.append(f"    rows: {op.mapping.rows}")
        if op.mapping.rows == op.attention.rows and len(set(told.contexts)) == 1:
            lines.append(f"    heads: {op.mapping.heads}")
    return lines
