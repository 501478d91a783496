"""What a user gets of a training step: the contract ``accsim.training/1`` as frozen values.

Field names are the JSON keys. Bytes, MACs and cycles are integers; times in seconds are floats made
from integer picoseconds once, at the end. Only additions later.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from accsim.result import Cause

SCHEMA = "accsim.training/1"


@dataclass(frozen=True, slots=True)
class TrainingOpStats:
    """All operators of one group (``qkv``, ``qkv_dx``, ``qkv_dw``, ``scores_again``...) of a step.

    `time_ps` is what they account for on the critical path; the groups add up to the step's.
    """

    name: str
    kind: str
    count: int
    time_ps: int
    dram_read_bytes: int
    dram_write_bytes: int
    macs: int


@dataclass(frozen=True, slots=True)
class TrainingMemory:
    """DRAM that a step takes, in bytes; the states of an optimiser come on top.

    activation_bytes  the most of activations, logits and their gradients that exist at once
    logits_bytes      logits and their gradient among them
    at                operator at which they do
    parameter_bytes   all weights
    gradient_bytes    their gradients, one for each
    """

    activation_bytes: int
    logits_bytes: int
    at: str
    parameter_bytes: int
    gradient_bytes: int

    @property
    def total_bytes(self) -> int:
        return self.activation_bytes + self.parameter_bytes + self.gradient_bytes


@dataclass(frozen=True, slots=True)
class TrainingRunResult:
    """One way of the step on the chip.

    macs                 useful ones: query-key pairs behind the causal mask are not counted, nor
                         what is made again
    macs_full_attention  the same with every pair counted, as is often done
    remade_macs          of the scores that flash attention makes again; `macs` and these are done
    memory_floor_s       the bytes moved over what the pins carry
    compute_floor_s      all MACs done over the array's peak
    layers_simulated     less than `layers` where equal layers were extrapolated from one of them
    """

    name: str
    trunk_layers: int
    heads: int
    heads_live: str
    attention: str
    parameters: int
    macs: int
    macs_full_attention: int
    remade_macs: int
    memory: TrainingMemory
    dram_read_bytes: int
    dram_write_bytes: int
    step_s: float
    step_ps: int
    step_cycles: int
    tokens_per_s: float
    memory_floor_s: float
    compute_floor_s: float
    bound: Cause
    bound_share: dict[str, float]
    layers: int
    layers_simulated: int
    ops: tuple[TrainingOpStats, ...]

    @property
    def dram_bytes(self) -> int:
        return self.dram_read_bytes + self.dram_write_bytes

    @property
    def floor_s(self) -> float:
        """Nothing can be faster."""
        return max(self.memory_floor_s, self.compute_floor_s)


@dataclass(frozen=True, slots=True)
class AgainstBaseline:
    """Figures of a run over those of the baseline."""

    macs: float
    macs_full_attention: float
    dram_bytes: float
    activation_bytes: float
    parameters: float
    step_s: float

    @classmethod
    def of(cls, run: TrainingRunResult, base: TrainingRunResult) -> AgainstBaseline:
        """The figures of `run` over those of `base`."""
        return cls(
            macs=run.macs / base.macs,
            macs_full_attention=run.macs_full_attention / base.macs_full_attention,
            dram_bytes=run.dram_bytes / base.dram_bytes,
            activation_bytes=run.memory.activation_bytes / base.memory.activation_bytes,
            parameters=run.parameters / base.parameters,
            step_s=run.step_ps / base.step_ps,
        )


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """The answer to one chip and one training step."""

    chip: str
    workload: str
    accsim_version: str
    batch: int
    sequence_tokens: int
    precision: str
    clock_hz: float
    peak_dram_bytes_per_s: float
    peak_macs_per_s: float
    sram_bytes: int
    baseline: str
    runs: tuple[TrainingRunResult, ...]

    def against_baseline(self) -> dict[str, AgainstBaseline]:
        """By name of each run."""
        base = next(run for run in self.runs if run.name == self.baseline)
        return {run.name: AgainstBaseline.of(run, base) for run in self.runs}

    def to_json(self) -> dict[str, Any]:
        """The ``accsim.training/1`` object: plain dicts, lists, strings and numbers."""
        ratios = {name: asdict(one) for name, one in self.against_baseline().items()}
        return {"schema": SCHEMA, **asdict(self), "against_baseline": ratios}
