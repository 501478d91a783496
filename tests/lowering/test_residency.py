"""Which activations stay in SRAM, and how the rest of it is divided."""

from __future__ import annotations

import pytest
from graphs import one_pass

from accsim.chip import Chip, Dma, Memory, Sram, SystolicArray, VectorUnit
from accsim.dram.standards import PARTS
from accsim.lowering.layout import ALIGNMENT, Cache, lay_out, owner
from accsim.lowering.residency import Residency, divisions, score_rows
from accsim.ops import Attention, PassGraph
from accsim.units import KIB, MIB, Clock
from accsim.workload import ModelShape

GROUPED = Attention(sequences=1, rows=100, query_heads=8, kv_heads=2, head_dim=64)


def chip_with(sram_bytes: int) -> Chip:
    """A chip with a 16 x 16 array and so much SRAM."""
    return Chip(
        name="with SRAM",
        clock=Clock.from_mhz(1000),
        memory=Memory(PARTS["DDR4-3200"], 2, 1, 256, 32, refresh="all_bank"),
        dma=Dma(outstanding=4, issue_cycles=8),
        sram=Sram(sram_bytes, banks=8, bank_bytes_per_cycle=32),
        array=SystolicArray(1, 16, 16, "output_stationary", (1, 2, 2)),
        vector=VectorUnit(lanes=16, latency_cycles=10, cycles_per_element={}),
        dispatch_cycles=50,
    )


def division(graph: PassGraph, contexts: tuple[int, ...], chip: Chip) -> Residency:
    """The most that can be spilled, with the smallest staging area."""
    found, _ = divisions(graph, contexts, chip)
    return next(one for one in found if one.spilled == found[-1].spilled)


def test_all_activations_stay_where_they_fit_half_of_the_sram(small_decode: PassGraph) -> None:
    parts = division(small_decode, (1000,), chip_with(64 * KIB))
    assert parts.spilled == frozenset()
    assert parts.staging_bytes == 0
    # At the widest point: gate and up (2 x 512), their product (512), the residual stream (256),
    # and the new key and value (2 x 128), which may still be on their way to the cache.
    assert parts.resident_bytes == 2 * (1024 + 512 + 256 + 2 * 128)
    assert parts.reserve_bytes + parts.stream_bytes == 64 * KIB


def test_scores_take_two_units_of_their_real_size(small_decode: PassGraph) -> None:
    # 4 query heads x 101 keys x 2 B, for two units in flight.
    assert division(small_decode, (100,), chip_with(MIB)).score_bytes == 2 * 4 * 101 * 2


def test_scores_never_take_more_than_an_eighth(small_decode: PassGraph) -> None:
    # A unit of both key heads, 2 x 4001 x 2 B each, is more than a sixteenth of 300 KiB.
    assert division(small_decode, (4000,), chip_with(300 * KIB)).score_bytes == 2 * 19_200


def test_large_activations_are_spilled_until_the_rest_fits_a_quarter(
    small_prefill: PassGraph,
) -> None:
    # Gate and up of 300 rows alone take 600 KiB.
    parts = division(small_prefill, (0,), chip_with(256 * KIB))
    assert "layers.0.gate_up.out" in parts.spilled
    assert "layers.1.gate_up.out" in parts.spilled
    assert parts.resident_bytes <= 64 * KIB
    assert parts.staging_bytes == 32 * KIB


def test_all_outputs_of_an_operator_are_spilled_together(small_prefill: PassGraph) -> None:
    for kib in (32, 64, 128, 256, 512, 1024):
        spilled = division(small_prefill, (0,), chip_with(kib * KIB)).spilled
        for op in small_prefill.ops:
            assert len({tensor.name in spilled for tensor in op.writes}) == 1


@pytest.mark.parametrize(
    ("keys", "limit", "array_rows", "rows"),
    [
        (100, 80_000, 16, 100),  # 4 heads x 100 keys x 2 B = 800 B a row: all fit
        (100, 79_999, 16, 96),  # 99 would fit; 4 rows x 4 heads fill the array, so 96
        (100, 2_400, 16, 3),  # less than the array takes: as many as fit
        (100, 799, 16, 0),
    ],
)
def test_rows_of_scores_that_fit_are_cut_to_fill_the_array(
    keys: int, limit: int, array_rows: int, rows: int
) -> None:
    assert score_rows(GROUPED, 4, keys, 16, limit, array_rows) == rows


def test_the_layer_of_a_name_is_all_but_its_last_part() -> None:
    assert [owner("layers.0.scores"), owner("lm_head")] == ["layers.0", ""]


def test_a_head_of_the_cache_is_one_run() -> None:
    cache = Cache(keys=8192, values=65536, kv_heads=2, vector_bytes=128, run_bytes=1280)
    # Sequence 1, head 1 is the fourth run of ten positions; position 3 lies 384 B in.
    assert cache.address(cache.keys, 1, 1, 3) == 8192 + 3 * 1280 + 384


def test_weights_lie_in_the_order_of_use_on_page_boundaries(small_decode: PassGraph) -> None:
    layout = lay_out(small_decode, 10, 0, frozenset())
    names = list(layout.tensors)
    assert names[:3] == ["embedding.weight", "layers.0.attn_norm.weight", "layers.0.qkv.weight"]
    assert all(address % ALIGNMENT == 0 for address in layout.tensors.values())
    # Embedding 1024 x 256 x 2 B, then a norm of 512 B on a page of its own.
    assert [layout.tensors[name] for name in names[:3]] == [0, 524_288, 528_384]
    assert layout.scratch == {}


def test_layers_share_the_scratch_of_a_role_but_parallel_heads_do_not(
    small_model: ModelShape,
) -> None:
    graph = one_pass(small_model, decode=False, layers=3, heads=2, rows=300)
    spilled = division(graph, (0,), chip_with(64 * KIB)).spilled
    scratch = lay_out(graph, 300, 0, spilled).scratch
    assert scratch["layers.0.gate_up.out"] == scratch["heads.2.gate_up.out"]
    assert scratch["layers.0.ffn_residual.out"] == scratch["layers.1.ffn_residual.out"]
    # When head 1 ends, head 2 has yet to read the trunk's output; the final norm reads both heads.
    trunk, first, second = (
        scratch[f"{name}.ffn_residual.out"] for name in ("layers.2", "heads.1", "heads.2")
    )
    assert first not in (trunk, second)
