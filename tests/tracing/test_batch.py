"""Sequences of a batch: each has its own cache, and they share the weights."""

from __future__ import annotations

import pytest

from accsim.ops import PassGraph
from accsim.tracing.llama import build_graph

from .samples import ALL_FP16, TINY

CONTEXTS = (3, 20, 7)
STREAMED = 2 * (3 * 672 + 160 + 7 * 8)
"""Bytes of weights and norms of a pass."""


def graph(sequences: int, rows: int, decode: bool) -> PassGraph:
    return build_graph(
        "pass",
        TINY,
        ALL_FP16,
        trunk_layers=3,
        heads=0,
        sequences=sequences,
        rows=rows,
        predict_all_rows=decode,
    )


@pytest.mark.parametrize(("rows", "decode"), [(1, True), (4, True), (9, False)])
def test_a_batch_does_the_work_of_its_sequences_and_reads_the_weights_once(
    rows: int, decode: bool
) -> None:
    batch, alone = graph(3, rows, decode), graph(1, rows, decode)
    assert batch.macs(30) == sum(alone.macs(context) for context in CONTEXTS)
    assert batch.dram_write_bytes() == 3 * alone.dram_write_bytes()
    read = sum(alone.dram_read_bytes(context) - STREAMED for context in CONTEXTS)
    assert batch.dram_read_bytes(30) == STREAMED + read


def test_a_row_sees_the_keys_of_its_own_sequence_only_by_hand() -> None:
    # 4 rows each: per layer 4 x (3 + 20 + 7) cached and 3 x 10 new pairs of 2 x 4 heads x 4.
    scores = [op for op in graph(3, 4, True).ops if op.kind in ("scores", "attend")]
    assert sum(op.macs(30) for op in scores) == 3 * (4 * 30 + 3 * 10) * 32
