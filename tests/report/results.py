"""Hand-made results with round numbers: 100 tokens decoded after the first."""

from __future__ import annotations

from dataclasses import replace

from accsim.result import (
    CAUSE_PARTS,
    CAUSES,
    Area,
    Bounded,
    Cause,
    ConsumerEnergy,
    DramStats,
    Energy,
    Estimate,
    Generations,
    OpStats,
    Result,
    RunResult,
    Sampling,
    Speedup,
    Utilization,
)

MS = 10**9
"""Picoseconds in a millisecond."""


def causes(**shares_ps: int) -> dict[str, int]:
    """Critical-path time by cause, 0 where not given."""
    return {cause: shares_ps.get(cause, 0) for cause in CAUSES}


def parts(**first_ps: int) -> dict[str, dict[str, int]]:
    """Time by part of the causes that have some: all of it the first part's."""
    return {
        cause: {part: first_ps.get(cause, 0) if part == names[0] else 0 for part in names}
        for cause, names in CAUSE_PARTS.items()
    }


def shares(**given: float) -> dict[str, float]:
    """Share of the critical path by cause, 0 where not given."""
    return {cause: given.get(cause, 0.0) for cause in CAUSES}


def op(name: str, time_ps: int, cause: Cause = "dram", **changes: object) -> OpStats:
    """A group whose whole time has one cause."""
    made = OpStats(
        name=name,
        kind="matmul",
        count=3200,
        cycles=time_ps // 1000,
        time_ps=time_ps,
        dram_read_bytes=10**12,
        dram_write_bytes=0,
        macs=10**12,
        intensity_macs_per_byte=1.0,
        roofline_bound="memory",
        bound=cause,
        causes_ps=causes(**{cause: time_ps}),
        causes_detail_ps=parts(**{cause: time_ps}),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def run(
    name: str, pass_ms: int, passes: int, bound: Cause = "dram", **changes: object
) -> RunResult:
    """A run of 100 decode tokens: every pass alike, 80 % of it lost to `bound`, 20 % to DMA."""
    decode_ps = pass_ms * MS * passes
    main, rest = decode_ps * 8 // 10, decode_ps * 2 // 10
    made = RunResult(
        name=name,
        scheme="autoregressive",
        max_tokens_per_pass=1,
        prompt_tokens=512,
        output_tokens=101,
        batch=1,
        passes=passes,
        mean_tokens_per_pass=100 / passes,
        expected_tokens_per_pass=None,
        ttft_s=2.5,
        tpot_s=decode_ps / 1e12 / 100,
        decode_s=decode_ps / 1e12,
        decode_ps=decode_ps,
        prefill_ps=2500 * MS,
        decode_cycles=decode_ps // 1000,
        decode_tokens_per_s=100 / (decode_ps / 1e12),
        mean_pass_s=pass_ms / 1e3,
        decode_dram_read_bytes=13 * 10**9 * passes,
        decode_dram_write_bytes=500_000 * passes,
        decode_dram_bytes_per_token=13.0005e9 * passes / 100,
        decode_macs=6 * 10**9 * passes,
        prefill_dram_read_bytes=14 * 10**9,
        prefill_dram_write_bytes=10**8,
        prefill_macs=3 * 10**12,
        floor_s=0.9 * decode_ps / 1e12,
        prefill_floor_s=2.0,
        utilization=Utilization(dram=0.9, array=0.05, vector=0.01, sram=0.1),
        units=(),
        dram=DramStats(
            data_ps=decode_ps * 90 // 100,
            turnaround_ps=decode_ps // 100,
            refresh_ps=decode_ps * 4 // 100,
            activation_ps=decode_ps * 3 // 100,
            idle_ps=decode_ps * 2 // 100,
            row_hits=900,
            row_misses=60,
            row_conflicts=40,
            activates=100,
            refreshes=10,
            model="row_granular",
        ),
        sram_peak_bytes=3 << 20,
        bound=bound,
        bound_share=shares(**{bound: 0.8, "dma": 0.2}),
        prefill_bound="array",
        prefill_bound_share=shares(array=1.0),
        sampling=Sampling(
            passes=passes,
            simulated=9,
            max_error=0.00012,
            prefill_layers=32,
            prefill_layers_simulated=2,
        ),
        ops=(
            op("qkv", rest, "dma", energy_pj={"dram_io": passes * 4 * 10**11}),
            op("gate_up", main, bound, energy_pj={"dram_io": passes * 16 * 10**11}),
        ),
        parts_ps={"layers": decode_ps},
        energy=energy(passes),
        causes_ps=causes(**{bound: main, "dma": rest}),
        causes_detail_ps=parts(**{bound: main}),
        prefill_causes_ps=causes(array=2500 * MS),
        prefill_causes_detail_ps=parts(array=2500 * MS),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def energy(passes: int) -> Energy:
    """2 J for each pass that brings 100 / passes tokens, at 8 W, within a factor of two.

    Of four rows a pass, one is rejected; array and vector unit spend 0.1 J on it.
    """
    spent = ConsumerEnergy("dram_io", *(passes * joules * 10**12 for joules in (2, 1, 4)))
    return Energy(
        decode=(spent,),
        decode_j=bounded(2.0 * passes),
        j_per_token=bounded(2.0 * passes / 100),
        j_per_pass=bounded(2.0),
        mean_power_w=bounded(8.0),
        dram_share=1.0,
        prefill=(spent,),
        prefill_j=bounded(30.0),
        rows=4 * passes,
        rejected_rows=passes,
        j_per_row=bounded(0.5),
        rejected_j=bounded(0.1 * passes),
    )


def bounded(value: float) -> Bounded:
    """Within a factor of two."""
    return Bounded(value, value / 2, 2 * value)


def generations(tokens: float, pass_ms: float, speedup: float | None = None) -> Generations:
    """A thousand generations, every estimate good to 1 %, P99 a tenth above P50."""
    tpot = pass_ms / 1e3 / tokens
    return Generations(
        count=1000,
        tokens_per_pass=about(tokens),
        tpot_s=about(tpot),
        tpot_p50_s=tpot,
        tpot_p99_s=1.1 * tpot,
        itl_p50_s=0.0,
        itl_p99_s=pass_ms / 1e3,
        decode_s_per_token=about(tpot),
        speedup=None if speedup is None else about(speedup),
    )


def about(mean: float) -> Estimate:
    """Give or take 1 %."""
    return Estimate(mean, 0.99 * mean, 1.01 * mean)


def result(*runs: RunResult, chip: str = "ddr_npu") -> Result:
    """A comparison of `runs`; the first is the baseline."""
    base = runs[0].tpot_s
    return Result(
        chip=chip,
        workload="llama2_7b",
        accsim_version="0.1.0",
        seed=7,
        clock_hz=1e9,
        peak_dram_bytes_per_s=51.2e9,
        peak_macs_per_s=1.024e12,
        sram_bytes=4 << 20,
        runs=runs,
        speedup=Speedup(
            runs[0].name,
            {run.name: base / run.tpot_s for run in runs},
            {run.name: base / run.tpot_s for run in runs},
        ),
        area_mm2=Area(bounded(4.0), bounded(6.0), bounded(20.0), bounded(30.0)),
    )
