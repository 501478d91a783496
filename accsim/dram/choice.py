"""Which model of the DRAM a memory gets: the fast one wherever that is right."""

from __future__ import annotations

from typing import Literal

from accsim.chip import Memory
from accsim.dram.memory import MemoryModel, RowGranularMemory, outside_domain

DramModel = Literal["row_granular", "command_level"]


def chosen_model(memory: Memory) -> DramModel:
    """The name of the model that `model_of` makes."""
    return "row_granular" if outside_domain(memory) is None else "command_level"


def model_of(memory: Memory) -> MemoryModel:
    """A fresh model of a memory at cycle 0, all rows closed."""
    if chosen_model(memory) == "row_granular":
        return RowGranularMemory(memory)
    # Few chips need it, and its compiled functions take a while to load.
    from accsim.dram.reference.memory import ReferenceMemory

    return ReferenceMemory(memory)
