"""What a user may write in a mapping file."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from accsim.config.fields import Count, Section
from accsim.mapping import Held, Split

Pattern = Annotated[str, Field(min_length=1, max_length=200)]


class PinSection(Section):
    """What is fixed for some operators; what is not given is left to the mapper."""

    match: Pattern = Field(
        description="name of an operator (`accsim explain` lists them); * stands for any "
        "characters, ? for one; attention is pinned by its scores operator"
    )
    graph: Pattern = Field(
        default="*", description="only in passes of this graph; * and ? as in `match`"
    )
    rows: Count | None = Field(
        default=None,
        description="activation rows of a block, query rows of a unit of attention; at most all",
    )
    outer: Count | None = Field(
        default=None, description="output channels of a block of a matmul, in whole panels"
    )
    inner: Count | None = Field(default=None, description="inputs of a block of a matmul")
    held: Held | None = Field(
        default=None,
        description="operand of a matmul of which a block stays in SRAM while the other streams",
    )
    split: Split | None = Field(
        default=None, description="dimension of a matmul that several arrays share"
    )
    heads: Count | None = Field(default=None, description="KV heads of a unit of attention")


class MappingFile(Section):
    """Pins of an accsim mapping: how operators are cut, where it is not left to the mapper."""

    ops: list[PinSection] = Field(
        min_length=1, description="of the entries that match an operator, the first counts"
    )
