"""Which ways of decoding stand beside that of a run."""

from __future__ import annotations

from accsim.analysis.variants import variants
from accsim.ops import NumberFormat
from accsim.workload import (
    Autoregressive,
    DraftModel,
    Medusa,
    ModelShape,
    MultiToken,
    Precision,
    PromptLookup,
    SequentialMtp,
)

FP16 = NumberFormat("fp16", bits=16)
DRAFTER = ModelShape("drafter", 64, 1, 1, 1, 64, 128, 512, 512, tied_embeddings=True)


def test_prediction_heads_are_swept_over_all_that_were_trained() -> None:
    assert variants(MultiToken(3, 2, "extra", "deferred")) == (
        MultiToken(3, 1, "extra", "deferred"),
        MultiToken(3, 2, "extra", "deferred"),
        MultiToken(3, 3, "extra", "deferred"),
    )


def test_a_chain_of_medusa_heads_is_swept_over_its_depth() -> None:
    assert variants(Medusa((1, 1, 1))) == (Medusa((1,)), Medusa((1, 1)), Medusa((1, 1, 1)))


def test_a_tree_of_medusa_heads_is_taken_as_it_is() -> None:
    assert variants(Medusa((2, 4))) == (Medusa((2, 4)),)


def test_sequential_modules_are_swept_up_to_those_of_the_run() -> None:
    assert variants(SequentialMtp(2)) == (SequentialMtp(1), SequentialMtp(2))


def test_drafts_of_another_model_are_swept_up_to_those_of_the_run() -> None:
    precision = Precision(FP16, FP16, FP16)
    assert variants(DraftModel(DRAFTER, precision, 2)) == (
        DraftModel(DRAFTER, precision, 1),
        DraftModel(DRAFTER, precision, 2),
    )


def test_drafts_of_the_text_are_swept_up_to_those_of_the_run() -> None:
    assert variants(PromptLookup(2)) == (PromptLookup(1), PromptLookup(2))


def test_the_ordinary_model_stands_alone() -> None:
    assert variants(Autoregressive()) == (Autoregressive(),)
