"""How long something takes and on what: the time of a critical path by cause."""

from __future__ import annotations

from dataclasses import dataclass

from accsim.result import CAUSES, Cause
from accsim.units import PS_PER_S


@dataclass(frozen=True, slots=True)
class Spent:
    """Time in ps by cause, in the order of `accsim.result.CAUSES`."""

    causes_ps: tuple[int, ...]

    @property
    def ps(self) -> int:
        """All of it."""
        return sum(self.causes_ps)

    @property
    def seconds(self) -> float:
        """All of it, in seconds."""
        return self.ps / PS_PER_S

    @property
    def shares(self) -> dict[str, float]:
        """The fraction of each cause; the sum is 1."""
        return {cause: part / self.ps for cause, part in zip(CAUSES, self.causes_ps, strict=True)}

    @property
    def bound(self) -> Cause:
        """The cause with the largest share."""
        return CAUSES[self.causes_ps.index(max(self.causes_ps))]


@dataclass(frozen=True, slots=True)
class RunSpeed:
    """A run without the luck of its draw: a decode step in its middle, and its prefill.

    A step emits `tokens_per_step` tokens for each of `batch` sequences, on average, and takes
    `power_w` while it lasts, DRAM included.
    """

    run: str
    batch: int
    tokens_per_step: float
    step: Spent
    prefill: Spent
    power_w: float

    @property
    def tpot_s(self) -> float:
        """Time per output token of a sequence."""
        return self.step.seconds / self.tokens_per_step

    @property
    def ttft_s(self) -> float:
        """Time to the first token."""
        return self.prefill.seconds
