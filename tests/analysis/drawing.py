"""Runs to draw generations of, and a plain reference that decodes them one token at a time."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle

from accsim.acceptance import Acceptance, Recording
from accsim.ops import Pass, TracedRun

KNOTS = {20: 1000, 30: 1500, 60: 1800}
"""A step takes 50 ps more for each token up to 30, then 10 ps."""


def run(
    acceptance: Acceptance | Recording | None,
    *,
    rows: int = 4,
    output: int = 20,
    contexts: tuple[int, ...] = (20,),
    asked: int | None = None,
    name: str = "k4",
) -> TracedRun:
    """A run of which only the first decode pass is looked at."""
    ones = (1,) * len(contexts)
    return TracedRun(
        name=name,
        scheme="multi_token",
        max_tokens_per_pass=rows,
        prompt_tokens=max(contexts),
        output_tokens=output,
        batch=len(contexts),
        expected_tokens_per_pass=None,
        resident_bytes=0,
        prefill=(),
        decode=(Pass("decode", contexts, ones),),
        acceptance=acceptance,
        asked_tokens=asked,
    )


def step_ps(context: int) -> int:
    """What `KNOTS` say of a context."""
    return 1000 + 50 * (context - 20) if context < 30 else 1500 + 10 * (context - 30)


class Decoded:
    """A batch decoded step by step.

    `gaps` are the times between tokens of all sequences, `ends` when each had its last, `drawn` and
    `passes` the uncut tokens and how often one of the sequences drew.
    """

    def __init__(self, emitted: Sequence[Sequence[int]], wanted: int, context: int) -> None:
        draws = [cycle(line) for line in emitted]
        missing = [wanted] * len(emitted)
        self.gaps: list[int] = []
        self.ends = [0] * len(emitted)
        self.drawn = self.passes = 0
        now = 0
        while any(missing):
            took = step_ps(context)
            now += took
            for sequence, draw in enumerate(draws):
                if not missing[sequence]:
                    continue
                tokens = next(draw)
                self.drawn += tokens
                self.passes += 1
                kept = min(tokens, missing[sequence])
                self.gaps += [took] + [0] * (kept - 1)
                missing[sequence] -= kept
                context += kept
                self.ends[sequence] = now


def percentile(values: Sequence[float], percent: int) -> float:
    """Nearest rank, by counting."""
    return next(
        value
        for value in sorted(values)
        if 100 * sum(other <= value for other in values) >= percent * len(values)
    )
