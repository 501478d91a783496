"""Energy of simulated runs: what the counts must add up to, and what DDR4 is published to take."""

from __future__ import annotations

from dataclasses import replace

import pytest

from accsim.analysis.energy import Work, consumers, decode_work
from accsim.analysis.measure import measure
from accsim.chip import Chip
from accsim.config.resolve import load_chip
from accsim.energy import StatedEnergy
from accsim.pipeline import run, simulate_pass
from accsim.result import ConsumerEnergy, Energy, Result, RunResult
from accsim.tracing.shipped import shipped_traces

from .models import MEDIUM, SMALL, ordinary, traced, with_heads

ONE_BY_ONE = StatedEnergy(
    dram_activation_pj_per_row=1,
    dram_io_pj_per_bit=1,
    dram_background_mw_per_rank=1000,
    dram_refresh_pj_per_rank=1,
    sram_pj_per_byte=1,
    mac_pj=(1, 1, 1),
    vector_pj_per_element=1,
    static_w=1,
)
"""Every count costs 1 pJ, so that energies are the counts."""


@pytest.fixture(scope="module")
def chip() -> Chip:
    return load_chip("ddr_npu")


@pytest.fixture(scope="module")
def counted(chip: Chip) -> Result:
    trace = traced(SMALL, ordinary(), with_heads(2), prompt=40, output=30)
    return run(replace(chip, energy=ONE_BY_ONE), trace)


def by_name(spent: tuple[ConsumerEnergy, ...]) -> dict[str, int]:
    return {one.consumer: one.pj for one in spent}


def test_the_counts_of_decoding_are_those_of_the_result(counted: Result) -> None:
    for one in counted.runs:
        pj = by_name(one.energy.decode)
        moved = one.decode_dram_read_bytes + one.decode_dram_write_bytes
        assert pj["dram_io"] == 8 * moved
        assert pj["dram_activation"] == one.dram.activates > 0
        assert pj["dram_refresh"] == one.dram.refreshes
        assert pj["dram_background"] == 2 * one.decode_ps  # two channels of one rank
        assert pj["array"] == one.decode_macs
        assert pj["static"] == one.decode_ps
        # The utilization is of the same bytes, over 512 a cycle.
        used = pj["sram"] / (512 * one.decode_ps / 1000)
        assert used == pytest.approx(one.utilization.sram)


def test_the_counts_of_the_prefill_are_those_of_the_result(counted: Result) -> None:
    for one in counted.runs:
        pj = by_name(one.energy.prefill)
        moved = one.prefill_dram_read_bytes + one.prefill_dram_write_bytes
        assert pj["dram_io"] == 8 * moved
        assert pj["array"] == one.prefill_macs
        assert pj["static"] == one.prefill_ps
        assert pj["sram"] > moved


def test_vector_elements_are_counted_once_for_each_pass_over_them(chip: Chip) -> None:
    # One row through three layers of 256 channels, 4 and 2 heads of 64, FFN 512, 1024 words; rows
    # of 64 lanes are full. Passes: norms and rotary 2, SiLU x mul 2, the rest 1, softmax 4.
    trace = traced(SMALL, ordinary(), prompt=63, output=2)
    layer = 2 * (2 * 256) + 2 * (4 + 2) * 64 + 2 * 512 + 2 * 256
    softmax = 4 * (4 * 64)  # four heads of 64 keys, in tiles of whole rounds
    expected = 256 + 3 * (layer + softmax) + 2 * 256 + 1024
    (one,) = run(replace(chip, energy=ONE_BY_ONE), trace).runs
    assert by_name(one.energy.decode)["vector"] == expected


def test_a_shortened_prefill_costs_what_the_whole_does(chip: Chip) -> None:
    trace = traced(MEDIUM, ordinary(), prompt=200, output=2)
    counted_chip = replace(chip, energy=ONE_BY_ONE)
    (short,), (whole,) = (run(counted_chip, trace, exact=exact).runs for exact in (False, True))
    assert short.sampling.prefill_layers_simulated < whole.sampling.prefill_layers_simulated
    guess, truth = by_name(short.energy.prefill), by_name(whole.energy.prefill)
    for name in ("dram_io", "sram", "array", "vector"):
        assert guess[name] == truth[name]
    for name in ("dram_activation", "dram_refresh", "static"):
        assert guess[name] == pytest.approx(truth[name], rel=0.02)


def dram_pj(work: Work, chip: Chip) -> tuple[int, int, int]:
    """Most likely, lowest and highest energy of the DRAM."""
    dram = [one for one in consumers(chip, work) if one.consumer.startswith("dram_")]
    return sum(o.pj for o in dram), sum(o.low_pj for o in dram), sum(o.high_pj for o in dram)


def test_a_token_takes_what_is_published_of_ddr4(chip: Chip) -> None:
    # Llama-2-7B in fp16 with 2048 cached tokens reads 13,214,695,424 bytes of weights and
    # 1,073,741,824 of KV cache and writes 524,288: 14.29 GB, 114.3 x 10^9 bits. Published totals of
    # DDR4 are 15 to 25 pJ a bit (1300 pJ per 64 bits, 20.3, in Jouppi et al., ISCA 2021, table 2):
    # 1.71 to 2.86 J.
    trace = shipped_traces()["llama2_7b_decode_1.jsonl.gz"]
    one = simulate_pass(chip, trace, "one_token", 1)
    stats = measure(chip, one.graph, one.program, one.timeline)
    work = decode_work([(one.graph, 2048)], [stats])
    assert 8 * work.dram_bytes == 8 * (13_214_695_424 + 1_073_741_824 + 524_288)
    value, low, high = dram_pj(work, chip)
    assert 15 * 114.3e9 < value < 25 * 114.3e9
    assert low < 20.3 * 114.3e9 < high


def test_more_tokens_a_pass_lower_the_energy_of_moving_bits_as_they_lower_the_bytes(
    chip: Chip,
) -> None:
    trace = traced(SMALL, ordinary(), with_heads(3), prompt=40, output=60)
    plain, heads = run(chip, trace).runs
    assert heads.mean_tokens_per_pass > plain.mean_tokens_per_pass

    def io_per_token(one: RunResult) -> float:
        return by_name(one.energy.decode)["dram_io"] / 59

    fewer = heads.decode_dram_bytes_per_token / plain.decode_dram_bytes_per_token
    assert fewer < 1
    assert io_per_token(heads) / io_per_token(plain) == pytest.approx(fewer, rel=1e-9)
    assert heads.energy.j_per_token.value < plain.energy.j_per_token.value


def test_figures_of_energy_change_no_time(chip: Chip, counted: Result) -> None:
    trace = traced(SMALL, ordinary(), with_heads(2), prompt=40, output=30)
    for one, other in zip(run(chip, trace).runs, counted.runs, strict=True):
        assert without_energy(one, other.energy) == without_energy(other, other.energy)


def without_energy(one: RunResult, energy: Energy) -> RunResult:
    """The run with the energy of another one, and without the shares of operators."""
    return replace(
        one,
        energy=energy,
        ops=tuple(replace(op, energy_pj={}) for op in one.ops),
        parts=tuple(replace(part, energy_pj={}) for part in one.parts),
    )


def test_each_operator_group_pays_for_what_it_did_and_for_its_time(counted: Result) -> None:
    for one in counted.runs:
        for op in one.ops:
            assert op.energy_pj["dram_io"] == 8 * (op.dram_read_bytes + op.dram_write_bytes)
            assert op.energy_pj["array"] == op.macs
            # 1 W of the chip, and of each of two ranks.
            assert op.energy_pj["static"] == pytest.approx(op.time_ps, abs=1)
            assert op.energy_pj["dram_background"] == pytest.approx(2 * op.time_ps, abs=1)
        for part in one.parts:
            assert part.energy_pj["static"] == pytest.approx(part.time_ps, abs=1)


def test_rows_are_opened_for_those_who_move_bytes(counted: Result) -> None:
    for one in counted.runs:
        for op in one.ops:
            if not op.dram_read_bytes + op.dram_write_bytes:
                assert op.energy_pj["dram_activation"] == 0
        assert sum(op.energy_pj["dram_activation"] for op in one.ops) == one.dram.activates


def test_rows_that_bring_no_token_are_rejected(counted: Result) -> None:
    # 29 tokens after the first: 29 passes of one row, or of two rows.
    plain, heads = (one.energy for one in counted.runs)
    assert (plain.rows, plain.rejected_rows) == (29, 0)
    assert heads.rows == 2 * counted.runs[1].passes
    assert heads.rejected_rows == heads.rows - 29 > 0
