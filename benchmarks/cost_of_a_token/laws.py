"""What must hold of the figures, whatever the models become."""

from __future__ import annotations

from typing import Any

from .passes import CONTEXT
from .studies import CHIPS

KV_BYTES = CONTEXT * 524_288
"""Cached keys and values of Llama-2-7B: 2 x 32 layers x 4096 values of 2 bytes for each token."""
FREE_AT_EIGHT = 1.03
"""Eight rows of fp16 weights on ddr_npu wait for the same DRAM bytes as one."""


def check(found: dict[str, Any]) -> None:
    """Hold the figures against what is known without simulating.

    Raises:
        ValueError: one of the laws is broken; says which.
    """
    _curves(found["curves"])
    _sharing(found["sharing"])
    for one in found["prefill"]:
        parts = sum(ps for group in one["array_ps"].values() for ps in group.values())
        _hold(parts == one["ps"], f"the array's {parts} ps are not the {one['ps']} of the prefill")
        _hold(sum(one["causes_ps"].values()) == one["ps"], "the causes of a prefill do not add up")
        excess = sum(size for ways in one["excess_bytes"].values() for size in ways.values())
        _hold(
            excess == one["moved_bytes"] - one["least_bytes"],
            "the regions of the DRAM do not account for the bytes of a prefill",
        )
        _hold(
            one["compute_floor_ps"] >= one["least_floor_ps"],
            "the page explains a prefill from its compute floor, which is not the higher one",
        )


def _curves(curves: dict[str, Any]) -> None:
    times = curves["fp16"]["ddr_npu"]["ps"]
    ratio = times[7] / times[0]
    _hold(ratio < FREE_AT_EIGHT, f"ddr_npu, fp16: T(8) / T(1) is {ratio:.4f}")
    steps = curves["int4"]["cpu_tiled"]["ps"]
    _hold(steps[3] < min(steps[2], steps[4]), "cpu_tiled, int4: no step at four rows")
    for precision, by_chip in curves.items():
        _hold(tuple(by_chip) == CHIPS, f"{precision}: not the shipped chips")


def _sharing(table: list[dict[str, Any]]) -> None:
    for one in table:
        rows, shared, each = one["rows"], one["shared"]["cached_bytes"], one["each"]["cached_bytes"]
        _hold(shared == KV_BYTES, f"{rows} rows that share do not read the cache once")
        _hold(each == rows * KV_BYTES, f"{rows} rows apart do not read the cache {rows} times")
    times = [one["each"]["ps"] for one in table]
    _hold(times == sorted(set(times)), "rows that read the cache apart cost nothing")


def _hold(law: bool, otherwise: str) -> None:
    if not law:
        raise ValueError(otherwise)
