"""Number formats that a workload file may name, for each of the three things that are stored.

Bits per weight, scales included: int8 8 + 16 per output channel; int4_g128 4.125; int4_g128_z4
4.15625; q4_0 4.5 and q8_0 8.5 (block_q4_0 and block_q8_0 of llama.cpp's ggml-common.h: 32 elements
and a 16-bit scale).
"""

from __future__ import annotations

from typing import Literal

from accsim.ops import NumberFormat

Role = Literal["weights", "activations", "kv_cache"]

_PLAIN = (
    NumberFormat("fp32", 32),
    NumberFormat("fp16", 16),
    NumberFormat("bf16", 16),
    NumberFormat("fp8", 8),
)

_SCALED = (
    # One fp16 scale per output channel of a weight matrix, per token and KV head of a cache, and
    # per row of activations.
    NumberFormat("int8", 8, per_channel=True, scale_bits=16),
    NumberFormat("int4_g32", 4, group=32, scale_bits=16),
    NumberFormat("int4_g64", 4, group=64, scale_bits=16),
    NumberFormat("int4_g128", 4, group=128, scale_bits=16),
    NumberFormat("int4_g128_z4", 4, group=128, scale_bits=16, zero_bits=4),
    NumberFormat("int4_g128_z16", 4, group=128, scale_bits=16, zero_bits=16),
    NumberFormat("q4_0", 4, group=32, scale_bits=16),
    NumberFormat("q8_0", 8, group=32, scale_bits=16),
)

_STORED = {known.name: known for known in (*_PLAIN, *_SCALED)}

FORMATS: dict[Role, dict[str, NumberFormat]] = {
    "weights": _STORED,
    "activations": {name: _STORED[name] for name in ("fp32", "fp16", "bf16", "fp8", "int8")},
    "kv_cache": _STORED,
}
"""The formats allowed for each role, by name."""
