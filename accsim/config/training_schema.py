"""What a user may write in a workload file of ``kind: train_step``."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from accsim.config.fields import Count, Name, Section, known, rule, rules
from accsim.config.text import suggest
from accsim.config.workload_schema import DECODING_ONLY, Model, RunName
from accsim.workload import ModelShape

TRAINED_FORMATS = ("bf16", "fp16", "fp32")


class TrainingRunSection(Section):
    """One way of a training step."""

    name: RunName = Field(description="name of the run in reports")
    heads: Count = Field(default=1, description="prediction heads trained; 1 is the ordinary model")
    layout: Literal["constant", "extra"] = Field(
        default="constant",
        description="constant: each head is one of the model's layers; extra: the first head is "
        "the model's last layer, and each further head is a layer more",
    )
    heads_live: Literal["one_at_a_time", "all"] = Field(
        default="one_at_a_time",
        description="one_at_a_time: a head goes forward and backward before the next begins, so "
        "that one head's logits exist at a time; all: every head forward, then every head backward",
    )
    attention: Literal["flash", "stored"] = Field(
        default="flash",
        description="flash: scores are made again in the backward pass; stored: the forward pass "
        "stores the probabilities",
    )


class TrainingFile(Section):
    """An accsim workload that is one training step: a model, a batch, and ways to compare."""

    foreign_keys: ClassVar[dict[str, str]] = DECODING_ONLY

    kind: Literal["train_step"] = Field(description="kind of workload: one training step")
    name: Name = Field(description="name of the workload in reports")
    model: Model = Field(description="shape of the ordinary model")
    precision: Annotated[
        str,
        AfterValidator(known("format to train in", TRAINED_FORMATS)),
        Field(json_schema_extra={"enum": list(TRAINED_FORMATS)}),
    ] = Field(description="format of weights, activations and gradients; logits are fp32")
    batch: Count = Field(default=1, le=65536, description="sequences of the step")
    sequence_tokens: Count = Field(description="tokens of each sequence")
    runs: list[TrainingRunSection] = Field(min_length=1, description="steps, to be compared")
    # After `runs`, so that its validator sees them.
    baseline: str = Field(description="name of the run that the others are compared with")

    # The validators get the model's shape as context: it may lie in another file.

    @field_validator("sequence_tokens")
    @classmethod
    def _within_positions(cls, value: int, info: ValidationInfo) -> int:
        shape: ModelShape | None = info.context
        if shape is not None and value > shape.max_positions:
            raise rule(f"{value} exceeds the {shape.max_positions} positions of {shape.name}")
        return value

    @field_validator("runs")
    @classmethod
    def _distinct_and_fitting(
        cls, value: list[TrainingRunSection], info: ValidationInfo
    ) -> list[TrainingRunSection]:
        shape: ModelShape | None = info.context
        faults: list[tuple[tuple[str | int, ...], str]] = []
        first: dict[str, int] = {}
        for index, run in enumerate(value):
            if first.setdefault(run.name, index) != index:
                faults.append(((index, "name"), f"{run.name!r} is already runs[{first[run.name]}]"))
            constant = run.layout == "constant" and run.heads > 1
            if shape is not None and constant and run.heads >= shape.layers:
                message = (
                    f"{run.heads} heads leave no trunk in the {shape.layers} layers of "
                    f"{shape.name}, must be at most {shape.layers - 1}"
                )
                faults.append(((index, "heads"), message))
        rules(faults)
        return value

    @field_validator("baseline")
    @classmethod
    def _names_a_run(cls, value: str, info: ValidationInfo) -> str:
        runs: list[TrainingRunSection] | None = info.data.get("runs")
        if runs is not None and value not in [run.name for run in runs]:
            raise rule(f"no run is named {value!r}{suggest(value, [run.name for run in runs])}")
        return value
