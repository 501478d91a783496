"""Extrapolated prefills and interpolated decode passes against all of it simulated."""

from __future__ import annotations

from dataclasses import replace

import pytest

from accsim.chip import Chip
from accsim.config.resolve import load_chip
from accsim.pipeline import run
from accsim.result import Result, RunResult
from accsim.units import KIB

from .models import MEDIUM, SMALL, ordinary, traced, with_heads

Pair = tuple[Result, Result]


@pytest.fixture(scope="module")
def chip() -> Chip:
    """ddr_npu with 1 MiB of SRAM: 512 rows of 1024 values do not fit."""
    chip = load_chip("ddr_npu")
    return replace(chip, sram=replace(chip.sram, capacity_bytes=1024 * KIB))


def both(chip: Chip, *arguments: object, **sizes: int) -> Pair:
    """The result as it is usually made, and the exact one."""
    trace = traced(*arguments, **sizes)  # type: ignore[arg-type]
    return run(chip, trace), run(chip, trace, exact=True)


@pytest.fixture(scope="module")
def prefills(chip: Chip) -> Pair:
    return both(chip, MEDIUM, ordinary(), with_heads(3), prompt=512, output=2)


@pytest.fixture(scope="module")
def decodes(chip: Chip) -> Pair:
    """60 tokens with two heads: some 40 passes."""
    return both(chip, SMALL, with_heads(2), ordinary(), prompt=100, output=60)


@pytest.fixture(scope="module")
def ragged(chip: Chip) -> Pair:
    """Two sequences whose drafts are accepted differently."""
    two = with_heads(2)
    passes = traced(SMALL, two, prompt=100, output=60, batch=2).runs[0].decode
    assert any(emitted == 0 for one in passes for emitted in one.emitted)
    return both(chip, SMALL, two, prompt=100, output=60, batch=2)


def pairs(results: Pair) -> list[tuple[RunResult, RunResult]]:
    return list(zip(results[0].runs, results[1].runs, strict=True))


# -- prefill ---------------------------------------------------------------------------------------


def test_the_prefill_spills_activations(prefills: Pair) -> None:
    # Keys and values of 512 tokens in 12 layers are 25.2 MB; all else that is written is spilled.
    assert prefills[1].runs[0].prefill_dram_write_bytes > 12 * 512 * 2 * 1024 * 2


def test_an_extrapolated_prefill_takes_as_long_as_the_exact_one(prefills: Pair) -> None:
    for fast, exact in pairs(prefills):
        assert fast.prefill_ps == pytest.approx(exact.prefill_ps, rel=1e-3)


def test_the_causes_of_an_extrapolated_prefill_agree_too(prefills: Pair) -> None:
    # DRAM and array are nearly balanced here: which of them a tile waits for differs by layer.
    for fast, exact in pairs(prefills):
        assert fast.prefill_bound_share == pytest.approx(exact.prefill_bound_share, abs=5e-3)
        assert sum(fast.prefill_bound_share.values()) == pytest.approx(1, abs=1e-12)


def test_bytes_and_macs_of_an_extrapolated_prefill_are_exact(prefills: Pair) -> None:
    for fast, exact in pairs(prefills):
        assert fast.prefill_dram_read_bytes == exact.prefill_dram_read_bytes
        assert fast.prefill_dram_write_bytes == exact.prefill_dram_write_bytes
        assert fast.prefill_macs == exact.prefill_macs


def test_it_is_told_how_many_layers_of_the_prefill_were_simulated(prefills: Pair) -> None:
    # Of 12 layers the first and four more; of 9 + 3 the same and the three heads.
    counts = [
        [
            (one.sampling.prefill_layers, one.sampling.prefill_layers_simulated)
            for one in result.runs
        ]
        for result in prefills
    ]
    assert counts == [[(12, 5), (12, 8)], [(12, 12), (12, 12)]]


# -- decode ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["decodes", "ragged"])
def test_interpolated_decoding_takes_as_long_as_the_exact_one(
    request: pytest.FixtureRequest, name: str
) -> None:
    for fast, exact in pairs(request.getfixturevalue(name)):
        assert fast.decode_ps == pytest.approx(exact.decode_ps, rel=1e-3)
        assert fast.bound == exact.bound
        assert fast.bound_share == pytest.approx(exact.bound_share, abs=2e-3)


@pytest.mark.parametrize("name", ["decodes", "ragged"])
def test_bytes_and_macs_of_interpolated_decoding_are_exact(
    request: pytest.FixtureRequest, name: str
) -> None:
    for fast, exact in pairs(request.getfixturevalue(name)):
        assert fast.decode_dram_read_bytes == exact.decode_dram_read_bytes
        assert fast.decode_dram_write_bytes == exact.decode_dram_write_bytes
        assert fast.decode_macs == exact.decode_macs
        work = [
            {
                op.name: (op.count, op.macs, op.dram_read_bytes, op.dram_write_bytes)
                for op in one.ops
            }
            for one in (fast, exact)
        ]
        assert work[0] == work[1]


def test_it_is_told_how_many_passes_were_simulated(decodes: Pair) -> None:
    for fast, exact in pairs(decodes):
        assert fast.passes == fast.sampling.passes == exact.sampling.passes
        assert 3 <= fast.sampling.simulated < fast.passes
        assert fast.sampling.max_error <= 2.5e-4
        assert exact.sampling.simulated == exact.passes
        assert exact.sampling.max_error == 0


def test_passes_and_tokens_do_not_depend_on_the_sampling(ragged: Pair) -> None:
    for fast, exact in pairs(ragged):
        assert fast.passes == exact.passes
        # 59 tokens after the first, for each of two sequences.
        assert fast.mean_tokens_per_pass == 2 * 59 / (2 * fast.passes)
        assert fast.mean_tokens_per_pass == exact.mean_tokens_per_pass
