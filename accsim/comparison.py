"""Runs side by side on one chip: the contract ``accsim.comparison/1``.

Field names are the JSON keys. Bytes, MACs, picoseconds and picojoules are integers. Only additions
later.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from accsim.result import Bounded, Cause, Utilization

SCHEMA = "accsim.comparison/1"


@dataclass(frozen=True, slots=True)
class Column:
    """One run; what is not said here is as in `accsim.result.RunResult`.

    name              what the breakdowns call it: the run, after its workload where there are
                      several
    speedup           time per output token of the reference over that of this run, with the tokens
                      per pass that were drawn
    speedup_expected  the same with the tokens per pass that the acceptance promises
    """

    name: str
    workload: str
    run: str
    seed: int
    batch: int
    passes: int
    passes_simulated: int
    mean_tokens_per_pass: float
    expected_tokens_per_pass: float | None
    ttft_s: float
    tpot_s: float
    decode_tokens_per_s: float
    mean_pass_s: float
    decode_dram_bytes_per_token: float
    utilization: Utilization
    bound: Cause
    bound_share: dict[str, float]
    speedup: float
    speedup_expected: float | None
    j_per_token: Bounded


@dataclass(frozen=True, slots=True)
class Line:
    """An amount in every column, by the column's name.

    amounts  whole numbers
    changes  how much more than in the reference
    """

    name: str
    amounts: dict[str, int]
    changes: dict[str, int]


@dataclass(frozen=True, slots=True)
class Breakdown:
    """A quantity and its parts, that of the largest change in any column first.

    In each column the parts add up to the whole, and their changes to the change of the whole.
    """

    total: Line
    parts: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Runs on one chip beside the first of them, `against`.

    pass_time_ps            a mean decode pass by operator group
    pass_time_ps_by_part    the same by trunk (``layers``), ``heads`` and what is in neither
    pass_time_ps_by_cause   the same by cause
    pass_dram_bytes         bytes read and written in it, by operator group
    pass_macs               MACs of it, by operator group
    token_time_ps           time per output token of a sequence, by operator group
    token_time_ps_by_cause  the same by cause
    token_energy_pj         energy per token that decoding emits, by operator group; no parts where
                            a result of an earlier accsim does not say
    token_energy_pj_by_part, token_energy_pj_by_consumer
                            the same by part of the model, and by what takes it
    """

    chip: str
    accsim_version: str
    against: str
    columns: tuple[Column, ...]
    pass_time_ps: Breakdown
    pass_time_ps_by_part: Breakdown
    pass_time_ps_by_cause: Breakdown
    pass_dram_bytes: Breakdown
    pass_macs: Breakdown
    token_time_ps: Breakdown
    token_time_ps_by_cause: Breakdown
    token_energy_pj: Breakdown
    token_energy_pj_by_part: Breakdown
    token_energy_pj_by_consumer: Breakdown

    def to_json(self) -> dict[str, Any]:
        """The ``accsim.comparison/1`` object: plain dicts, lists, strings and numbers."""
        return {"schema": SCHEMA, **asdict(self)}
