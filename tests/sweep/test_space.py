"""The points of a study: their number, their order, and which of them are simulated."""

from __future__ import annotations

import sys
from collections.abc import Iterable

import pytest

from accsim.errors import InputError
from accsim.study import Axis, Condition, Sampler, SamplerKind, Settings, Study
from accsim.sweep.space import Space, points

CHIP = Axis("chip", ("chip",), (("a",), ("b",)))
ROWS = Axis("rows", ("chip.rows",), ((8,), (16,), (32,)))
OF_A = Axis("of_a", ("chip.x", "chip.y"), ((1, 2), (3, 4)), (Condition("chip", ("a",)),))
OF_X = Axis("of_x", ("chip.z",), ((5,), (6,)), (Condition("chip.x", (3,)),))


def study(
    axes: Iterable[Axis], kind: SamplerKind, count: int | None = None, seed: int = 1
) -> Study:
    sampler = Sampler(kind, count, seed)
    return Study("one", ("a", "b"), ("w",), tuple(axes), (), (), (), sampler, 1.0)


def only_round(asked: Study) -> list[Settings]:
    """The points of a sampler that does not look at outcomes."""
    rounds = points(asked)
    found = list(next(rounds))
    with pytest.raises(StopIteration):
        rounds.send([])
    return found


def test_points_without_conditions_are_all_combinations_the_last_axis_fastest() -> None:
    space = Space([CHIP, ROWS])
    assert space.size == 2 * 3
    assert [dict(space.at(index)) for index in range(4)] == [
        {"chip": "a", "chip.rows": 8},
        {"chip": "a", "chip.rows": 16},
        {"chip": "a", "chip.rows": 32},
        {"chip": "b", "chip.rows": 8},
    ]


def test_an_axis_multiplies_only_the_points_at_which_it_exists() -> None:
    # Of chip a: x 1, or x 3 with two z; of chip b one: 3 + 1, times 3 rows.
    space = Space([CHIP, ROWS, OF_A, OF_X])
    assert space.size == 3 * (1 + 2 + 1)
    found = [space.at(index) for index in range(space.size)]
    assert len(set(found)) == space.size
    assert (("chip", "b"), ("chip.rows", 8)) in found
    assert (("chip", "a"), ("chip.rows", 8), ("chip.x", 1), ("chip.y", 2)) in found


def test_true_is_not_one() -> None:
    flag = Axis("flag", ("f",), ((True,), (False,)))
    of_one = Axis("of_one", ("g",), ((1,), (2,)), (Condition("f", (1,)),))
    assert Space([flag, of_one]).size == 2


def test_the_space_of_no_axes_is_one_point() -> None:
    assert only_round(study([], "grid")) == [()]


@pytest.mark.parametrize("index", [-1, 6])
def test_there_is_no_point_beyond_the_space(index: int) -> None:
    with pytest.raises(IndexError, match=f"the space has 6 points, got {index}"):
        Space([CHIP, ROWS]).at(index)


def test_a_grid_is_yielded_lazily() -> None:
    many = [Axis(f"a{index}", (f"k{index}",), ((1,), (2,))) for index in range(80)]
    first = next(iter(next(points(study(many, "grid")))))
    assert first == tuple(sorted((f"k{index}", 1) for index in range(80)))


SAMPLED: list[SamplerKind] = ["random", "sobol", "latin_hypercube"]
WIDE = [Axis(f"a{index}", (f"k{index}",), tuple((v,) for v in range(4))) for index in range(4)]


@pytest.mark.parametrize("kind", SAMPLED)
@pytest.mark.parametrize("count", [1, 7, 64, 250])
def test_a_sample_has_as_many_different_points_as_asked(kind: SamplerKind, count: int) -> None:
    found = only_round(study(WIDE, kind, count))
    assert len(set(found)) == len(found) == count
    everything = {Space(WIDE).at(index) for index in range(4**4)}
    assert set(found) <= everything


@pytest.mark.parametrize("kind", SAMPLED)
def test_a_sample_follows_from_its_seed(kind: SamplerKind) -> None:
    found = only_round(study(WIDE, kind, 20, seed=3))
    assert only_round(study(WIDE, kind, 20, seed=3)) == found
    assert only_round(study(WIDE, kind, 20, seed=4)) != found


@pytest.mark.parametrize("kind", [*SAMPLED, "nsga2", "tpe"])
def test_asked_for_more_points_than_there_are_a_sampler_gives_all(kind: SamplerKind) -> None:
    assert only_round(study([CHIP, ROWS], kind, 100)) == only_round(study([CHIP, ROWS], "grid"))


@pytest.mark.parametrize("kind", SAMPLED)
def test_samples_know_conditions(kind: SamplerKind) -> None:
    axes = [CHIP, ROWS, OF_A, OF_X]
    found = only_round(study(axes, kind, 11))
    everything = {Space(axes).at(index) for index in range(12)}
    assert len(set(found)) == 11
    assert set(found) <= everything


def test_a_sobol_sample_of_4_levels_has_each_level_of_each_axis_equally_often() -> None:
    # 16 points of a Sobol sequence: each quarter of each axis holds 4.
    found = only_round(study(WIDE[:3], "sobol", 16))
    for number in range(3):
        assert sorted(dict(point)[f"k{number}"] for point in found) == sorted([*range(4)] * 4)


def test_a_space_of_more_points_than_a_range_can_count_is_sampled() -> None:
    many = [Axis(f"a{index}", (f"k{index}",), ((1,), (2,))) for index in range(80)]
    assert Space(many).size == 2**80 > sys.maxsize
    assert len(set(only_round(study(many, "random", 5)))) == 5


@pytest.mark.parametrize("kind", ["sobol", "latin_hypercube"])
def test_without_scipy_a_spread_sample_names_the_extra(
    kind: SamplerKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "scipy.stats", None)
    with pytest.raises(InputError) as caught:
        next(points(study(WIDE, kind, 5)))
    assert (
        str(caught.value) == f"one: the sampler {kind} needs the extra: pip install 'accsim[opt]'"
    )
