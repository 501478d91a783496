"""Generations drawn over pass times: right, unbiased, and the same on every machine."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import islice
from typing import Any

import pytest
from numpy.random import PCG64

from accsim.acceptance import Acceptance, Recording
from accsim.analysis import generations
from accsim.analysis.generations import over_generations, step_times, thresholds
from accsim.result import Estimate, Generations

from .drawing import KNOTS, Decoded, percentile, run, step_ps

PS = 10**12
CODE = Acceptance("code", (0.94, 0.84 / 0.94, 0.72 / 0.84))
LINES = ((4, 1, 3), (2, 2), (1, 1, 4, 2, 3))


def drawn(
    acceptance: Acceptance | Recording | None, *, count: int = 40, seed: int = 3, **changes: Any
) -> Generations:
    found = over_generations(run(acceptance, **changes), KNOTS, count=count, seed=seed)
    assert found is not None
    return found


def words(seed: int = 3) -> Iterator[int]:
    """The random words of the run ``k4``, one after the other."""
    digest = hashlib.sha256(f"{seed}/k4/generations".encode()).digest()
    stream = PCG64(int.from_bytes(digest, "big"))
    while True:
        yield int(stream.random_raw())


def check(found: Generations, decoded: list[Decoded], wanted: list[int]) -> None:
    """Hold the statistics against batches decoded token by token, `wanted` by each sequence."""
    batch, total = len(decoded[0].ends), sum(wanted)
    assert found.count == len(decoded)
    uncut, passes = sum(one.drawn for one in decoded), sum(one.passes for one in decoded)
    assert found.tokens_per_pass.mean == uncut / passes
    assert found.decode_s_per_token.mean == sum(max(one.ends) for one in decoded) / total / PS
    assert found.tpot_s.mean == sum(sum(one.ends) for one in decoded) / (batch * total) / PS
    tpots = [end / own for one, own in zip(decoded, wanted, strict=True) for end in one.ends]
    assert found.tpot_p50_s == percentile(tpots, 50) / PS
    assert found.tpot_p99_s == percentile(tpots, 99) / PS
    gaps = [gap for one in decoded for gap in one.gaps]
    assert len(gaps) == batch * total
    assert found.itl_p50_s == percentile(gaps, 50) / PS
    assert found.itl_p99_s == percentile(gaps, 99) / PS


@pytest.mark.parametrize("contexts", [(20,), (5, 9, 6)], ids=["one", "ragged batch"])
@pytest.mark.parametrize("rows", [1, 2, 4])
def test_the_statistics_are_those_of_a_plain_loop(contexts: tuple[int, ...], rows: int) -> None:
    # 19 tokens each after the prefill, so a sequence takes a word for each of 19 steps at most.
    limits = thresholds(CODE.rates[: rows - 1])
    stream = words()
    decoded = []
    for _ in range(40):
        lines = [[1 + sum(w < x for x in limits) for w in islice(stream, 19)] for _ in contexts]
        decoded.append(Decoded(lines, 19, sum(contexts)))
    check(drawn(CODE, rows=rows, contexts=contexts), decoded, [19] * 40)


@pytest.mark.parametrize("contexts", [(20,), (5, 9, 6)], ids=["one", "ragged batch"])
@pytest.mark.parametrize("at_end", ["stop", "wrap"])
def test_a_recording_is_replayed_from_lines_that_the_seed_chooses(
    contexts: tuple[int, ...], at_end: Any
) -> None:
    stream = words()
    decoded, wanted = [], []
    for _ in range(40):
        lines = [LINES[next(stream) % 3] for _ in contexts]
        # Lines hold 8, 4 and 11 tokens: with `stop`, the shortest ends the batch.
        wanted.append(min(map(sum, lines)) if at_end == "stop" else 19)
        decoded.append(Decoded(lines, wanted[-1], sum(contexts)))
    check(drawn(Recording("lab", LINES, at_end), contexts=contexts), decoded, wanted)


def test_a_recording_that_ended_the_run_may_go_on_for_longer_in_other_generations() -> None:
    # The run itself had the line of 4 tokens; 12 were asked for, so that of 11 is replayed whole.
    short = drawn(Recording("lab", ((2, 2), LINES[2]), "stop"), output=5, asked=12)
    # 2 + 2 in 2 steps or 11 in 5: whatever the mix, nothing else.
    assert 2.0 < short.tokens_per_pass.mean < 2.2


def test_a_step_takes_what_lies_on_the_line_between_knots_and_beyond_them() -> None:
    assert step_times(KNOTS, 15, 60).tolist() == [step_ps(context) for context in range(15, 75)]


def test_a_single_knot_holds_everywhere() -> None:
    assert step_times({7: 300}, 5, 3).tolist() == [300, 300, 300]


def test_times_between_knots_are_rounded_down_and_do_not_overflow() -> None:
    # 10^15 ps more over 3 x 10^6 tokens: a third of 10^9 a token; falling lines round down too.
    steep = step_times({0: 0, 3 * 10**6: 10**15}, 3 * 10**6 - 1, 1)
    assert steep.tolist() == [10**15 * (3 * 10**6 - 1) // (3 * 10**6)]
    assert step_times({0: 10, 3: 0}, 0, 4).tolist() == [10, 6, 3, 0]


def test_thresholds_are_the_chances_that_so_many_drafts_are_right() -> None:
    assert thresholds((0.5, 0.25)) == (2**63, 2**61)
    assert thresholds((1.0, 1.0)) == (2**64, 2**64)
    assert thresholds((0.5, 0.0, 0.9)) == (2**63,)


def test_certain_drafts_are_always_right() -> None:
    assert drawn(Acceptance("all", (1.0, 1.0, 1.0))).tokens_per_pass == Estimate(4.0, 4.0, 4.0)


def test_one_token_a_pass_is_no_matter_of_chance() -> None:
    # 19 steps at contexts 20 to 38: 1000 to 1450 and 1500 to 1580; half-way 1450, the longest 1580.
    found = drawn(None, rows=1)
    mean = (sum(range(1000, 1500, 50)) + sum(range(1500, 1590, 10))) / 19 / PS
    assert found.tpot_s == found.decode_s_per_token == Estimate(mean, mean, mean)
    assert (found.tpot_p50_s, found.tpot_p99_s) == (mean, mean)
    assert (found.itl_p50_s, found.itl_p99_s) == (1450 / PS, 1580 / PS)


def test_nothing_is_drawn_where_acceptance_is_unknown() -> None:
    assert over_generations(run(None, rows=2), KNOTS, count=5, seed=1) is None


SETS = {
    "wikipedia": (0.88, 0.69 / 0.88, 0.55 / 0.69),
    "code": CODE.rates,
    "eagle_7b": (0.76, 0.69, 0.67, 0.68, 0.68),
    "deepseek_v3": (0.85,),
    "half": (0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5),
}


@pytest.mark.parametrize("rates", SETS.values(), ids=list(SETS))
def test_tokens_per_pass_come_to_the_closed_form(rates: tuple[float, ...]) -> None:
    acceptance, rows = Acceptance("text", rates), len(rates) + 1
    found = drawn(acceptance, rows=rows, output=200, count=1000, seed=1).tokens_per_pass
    assert found.low <= acceptance.expected_tokens(rows) <= found.high
    assert found.high - found.low < 0.02 * found.mean


def test_the_interval_holds_the_truth_in_about_95_of_100_seeds() -> None:
    truth = CODE.expected_tokens(4)
    found = [drawn(CODE, output=40, count=200, seed=seed) for seed in range(200)]
    held = sum(one.tokens_per_pass.low <= truth <= one.tokens_per_pass.high for one in found)
    assert 180 <= held <= 198


def test_short_outputs_do_not_bias_the_tokens_per_pass() -> None:
    # Three tokens: most passes are the last and cut, yet their draws count whole.
    found = drawn(CODE, output=4, count=20_000).tokens_per_pass
    assert found.low <= CODE.expected_tokens(4) <= found.high
    assert found.high - found.low < 0.05


@pytest.mark.parametrize("acceptance", [CODE, Recording("lab", LINES, "stop")])
def test_the_size_of_chunks_does_not_matter(
    acceptance: Acceptance | Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = drawn(acceptance, contexts=(5, 9, 6))
    monkeypatch.setattr(generations, "CHUNK_STEPS", 3 * 19 * 7)
    assert drawn(acceptance, contexts=(5, 9, 6)) == whole


def test_the_draws_of_a_seed_are_these_on_every_machine() -> None:
    # Recorded once with numpy 2.4.6; PCG64's stream is guaranteed not to change.
    assert drawn(CODE, count=100, seed=7) == Generations(
        count=100,
        tokens_per_pass=Estimate(
            mean=3.4930795847750864, low=3.418162970895535, high=3.567996198654638
        ),
        tpot_s=Estimate(
            mean=4.0913684210526315e-10, low=3.980661772526401e-10, high=4.202075069578862e-10
        ),
        tpot_p50_s=4.2210526315789473e-10,
        tpot_p99_s=5.58421052631579e-10,
        itl_p50_s=0.0,
        itl_p99_s=1.58e-09,
        decode_s_per_token=Estimate(
            mean=4.0913684210526315e-10, low=3.980661772526401e-10, high=4.202075069578862e-10
        ),
    )


def test_another_seed_or_run_draws_otherwise() -> None:
    assert len({drawn(CODE), drawn(CODE, seed=4), drawn(CODE, name="k5")}) == 3
