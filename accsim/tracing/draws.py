"""How many tokens each pass of a sequence emits: drawn from acceptance rates, or replayed.

**Random draws.** Sequence s of run r draws from its own ``random.Random``, seeded with the SHA-256
of ``"<seed>/<run name>/<s>"`` read as a big-endian integer; only ``.random()`` is called, which
Python promises to keep the same. The draws therefore depend on no machine, library version, hash
seed, nor on which other runs or sequences there are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import cycle
from random import Random

from accsim.acceptance import Acceptance, Recording

Draw = Iterator[int]
"""Tokens that the passes of one sequence emit, without an end but for a recording that stops."""


def draw_tokens(
    acceptance: Acceptance | Recording | None, rows: int, seed: int, run: str, sequence: int
) -> Draw:
    """The tokens of each pass of a sequence, whose passes carry `rows` rows.

    Raises:
        ValueError: the acceptance does not say what so many rows emit.
    """
    if isinstance(acceptance, Recording):
        check_rows(acceptance, rows, run)
        line = acceptance.line(sequence)
        return cycle(line) if acceptance.at_end == "wrap" else iter(line)
    known = Acceptance("", ()) if acceptance is None else acceptance
    check_rows(known, rows, run)
    return _accepted(known.rates[: rows - 1], _generator(seed, run, sequence))


def check_rows(acceptance: Acceptance | Recording, rows: int, run: str) -> None:
    """Refuse acceptance that does not cover the drafts of a pass, or emits more than its rows.

    Raises:
        ValueError: with the run and both numbers.
    """
    fault = acceptance.fault(rows)
    if fault is not None:
        raise ValueError(f"run {run!r} carries {rows} tokens per pass: {fault}")


def _accepted(rates: tuple[float, ...], chance: Random) -> Draw:
    """One token of the model, and the drafts before the first wrong one."""
    while True:
        emitted = 1
        for rate in rates:
            if chance.random() >= rate:
                break
            emitted += 1
        yield emitted


def _generator(seed: int, run: str, sequence: int) -> Random:
    digest = hashlib.sha256(f"{seed}/{run}/{sequence}".encode()).digest()
    return Random(int.from_bytes(digest, "big"))
