"""Energy of a run divided among operators: by hand, and exactly whatever the work."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from accsim.analysis.energy import Work, consumers
from accsim.analysis.energy_shares import apportioned_pj, shared
from accsim.chip import Chip
from accsim.config.resolve import load_chip
from accsim.result import CONSUMERS

SHIPPED = load_chip("ddr_npu")
MATMUL = Work(
    elapsed_ps=900,
    dram_bytes=1000,
    activates=3,
    refreshes=900,
    sram_bytes=5000,
    macs=(0, 40, 20),
    vector_elements=0,
)
"""Time stands for refreshes."""
SOFTMAX = Work(
    elapsed_ps=100,
    dram_bytes=0,
    activates=0,
    refreshes=100,
    sram_bytes=2000,
    macs=(0, 0, 0),
    vector_elements=50,
)
RUN = Work(
    elapsed_ps=1000,
    dram_bytes=1000,
    activates=3,
    refreshes=1,
    sram_bytes=7000,
    macs=(0, 40, 20),
    vector_elements=50,
)


def test_work_is_paid_by_who_did_it_and_time_by_who_took_it(round_chip: Chip) -> None:
    found = shared(round_chip, consumers(round_chip, RUN), {"up": MATMUL, "softmax": SOFTMAX})
    assert found == {
        "up": {
            "dram_activation": 3000,
            "dram_io": 80_000,
            "dram_background": 900,  # of 2 x 0.5 W for 1000 ps, for 900 ps
            "dram_refresh": 7200,  # of one refresh
            "sram": 10_000,
            "array": 25,  # 20 + 5
            "vector": 0,
            "static": 2700,
        },
        "softmax": {
            "dram_activation": 0,
            "dram_io": 0,
            "dram_background": 100,
            "dram_refresh": 800,
            "sram": 4000,
            "array": 0,
            "vector": 200,
            "static": 300,
        },
    }


def test_an_operator_with_fewer_rows_than_none_opens_none(round_chip: Chip) -> None:
    works = {"up": replace(MATMUL, activates=4), "softmax": replace(SOFTMAX, activates=-1)}
    found = shared(round_chip, consumers(round_chip, RUN), works)
    assert [found[name]["dram_activation"] for name in works] == [3000, 0]


counts = st.integers(0, 10**13)
works = st.builds(Work, counts, counts, counts, counts, counts, st.tuples(*[counts] * 3), counts)


@given(st.lists(works, min_size=1, max_size=8), works)
def test_shares_add_up_to_the_picojoule(parts: list[Work], whole: Work) -> None:
    spent = consumers(SHIPPED, whole)
    found = shared(SHIPPED, spent, {str(index): part for index, part in enumerate(parts)})
    for one in spent:
        shares = [share[one.consumer] for share in found.values()]
        assert sum(shares) == one.pj
        assert min(shares) >= 0


def test_shares_are_off_by_less_than_one() -> None:
    # Thirds of 100: 33.33, 66.67 and 100 rounded.
    assert apportioned_pj(100, {"a": 1.0, "b": 1.0, "c": 1.0}) == {"a": 33, "b": 34, "c": 33}


def test_what_nobody_did_is_the_first_ones() -> None:
    assert apportioned_pj(7, {"a": 0.0, "b": 0.0}) == {"a": 7, "b": 0}


def test_the_consumers_are_those_of_the_result() -> None:
    assert tuple(one.consumer for one in consumers(SHIPPED, RUN)) == CONSUMERS
