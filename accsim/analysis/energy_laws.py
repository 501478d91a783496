"""What the energies of a run must agree with.

Results of an earlier accsim have no shares of operators and no rows; nothing is held against those.
"""

from __future__ import annotations

from collections.abc import Iterable

from accsim.analysis.agreement import Faults, add_up, equal
from accsim.analysis.energy import PJ_PER_J, ROW_CONSUMERS
from accsim.result import Bounded, ConsumerEnergy, OpStats, PartStats, RunResult
from accsim.units import PS_PER_S

CASES = (("value", "pj"), ("low", "low_pj"), ("high", "high_pj"))
"""Keys of a figure in joules and of those of the consumers that make it."""


def consumers_make_the_energy(run: RunResult) -> Faults:
    """Decoding and prefill take what their consumers take together."""
    energy = run.energy
    for name, consumers, whole in (
        ("decode", energy.decode, energy.decode_j),
        ("prefill", energy.prefill, energy.prefill_j),
    ):
        for case, pj in CASES:
            yield from equal(
                f"energy.{name}_j.{case}",
                getattr(whole, case),
                _joules(consumers, pj),
                f"the sum of {pj} over the consumers",
            )


def operators_make_the_energy(run: RunResult) -> Faults:
    """Groups share each consumer's energy, and so do parts of the model; to the picojoule."""
    told: tuple[tuple[str, tuple[OpStats, ...] | tuple[PartStats, ...]], ...] = (
        ("ops", run.ops),
        ("parts", run.parts),
    )
    for key, those in told:
        if not any(one.energy_pj for one in those):
            continue
        for consumer in run.energy.decode:
            name = consumer.consumer
            shares = sum(one.energy_pj.get(name, 0) for one in those)
            yield from add_up(f"{key}[].energy_pj.{name}", shares, consumer.pj, "pJ")


def quotients_follow_from_the_energy(run: RunResult) -> Faults:
    """Per token, per pass and per row, power, and the shares of DRAM and rejected rows."""
    energy = run.energy
    tokens = run.batch * (run.output_tokens - 1)
    of_rows = tuple(one for one in energy.decode if one.consumer in ROW_CONSUMERS)
    of_dram = tuple(one for one in energy.decode if one.consumer.startswith("dram_"))
    decode_s = run.decode_ps / PS_PER_S
    told: list[tuple[str, Bounded, tuple[ConsumerEnergy, ...], float, str]] = [
        ("j_per_token", energy.j_per_token, energy.decode, 1 / tokens, "over the tokens"),
        ("j_per_pass", energy.j_per_pass, energy.decode, 1 / run.passes, "over the passes"),
        ("mean_power_w", energy.mean_power_w, energy.decode, 1 / decode_s, "over decode_ps"),
    ]
    if energy.rows:
        yield from add_up(
            "energy.rows", tokens + energy.rejected_rows, energy.rows, "tokens and rejected rows"
        )
        share = energy.rejected_rows / energy.rows
        told += [
            ("j_per_row", energy.j_per_row, energy.decode, 1 / energy.rows, "over the rows"),
            ("rejected_j", energy.rejected_j, of_rows, share, "of rejected rows"),
        ]
    for name, stated, consumers, scale, of in told:
        for case, pj in CASES:
            computed = _joules(consumers, pj) * scale
            key = f"energy.{name}.{case}"
            yield from equal(key, getattr(stated, case), computed, f"{pj} {of}")
    total = _joules(energy.decode, "pj")
    share = _joules(of_dram, "pj") / total if total else 0.0
    yield from equal("energy.dram_share", energy.dram_share, share, "pj of the DRAM over all")


def _joules(consumers: Iterable[ConsumerEnergy], pj: str) -> float:
    total: int = sum(getattr(one, pj) for one in consumers)
    return total / PJ_PER_J
