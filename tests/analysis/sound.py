"""A hand-made result that keeps every law: 10 tokens after the first, at 100 GB/s and 1 GHz."""

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
    PartStats,
    Result,
    RunResult,
    Sampling,
    Speedup,
    UnitTime,
    Utilization,
)

MS = 10**9
"""Picoseconds in a millisecond."""


def sound_run(name: str, passes: int, max_tokens: int = 1) -> RunResult:
    """Passes of 1 ms, of which 0.9 are 90 MB of DRAM traffic and 0.1 an array tile."""
    time_ps = passes * MS
    dram_ps, array_ps = 9 * time_ps // 10, time_ps // 10
    return RunResult(
        name=name,
        scheme="autoregressive",
        max_tokens_per_pass=max_tokens,
        prompt_tokens=16,
        output_tokens=11,
        batch=1,
        passes=passes,
        mean_tokens_per_pass=10 / passes,
        expected_tokens_per_pass=10 / passes,
        ttft_s=0.002,
        tpot_s=passes * 1e-4,
        decode_s=passes * 1e-3,
        decode_ps=time_ps,
        prefill_ps=2 * MS,
        decode_cycles=passes * 10**6,
        decode_tokens_per_s=10 / (passes * 1e-3),
        mean_pass_s=1e-3,
        decode_dram_read_bytes=80_000_000 * passes,
        decode_dram_write_bytes=10_000_000 * passes,
        decode_dram_bytes_per_token=9e6 * passes,
        decode_macs=1_000_000 * passes,
        prefill_dram_read_bytes=100_000_000,
        prefill_dram_write_bytes=0,
        prefill_macs=10**9,
        floor_s=0.9e-3 * passes,
        prefill_floor_s=1e-3,
        utilization=Utilization(dram=0.9, array=0.1, vector=0.0, sram=0.2),
        units=(
            UnitTime("load", dram_ps, array_ps, 0),
            UnitTime("array", array_ps, 0, dram_ps),
        ),
        dram=DramStats(
            data_ps=dram_ps,
            turnaround_ps=0,
            refresh_ps=array_ps,
            activation_ps=0,
            idle_ps=0,
            row_hits=1,
            row_misses=0,
            row_conflicts=0,
            activates=0,
            refreshes=1,
            model="row_granular",
        ),
        sram_peak_bytes=1024,
        bound="dram",
        bound_share={**dict.fromkeys(CAUSES, 0.0), "dram": 0.9, "array": 0.1},
        prefill_bound="array",
        prefill_bound_share={**dict.fromkeys(CAUSES, 0.0), "array": 1.0},
        sampling=Sampling(passes, passes, 0.0, 2, 2),
        ops=(
            replace(
                _group("qkv", "dram", dram_ps, 80_000_000 * passes, 0, 1_000_000 * passes),
                energy_pj={"dram_io": 6 * passes * 10**11, "array": 3 * passes * 10**11},
            ),
            replace(
                _group("softmax", "array", array_ps, 0, 10_000_000 * passes, 0),
                energy_pj={"dram_io": passes * 10**11, "array": 0},
            ),
        ),
        parts_ps={"layers": time_ps},
        parts=(
            PartStats(
                "layers",
                time_ps,
                {**dict.fromkeys(CAUSES, 0), "dram": dram_ps, "array": array_ps},
                _parts(dram=dram_ps, array=array_ps),
                {"dram_io": 7 * passes * 10**11, "array": 3 * passes * 10**11},
            ),
        ),
        causes_ps={**dict.fromkeys(CAUSES, 0), "dram": dram_ps, "array": array_ps},
        causes_detail_ps=_parts(dram=dram_ps, array=array_ps),
        prefill_causes_ps={**dict.fromkeys(CAUSES, 0), "array": 2 * MS},
        prefill_causes_detail_ps=_parts(array=2 * MS),
        energy=_energy(passes),
        generations=Generations(
            count=100,
            tokens_per_pass=_about(10 / passes),
            tpot_s=_about(passes * 1e-4),
            tpot_p50_s=passes * 1e-4,
            tpot_p99_s=passes * 2e-4,
            itl_p50_s=0.0,
            itl_p99_s=1e-3,
            decode_s_per_token=_about(passes * 1e-4),
        ),
    )


def _group(
    name: str, cause: Cause, time_ps: int, read_bytes: int, write_bytes: int, macs: int
) -> OpStats:
    return OpStats(
        name=name,
        kind="matmul",
        count=1,
        cycles=time_ps // 1000,
        time_ps=time_ps,
        dram_read_bytes=read_bytes,
        dram_write_bytes=write_bytes,
        macs=macs,
        intensity_macs_per_byte=macs / (read_bytes + write_bytes),
        roofline_bound="memory",
        bound=cause,
        causes_ps={**dict.fromkeys(CAUSES, 0), cause: time_ps},
        causes_detail_ps=_parts(**{cause: time_ps}),
    )


def _parts(**first_ps: int) -> dict[str, dict[str, int]]:
    """Time of causes that have parts, all of it in the first."""
    return {
        cause: {name: first_ps.get(cause, 0) * (name == names[0]) for name in names}
        for cause, names in CAUSE_PARTS.items()
    }


def _energy(passes: int) -> Energy:
    """1 J of each pass, 0.7 for moving bits and 0.3 for MACs; 1 J of the prefill, all for bits.

    Each pass carries two rows, so 10 tokens leave 2 x passes - 10 rows rejected.
    """
    bits = ConsumerEnergy("dram_io", *(7 * passes * 10**11,) * 3)
    macs = ConsumerEnergy("array", *(3 * passes * 10**11,) * 3)
    rejected = 2 * passes - 10
    return Energy(
        decode=(bits, macs),
        decode_j=_exact(float(passes)),
        j_per_token=_exact(passes / 10),
        j_per_pass=_exact(1.0),
        mean_power_w=_exact(1000.0),
        dram_share=0.7,
        prefill=(ConsumerEnergy("dram_io", *(10**12,) * 3),),
        prefill_j=_exact(1.0),
        rows=2 * passes,
        rejected_rows=rejected,
        j_per_row=_exact(0.5),
        rejected_j=_exact(0.15 * rejected),
    )


def _exact(value: float) -> Bounded:
    return Bounded(value, value, value)


def _about(mean: float) -> Estimate:
    return Estimate(mean, 0.9 * mean, 1.1 * mean)


def sound_result() -> Result:
    """One token per pass, and two: half the passes, twice as fast."""
    return Result(
        chip="pocket",
        workload="text",
        accsim_version="0.1.0",
        seed=1,
        clock_hz=1e9,
        peak_dram_bytes_per_s=1e11,
        peak_macs_per_s=1e12,
        sram_bytes=4096,
        runs=(sound_run("one", 10), sound_run("two", 5, max_tokens=2)),
        speedup=Speedup("one", {"one": 1.0, "two": 2.0}, {"one": 1.0, "two": 2.0}),
        area_mm2=Area(_exact(1.0), _exact(2.0), _exact(3.0), _exact(6.0)),
    )
