"""What is known of multi-token decoding, published or by arithmetic, and must come out here.

S2: Gloeckle et al. 2024, arXiv 2404.19737, table S2 (7B, four heads, greedy). L23: Leviathan et al.
2023, arXiv 2211.17192. Sizes of Llama-2 follow from the published config.json files (Touvron et al.
2023, arXiv 2307.09288).
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, pstdev

import pytest

from accsim.acceptance import Acceptance, Recording, from_histogram
from accsim.analysis.generations import over_generations
from accsim.config.formats import FORMATS
from accsim.config.models import ACCEPTANCES, SHAPES
from accsim.ops import OpTrace
from accsim.tracing.decoding import trace_workload
from accsim.tracing.draws import draw_tokens
from accsim.tracing.schemes import Setting, step_parts
from accsim.workload import (
    Autoregressive,
    Layout,
    ModelShape,
    MultiToken,
    Precision,
    PromptLookup,
    RunSpec,
    Scheme,
    Workload,
)

from .models import ALL_FP16

LLAMA2_7B = SHAPES["llama2-7b"]
TEXTS = ("wikipedia", "books", "code")
S2_TOKENS = {
    "wikipedia": (1.88, 2.57, 3.12),
    "books": (1.87, 2.56, 3.09),
    "code": (1.94, 2.78, 3.50),
}
S2_SPEEDUPS = {
    "wikipedia": (1.79, 2.35, 2.74),
    "books": (1.77, 2.32, 2.67),
    "code": (1.85, 2.54, 3.05),
}


def precision(weights: str, kv_cache: str = "fp16") -> Precision:
    stored = FORMATS["weights"]
    return Precision(stored[weights], stored["fp16"], stored[kv_cache])


def step_bytes(
    scheme: Scheme,
    context: int = 0,
    model: ModelShape = LLAMA2_7B,
    stored: Precision = ALL_FP16,
) -> int:
    """DRAM bytes that a decode step must read at least."""
    parts = step_parts(Setting(model, stored, 1), scheme)
    return sum(part.graph.dram_read_bytes(context + part.ahead) for part in parts)


def text_run(scheme: Scheme, acceptance: Acceptance | Recording | None, output: int) -> OpTrace:
    spec = RunSpec("run", scheme, acceptance)
    return trace_workload(Workload("facts", LLAMA2_7B, ALL_FP16, 8, output, 1, 1, "run", (spec,)))


class CountingModel:
    """Its next token is a sum of the last two and of its position, modulo a small vocabulary; head
    h guesses by forgetting the position now and then, so that some guesses are wrong.
    """

    VOCAB = 7

    def next_token(self, text: Sequence[int]) -> int:
        return (text[-1] + 2 * text[-2] + len(text) % 3) % self.VOCAB

    def guess(self, text: Sequence[int], ahead: int) -> int:
        longer = list(text)
        for step in range(ahead):
            made = self.next_token(longer)
            longer.append((made + (len(text) % (4 + step) == 0)) % self.VOCAB if step else made)
        return longer[-1]

    def greedy(self, count: int) -> list[int]:
        text = [1, 2]
        for _ in range(count):
            text.append(self.next_token(text))
        return text[2:]

    def blockwise(self, heads: int, count: int) -> tuple[list[int], list[int]]:
        """Merged drafting and verification: the tokens, and how many each pass emitted."""
        text = [1, 2]
        text.append(self.next_token(text))
        drafts = [self.guess(text[:-1], ahead) for ahead in range(2, heads + 1)]
        emitted = []
        while len(text) - 2 < count:
            accepted = 0
            while accepted < heads - 1 and drafts[accepted] == self.next_token(text):
                text.append(drafts[accepted])
                accepted += 1
            at_this_row = list(text)
            text.append(self.next_token(text))
            drafts = [self.guess(at_this_row, ahead) for ahead in range(2, heads + 1)]
            emitted.append(accepted + 1)
        return text[2:], emitted


@pytest.mark.parametrize("heads", [1, 2, 3, 4])
def test_blockwise_decoding_gives_the_greedy_tokens_and_its_passes_can_be_replayed(
    heads: int,
) -> None:
    model = CountingModel()
    tokens, emitted = model.blockwise(heads, 200)
    assert tokens == model.greedy(len(tokens))
    assert set(emitted) <= set(range(1, heads + 1))
    assert heads == 1 or len(set(emitted)) > 1  # some drafts are right and some wrong
    # The first token comes out of the prefill.
    recorded = Recording("counting model", (tuple(emitted),), "stop")
    trace = text_run(MultiToken(4, heads), recorded, len(tokens))
    assert [step.emitted for step in trace.runs[0].decode] == [(count,) for count in emitted]


def test_one_head_emits_one_token_per_pass() -> None:
    (run,) = text_run(MultiToken(4, 1), None, 50).runs
    assert [step.emitted for step in run.decode] == [(1,)] * 49


@pytest.mark.parametrize(
    ("text", "mean", "deviation"),
    [("wikipedia", 3.12, 1.10), ("books", 3.09, 1.11), ("code", 3.50, 0.90)],
)
def test_drawn_tokens_per_pass_have_the_published_mean_and_its_deviation(
    text: str, mean: float, deviation: float
) -> None:
    drawn = draw_tokens(ACCEPTANCES[text], 4, 1, text, 0)
    passes = [next(drawn) for _ in range(100_000)]
    assert (min(passes), max(passes)) == (1, 4)
    assert fmean(passes) == pytest.approx(mean, abs=0.012)
    assert pstdev(passes) == pytest.approx(deviation, abs=0.01)


@pytest.mark.parametrize("context", [0, 512, 4096])
@pytest.mark.parametrize(
    ("weights", "kv_cache"),
    [("fp16", "fp16"), ("int8", "fp16"), ("int8", "int8"), ("int4_g128", "fp16")],
)
@pytest.mark.parametrize(
    ("layout", "ratios"),
    [("constant", (1.0337, 1.0675, 1.1012)), ("extra", (1.0306, 1.0613, 1.0919))],
)
def test_bytes_of_a_pass_of_k_heads_over_its_own_of_one(
    context: int, weights: str, kv_cache: str, layout: Layout, ratios: tuple[float, ...]
) -> None:
    stored = precision(weights, kv_cache)
    own = step_bytes(MultiToken(4, 1, layout), context, stored=stored)
    for heads, ratio in enumerate(ratios, 2):
        many = step_bytes(MultiToken(4, heads, layout), context, stored=stored)
        assert many / own == pytest.approx(ratio, rel=0.001)


@pytest.mark.parametrize(
    ("name", "ratio"), [("llama2-7b", 1.1012), ("llama2-13b", 1.0800), ("llama2-70b", 1.0388)]
)
def test_four_heads_weigh_less_in_a_larger_model(name: str, ratio: float) -> None:
    model = SHAPES[name]
    four, one = (step_bytes(MultiToken(4, heads), model=model) for heads in (4, 1))
    assert four / one == pytest.approx(ratio, abs=1e-4)


@pytest.mark.parametrize(
    ("text", "speedups"),
    [
        ("wikipedia", (1.82, 2.41, 2.83)),
        ("books", (1.81, 2.40, 2.81)),
        ("code", (1.88, 2.60, 3.18)),
    ],
)
def test_a_device_bound_by_bytes_gains_the_tokens_over_the_bytes(
    text: str, speedups: tuple[float, ...]
) -> None:
    own = step_bytes(MultiToken(4, 1))
    for heads, speedup in enumerate(speedups, 2):
        tokens = ACCEPTANCES[text].expected_tokens(heads)
        assert tokens * own / step_bytes(MultiToken(4, heads)) == pytest.approx(speedup, abs=0.006)


@pytest.mark.parametrize("text", TEXTS)
def test_with_a_price_per_row_the_bytes_explain_the_published_speedups_within_a_per_cent(
    text: str,
) -> None:
    # 1.43 % of a pass for each row more, as the byte-level models of table S3 show it alone.
    own = step_bytes(MultiToken(4, 1))
    for heads, published in enumerate(S2_SPEEDUPS[text], 2):
        cost = step_bytes(MultiToken(4, heads)) / own * (1 + 0.0143 * (heads - 1))
        speedup = ACCEPTANCES[text].expected_tokens(heads) / cost
        assert speedup == pytest.approx(published, rel=0.01)


@pytest.mark.parametrize("text", TEXTS)
def test_acceptance_sets_give_the_published_tokens_per_pass(text: str) -> None:
    for heads, tokens in enumerate(S2_TOKENS[text], 2):
        assert ACCEPTANCES[text].expected_tokens(heads) == pytest.approx(tokens, abs=1e-9)


@pytest.mark.parametrize(
    ("weights", "sizes"),
    [
        ("fp16", (13_214_695_424, 25_704_058_880, 137_429_024_768)),
        ("int8", (6_610_401_792, 12_856_773_120, 68_729_338_368)),
        ("int4_g128", (3_407_314_944, 6_627_450_880, 35_432_890_368)),
        ("int4_g128_z4", (3_433_123_840, 6_677_652_480, 35_701_301_248)),
        ("int4_g128_z16", (3_510_550_528, 6_828_257_280, 36_506_533_888)),
        ("q4_0", (3_717_021_696, 7_229_870_080, 38_653_820_928)),
        ("q8_0", (7_020_560_384, 13_655_674_880, 73_010_413_568)),
    ],
)
def test_weight_bytes_of_one_token_to_the_byte(weights: str, sizes: tuple[int, ...]) -> None:
    for name, size in zip(("llama2-7b", "llama2-13b", "llama2-70b"), sizes, strict=True):
        stored = precision(weights)
        assert step_bytes(Autoregressive(), model=SHAPES[name], stored=stored) == size


@pytest.mark.parametrize(
    ("name", "params", "kv_bytes"),
    [
        ("llama2-7b", 6_738_415_616, 524_288),
        ("llama2-13b", 13_015_864_320, 819_200),
        ("llama2-70b", 68_976_648_192, 327_680),
    ],
)
def test_parameters_and_kv_bytes_per_token(name: str, params: int, kv_bytes: int) -> None:
    model = SHAPES[name]
    assert model.params == params
    read = step_bytes(Autoregressive(), 1000, model) - step_bytes(Autoregressive(), 0, model)
    assert read == 1000 * kv_bytes


def test_a_public_flop_counters_1700_gflop_for_128_tokens() -> None:
    # That counter takes all 128 x 128 pairs of attention and the LM head of every token.
    (part,) = step_parts(Setting(LLAMA2_7B, ALL_FP16, 1), PromptLookup(127))
    matmuls = sum(op.macs(0) for op in part.graph.ops if op.kind == "matmul")
    full_attention = 32 * 128 * 128 * 2 * 4096
    assert round(2 * (matmuls + full_attention) / 1e9, 2) == 1700.00


def test_a_chain_of_eagle_drafts_gives_the_published_tokens_per_step() -> None:
    # Li et al. 2024, arXiv 2401.15077: 3.00 with five drafts in a chain, LLaMA2-Chat 7B, greedy.
    tokens = ACCEPTANCES["eagle_llama2_chat_7b"].expected_tokens(6)
    assert tokens == pytest.approx(3.04, abs=0.005)


@pytest.mark.parametrize(
    ("rate", "drafts", "speedup", "operations"),
    [
        (0.6, 2, 1.96, 1.53),
        (0.7, 3, 2.53, 1.58),
        (0.8, 2, 2.44, 1.23),
        (0.8, 5, 3.69, 1.63),
        (0.9, 2, 2.71, 1.11),
        (0.9, 10, 6.86, 1.60),
    ],
)
def test_free_drafts_of_equal_rate_give_the_speedups_of_l23_table_1(
    rate: float, drafts: int, speedup: float, operations: float
) -> None:
    tokens = Acceptance("x", (rate,) * drafts).expected_tokens(drafts + 1)
    assert tokens == pytest.approx(speedup, abs=0.005)
    # Every pass does drafts + 1 rows of work and keeps `tokens` of them.
    scheme = PromptLookup(drafts)
    (one,), (many,) = (
        step_parts(Setting(LLAMA2_7B, ALL_FP16, 1), way) for way in (Autoregressive(), scheme)
    )
    rows = many.graph.macs(0) / one.graph.macs(0)
    assert rows / tokens == pytest.approx(operations, abs=0.01)


@pytest.mark.parametrize(
    ("drafts", "accepted", "round_ms", "tokens_per_s"),
    [(2, 0.823, 88.7, 29.9), (3, 0.796, 84.8, 40.2), (4, 0.746, 106.6, 37.5)],
)
def test_measured_rounds_and_acceptance_reproduce_the_measured_speed(
    drafts: int, accepted: float, round_ms: float, tokens_per_s: float
) -> None:
    # Qwen3-8B on an LPDDR5X laptop, drafted by a 0.6B model: hotschmoe/specula, commit 439e884,
    # `results/csv/spec-cpu-*.csv`. Of all drafts the share `accepted` was right.
    histogram = from_histogram("x", [1 - accepted, *[0.0] * (drafts - 1), accepted], drafts)
    (run,) = text_run(PromptLookup(drafts), histogram, 3000).runs
    drawn = over_generations(run, {0: round(round_ms * 1e9)}, count=400, seed=1)
    assert drawn is not None
    assert 1 / drawn.tpot_s.mean == pytest.approx(tokens_per_s, rel=0.01)
