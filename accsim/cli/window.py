"""A span of time on the command line, with units."""

from __future__ import annotations

import re
from fractions import Fraction

import click

PS_OF = {"ps": 1, "ns": 10**3, "us": 10**6, "ms": 10**9, "s": 10**12}
TIME = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(ps|ns|us|ms|s)\s*", re.ASCII)


class TimeWindow(click.ParamType[tuple[int, int]]):
    """Two times, ``T0:T1``, each with its unit; given on in picoseconds, rounded down."""

    name = "window"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        if isinstance(value, tuple):
            return value
        found = [TIME.fullmatch(text) for text in str(value).split(":")]
        times = [int(Fraction(one[1]) * PS_OF[one[2]]) for one in found if one]
        if len(times) != 2 or len(found) != 2:
            self.fail(
                f"{value!r} is not T0:T1, each with ps, ns, us, ms or s, such as 0ms:5ms.",
                param,
                ctx,
            )
        if times[0] >= times[1]:
            self.fail(f"{value!r} is empty: T0 must be below T1.", param, ctx)
        return times[0], times[1]
