"""Graphs from elsewhere that lowering does not understand are refused in words."""

from __future__ import annotations

import pytest

from accsim.chip import Chip
from accsim.errors import InputError
from accsim.lowering.lower import lower
from accsim.ops import PassGraph


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("argmax", "decode: cannot be lowered: lm_head: an argmax must follow it"),
        ("softmax", "layers.0.scores: scores, softmax and attend must follow each other"),
        ("kv_append", "layers.0.scores: nothing appends to its KV cache"),
    ],
)
def test_a_graph_without_an_operator_that_others_need(
    small_chip: Chip, small_decode: PassGraph, missing: str, message: str
) -> None:
    first = next(i for i, op in enumerate(small_decode.ops) if op.kind == missing)
    ops = small_decode.ops[:first] + small_decode.ops[first + 1 :]
    with pytest.raises(InputError) as raised:
        lower(small_chip, PassGraph("decode", 1, 1, ops), (10,), 64)
    assert message in str(raised.value)
