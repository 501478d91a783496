"""What a user may write as the acceptance of a run."""

from __future__ import annotations

import math
from typing import Annotated

from pydantic import AfterValidator, Discriminator, Field, Tag, field_validator

from accsim.acceptance import AtEnd
from accsim.config.fields import FORM, Section, known, rule
from accsim.config.models import ACCEPTANCES

Chance = Annotated[float, Field(ge=0, le=1)]
Source = Annotated[str, Field(min_length=1)]

SHARES_SUM = 1e-6
"""How far the sum of a histogram's shares may lie from 1: rounding to six decimals."""

_SAME_RATE = (
    "write `true` if drafts are right equally often at every position; published rates fall with "
    "the position (EAGLE with LLaMA2-Chat 7B: .76, .69, .67), so give `rates` where they are known"
)


class AcceptanceRates(Section):
    """Acceptance rates of one's own."""

    rates: list[Chance] = Field(
        min_length=1,
        description="chance (0..1) that each draft is right, given that all before it were",
    )
    source: Source = Field(description="where the rates come from")


class AcceptanceHistogram(Section):
    """How many passes emitted how many tokens."""

    histogram: list[Annotated[float, Field(ge=0)]] = Field(
        min_length=1,
        description="passes that emitted 1, 2, ... tokens: counts, or shares that sum to 1; more "
        "tokens than there are entries were never emitted",
    )
    source: Source = Field(description="where the histogram comes from")

    @field_validator("histogram")
    @classmethod
    def _counts_or_shares(cls, value: list[float]) -> list[float]:
        total = math.fsum(value)
        if not all(count.is_integer() for count in value):
            if abs(total - 1) > SHARES_SUM:
                raise rule(f"expected whole counts, or shares that sum to 1, got a sum of {total}")
        elif not total:
            raise rule("expected at least one pass, got none")
        return value


class AcceptanceRecording(Section):
    """Tokens that passes emitted, replayed as they were recorded."""

    recording: Annotated[str, Field(min_length=1)] = Field(
        description="text file, relative to the folder of this file: one generation a line, the "
        "tokens of each pass with blanks between, comments behind #"
    )
    at_end: AtEnd = Field(
        description="stop: decoding ends where the first line in use ends; wrap: a line starts "
        "again at its end"
    )
    source: Source = Field(description="where the recording comes from")


class SingleRate(Section):
    """One rate for every position."""

    single_rate: Chance = Field(
        description="chance (0..1) that a draft is right, given that all before it were"
    )
    same_at_every_position: bool = Field(description=_SAME_RATE)
    source: Source = Field(description="where the rate comes from")

    @field_validator("same_at_every_position")
    @classmethod
    def _said(cls, value: bool) -> bool:
        if not value:
            raise rule(_SAME_RATE)
        return value


AcceptanceSection = AcceptanceRates | AcceptanceHistogram | AcceptanceRecording | SingleRate

_BY_KEY: dict[str, type[AcceptanceSection]] = {
    "rates": AcceptanceRates,
    "histogram": AcceptanceHistogram,
    "recording": AcceptanceRecording,
    "single_rate": SingleRate,
}
KINDS = (
    f"name a set ({', '.join(ACCEPTANCES)}), or give rates, histogram, recording or single_rate "
    "and their source"
)


def _form(value: object) -> str | None:
    """The name of the section that a mapping is meant to be: each has a key of its own."""
    if isinstance(value, str):
        return "name"
    if isinstance(value, AcceptanceSection):
        return type(value).__name__
    if isinstance(value, dict):
        return next((section.__name__ for key, section in _BY_KEY.items() if key in value), None)
    return None


AcceptanceChoice = Annotated[
    Annotated[
        str,
        AfterValidator(known("acceptance set", ACCEPTANCES)),
        Field(json_schema_extra={"enum": list(ACCEPTANCES)}),
        Tag("name"),
    ]
    | Annotated[AcceptanceRates, Tag("AcceptanceRates")]
    | Annotated[AcceptanceHistogram, Tag("AcceptanceHistogram")]
    | Annotated[AcceptanceRecording, Tag("AcceptanceRecording")]
    | Annotated[SingleRate, Tag("SingleRate")],
    Discriminator(
        _form,
        custom_error_type=FORM,
        custom_error_message="expected the name of an acceptance set, or keys and values with one "
        "of rates, histogram, recording, single_rate",
    ),
]


def for_drafts(
    choice: str | AcceptanceSection | None, drafts: int, carrier: str
) -> str | AcceptanceSection | None:
    """A run's acceptance, once it is known to say enough about the drafts of a pass.

    Args:
        choice: what the file says, None for nothing.
        drafts: how many drafts a pass verifies, one position after the other.
        carrier: what has so many, for messages: ``4 active heads``.

    Raises:
        PydanticCustomError: nothing is said, or of fewer positions.
    """
    if choice is None:
        if drafts:
            raise rule(f"this key is required with {carrier}: {KINDS}")
        return None
    covered = _covered(choice)
    if covered is not None and covered < drafts:
        rates = "1 rate" if covered == 1 else f"{covered} rates"
        of = "draft" if drafts == 1 else "drafts"
        raise rule(f"{rates} for the {drafts} {of} of {carrier}")
    return choice


def _covered(choice: str | AcceptanceSection) -> int | None:
    """How many drafts a choice speaks of; None if of any number."""
    if isinstance(choice, str):
        return len(ACCEPTANCES[choice].rates)
    return len(choice.rates) if isinstance(choice, AcceptanceRates) else None
