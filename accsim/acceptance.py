"""How often drafts are right: acceptance rates by position, or a recording of what was emitted.

Rates and histograms of tokens per pass say the same (`from_histogram`); a recording also keeps how
good and bad passes follow each other, which independent draws cannot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, pairwise
from typing import Literal

AtEnd = Literal["stop", "wrap"]


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Conditional acceptance by position: `rates[i]` is the chance that draft i+1 is right, given
    that all drafts before it were (Gloeckle et al. 2024, table S2, gives such a set for 3 texts).
    """

    name: str
    rates: tuple[float, ...]

    def expected_tokens(self, rows: int) -> float:
        """Mean tokens of a pass that carries `rows` rows: 1 + p2 + p2 p3 + ..."""
        total = chance = 1.0
        for rate in self.rates[: rows - 1]:
            chance *= rate
            total += chance
        return total

    def fault(self, rows: int) -> str | None:
        """Why this cannot say what a pass of `rows` rows emits; None if it can."""
        if len(self.rates) >= rows - 1:
            return None
        return f"it needs {rows - 1} acceptance rates, got {len(self.rates)}"


@dataclass(frozen=True, slots=True)
class Recording:
    """Tokens that each pass emitted, as recorded: one line a generation, to be replayed exactly.

    Sequence s of a batch replays line s modulo the number of lines. At its end a line starts again
    (`wrap`), or the decoding of the whole batch ends (`stop`).
    """

    name: str
    lines: tuple[tuple[int, ...], ...]
    at_end: AtEnd

    def line(self, sequence: int) -> tuple[int, ...]:
        """What a sequence of a batch replays."""
        return self.lines[sequence % len(self.lines)]

    def expected_tokens(self, rows: int) -> float:
        """Tokens over passes when every line is replayed as often as any other; a pass of fewer
        rows emits as many at most.

        With `stop` each line is replayed once: the mean of all entries. With `wrap` each makes as
        many tokens as any other, whatever its length, so passes per token are what is averaged.
        """
        emitted = [sum(min(count, rows) for count in line) for line in self.lines]
        if self.at_end == "stop":
            return sum(emitted) / sum(map(len, self.lines))
        shares = zip(map(len, self.lines), emitted, strict=True)
        return float(len(self.lines) / sum(Fraction(*share) for share in shares))

    def output_tokens(self, asked: int, batch: int) -> int:
        """Tokens that each sequence of a batch gets, that of its prefill included.

        With `stop` the batch ends with the shortest of its lines.
        """
        if self.at_end == "wrap":
            return asked
        return min(asked, 1 + min(map(sum, self.lines[:batch])))

    def fault(self, rows: int) -> str | None:
        """Why a pass of `rows` rows cannot replay this; None if it can."""
        most = max(map(max, self.lines))
        return None if most <= rows else f"its recording has a pass of {most} tokens"


def from_histogram(name: str, counts: Sequence[float], drafts: int) -> Acceptance:
    """The rates that give a histogram of tokens per pass: `counts[i]` passes emitted i + 1 tokens.

    A draft at position i is accepted where the pass emits more than i tokens, given that it emits
    at least i: p_i = P(N > i) / P(N >= i). Positions that no pass reached have rate 0, and so have
    those beyond the histogram, up to `drafts` rates in all. Counts may be shares.
    """
    exact = [Fraction(count) for count in counts]
    at_least = list(accumulate(reversed(exact)))[::-1]
    rates = [float(more / least) if least else 0.0 for least, more in pairwise(at_least)]
    return Acceptance(name, (*rates, *(0.0,) * (drafts - len(rates))))
