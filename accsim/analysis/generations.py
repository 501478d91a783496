"""Thousands of generations drawn over the pass times of a run.

A run's own decode passes are one draw of how many drafts are right. What a pass takes depends on
nothing but its context, so the times of the simulated passes, and straight lines between them, give
those of any other draw: what takes seconds to simulate is then drawn in microseconds. A *step* is
all that a batch does until its next tokens are known: a pass, and those of a draft model before it.

Every generation is decoded as `accsim.tracing.decoding` does it: a static batch whose sequences
draw independently, the last pass of a sequence cut to what is asked, and finished sequences
standing still until all are done.

**Bit for bit the same everywhere.** Random words are those of `numpy.random.PCG64`, whose stream
numpy guarantees for a seed, seeded with the SHA-256 of ``"<seed>/<run name>/generations"`` as a
big-endian integer. Generation g takes its words from that stream by position, whatever else is
drawn and in what chunks. A word is compared with integer thresholds; times are integer picoseconds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import accumulate
from operator import mul

import numpy as np
import numpy.typing as npt
from numpy.random import PCG64

from accsim.acceptance import Recording
from accsim.analysis.estimates import nearest_rank, quotient, ratio
from accsim.ops import TracedRun
from accsim.result import Generations, RunResult
from accsim.timeline import Column
from accsim.units import PS_PER_S

CHUNK_STEPS = 1 << 18
"""Steps of single sequences that are drawn at once: arrays of 2 MiB stay in caches."""

WORDS = 1 << 64
"""How many values a random word has."""


def over_generations(
    run: TracedRun, knots: Mapping[int, int], *, count: int, seed: int
) -> Generations | None:
    """Draw `count` generations of a run.

    Args:
        run: what is decoded; None is given back where it does not say how often drafts are right.
        knots: the ps that a step takes, by the cached tokens over the batch before it. Between two
            of them, and beyond the ends, times lie on straight lines.
        count: generations, of the whole batch each; at least 2.
        seed: of the draws, as in the trace.
    """
    if run.acceptance is None and run.max_tokens_per_pass > 1:
        return None
    wanted = (run.asked_tokens or run.output_tokens) - 1
    start = run.decode[0].context
    times = step_times(knots, start, run.batch * wanted + 1)
    seen = _Seen(run.batch, times)
    digest = hashlib.sha256(f"{seed}/{run.name}/generations".encode()).digest()
    words = PCG64(int.from_bytes(digest, "big"))
    size = max(1, CHUNK_STEPS // (run.batch * wanted))
    for first in range(0, count, size):
        shape = (min(size, count - first), run.batch, wanted)
        seen.take(*_draw(run, shape, words))
    return seen.result()


def step_times(knots: Mapping[int, int], start: int, count: int) -> Column:
    """The ps of a step at `count` contexts from `start` on, as integers.

    Between knots as `accsim.analysis.sampling.between` has it, rounded down.
    """
    marks = np.array(sorted(knots), dtype=np.int64)
    taken = np.array([knots[context] for context in sorted(knots)], dtype=np.int64)
    if len(marks) == 1:
        return np.repeat(taken, count)
    contexts = start + np.arange(count, dtype=np.int64)
    low = np.clip(np.searchsorted(marks, contexts, side="right") - 1, 0, len(marks) - 2)
    part, span = contexts - marks[low], np.diff(marks)[low]
    # Whole and rest apart: a difference of seconds in ps, times a span, is too large for 64 bits.
    whole, rest = np.divmod(np.diff(taken)[low], span)
    times: Column = taken[low] + whole * part + rest * part // span
    return times


Shape = tuple[int, int, int]
"""Generations, sequences, steps."""


def _draw(run: TracedRun, shape: Shape, words: PCG64) -> tuple[Column, Column]:
    """Tokens of each step, of that shape, and the tokens that each generation ends with.

    A sequence that has all its tokens draws on; nobody looks at it.
    """
    if isinstance(run.acceptance, Recording):
        return _replay(run.acceptance, shape, words)
    rates = () if run.acceptance is None else run.acceptance.rates
    drawn = np.ones(shape, dtype=np.int64)
    limits = thresholds(rates[: run.max_tokens_per_pass - 1])
    if limits:
        raw = _raw(words, shape)
        for limit in limits:
            drawn += raw <= np.uint64(limit - 1)
    return drawn, np.full(shape[0], shape[2], dtype=np.int64)


def thresholds(rates: Sequence[float]) -> tuple[int, ...]:
    """How many of the `WORDS` random words mean that at least 1, 2, ... drafts are right.

    One word decides a whole pass; drafts that no word reaches are left out.
    """
    chances = accumulate((Fraction(rate) for rate in rates), mul)
    return tuple(limit for limit in (int(chance * WORDS) for chance in chances) if limit)


def _replay(recording: Recording, shape: Shape, words: PCG64) -> tuple[Column, Column]:
    """Every sequence of every generation replays some line."""
    count, batch, steps = shape
    chosen = _raw(words, (count * batch,)) % np.uint64(len(recording.lines))
    lines = [recording.lines[number] for number in chosen.tolist()]
    drawn = np.stack([np.resize(line, steps) for line in lines]).reshape(shape)
    wanted = np.full(count, steps, dtype=np.int64)
    if recording.at_end == "stop":
        sums = np.array([sum(line) for line in lines], dtype=np.int64).reshape(count, batch)
        wanted = np.minimum(wanted, sums.min(axis=1))
    return drawn.astype(np.int64), wanted


def _raw(words: PCG64, shape: tuple[int, ...]) -> npt.NDArray[np.uint64]:
    size = int(np.prod(shape, dtype=object))
    return np.asarray(words.random_raw(size), dtype=np.uint64).reshape(shape)


@dataclass
class _Seen:
    """What the generations so far came to.

    `times[c]` are the ps of a step with c tokens of the batch emitted, `gaps[c]` how often a
    sequence took part in such a step. Lists have an entry for each generation, `tpots` and
    `tpot_counts` the distinct ps per token of sequences, chunk by chunk.
    """

    batch: int
    times: Column
    gaps: Column = field(init=False)
    tokens: list[int] = field(default_factory=list)
    drawn: list[int] = field(default_factory=list)
    passes: list[int] = field(default_factory=list)
    decode_ps: list[int] = field(default_factory=list)
    sequence_ps: list[int] = field(default_factory=list)
    tpots: list[npt.NDArray[np.float64]] = field(default_factory=list)
    tpot_counts: list[Column] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.gaps = np.zeros(len(self.times), dtype=np.int64)

    def take(self, drawn: Column, wanted: Column) -> None:
        """Decode generations: `drawn` of shape (generations, sequences, steps)."""
        goal = wanted[:, None, None]
        after = np.cumsum(drawn, axis=2)
        active = after - drawn < goal
        steps = active.sum(axis=2)
        longest = int(steps.max())
        # Beyond that, all sequences of these generations have what they want.
        drawn, active = drawn[:, :, :longest], active[:, :, :longest]
        emitted = np.minimum(after[:, :, :longest], goal).sum(axis=1)
        before = np.zeros_like(emitted)
        before[:, 1:] = emitted[:, :-1]
        # Sums of whole numbers below 2^53, so exact as floats.
        gaps = np.bincount(before.ravel(), active.sum(axis=1).ravel(), len(self.times))
        self.gaps += gaps.astype(np.int64)
        ends = np.cumsum(self.times[before], axis=1)
        finished = np.take_along_axis(ends, steps - 1, axis=1)
        self.tokens += wanted.tolist()
        self.drawn += (drawn * active).sum(axis=(1, 2)).tolist()
        self.passes += steps.sum(axis=1).tolist()
        self.decode_ps += finished.max(axis=1).tolist()
        # Python's integers: a sum over a large batch may not fit 64 bits.
        self.sequence_ps += finished.astype(object).sum(axis=1).tolist()
        tpots, counts = np.unique(finished / wanted[:, None], return_counts=True)
        self.tpots.append(tpots)
        self.tpot_counts.append(counts)

    def result(self) -> Generations:
        """The statistics of all that was taken."""
        of_sequences = [self.batch * tokens for tokens in self.tokens]
        tpots, counts = np.concatenate(self.tpots), np.concatenate(self.tpot_counts)
        # Tokens that arrive together follow the first of them after no time.
        together = sum(of_sequences) - int(self.gaps.sum())
        waits = np.append(self.times, 0)
        wait_counts = np.append(self.gaps, together)
        return Generations(
            count=len(self.tokens),
            tokens_per_pass=ratio(self.drawn, self.passes),
            tpot_s=ratio(self.sequence_ps, of_sequences, PS_PER_S),
            tpot_p50_s=nearest_rank(tpots, counts, 50) / PS_PER_S,
            tpot_p99_s=nearest_rank(tpots, counts, 99) / PS_PER_S,
            itl_p50_s=nearest_rank(waits, wait_counts, 50) / PS_PER_S,
            itl_p99_s=nearest_rank(waits, wait_counts, 99) / PS_PER_S,
            decode_s_per_token=ratio(self.decode_ps, self.tokens, PS_PER_S),
        )


def with_speedups(baseline: str, runs: tuple[RunResult, ...]) -> tuple[RunResult, ...]:
    """The runs, each with what its generations say about the speed-up over the baseline."""
    base = next(run.generations for run in runs if run.name == baseline)

    def compared() -> Iterator[RunResult]:
        for run in runs:
            own = run.generations
            if own is None or base is None or run.name == baseline:
                yield run
            else:
                speedup = quotient(base.decode_s_per_token, own.decode_s_per_token)
                yield replace(run, generations=replace(own, speedup=speedup))

    return tuple(compared())
