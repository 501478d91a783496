"""What a user may write in a sweep file."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import (
    Discriminator,
    Field,
    PlainValidator,
    Tag,
    ValidationInfo,
    field_validator,
)

from accsim.config.fields import FORM, Count, Name, Section, Whole, rule, rules
from accsim.config.text import show
from accsim.study import SEARCHES, SamplerKind, Setting

Text = Annotated[str, Field(min_length=1, max_length=200)]


def _setting(value: object) -> Setting:
    if isinstance(value, Setting):
        return value
    raise rule(f"expected a number, text, true or false, got {show(value)}")


def _level(value: object) -> Setting | list[Setting]:
    if not isinstance(value, list):
        return _setting(value)
    faults: list[tuple[tuple[int], str]] = []
    for index, one in enumerate(value):
        if not isinstance(one, Setting):
            message = f"expected a number, text, true or false, got {show(one)}"
            faults.append(((index,), message))
    rules(faults)
    return value


OneSetting = Annotated[Setting, PlainValidator(_setting, json_schema_input_type=Setting)]
Level = Annotated[
    Setting | list[Setting],
    PlainValidator(_level, json_schema_input_type=Setting | list[Setting]),
]


def _one_or_list(value: object) -> str:
    return "list" if isinstance(value, list) else "one"


Files = Annotated[
    Annotated[Text, Tag("one")] | Annotated[list[Text], Field(min_length=1), Tag("list")],
    Discriminator(_one_or_list),
]
"""One file, or those that the sweep compares."""

Settings = Annotated[
    Annotated[OneSetting, Tag("one")]
    | Annotated[list[OneSetting], Field(min_length=1), Tag("list")],
    Discriminator(_one_or_list),
]

Keys = Annotated[list[Text], Field(min_length=1)]

_KEYS = "what it sets, dotted; by default its own name"
_WHEN = "keys of earlier axes and their settings: where the axis exists"


class LevelsAxis(Section):
    """Levels one by one."""

    keys: Keys | None = Field(default=None, description=_KEYS)
    levels: list[Level] = Field(
        min_length=1,
        description="settings; with several keys a list of one for each, or one for all of them",
    )
    when: dict[str, Settings] = Field(default={}, description=_WHEN)


class RangeAxis(Section):
    """Levels at equal distances or ratios; of keys for whole numbers rounded, equal ones once."""

    keys: Keys | None = Field(default=None, description=_KEYS)
    first: float = Field(alias="from", description="the first level")
    to: float = Field(description="the last level")
    steps: Count = Field(ge=2, le=10_000, description="number of levels, both ends included")
    scale: Literal["linear", "log"] = Field(
        default="linear", description="equal distances (linear) or equal ratios (log)"
    )
    when: dict[str, Settings] = Field(default={}, description=_WHEN)

    @field_validator("scale")
    @classmethod
    def _ratios_of_positive_numbers(cls, value: str, info: ValidationInfo) -> str:
        ends = [info.data[key] for key in ("first", "to") if key in info.data]
        if value == "log" and any(end <= 0 for end in ends):
            raise rule("equal ratios (log) need both ends above 0")
        return value


def _form_of_axis(value: object) -> str | None:
    if isinstance(value, list):
        return "list"
    if isinstance(value, Setting):
        return "one"
    if isinstance(value, dict):
        is_range = any(key in value for key in ("from", "to", "steps"))
        return "RangeAxis" if is_range else "LevelsAxis"
    return None


AxisChoice = Annotated[
    Annotated[OneSetting, Tag("one")]
    | Annotated[list[Level], Field(min_length=1), Tag("list")]
    | Annotated[LevelsAxis, Tag("LevelsAxis")]
    | Annotated[RangeAxis, Tag("RangeAxis")],
    Discriminator(
        _form_of_axis,
        custom_error_type=FORM,
        custom_error_message="expected a list of levels, or keys and values with levels, or with "
        "from, to and steps",
    ),
]


class LimitSection(Section):
    """Bounds of a metric; what lies outside is excluded."""

    least: float | None = Field(default=None, description="the smallest that is allowed")
    most: float | None = Field(default=None, description="the largest that is allowed")


class SamplerSection(Section):
    """Which points of the space are simulated."""

    kind: SamplerKind = Field(
        description="all points (grid); some at random, or evenly spread (sobol, latin_hypercube); "
        "or a search for good ones (nsga2, tpe)"
    )
    count: Count | None = Field(
        default=None, description="points to simulate at most; a grid has all of them"
    )
    seed: Whole = Field(default=1, ge=0, lt=2**32, description="seed of the choice of points")

    @field_validator("count")
    @classmethod
    def _not_of_a_grid(cls, value: int | None, info: ValidationInfo) -> int | None:
        if value is not None and info.data.get("kind") == "grid":
            raise rule("a grid is all points; for some of them choose another sampler")
        return value


class SweepFile(Section):
    """An accsim sweep: what is varied, what is asked, and which points are simulated."""

    name: Name = Field(description="name of the sweep in reports")
    chip: Files = Field(
        description="chip file relative to the folder of this one, or name of a shipped chip; "
        "several are an axis"
    )
    workload: Files = Field(
        description="workload file relative to the folder of this one, or name of a shipped one; "
        "several are an axis"
    )
    axes: dict[Name, AxisChoice] = Field(
        default={},
        description="what is varied: dotted keys of chip and workload (chip.memory.channels), or "
        "names of axes of several keys",
    )
    limits: dict[str, LimitSection] = Field(
        default={}, description="bounds of metrics, outside of which points are excluded"
    )
    objectives: dict[str, Literal["maximise", "minimise"]] = Field(
        default={}, description="metrics that are to be large or small"
    )
    metrics: list[Text] = Field(default=[], description="other metrics to store of each point")
    sampler: SamplerSection = Field(
        default=SamplerSection(kind="grid"), description="which points are simulated"
    )
    timeout_s: float = Field(
        default=300.0, ge=1, le=86_400, description="seconds after which a point is given up"
    )

    @field_validator("limits")
    @classmethod
    def _limit_something(cls, value: dict[str, LimitSection]) -> dict[str, LimitSection]:
        faults: list[tuple[tuple[str, ...], str]] = []
        for metric, limit in value.items():
            if limit.least is None and limit.most is None:
                faults.append(((metric,), "limits nothing: give least, most or both"))
            elif limit.least is not None and limit.most is not None and limit.least > limit.most:
                message = f"nothing lies between {limit.least:g} and {limit.most:g}"
                faults.append(((metric,), message))
        rules(faults)
        return value

    @field_validator("sampler")
    @classmethod
    def _told_enough(cls, value: SamplerSection, info: ValidationInfo) -> SamplerSection:
        faults: list[tuple[tuple[str, ...], str]] = []
        if value.kind != "grid" and value.count is None:
            faults.append(((), f"{value.kind} needs a count of points"))
        if value.kind in SEARCHES and info.data.get("objectives") == {}:
            faults.append((("kind",), f"{value.kind} searches for the best: give objectives"))
        rules(faults)
        return value
