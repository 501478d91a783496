"""What each change of a chip is worth: the contract ``accsim.whatif/1``.

Field names are the JSON keys. Only additions later.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from accsim.result import Cause

SCHEMA = "accsim.whatif/1"


@dataclass(frozen=True, slots=True)
class Change:
    """One change of the chip.

    knob     what is turned
    label    the same for people
    unit     of the values, "" for plain counts and names
    ideal    whether no chip can be so: it tells what is lost to the real thing
    before   its value on the chip as it is
    after    its value in this change; None where that is not possible
    factor   how many times better it gets; None for ideals, and where it is not possible
    refused  why it is not possible; None where it is
    """

    knob: str
    label: str
    unit: str
    ideal: bool
    before: int | str
    after: int | str | None
    factor: float | None
    refused: str | None


@dataclass(frozen=True, slots=True)
class Effect:
    """What a change does to a run.

    A gain is the time before over the time after. An elasticity is log(gain) / log(factor): where
    the knob doubles, the time falls by 2 to its power; None for ideals. The bounds are the causes
    with the largest share of the critical path after the change, and the shares those of the bounds
    themselves.
    """

    knob: str
    tpot_s: float
    tpot_gain: float
    tpot_elasticity: float | None
    bound: Cause
    bound_share: float
    ttft_s: float
    ttft_gain: float
    ttft_elasticity: float | None
    prefill_bound: Cause
    prefill_bound_share: float


@dataclass(frozen=True, slots=True)
class RunEffects:
    """A run on the chip as it is, and what each possible change does to it, most gain first.

    `tpot_s` is the time of a decode step with half of the output in the caches, over
    `tokens_per_step`, the mean that the acceptance promises. The shares of all causes add up to 1.
    """

    name: str
    scheme: str
    batch: int
    tokens_per_step: float
    tpot_s: float
    bound: Cause
    bound_share: dict[str, float]
    ttft_s: float
    prefill_bound: Cause
    prefill_bound_share: dict[str, float]
    effects: tuple[Effect, ...]


@dataclass(frozen=True, slots=True)
class WhatIf:
    """All changes of a chip, one at a time, and the runs of a workload."""

    chip: str
    workload: str
    accsim_version: str
    changes: tuple[Change, ...]
    runs: tuple[RunEffects, ...]

    def to_json(self) -> dict[str, Any]:
        """The ``accsim.whatif/1`` object: plain dicts, lists, strings and numbers."""
        return {"schema": SCHEMA, **asdict(self)}
