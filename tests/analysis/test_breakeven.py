"""From made-up times of decode steps to answers."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accsim.acceptance import Acceptance, Recording, from_histogram
from accsim.analysis.breakeven import (
    RATE_PRECISION,
    StepTime,
    analyse,
    break_even_rate,
    nearest,
    spans,
)
from accsim.breakeven import Best, Extent, Family, Place
from accsim.workload import (
    Autoregressive,
    Medusa,
    MultiToken,
    PromptLookup,
    RunSpec,
    Scheme,
)

ORDINARY = RunSpec("ordinary", Autoregressive())
THREE_HEADS = RunSpec("heads", MultiToken(3, 3), Acceptance("text", (0.8, 0.5)))
HERE = Place(100, 1)


def priced(by_rows: Callable[[int, Place], int]) -> StepTime:
    """Times of steps that depend on the rows of their verifying pass only; 100 for the baseline."""

    def step_ps(scheme: Scheme, place: Place) -> int:
        return 100 if isinstance(scheme, Autoregressive) else by_rows(scheme.rows, place)

    return step_ps


def family(
    step_ps: StepTime,
    spec: RunSpec = THREE_HEADS,
    places: tuple[Place, ...] = (HERE,),
    wanted: Place = HERE,
    baseline: RunSpec = ORDINARY,
    **sets: Acceptance,
) -> Family:
    return analyse(spec, baseline, sets, places, wanted, step_ps)


# A step of 1, 2 and 3 rows takes 80, 120 and 240.
DEAR_THIRD = family(priced(lambda rows, _: {1: 80, 2: 120, 3: 240}[rows]))


def test_k_is_the_most_tokens_of_a_step() -> None:
    assert [(one.k, one.rows) for one in DEAR_THIRD.variants] == [(1, 1), (2, 2), (3, 3)]
    assert DEAR_THIRD.k == 3


def test_fewer_drafts_have_the_first_rates_of_the_run() -> None:
    # 1; 1 + 0.8; 1 + 0.8 + 0.8 x 0.5.
    assert [one.tokens for one in DEAR_THIRD.variants] == [(1.0,), (1.8,), (pytest.approx(2.2),)]


def test_the_tokens_that_break_even_are_the_ratio_of_times() -> None:
    assert [one.steps[0].needed_tokens for one in DEAR_THIRD.variants] == [0.8, 1.2, 2.4]
    assert [one.steps[0].cost for one in DEAR_THIRD.variants] == [0.8, 1.2, 2.4]


@pytest.mark.parametrize(
    ("tokens", "overhead", "speedup"),
    [(3.47, 1.22, 2.83), (3.14, 1.18, 2.66), (3.51, 1.23, 2.83), (3.01, 1.27, 2.35)],
)
def test_medusas_published_speed_ups_come_out_of_its_tokens_and_overheads(
    tokens: float, overhead: float, speedup: float
) -> None:
    # Cai et al. 2024, arXiv 2401.10774, table 1: Vicuna-7B, Zephyr-7B, Vicuna-13B and -33B. Five
    # heads; some passes of 6 tokens and the others of 1 have that mean.
    all_right = (tokens - 1) / 5
    histogram = from_histogram("", (1 - all_right, 0, 0, 0, 0, all_right), drafts=5)
    spec = RunSpec("medusa", Medusa((5, 16, 20, 14, 8)), histogram)
    told = family(priced(lambda rows, _: round(100 * overhead)), spec)
    assert told.variants[-1].steps[0].speedup[0] == pytest.approx(speedup, rel=0.01)


def test_a_speed_up_is_tokens_over_those_that_break_even() -> None:
    # 1 / 0.8, 1.8 / 1.2, 2.2 / 2.4.
    speedups = [one.steps[0].speedup[0] for one in DEAR_THIRD.variants]
    assert speedups == [1.25, pytest.approx(1.5), pytest.approx(2.2 / 2.4)]


def test_heads_are_compared_with_the_same_model_with_one_head_too() -> None:
    # 1, 1.8 x 80 / 120, 2.2 x 80 / 240.
    over_own = [one.steps[0].speedup_over_own for one in DEAR_THIRD.variants]
    assert over_own == [(1.0,), (pytest.approx(1.2),), (pytest.approx(2.2 / 3),)]


def test_other_ways_of_drafting_have_no_k_of_one() -> None:
    lookup = RunSpec("lookup", PromptLookup(2), Acceptance("text", (0.5, 0.5)))
    told = family(priced(lambda rows, _: 100), lookup)
    assert [one.k for one in told.variants] == [2, 3]
    assert told.variants[0].steps[0].own_ps is None
    assert told.variants[0].steps[0].speedup_over_own is None
    assert told.extent("beats_own", "context") is None


def test_the_best_k_is_the_fastest_one() -> None:
    assert DEAR_THIRD.best == (Best(HERE, 2, 1.8 / 1.2),)


def test_of_equal_speed_ups_the_one_that_drafts_least_is_best() -> None:
    # 1 / 0.5 = 2, and 1.8 / 0.9 = 2.
    told = family(priced(lambda rows, _: {1: 50, 2: 90, 3: 200}[rows]))
    assert told.best[0].k == 1


def test_a_baseline_that_drafts_is_counted_with_its_tokens() -> None:
    # It brings 1.5 tokens in 100: a step of 120 has to bring 1.8.
    drafting = RunSpec("lookup", PromptLookup(1), Acceptance("text", (0.5,)))

    def step_ps(scheme: Scheme, _: Place) -> int:
        return 100 if isinstance(scheme, PromptLookup) else 120

    told = family(step_ps, baseline=drafting)
    assert told.variant(2).steps[0].needed_tokens == pytest.approx(1.8)
    assert told.variant(2).steps[0].speedup == pytest.approx((1.0,))


def test_other_acceptances_stand_beside_that_of_the_run() -> None:
    told = family(priced(lambda rows, _: 100), good=Acceptance("good", (1.0, 1.0)))
    assert told.acceptances == ("run", "good")
    assert told.variant(3).steps[0].speedup == pytest.approx((2.2, 3.0))


def test_where_rates_do_not_reach_nothing_is_said() -> None:
    one_of_three = RunSpec("heads", MultiToken(3, 2), Acceptance("text", (0.8,)))
    told = family(priced(lambda rows, _: 100), one_of_three, short=Acceptance("short", (0.5,)))
    assert told.variant(3).tokens == (None, None)
    assert told.variant(3).steps[0].speedup == (None, None)
    assert told.variant(3).steps[0].needed_rate == 0
    assert told.best[0].k == 2


def test_rates_beyond_the_drafts_of_the_run_are_used() -> None:
    two_of_three = RunSpec("heads", MultiToken(3, 2), Acceptance("text", (0.8, 0.5)))
    told = family(priced(lambda rows, _: 100), two_of_three)
    assert told.variant(3).tokens == pytest.approx((2.2,))


def test_a_recording_is_cut_to_the_tokens_that_fewer_drafts_can_bring() -> None:
    # Passes of 3, 1 and 2 tokens: with two rows 2, 1 and 2.
    recorded = RunSpec("heads", MultiToken(4, 3), Recording("text", ((3, 1), (2,)), "stop"))
    told = family(priced(lambda rows, _: 100), recorded)
    assert [one.tokens for one in told.variants] == [(1.0,), (5 / 3,), (2.0,), (None,)]


@pytest.mark.parametrize(
    ("k", "needed", "rate"),
    [
        (2, 1.25, 0.25),
        # 1 + a + a^2 = 1.75 where a = 0.5.
        (3, 1.75, 0.5),
        (4, 4.0, 1.0),
        (1, 1.0, 0.0),
        (3, 0.9, 0.0),
    ],
)
def test_a_break_even_rate_solves_the_sum_of_its_powers(k: int, needed: float, rate: float) -> None:
    assert break_even_rate(k, needed) == pytest.approx(rate, abs=RATE_PRECISION)


@pytest.mark.parametrize(("k", "needed"), [(1, 1.01), (2, 2.001), (4, 9.0)])
def test_more_tokens_than_a_step_can_bring_break_even_at_no_rate(k: int, needed: float) -> None:
    assert break_even_rate(k, needed) is None


@given(st.integers(2, 12), st.floats(0.01, 1))
def test_a_break_even_rate_gives_back_the_tokens(k: int, rate: float) -> None:
    tokens = Acceptance("flat", (rate,) * (k - 1)).expected_tokens(k)
    found = break_even_rate(k, min(tokens, k))
    assert found == pytest.approx(rate, abs=2 * RATE_PRECISION)


@given(
    st.lists(st.integers(1, 10**12), min_size=4, max_size=4),
    st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
def test_speed_up_times_cost_is_the_tokens_of_a_step(
    times: list[int], rates: tuple[float, float]
) -> None:
    base, *by_rows = times
    spec = RunSpec("heads", MultiToken(3, 3), Acceptance("text", rates))

    def step_ps(scheme: Scheme, _: Place) -> int:
        return base if isinstance(scheme, Autoregressive) else by_rows[scheme.rows - 1]

    for variant in family(step_ps, spec).variants:
        step, tokens = variant.steps[0], spec.acceptance
        assert tokens is not None
        assert step.speedup[0] is not None
        assert step.speedup[0] * step.cost == pytest.approx(tokens.expected_tokens(variant.k))
        assert (step.speedup[0] >= 1) == (tokens.expected_tokens(variant.k) >= step.needed_tokens)


def asked_spans(
    values: list[int], holds: Callable[[int], bool]
) -> tuple[tuple[tuple[int, int], ...], set[int]]:
    asked: set[int] = set()

    def answer(value: int) -> bool:
        asked.add(value)
        return holds(value)

    return spans(values, answer), asked


def test_what_holds_everywhere_is_one_span() -> None:
    assert spans([1, 4, 16], lambda _: True) == ((1, 16),)


def test_what_holds_nowhere_has_no_span() -> None:
    assert spans([1, 4, 16], lambda _: False) == ()


def test_a_span_ends_at_the_last_value_that_was_found_to_hold() -> None:
    found, asked = asked_spans([1, 4, 16], lambda value: value <= 11)
    assert found == ((1, 11),)
    assert {11, 12} <= asked


def test_a_span_begins_at_the_first_value_that_was_found_to_hold() -> None:
    found, asked = asked_spans([1, 4, 16], lambda value: value >= 7)
    assert found == ((7, 16),)
    assert {6, 7} <= asked


def test_what_holds_twice_has_two_spans() -> None:
    assert spans([1, 4, 8, 16], lambda value: value < 3 or value > 9) == ((1, 2), (10, 16))


def test_what_holds_in_between_has_a_span_with_two_ends() -> None:
    assert spans([1, 8, 16], lambda value: 5 <= value <= 9) == ((5, 9),)


def test_a_single_value_can_be_a_span() -> None:
    assert spans([7], lambda _: True) == ((7, 7),)
    assert spans([1, 2], lambda value: value == 2) == ((2, 2),)


def test_the_nearest_place_is_that_of_the_nearest_batch_and_then_context() -> None:
    places = [Place(100, 1), Place(1000, 1), Place(500, 8)]
    assert nearest(places, Place(500, 1)) == Place(1000, 1)
    assert nearest(places, Place(500, 3)) == Place(500, 8)


def test_places_are_near_by_ratio() -> None:
    assert nearest([Place(100, 1), Place(900, 1)], Place(400, 1)) == Place(900, 1)


GRID = tuple(Place(context, batch) for context in (100, 1000) for batch in (1, 8))


def rising(rows: int, place: Place) -> int:
    """100 up to 8 rows in all, and then in proportion to them."""
    return 100 * max(1, rows * place.batch / 8).__ceil__()


def test_extents_go_through_the_reference() -> None:
    told = family(priced(rising), places=GRID, wanted=Place(900, 1))
    assert told.reference == Place(1000, 1)
    # Up to batch 2, three rows each cost what one does: 2.2 times as fast. At batch 3 nine rows
    # cost twice that, 1.1 times as fast, and six rows of k = 2 bring 1.8.
    assert told.extent("keeps_k", "context") == Extent(
        "keeps_k", "context", 100, 1000, ((100, 1000),)
    )
    assert told.extent("keeps_k", "batch") == Extent("keeps_k", "batch", 1, 8, ((1, 2),))


def test_a_best_k_of_one_does_not_beat_its_own_model() -> None:
    told = family(priced(lambda rows, _: 50 if rows == 1 else 200))
    assert told.extent("beats_baseline", "batch") == Extent(
        "beats_baseline", "batch", 1, 1, ((1, 1),)
    )
    assert told.extent("beats_own", "batch") == Extent("beats_own", "batch", 1, 1, ())


def test_to_be_as_fast_as_the_baseline_is_not_to_beat_it() -> None:
    lookup = RunSpec("lookup", PromptLookup(1), Acceptance("text", (0.5,)))
    told = family(priced(lambda rows, _: 150), lookup)
    assert told.best[0].speedup == 1
    assert told.extent("beats_baseline", "context") == Extent(
        "beats_baseline", "context", 100, 100, ()
    )
