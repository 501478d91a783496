"""Clocks that never drift, and the printing of quantities.

Time is an integer number of picoseconds everywhere. Inside a clock domain work is counted in whole
cycles, and a *period* is never rounded: a `Clock` converts the index of an edge, so that an error
of under 1 ps never adds up (a DDR5-4800 period rounded down to 416 ps would beat its own pins by
0.16 %).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

PS_PER_S = 10**12
KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True, slots=True)
class Clock:
    """A clock of exactly `hz_num / hz_den` hertz, with edge 0 at time 0.

    >>> Clock.from_mhz(1000).edge_ps(3)
    3000
    """

    hz_num: int
    hz_den: int = 1

    def __post_init__(self) -> None:
        if self.hz_num <= 0 or self.hz_den <= 0:
            raise ValueError(f"a clock needs a positive frequency, got {self.hz_num}/{self.hz_den}")

    @classmethod
    def from_mhz(cls, mhz: int) -> Clock:
        """The clock of a whole number of megahertz."""
        return cls(mhz * 10**6)

    @property
    def hz(self) -> float:
        """The frequency in hertz, for printing and for ratios."""
        return self.hz_num / self.hz_den

    @property
    def period_ps(self) -> Fraction:
        """The period in ps, exactly and in lowest terms."""
        return Fraction(PS_PER_S * self.hz_den, self.hz_num)

    def edge_ps(self, index: int) -> int:
        """Time of edge `index` in ps, rounded up (so late by less than 1 ps)."""
        return -(-index * PS_PER_S * self.hz_den // self.hz_num)

    def next_edge(self, time_ps: int) -> int:
        """Index of the first edge at or after `time_ps`."""
        return (time_ps - 1) * self.hz_num // (PS_PER_S * self.hz_den) + 1

    def span_ps(self, cycles: int) -> int:
        """How long `cycles` cycles take, rounded up to whole ps: for durations off the grid."""
        return self.edge_ps(cycles)

    def cycles_in(self, span_ps: int) -> int:
        """Whole cycles in a span, rounded to nearest: for reports."""
        scale = PS_PER_S * self.hz_den
        return (2 * span_ps * self.hz_num + scale) // (2 * scale)


def _scaled(value: float, step: float, suffixes: tuple[str, ...], unit: str) -> str:
    magnitude = 0
    while abs(value) >= step * 0.99995 and magnitude < len(suffixes) - 1:
        value /= step
        magnitude += 1
    digits = f"{value:.4g}" if magnitude or value != int(value) else f"{int(value)}"
    return f"{digits} {suffixes[magnitude]}{unit}"


def show_bytes(count: float) -> str:
    """A volume of traffic in powers of ten: ``13.21 GB``."""
    return _scaled(count, 1000.0, ("", "k", "M", "G", "T"), "B")


def show_capacity(count: int) -> str:
    """A capacity in powers of two: ``4 MiB``."""
    return _scaled(count, 1024.0, ("", "Ki", "Mi", "Gi", "Ti"), "B")


def show_rate(bytes_per_s: float) -> str:
    """A bandwidth in powers of ten: ``51.2 GB/s``."""
    return _scaled(bytes_per_s, 1000.0, ("", "k", "M", "G", "T"), "B/s")


def show_count(count: float, unit: str = "") -> str:
    """A count in powers of ten: ``6.61 G``."""
    return _scaled(count, 1000.0, ("", "k", "M", "G", "T", "P"), unit).rstrip()


def show_time(time_ps: float) -> str:
    """A time in the largest unit that leaves a number above 1: ``279.1 ms``."""
    return _above_one(time_ps, ("ps", "ns", "us", "ms", "s"))


def show_energy(energy_pj: float) -> str:
    """An energy in the largest unit that leaves a number above 1: ``2.326 J``."""
    return _above_one(energy_pj, ("pJ", "nJ", "uJ", "mJ", "J", "kJ"))


def _above_one(value: float, suffixes: tuple[str, ...]) -> str:
    magnitude = 0
    while abs(value) >= 999.95 and magnitude < len(suffixes) - 1:
        value /= 1000.0
        magnitude += 1
    return f"{value:.4g} {suffixes[magnitude]}"
