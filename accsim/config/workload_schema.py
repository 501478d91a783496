"""What a user may write in a workload file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, Tag, ValidationInfo, field_validator

from accsim.config.acceptance_schema import AcceptanceChoice, AcceptanceSection, for_drafts
from accsim.config.fields import (
    Count,
    Cycles,
    Name,
    Section,
    Whole,
    known,
    name_or_mapping,
    rule,
    rules,
)
from accsim.config.formats import FORMATS
from accsim.config.models import SHAPES
from accsim.config.text import suggest
from accsim.workload import Drafting, Layout, ModelShape


class ConfigJson(Section):
    """A model shape from a file."""

    config_json: Annotated[str, Field(min_length=1)] = Field(
        description="Hugging Face config.json, relative to the folder of this file"
    )


def _no_file(name: str) -> str:
    if name.endswith(".json"):
        raise rule(
            f"{name!r} is a file, not the name of a model: write `model: {{config_json: {name}}}`"
        )
    return name


Model = Annotated[
    Annotated[
        str,
        AfterValidator(_no_file),
        AfterValidator(known("model", SHAPES)),
        Field(json_schema_extra={"enum": list(SHAPES)}),
        Tag("name"),
    ]
    | Annotated[ConfigJson, Tag("mapping")],
    name_or_mapping("expected the name of a model or {config_json: path}"),
]


class GroupedFormat(Section):
    """Integers in groups along the innermost axis, each group with a scale (and a zero point)."""

    bits: Count = Field(le=32, description="bits of an element")
    group_size: Count = Field(description="elements that share a scale")
    scale_bits: Count = Field(default=16, le=64, description="bits of the scale of a group")
    zero_bits: Cycles = Field(default=0, le=64, description="bits of the zero point of a group")


WeightsName = Annotated[
    str,
    AfterValidator(known("number format", FORMATS["weights"])),
    Field(json_schema_extra={"enum": list(FORMATS["weights"])}),
]
StoredFormat = Annotated[
    Annotated[WeightsName, Tag("name")] | Annotated[GroupedFormat, Tag("mapping")],
    name_or_mapping("expected the name of a number format or {bits: ..., group_size: ...}"),
]
ActivationFormat = Annotated[
    str,
    AfterValidator(known("activation format", FORMATS["activations"])),
    Field(json_schema_extra={"enum": list(FORMATS["activations"])}),
]


class PrecisionSection(Section):
    """How numbers are stored."""

    weights: StoredFormat = Field(description="format of the weight matrices")
    activations: ActivationFormat = Field(
        description="format of the inputs of products with weights; all else on the chip has at "
        "least 16 bits"
    )
    kv_cache: StoredFormat = Field(description="format of keys and values")


def _run_name(name: str) -> str:
    if name == "baseline":
        raise rule("'baseline' is a reserved word of the result, choose another name")
    return name


RunName = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9_.-]+$", max_length=100),
    AfterValidator(_run_name),
]


class AutoregressiveRun(Section):
    """The ordinary model, one token per pass."""

    name: RunName = Field(description="name of the run in reports")
    scheme: Literal["autoregressive"] = Field(description="way of decoding")

    @property
    def rows(self) -> int:
        """Query rows of a pass and sequence."""
        return 1

    @property
    def drafts(self) -> int:
        """Drafts that a pass verifies, one position after the other."""
        return 0


AcceptanceOfDrafts = Annotated[
    AcceptanceChoice, Field(description="how often drafts are right: there is no default")
]
Drafts = Annotated[Count, Field(le=1024)]


def _covering(key: str) -> AfterValidator:
    """Checks that the acceptance speaks of as many drafts as the key `key` before it states."""

    def check(
        value: str | AcceptanceSection, info: ValidationInfo
    ) -> str | AcceptanceSection | None:
        count = info.data.get(key, 0)
        return for_drafts(value, count, f"{count} {key}")

    return AfterValidator(check)


class MultiTokenRun(Section):
    """Self-speculative decoding with parallel prediction heads, each a layer of its own."""

    rows_key: ClassVar[str] = "active_heads"

    name: RunName = Field(description="name of the run in reports")
    scheme: Literal["multi_token"] = Field(description="way of decoding")
    trained_heads: Count = Field(description="prediction heads that the model was trained with")
    active_heads: Count = Field(description="heads in use, so query rows of a pass")
    layout: Layout = Field(
        default="constant",
        description="whether heads take the place of trunk layers (constant) or all but the first "
        "are added to the model's (extra)",
    )
    drafting: Drafting = Field(
        default="merged",
        description="whether all heads see all rows of the verifying pass (merged), or draft after "
        "head 1 has verified, from one row (deferred)",
    )
    acceptance: AcceptanceChoice | None = Field(
        default=None,
        validate_default=True,
        description="how often drafts are right; required with more than one active head",
    )

    @property
    def rows(self) -> int:
        """Query rows of a pass and sequence."""
        return self.active_heads

    @property
    def drafts(self) -> int:
        """Drafts that a pass verifies, one position after the other."""
        return self.active_heads - 1

    @field_validator("active_heads")
    @classmethod
    def _trained(cls, value: int, info: ValidationInfo) -> int:
        trained = info.data.get("trained_heads", value)
        if value > trained:
            raise rule(f"{value} active heads, but the model has only {trained} trained heads")
        return value

    @field_validator("acceptance")
    @classmethod
    def _says_enough(
        cls, value: str | AcceptanceSection | None, info: ValidationInfo
    ) -> str | AcceptanceSection | None:
        heads = info.data.get("active_heads", 1)
        return for_drafts(value, heads - 1, f"{heads} active heads")


class MedusaRun(Section):
    """Residual heads without KV, which draft a chain or a tree of tokens."""

    rows_key: ClassVar[str] = "heads"

    name: RunName = Field(description="name of the run in reports")
    scheme: Literal["medusa"] = Field(description="way of decoding")
    heads: Count = Field(le=64, description="Medusa heads, so the depth of the drafts")
    tree: list[Drafts] | None = Field(
        default=None, description="drafts at each depth, one number per head; by default one each"
    )
    acceptance: Annotated[AcceptanceOfDrafts, _covering("heads")]

    @property
    def drafts(self) -> int:
        """Drafts of a pass that can be accepted."""
        return self.heads

    @property
    def rows(self) -> int:
        """Query rows of a pass and sequence."""
        return 1 + (self.heads if self.tree is None else sum(self.tree))

    @field_validator("tree")
    @classmethod
    def _as_deep_as_heads(cls, value: list[int] | None, info: ValidationInfo) -> list[int] | None:
        heads = info.data.get("heads")
        if value is not None and heads is not None and len(value) != heads:
            raise rule(f"{len(value)} depths, but {heads} heads: one number for each head")
        return value


class DraftModelRun(Section):
    """A smaller model on the same chip drafts, the model verifies."""

    rows_key: ClassVar[str] = "drafts"

    name: RunName = Field(description="name of the run in reports")
    scheme: Literal["draft_model"] = Field(description="way of decoding")
    drafter: Model = Field(description="shape of the draft model")
    precision: PrecisionSection | None = Field(
        default=None, description="its number formats; by default those of the model"
    )
    drafts: Drafts = Field(description="tokens that it drafts for a pass of the model")
    acceptance: Annotated[AcceptanceOfDrafts, _covering("drafts")]

    @property
    def rows(self) -> int:
        """Query rows of a pass and sequence."""
        return self.drafts + 1


class SequentialMtpRun(Section):
    """Prediction modules of one layer each, one after the other."""

    rows_key: ClassVar[str] = "modules"

    name: RunName = Field(description="name of the run in reports")
    scheme: Literal["sequential_mtp"] = Field(description="way of decoding")
    modules: Count = Field(le=64, description="modules in use, each of which drafts one token")
    acceptance: Annotated[AcceptanceOfDrafts, _covering("modules")]

    @property
    def drafts(self) -> int:
        """Drafts of a pass that can be accepted."""
        return self.modules

    @property
    def rows(self) -> int:
        """Query rows of a pass and sequence."""
        return self.modules + 1


class PromptLookupRun(Section):
    """Drafts are copied from the text so far, the model verifies."""

    rows_key: ClassVar[str] = "drafts"

    name: RunName = Field(description="name of the run in reports")
    scheme: Literal["prompt_lookup"] = Field(description="way of decoding")
    drafts: Drafts = Field(description="tokens that are copied for a pass")
    acceptance: Annotated[AcceptanceOfDrafts, _covering("drafts")]

    @property
    def rows(self) -> int:
        """Query rows of a pass and sequence."""
        return self.drafts + 1


SpeculativeRun = MultiTokenRun | MedusaRun | DraftModelRun | SequentialMtpRun | PromptLookupRun
Run = Annotated[AutoregressiveRun | SpeculativeRun, Field(discriminator="scheme")]


@dataclass(frozen=True, slots=True)
class Shapes:
    """The shapes that a workload file names, which may lie in other files: of the model (None if it
    could not be read) and, by index of the run, of draft models.
    """

    model: ModelShape | None
    drafters: dict[int, ModelShape]


KINDS = ("decode", "train_step")
"""Kinds of workloads; without a word about it, a workload decodes."""
DECODING_ONLY = dict.fromkeys(
    ("prompt_tokens", "prefill_chunk_tokens", "output_tokens", "seed"),
    "it belongs to workloads that decode, and this is a training step (kind: train_step)",
)
TRAINING_ONLY = {
    "sequence_tokens": "it belongs to a training step (kind: train_step), and this workload decodes"
}


class WorkloadFile(Section):
    """An accsim workload: a model, how it is stored, and the ways of decoding to compare."""

    foreign_keys: ClassVar[dict[str, str]] = TRAINING_ONLY

    kind: Annotated[
        str,
        AfterValidator(known("kind of workload", KINDS)),
        Field(json_schema_extra={"enum": ["decode"]}),
    ] = Field(default="decode", description="kind of workload: decoding")
    name: Name = Field(description="name of the workload in reports")
    model: Model = Field(description="shape of the model")
    precision: PrecisionSection = Field(description="number formats")
    prompt_tokens: Count = Field(description="tokens of each prompt")
    prefill_chunk_tokens: Count | None = Field(
        default=None,
        description="tokens of a prompt that a prefill pass reads at most; by default all",
    )
    output_tokens: Whole = Field(ge=2, le=10**9, description="tokens to generate per sequence")
    batch: Count = Field(default=1, le=65536, description="sequences decoded together")
    seed: Whole = Field(
        default=1, ge=0, lt=2**63, description="seed of the draws of accepted drafts"
    )
    runs: list[Run] = Field(min_length=1, description="ways of decoding, to be compared")
    # After `runs`, so that its validator sees them.
    baseline: str = Field(description="name of the run that speed-ups refer to")

    # The validators get `Shapes` as context.

    @field_validator("output_tokens")
    @classmethod
    def _within_positions(cls, value: int, info: ValidationInfo) -> int:
        shape = _shapes(info).model
        prompt = info.data.get("prompt_tokens", 0)
        if shape is not None and prompt + value > shape.max_positions:
            raise rule(f"prompt {prompt} + output {value} exceeds {_positions(shape)}")
        return value

    @field_validator("runs")
    @classmethod
    def _distinct_and_fitting(cls, value: list[Run], info: ValidationInfo) -> list[Run]:
        shapes = _shapes(info)
        prompt, output = info.data.get("prompt_tokens"), info.data.get("output_tokens")
        faults: list[tuple[tuple[str | int, ...], str]] = []
        first: dict[str, int] = {}
        for index, run in enumerate(value):
            if first.setdefault(run.name, index) != index:
                faults.append(((index, "name"), f"{run.name!r} is already runs[{first[run.name]}]"))
            if isinstance(run, AutoregressiveRun):
                continue
            for shape in (shapes.model, shapes.drafters.get(index)):
                if shape is None or not prompt or not output:
                    continue
                if prompt + output + run.rows > shape.max_positions:
                    message = (
                        f"prompt {prompt} + output {output} + {run.rows} rows of a pass exceeds "
                        f"{_positions(shape)}"
                    )
                    faults.append(((index, run.rows_key), message))
            if shapes.model is not None:
                faults += (((index, key), message) for key, message in _misfits(run, index, shapes))
        rules(faults)
        return value

    @field_validator("baseline")
    @classmethod
    def _names_a_run(cls, value: str, info: ValidationInfo) -> str:
        runs: list[Run] | None = info.data.get("runs")
        if runs is not None and value not in [run.name for run in runs]:
            raise rule(f"no run is named {value!r}{suggest(value, [run.name for run in runs])}")
        return value


def _shapes(info: ValidationInfo) -> Shapes:
    return info.context if isinstance(info.context, Shapes) else Shapes(None, {})


def _misfits(run: SpeculativeRun, index: int, shapes: Shapes) -> Iterator[tuple[str, str]]:
    """What of a run does not fit its model: keys and messages."""
    shape, drafter = shapes.model, shapes.drafters.get(index)
    if shape is None:
        return
    # Heads of the layout `extra` are added to the layers, so that the trunk keeps all but one.
    if (
        isinstance(run, MultiTokenRun)
        and run.layout == "constant"
        and run.trained_heads >= shape.layers
    ):
        yield (
            "trained_heads",
            f"{run.trained_heads} heads leave no trunk in the {shape.layers} layers of "
            f"{shape.name}, must be at most {shape.layers - 1}",
        )
    if drafter is not None and drafter.vocab != shape.vocab:
        yield (
            "drafter",
            f"{drafter.name} has a vocabulary of {drafter.vocab} tokens, {shape.name} of "
            f"{shape.vocab}: its drafts would mean other tokens",
        )


def _positions(shape: ModelShape) -> str:
    return f"the {shape.max_positions} positions of {shape.name}"
