"""The kinds of acceptance that a workload file may give, and what each complains of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from accsim.acceptance import Acceptance, Recording
from accsim.config.models import ACCEPTANCES
from accsim.config.resolve import load_workload
from accsim.errors import InputError

KINDS = (
    "expected the name of an acceptance set, or keys and values with one of rates, histogram, "
    "recording, single_rate"
)
SAME_RATE = (
    "write `true` if drafts are right equally often at every position; published rates fall with "
    "the position (EAGLE with LLaMA2-Chat 7B: .76, .69, .67), so give `rates` where they are known"
)


def write(folder: Path, acceptance: object, heads: int = 4, **changes: object) -> str:
    tree: dict[str, Any] = {
        "name": "toy",
        "model": "llama2-7b",
        "precision": {"weights": "fp16", "activations": "fp16", "kv_cache": "fp16"},
        "prompt_tokens": 100,
        "output_tokens": 50,
        "baseline": "heads",
        "runs": [
            {
                "name": "heads",
                "scheme": "multi_token",
                "trained_heads": heads,
                "active_heads": heads,
                "acceptance": acceptance,
            }
        ],
    }
    path = folder / "toy.yaml"
    path.write_text(yaml.safe_dump(tree | changes, sort_keys=False))
    return str(path)


def resolved(folder: Path, acceptance: object, heads: int = 4) -> Acceptance | Recording | None:
    return load_workload(write(folder, acceptance, heads)).runs[0].acceptance


def problems(folder: Path, acceptance: object, heads: int = 4, **changes: object) -> list[str]:
    with pytest.raises(InputError) as caught:
        load_workload(write(folder, acceptance, heads, **changes))
    return [f"{one.key}: {one.message}" for one in caught.value.problems]


@pytest.mark.parametrize(
    ("name", "rates"),
    # Li et al. 2024, arXiv 2401.15077; DeepSeek-AI 2024, arXiv 2412.19437, section 5.4.3.
    [
        ("eagle_llama2_chat_7b", (0.76, 0.69, 0.67, 0.68, 0.68)),
        ("eagle_llama2_chat_13b", (0.77, 0.69, 0.69, 0.70, 0.71)),
        ("eagle_llama2_chat_70b", (0.75, 0.69, 0.65, 0.64, 0.64)),
        ("deepseek_v3", (0.85,)),
        ("deepseek_v3_high", (0.90,)),
    ],
)
def test_a_shipped_set_has_the_published_rates(name: str, rates: tuple[float, ...]) -> None:
    assert ACCEPTANCES[name] == Acceptance(name, rates)


def test_a_set_of_one_draft_covers_two_heads_and_no_more(tmp_path: Path) -> None:
    assert resolved(tmp_path, "deepseek_v3", heads=2) == Acceptance("deepseek_v3", (0.85,))
    assert problems(tmp_path, "deepseek_v3", heads=3) == [
        "runs[0].acceptance: 1 rate for the 2 drafts of 3 active heads"
    ]


def test_a_histogram_of_counts_becomes_conditional_rates(tmp_path: Path) -> None:
    # 10 passes: 8 of 10 had a right first draft, 4 of those 8 a right second, 3 of 4 a third.
    histogram = {"histogram": [2, 4, 1, 3], "source": "me"}
    assert resolved(tmp_path, histogram) == Acceptance("me", (0.8, 0.5, 0.75))


def test_a_histogram_of_shares_is_the_same_as_one_of_counts(tmp_path: Path) -> None:
    # Halves and quarters are exact in binary: 1/2 of 1, 1/2 of 1/2, and never a fourth token.
    shares = {"histogram": [0.5, 0.25, 0.25], "source": "me"}
    assert resolved(tmp_path, shares) == Acceptance("me", (0.5, 0.5, 0.0))


def test_drafts_beyond_a_histogram_are_never_right(tmp_path: Path) -> None:
    histogram = {"histogram": [1, 1], "source": "me"}
    assert resolved(tmp_path, histogram) == Acceptance("me", (0.5, 0.0, 0.0))


def test_a_histogram_of_more_tokens_than_rows_is_cut_like_rates(tmp_path: Path) -> None:
    acceptance = resolved(tmp_path, {"histogram": [1, 1, 2], "source": "me"}, heads=2)
    assert acceptance == Acceptance("me", (0.75, 2 / 3))
    assert acceptance.expected_tokens(2) == 1.75


def test_a_position_that_no_pass_reached_has_rate_0(tmp_path: Path) -> None:
    histogram = {"histogram": [7, 0, 0, 0], "source": "me"}
    assert resolved(tmp_path, histogram) == Acceptance("me", (0.0, 0.0, 0.0))


def test_shares_may_miss_1_by_what_rounding_takes(tmp_path: Path) -> None:
    close = {"histogram": [0.3333333, 0.3333333, 0.3333333], "source": "me"}
    assert resolved(tmp_path, close, heads=2) == Acceptance("me", (2 / 3, 0.5))


def test_a_single_rate_holds_at_every_position_once_that_is_said(tmp_path: Path) -> None:
    single = {"single_rate": 0.8, "same_at_every_position": True, "source": "me"}
    assert resolved(tmp_path, single) == Acceptance("me", (0.8, 0.8, 0.8))


@pytest.mark.parametrize("at_end", ["stop", "wrap"])
def test_a_recording_is_read_from_beside_the_workload(tmp_path: Path, at_end: str) -> None:
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "a.txt").write_text("# two generations\n4 1 3  # good\n\n  2 2\t1\n")
    recording = {"recording": "runs/a.txt", "at_end": at_end, "source": "me"}
    assert resolved(tmp_path, recording) == Recording("me", ((4, 1, 3), (2, 2, 1)), at_end)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("acceptance", "messages"),
    [
        ({}, [f": {KINDS}, got a mapping"]),
        ({"source": "me"}, [f": {KINDS}, got a mapping"]),
        ([0.8], [f": {KINDS}, got a list"]),
        (
            {"rates": [0.8, 0.8, 0.8], "histogram": [1, 2], "source": "me"},
            [".histogram: unknown key 'histogram' (allowed: rates, source)"],
        ),
        (
            {"histogram": [1, 2]},
            [".source: this key is required: where the histogram comes from"],
        ),
        (
            {"histogram": [-1, 2], "source": "me"},
            [".histogram[0]: must be at least 0.0, got -1"],
        ),
        (
            {"histogram": [0.5, 0.4], "source": "me"},
            [".histogram: expected whole counts, or shares that sum to 1, got a sum of 0.9"],
        ),
        (
            {"histogram": [3, 1.5], "source": "me"},
            [".histogram: expected whole counts, or shares that sum to 1, got a sum of 4.5"],
        ),
        (
            {"histogram": [0, 0], "source": "me"},
            [".histogram: expected at least one pass, got none"],
        ),
        (
            {"single_rate": 0.8, "source": "me"},
            [f".same_at_every_position: this key is required: {SAME_RATE}"],
        ),
        (
            {"single_rate": 0.8, "same_at_every_position": False, "source": "me"},
            [f".same_at_every_position: {SAME_RATE}"],
        ),
        (
            {"single_rate": 80, "same_at_every_position": True},
            [
                ".source: this key is required: where the rate comes from",
                ".single_rate: must be at most 1.0, got 80",
            ],
        ),
    ],
)
def test_each_wrong_acceptance_has_its_message(
    tmp_path: Path, acceptance: object, messages: list[str]
) -> None:
    found = problems(tmp_path, acceptance)
    assert found == [f"runs[0].acceptance{message}" for message in messages]


def test_what_happens_at_the_end_of_a_recording_has_no_default(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("1 2\n")
    assert problems(tmp_path, {"recording": "a.txt", "source": "me"}) == [
        "runs[0].acceptance.at_end: this key is required: stop: decoding ends where the first line "
        "in use ends; wrap: a line starts again at its end"
    ]


def test_an_entry_above_the_rows_of_a_pass_is_found_in_the_recording(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("4 1\n2 5 9\n")
    with pytest.raises(InputError) as caught:
        resolved(tmp_path, {"recording": "a.txt", "at_end": "wrap", "source": "me"})
    assert [str(one).splitlines()[0] for one in caught.value.problems] == [
        f"{tmp_path}/a.txt:2:3: a pass of this run emits at most 4 tokens, got 5",
        f"{tmp_path}/a.txt:2:5: a pass of this run emits at most 4 tokens, got 9",
    ]


def test_problems_of_a_recording_come_with_those_of_the_workload(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("1 0\n")
    recording = {"recording": "a.txt", "at_end": "wrap", "source": "me"}
    assert problems(tmp_path, recording, batch=0) == [
        "batch: must be at least 1, got 0",
        ": a pass emits at least 1 token, got 0",
    ]
