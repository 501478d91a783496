"""The cheapest changes that make a chip fast enough: the contract ``accsim.target/1``.

Field names are the JSON keys. Only additions later.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from accsim.result import Cause

SCHEMA = "accsim.target/1"


@dataclass(frozen=True, slots=True)
class Goal:
    """What is asked for: decoded tokens of all sequences per second, and perhaps a time to the
    first token, and a mean power while decoding that is not exceeded, DRAM included.
    """

    tokens_per_s: float
    ttft_s: float | None = None
    power_w: float | None = None


@dataclass(frozen=True, slots=True)
class Turned:
    """A knob that is turned, as in `accsim.whatif.Change`."""

    knob: str
    label: str
    unit: str
    before: int | str
    after: int | str
    factor: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """A chip: what is changed, what that costs, how fast it is, and what power decoding takes.

    The bounds are the causes with the largest share of the critical path, and the shares theirs.
    """

    changes: tuple[Turned, ...]
    cost: float
    tokens_per_s: float
    tpot_s: float
    bound: Cause
    bound_share: float
    ttft_s: float
    prefill_bound: Cause
    prefill_bound_share: float
    power_w: float


@dataclass(frozen=True, slots=True)
class Floor:
    """What no chip can do without, in the middle of the output.

    dram_bytes_per_token   bytes of a decode step over the tokens that it emits
    macs_per_token         MACs likewise
    needed_bytes_per_s     for the tokens per second that are asked for
    pins_bytes_per_s       what the pins carry, on the chip as it is
    most_bytes_per_s       the same with as many channels as are tried, of the fastest grade
    channels_needed        channels of that grade that carry what is needed, no rest of a channel
    grade                  that grade
    prefill_dram_bytes     bytes of the prefill, each once
    prefill_array_s        time of its MACs at the peak of the arrays, on the chip as it is
    dram_io_w              power that the DRAM's pins take at `needed_bytes_per_s`, by the energy of
                           a bit; rows, refresh and the chip itself come on top
    """

    dram_bytes_per_token: float
    macs_per_token: float
    needed_bytes_per_s: float
    pins_bytes_per_s: float
    most_bytes_per_s: float
    channels_needed: int
    grade: str
    prefill_dram_bytes: int
    dram_io_w: float
    prefill_array_s: float

    def exceeds(self, goal: Goal) -> bool:
        """Whether no chip can keep to the power that is allowed."""
        return goal.power_w is not None and self.dram_io_w > goal.power_w


@dataclass(frozen=True, slots=True)
class Target:
    """What reaches a goal.

    costs      what it costs to add as much again of each knob as the chip has, if it alone is
               turned
    cost_unit  of these and of the costs of candidates: mm2, pins, or "" for weights
    base       the chip as it is
    reached    whether that is enough
    solutions  chips that are, the cheapest first; none where `reached`
    nearest    the fastest of the chips that were simulated, where none is fast enough and one could
               be, by the floor; else None
    simulated  how many chips were
    complete   whether everything was tried that seemed to help; else the search was ended
    """

    chip: str
    workload: str
    accsim_version: str
    run: str
    batch: int
    tokens_per_step: float
    goal: Goal
    floor: Floor
    costs: dict[str, float]
    base: Candidate
    reached: bool
    solutions: tuple[Candidate, ...]
    nearest: Candidate | None
    simulated: int
    complete: bool
    cost_unit: str

    def to_json(self) -> dict[str, Any]:
        """The ``accsim.target/1`` object: plain dicts, lists, strings and numbers."""
        return {"schema": SCHEMA, **asdict(self)}
