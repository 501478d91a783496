"""What a user may write in a workload file."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, Tag, ValidationInfo, field_validator

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
from accsim.config.models import ACCEPTANCES, SHAPES
from accsim.config.text import suggest
from accsim.workload import ModelShape


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


class AcceptanceRates(Section):
    """Acceptance rates of one's own."""

    rates: list[Annotated[float, Field(ge=0, le=1)]] = Field(
        min_length=1,
        description="chance (0..1) that each draft is right, given that all before it were",
    )
    source: Annotated[str, Field(min_length=1)] = Field(description="where the rates come from")


AcceptanceChoice = Annotated[
    Annotated[
        str,
        AfterValidator(known("acceptance set", ACCEPTANCES)),
        Field(json_schema_extra={"enum": list(ACCEPTANCES)}),
        Tag("name"),
    ]
    | Annotated[AcceptanceRates, Tag("mapping")],
    name_or_mapping(
        "expected the name of an acceptance set or {rates: [...], source: ...}",
    ),
]


class MultiTokenRun(Section):
    """Self-speculative decoding with parallel prediction heads.

    The constant-parameter layout of Gloeckle et al. 2024: each head is one of the model's layers.
    """

    name: RunName = Field(description="name of the run in reports")
    scheme: Literal["multi_token"] = Field(description="way of decoding")
    trained_heads: Count = Field(description="prediction heads that the model was trained with")
    active_heads: Count = Field(description="heads in use, so query rows of a pass")
    acceptance: AcceptanceChoice | None = Field(
        default=None,
        validate_default=True,
        description="how often drafts are right; required with more than one active head",
    )

    @property
    def rows(self) -> int:
        """Query rows of a pass and sequence."""
        return self.active_heads

    @field_validator("active_heads")
    @classmethod
    def _trained(cls, value: int, info: ValidationInfo) -> int:
        trained = info.data.get("trained_heads", value)
        if value > trained:
            raise rule(f"{value} active heads, but the model has only {trained} trained heads")
        return value

    @field_validator("acceptance")
    @classmethod
    def _rates_for_every_draft(
        cls, value: str | AcceptanceRates | None, info: ValidationInfo
    ) -> str | AcceptanceRates | None:
        drafts = info.data.get("active_heads", 1) - 1
        if value is None:
            if drafts:
                hint = f"name a set ({', '.join(ACCEPTANCES)}) or give rates and their source"
                raise rule(f"this key is required with more than one active head: {hint}")
            return value
        rates = value.rates if isinstance(value, AcceptanceRates) else ACCEPTANCES[value].rates
        if len(rates) < drafts:
            raise rule(f"{len(rates)} rates for the {drafts} drafts of {drafts + 1} active heads")
        return value


Run = Annotated[AutoregressiveRun | MultiTokenRun, Field(discriminator="scheme")]


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

    # The validators get the model's shape as context: it may lie in another file.

    @field_validator("output_tokens")
    @classmethod
    def _within_positions(cls, value: int, info: ValidationInfo) -> int:
        shape: ModelShape | None = info.context
        prompt = info.data.get("prompt_tokens", 0)
        if shape is not None and prompt + value > shape.max_positions:
            raise rule(f"prompt {prompt} + output {value} exceeds {_positions(shape)}")
        return value

    @field_validator("runs")
    @classmethod
    def _distinct_and_fitting(cls, value: list[Run], info: ValidationInfo) -> list[Run]:
        shape: ModelShape | None = info.context
        prompt, output = info.data.get("prompt_tokens"), info.data.get("output_tokens")
        faults: list[tuple[tuple[str | int, ...], str]] = []
        first: dict[str, int] = {}
        for index, run in enumerate(value):
            if first.setdefault(run.name, index) != index:
                faults.append(((index, "name"), f"{run.name!r} is already runs[{first[run.name]}]"))
            if shape is None or isinstance(run, AutoregressiveRun):
                continue
            if run.trained_heads >= shape.layers:
                message = (
                    f"{run.trained_heads} heads leave no trunk in the {shape.layers} layers of "
                    f"{shape.name}, must be at most {shape.layers - 1}"
                )
                faults.append(((index, "trained_heads"), message))
            if prompt and output and prompt + output + run.rows > shape.max_positions:
                message = (
                    f"prompt {prompt} + output {output} + {run.rows} rows of a pass exceeds "
                    f"{_positions(shape)}"
                )
                faults.append(((index, "active_heads"), message))
        rules(faults)
        return value

    @field_validator("baseline")
    @classmethod
    def _names_a_run(cls, value: str, info: ValidationInfo) -> str:
        runs: list[Run] | None = info.data.get("runs")
        if runs is not None and value not in [run.name for run in runs]:
            raise rule(f"no run is named {value!r}{suggest(value, [run.name for run in runs])}")
        return value


def _positions(shape: ModelShape) -> str:
    return f"the {shape.max_positions} positions of {shape.name}"
