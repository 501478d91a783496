"""Energy from counts, by hand, and what it obeys whatever the counts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accsim.analysis.energy import Rows, Work, area, consumers, energy, macs_by_precision
from accsim.chip import Chip, Memory
from accsim.config.resolve import load_chip
from accsim.dram.standards import PARTS
from accsim.energy import StatedEnergy
from accsim.ops import PassGraph
from accsim.result import ConsumerEnergy

from .test_bounds import FP16, INT8, matmul

SHIPPED = load_chip("ddr_npu")
"""With the figures of the tables."""

NOTHING = Work(0, 0, 0, 0, 0, (0, 0, 0), 0)
SOME = Work(
    elapsed_ps=10**6,
    dram_bytes=1000,
    activates=7,
    refreshes=3,
    sram_bytes=4000,
    macs=(100, 40, 20),
    vector_elements=50,
)


def spent(chip: Chip, work: Work) -> dict[str, int]:
    return {one.consumer: one.pj for one in consumers(chip, work)}


def test_each_count_is_paid_at_its_figure(round_chip: Chip) -> None:
    assert spent(round_chip, SOME) == {
        "dram_activation": 7000,
        "dram_io": 80_000,  # 8000 bits
        "dram_background": 1_000_000,  # 2 x 0.5 W for 1 us
        "dram_refresh": 24_000,
        "sram": 8000,
        "array": 125,  # 100 + 20 + 5
        "vector": 200,
        "static": 3_000_000,  # 3 W for 1 us
    }


def test_a_second_rank_doubles_the_background(round_chip: Chip) -> None:
    two = replace(round_chip, memory=replace(round_chip.memory, ranks=2))
    assert spent(two, SOME)["dram_background"] == 2_000_000


def test_a_bank_refresh_costs_its_part_of_a_refresh_of_all_banks(round_chip: Chip) -> None:
    # DDR5 of 16 Gb: eight commands of eight banks, each with half of its rows, do what one does.
    memory = Memory(PARTS["DDR5-4800"], 2, 1, 256, 32, refresh="same_bank")
    chip = replace(round_chip, memory=memory)
    assert spent(chip, replace(SOME, refreshes=8))["dram_refresh"] == 8000


def test_without_refresh_none_is_paid(round_chip: Chip) -> None:
    chip = replace(round_chip, memory=replace(round_chip.memory, refresh="off"))
    assert spent(chip, replace(SOME, refreshes=0))["dram_refresh"] == 0


def test_stated_figures_leave_no_interval(round_chip: Chip) -> None:
    for one in consumers(round_chip, SOME):
        assert one.low_pj == one.pj == one.high_pj


def test_figures_of_the_tables_span_an_interval_by_their_factor(small_chip: Chip) -> None:
    # DDR4: 13.4 pJ a bit within a factor of 1.55. 10^9 bits.
    one = consumers(small_chip, replace(NOTHING, dram_bytes=125_000_000))[1]
    assert one == ConsumerEnergy("dram_io", 13_400_000_000, 8_645_161_290, 20_770_000_000)


def test_parts_add_up_and_the_worst_cases_add_linearly(small_chip: Chip) -> None:
    found = energy(small_chip, SOME, NOTHING, rows=Rows(1, 1), passes=1)
    for name, field in (("value", "pj"), ("low", "low_pj"), ("high", "high_pj")):
        total = sum(getattr(one, field) for one in found.decode)
        assert getattr(found.decode_j, name) == total / 10**12


def test_energy_is_shared_among_tokens_and_passes_and_spread_over_time(round_chip: Chip) -> None:
    # 4,119,325 pJ in 1 us, for 10 tokens out of 4 passes.
    found = energy(round_chip, SOME, NOTHING, rows=Rows(16, 10), passes=4)
    assert found.decode_j.value == 4_119_325 / 10**12
    assert found.j_per_token.value == pytest.approx(411_932.5e-12)
    assert found.j_per_pass.value == pytest.approx(1_029_831.25e-12)
    assert found.mean_power_w.value == pytest.approx(4.119325)
    # 7000 + 80,000 + 1,000,000 + 24,000
    assert found.dram_share == pytest.approx(1_111_000 / 4_119_325)


def test_each_row_has_its_part_and_rejected_rows_theirs_of_macs_and_elements(
    round_chip: Chip,
) -> None:
    # 4 passes of 4 rows bring 10 tokens, so 6 rows of 16 are rejected. MACs and vector elements
    # take 125 + 200 pJ: 325 x 6 / 16 = 121.875 of them for nothing.
    found = energy(round_chip, SOME, NOTHING, rows=Rows(16, 10), passes=4)
    assert (found.rows, found.rejected_rows) == (16, 6)
    assert found.j_per_row.value == pytest.approx(4_119_325e-12 / 16)
    assert found.rejected_j.value == pytest.approx(121.875e-12)


def test_where_every_row_brings_a_token_none_is_rejected(round_chip: Chip) -> None:
    found = energy(round_chip, SOME, NOTHING, rows=Rows(4, 4), passes=4)
    assert found.j_per_row == found.j_per_token == found.j_per_pass
    assert found.rejected_j.value == 0


def test_the_prefill_stands_apart(round_chip: Chip) -> None:
    found = energy(round_chip, SOME, replace(NOTHING, dram_bytes=1000), rows=Rows(1, 1), passes=1)
    assert found.prefill_j.value == 80_000 / 10**12
    assert found.decode_j.value == 4_119_325 / 10**12


def test_a_chip_on_which_all_is_free_has_no_share_to_give(round_chip: Chip) -> None:
    free = StatedEnergy(7, 0, 0, 0, 0, 0, (0, 0, 0), 0, static_w=0)
    found = energy(replace(round_chip, energy=free), SOME, SOME, rows=Rows(1, 1), passes=1)
    assert (found.decode_j.value, found.dram_share) == (0, 0)


counts = st.integers(0, 10**15)
works = st.builds(Work, counts, counts, counts, counts, counts, st.tuples(*[counts] * 3), counts)


@given(works)
def test_no_energy_is_negative_and_intervals_hold_their_value(work: Work) -> None:
    for one in consumers(SHIPPED, work):
        assert 0 <= one.low_pj <= one.pj <= one.high_pj


@given(works)
def test_twice_the_work_takes_twice_the_energy(work: Work) -> None:
    doubled = Work(
        elapsed_ps=2 * work.elapsed_ps,
        dram_bytes=2 * work.dram_bytes,
        activates=2 * work.activates,
        refreshes=2 * work.refreshes,
        sram_bytes=2 * work.sram_bytes,
        macs=(2 * work.macs[0], 2 * work.macs[1], 2 * work.macs[2]),
        vector_elements=2 * work.vector_elements,
    )
    for once, twice in zip(consumers(SHIPPED, work), consumers(SHIPPED, doubled), strict=True):
        assert twice.pj == pytest.approx(2 * once.pj, rel=1e-12, abs=1)


def test_macs_count_by_the_wider_operand() -> None:
    # 2 x 16 x 80 = 2560 MACs of fp16, 1 x 16 x 10 of int8 by int8, 1 x 16 x 5 of fp16 by int8.
    ops = (
        matmul(2, 16, 80, FP16, FP16),
        matmul(1, 16, 10, INT8, INT8),
        matmul(1, 16, 5, FP16, INT8),
    )
    graph = PassGraph("hand", 1, 1, ops)
    assert macs_by_precision([(graph, 0), (graph, 0)]) == (2 * (2560 + 80), 2 * 160, 0)


def test_the_area_of_the_parts_adds_up(small_chip: Chip) -> None:
    found = area(small_chip)
    for name in ("value", "low", "high"):
        parts = (found.sram, found.array, found.phy)
        assert getattr(found.total, name) == pytest.approx(sum(getattr(x, name) for x in parts))
