"""How many tokens passes emit, how contexts grow, and that the draws never change."""

from __future__ import annotations

import statistics
import time
from dataclasses import replace

import pytest

from accsim.acceptance import Acceptance
from accsim.ops import TracedRun
from accsim.tracing.decoding import trace_workload

from .samples import TINY, WIKIPEDIA, multi, ordinary, tiny_workload, workload

ALWAYS = Acceptance("always", (1.0, 1.0, 1.0))
NEVER = Acceptance("never", (0.0, 0.0, 0.0))


def trace_tiny(
    acceptance: Acceptance, output_tokens: int, batch: int = 1, seed: int = 7, name: str = "k4"
) -> TracedRun:
    spec = multi(4, layout="extra", acceptance=acceptance, name=name)
    return trace_workload(
        workload(
            spec, model=TINY, prompt_tokens=5, output_tokens=output_tokens, batch=batch, seed=seed
        )
    ).runs[0]


def test_prefill_emits_the_first_token_and_decoding_starts_at_the_prompt() -> None:
    run = trace_workload(tiny_workload(prompt_tokens=5, output_tokens=3)).runs[0]
    assert [(step.contexts, step.emitted) for step in run.prefill] == [((0,), (1,))]
    assert [(step.contexts, step.emitted) for step in run.decode] == [((5,), (1,)), ((6,), (1,))]


def test_one_output_token_needs_no_decode_pass() -> None:
    assert trace_workload(tiny_workload(output_tokens=1)).runs[0].decode == ()


def test_when_every_draft_is_right_a_pass_emits_k_tokens_and_the_last_is_cut() -> None:
    # 1 token from prefill, 4 + 4, and 1 of the last 4.
    run = trace_tiny(ALWAYS, output_tokens=10)
    assert [step.emitted for step in run.decode] == [(4,), (4,), (1,)]
    assert [step.contexts for step in run.decode] == [(5,), (9,), (13,)]


def test_when_no_draft_is_right_a_pass_emits_one_token() -> None:
    assert {step.emitted for step in trace_tiny(NEVER, output_tokens=10).decode} == {(1,)}


def test_acceptance_is_conditional_a_wrong_draft_ends_the_prefix() -> None:
    # The second draft is always wrong, so the third is never reached, right as it would be.
    run = trace_tiny(Acceptance("second_wrong", (1.0, 0.0, 1.0)), output_tokens=21)
    assert {step.emitted for step in run.decode} == {(2,)}


@pytest.mark.parametrize(
    ("rates", "expected", "deviation"),
    [
        ((0.88, 0.784, 0.797), 3.12, 1.10),
        ((0.87, 0.793, 0.768), 3.09, 1.11),
        ((0.94, 0.894, 0.857), 3.50, 0.90),
    ],
    ids=["wikipedia", "books", "code"],
)
def test_mean_tokens_per_pass_over_many_seeds_is_the_published_one(
    rates: tuple[float, ...], expected: float, deviation: float
) -> None:
    acceptance = Acceptance("text", rates)
    drawn = [
        step.emitted[0]
        for seed in range(20)
        # The last pass may be cut: leave it out.
        for step in trace_tiny(acceptance, output_tokens=1001, seed=seed).decode[:-1]
    ]
    assert acceptance.expected_tokens(4) == pytest.approx(expected, abs=0.005)
    standard_error = deviation / len(drawn) ** 0.5
    assert statistics.mean(drawn) == pytest.approx(
        acceptance.expected_tokens(4), abs=4 * standard_error
    )
    assert statistics.stdev(drawn) == pytest.approx(deviation, abs=0.03)


def test_the_draws_of_a_seed_are_these_on_every_machine() -> None:
    # Recorded once: SHA-256 of "7/k4/0" into Python's Mersenne Twister. Never to change.
    run = trace_tiny(WIKIPEDIA, output_tokens=30)
    assert [step.emitted[0] for step in run.decode] == [1, 4, 3, 2, 2, 3, 4, 4, 4, 2]


def test_the_draws_of_a_run_do_not_depend_on_other_runs() -> None:
    alone = tiny_workload(output_tokens=50)
    swapped = replace(alone, runs=alone.runs[::-1])
    assert trace_workload(alone).runs[1] == trace_workload(swapped).runs[0]


def test_another_seed_gives_other_draws() -> None:
    first, second = (trace_tiny(WIKIPEDIA, 100, seed=seed).decode for seed in (1, 2))
    assert first != second


def test_the_sequences_of_a_batch_draw_independently_of_each_other() -> None:
    single = trace_tiny(WIKIPEDIA, output_tokens=60)
    batch = trace_tiny(WIKIPEDIA, output_tokens=60, batch=3)
    firsts = [step.emitted[0] for step in batch.decode if step.emitted[0]]
    assert firsts == [step.emitted[0] for step in single.decode]
    assert len({tuple(step.emitted[s] for step in batch.decode) for s in range(3)}) == 3


def test_a_finished_sequence_stays_in_the_batch_as_padding() -> None:
    run = trace_tiny(WIKIPEDIA, output_tokens=40, batch=4)
    last = run.decode[-1]
    assert 0 in last.emitted
    for sequence, emitted in enumerate(last.emitted):
        total = 1 + sum(step.emitted[sequence] for step in run.decode)
        assert total == 40
        assert last.contexts[sequence] + emitted == 5 + 39


def test_equal_graphs_are_shared_by_runs() -> None:
    specs = (ordinary(), ordinary(name="again"), multi(4), multi(4, name="other_text"))
    trace = trace_workload(workload(*specs))
    assert list(trace.graphs) == ["prefill-32", "decode-32", "prefill-28+4", "decode-28+4"]


def test_own_one_token_run_of_the_four_head_model_has_29_layers_and_expects_one_token() -> None:
    run = trace_workload(workload(multi(1))).runs[0]
    assert run.decode[0].graph == "decode-28+1"
    assert (run.max_tokens_per_pass, run.expected_tokens_per_pass) == (1, 1.0)


def test_the_expected_tokens_are_the_sum_of_running_products() -> None:
    # 1 + .88 + .88 x .784 + .88 x .784 x .797
    run = trace_workload(workload(multi(4))).runs[0]
    assert run.expected_tokens_per_pass == pytest.approx(3.11978624, abs=1e-12)


def test_resident_bytes_are_all_weights_both_tables_and_the_longest_cache() -> None:
    # 6,738,415,616 parameters and 2048 + 100 + 4 tokens of 524,288 bytes for 2 sequences.
    run = trace_workload(workload(multi(4), output_tokens=100, batch=2)).runs[0]
    assert run.resident_bytes == 2 * 6_738_415_616 + 2 * (2048 + 100 + 4) * 524_288


def test_a_run_with_too_few_acceptance_rates_is_refused() -> None:
    message = "run 'k4' carries 4 tokens per pass: it needs 3 acceptance rates, got 1"
    with pytest.raises(ValueError, match=message):
        trace_workload(workload(multi(4, acceptance=Acceptance("short", (0.9,)))))


def test_a_run_of_several_tokens_without_acceptance_is_refused() -> None:
    with pytest.raises(ValueError, match="it needs 1 acceptance rates, got 0"):
        trace_workload(workload(multi(2, acceptance=None)))


def test_tracing_four_runs_of_llama2_7b_takes_well_under_a_second() -> None:
    specs = (ordinary(), multi(1), multi(2), multi(4))
    start = time.perf_counter()
    trace_workload(workload(*specs, output_tokens=512))
    assert time.perf_counter() - start < 1.5  # 0.04 s on an idle core; the rest is for busy ones
