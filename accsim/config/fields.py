"""What the sections of all file formats are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, ClassVar, LiteralString

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    ValidationError,
)
from pydantic.fields import FieldInfo
from pydantic_core import InitErrorDetails, PydanticCustomError

from accsim.config.text import suggest

RULE: LiteralString = "accsim_rule"
"""Type of the errors whose message is complete as it is."""
FORM: LiteralString = "accsim_form"
"""Type of the errors whose message ends with what was found instead."""


class Section(BaseModel):
    """A mapping with fixed keys.

    `foreign_keys` are keys of a sibling format, each with the reason why it may not stand here.
    """

    foreign_keys: ClassVar[dict[str, str]] = {}

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


def fields_by_key(section: type[Section]) -> dict[str, FieldInfo]:
    """The fields of a section by the key that files have, which may be a word of Python (from)."""
    return {field.alias or name: field for name, field in section.model_fields.items()}


def _integral(value: object) -> object:
    """Engineers write 1e3 for a thousand; YAML calls that a float."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Whole = Annotated[int, BeforeValidator(_integral)]
"""A whole number; ``1e3`` is one."""

Count = Annotated[Whole, Field(ge=1, le=10**9)]
Cycles = Annotated[Whole, Field(ge=0, le=10**9)]
"""A latency in cycles, which may be none."""

Amount = Annotated[float, Field(ge=0, le=10**9, allow_inf_nan=False)]
"""A physical quantity, which may be none."""


def rule(message: str) -> PydanticCustomError:
    """The error of a broken rule, with its whole message."""
    return PydanticCustomError(RULE, "{message}", {"message": message})


def rules(faults: Sequence[tuple[tuple[str | int, ...], str]]) -> None:
    """Raise all faults at once, each at a path relative to the value that is checked."""
    if faults:
        details = [
            InitErrorDetails(type=rule(message), loc=path, input=None) for path, message in faults
        ]
        raise ValidationError.from_exception_data("faults", details)


def _printable(name: str) -> str:
    # It is printed to terminals: no line breaks, no escape sequences.
    if not name.isprintable():
        raise rule(f"may hold only printable characters, got {name!r}")
    return name


Name = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_printable)]


def _power_of_two(value: int) -> int:
    if value & (value - 1):
        raise rule(f"must be a power of two, got {value}")
    return value


PowerOfTwo = Annotated[Count, AfterValidator(_power_of_two)]


def known(what: str, allowed: Iterable[str]) -> Callable[[str], str]:
    """A validator of names from a table."""
    table = list(allowed)

    def check(name: str) -> str:
        if name not in table:
            raise rule(f"unknown {what} {name!r}{suggest(name, table)}")
        return name

    return check


def _form(value: object) -> str | None:
    if isinstance(value, str):
        return "name"
    return "mapping" if isinstance(value, dict | Section) else None


def name_or_mapping(message: LiteralString) -> Discriminator:
    """Tells a name from a mapping; `message` says what is expected when it is neither."""
    return Discriminator(_form, custom_error_type=FORM, custom_error_message=message)
