"""The points of a study: how many there are, each by its number, and those that are simulated."""

from __future__ import annotations

import random
from collections.abc import Generator, Iterable, Iterator, Sequence

from accsim.errors import InputError, missing_extra
from accsim.study import SEARCHES, Axis, Outcome, Setting, Settings, Study, settings_at

Points = Generator[Iterable[Settings], Sequence[Outcome], None]
"""Yields points that may be simulated in any order; is sent their outcomes in the order given."""


class Space:
    """All points of some axes, numbered: the last axis changes fastest.

    A point counts once: axes that do not exist at it do not multiply it.
    """

    def __init__(self, axes: Sequence[Axis]) -> None:
        self._axes = tuple(axes)
        asked = dict.fromkeys(one.key for axis in axes for one in axis.when)
        self._asked = tuple(asked)
        self._counts: dict[tuple[int, Settings], int] = {}
        self.size = self._count(0, ())

    def _count(self, number: int, chosen: Settings) -> int:
        """Points of the axes from a number on, where conditions see what was chosen before."""
        if number == len(self._axes):
            return 1
        known = self._counts.get((number, chosen))
        if known is None:
            known = sum(count for _, count in self._branches(number, chosen))
            self._counts[number, chosen] = known
        return known

    def _branches(self, number: int, chosen: Settings) -> Iterator[tuple[int | None, int]]:
        """The levels of an axis (None where it does not exist), and the points of each."""
        axis = self._axes[number]
        if not axis.exists(dict(chosen)):
            yield None, self._count(number + 1, chosen)
            return
        for level in range(len(axis.levels)):
            yield level, self._count(number + 1, self._after(number, level, chosen))

    def _after(self, number: int, level: int | None, chosen: Settings) -> Settings:
        """What later conditions see once an axis has a level."""
        axis = self._axes[number]
        if level is None or not any(key in self._asked for key in axis.keys):
            return chosen
        added: list[tuple[str, Setting]] = [
            (key, setting)
            for key, setting in zip(axis.keys, axis.levels[level], strict=True)
            if key in self._asked
        ]
        return (*chosen, *added)

    def at(self, index: int) -> Settings:
        """The point of a number, from 0.

        Raises:
            IndexError: there are fewer.
        """
        if not 0 <= index < self.size:
            raise IndexError(f"the space has {self.size} points, got {index}")
        picks: list[int | None] = []
        chosen: Settings = ()
        for number in range(len(self._axes)):
            for level, count in self._branches(number, chosen):
                if index < count:
                    picks.append(level)
                    chosen = self._after(number, level, chosen)
                    break
                index -= count
        return settings_at(self._axes, picks)

    def at_share(self, shares: Sequence[float]) -> Settings:
        """The point at a share (0..1, 1 excluded) of the levels of each axis."""
        levels = [len(axis.levels) for axis in self._axes]
        picks = [int(share * count) for share, count in zip(shares, levels, strict=True)]
        return settings_at(self._axes, picks)


def points(study: Study) -> Points:
    """The points of a study that are simulated, in rounds; each of them once.

    All points of a space are yielded lazily. There is one round, but for searches, which see the
    outcomes of a round before the next. What is yielded depends on the study and on those outcomes
    alone.

    Raises:
        InputError: the sampler needs an extra that is not installed.
    """
    space = Space(study.axes)
    sampler = study.sampler
    count = space.size if sampler.count is None else min(sampler.count, space.size)
    if count == space.size:
        yield (space.at(index) for index in range(space.size))
    elif sampler.kind in SEARCHES:
        from accsim.sweep.search import search

        yield from search(study, count)
    elif sampler.kind == "random":
        yield _at_random(space, count, sampler.seed)
    else:
        yield _spread(study, space, count)


def _at_random(space: Space, count: int, seed: int) -> list[Settings]:
    draws = random.Random(seed)
    if count * 4 > space.size:
        return [space.at(index) for index in draws.sample(range(space.size), count)]
    # A space may have more points than a range has numbers.
    found: dict[int, None] = {}
    while len(found) < count:
        found.setdefault(draws.randrange(space.size))
    return [space.at(index) for index in found]


MOST_DRAWS = 16
"""Draws for each point of a spread sample before the rest is drawn at random: nearly all of a small
space is asked for, and draws meet again and again at the same points."""


def _spread(study: Study, space: Space, count: int) -> list[Settings]:
    """`count` points of a sequence that fills the space evenly, those met before left out."""
    found: dict[Settings, None] = {}
    for drawn, shares in enumerate(_sequence(study, count)):
        found.setdefault(space.at_share(shares))
        if len(found) == count:
            return list(found)
        if drawn > MOST_DRAWS * count:
            break
    for point in _at_random(space, count, study.sampler.seed):
        found.setdefault(point)
    return list(found)[:count]


def _sequence(study: Study, count: int) -> Iterator[Sequence[float]]:
    """Sobol points (Joe and Kuo 2008, scrambled), or Latin hypercubes of `count` points each."""
    try:
        from scipy.stats import qmc
    except ImportError:
        raise sampler_missing(study) from None
    dimensions, seed = len(study.axes), study.sampler.seed
    if study.sampler.kind == "latin_hypercube":
        hypercube = qmc.LatinHypercube(dimensions, seed=seed)
        while True:
            yield from hypercube.random(count).tolist()
    sobol = qmc.Sobol(dimensions, seed=seed)
    # Powers of two: the first points together fill the space evenly.
    power = max(1, (count - 1).bit_length())
    while True:
        yield from sobol.random_base2(power).tolist()
        if sobol.num_generated > 1 << power:
            power += 1


def sampler_missing(study: Study) -> InputError:
    """What to say where the packages of a sampler are not installed."""
    return missing_extra(study.name, "opt", f"the sampler {study.sampler.kind}")
