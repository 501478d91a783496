"""Decode steps of any scheme on the chips of the page: what they cost, and what they bring."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from cost_of_a_token.passes import inputs

from accsim.chip import Chip
from accsim.config.models import ACCEPTANCES, SHAPES
from accsim.cost_curve import Cost, graph_cost
from accsim.tracing.decoding import resident_bytes
from accsim.tracing.schemes import Setting, step_parts
from accsim.workload import Autoregressive, MultiToken, Precision, Scheme, Workload

CONTEXT = 2048
"""Tokens in the KV cache of each sequence before a step: half of the model's positions."""
HEADS = 4
TEXTS = ("wikipedia", "books", "code")
ORDINARY = Autoregressive()

WIDE = "ddr_npu, 4 channels"
CHIPS = ("ddr_npu", WIDE, "lpddr5_soc", "hbm_npu")
"""The shipped chips, and ddr_npu with twice the channels: 51.2, 102.4, 51.2 and 819.2 GB/s."""
PRECISIONS = {"fp16": "llama2_mtp", "int8": "llama2_mtp_int8", "int4": "llama2_mtp_int4"}
"""By weight format: the shipped workloads, with activations and KV cache in fp16."""
MODELS = ("llama2-7b", "llama2-13b")


@lru_cache
def chip_of(name: str) -> Chip:
    """A shipped chip, or `WIDE`."""
    chip = inputs("ddr_npu" if name == WIDE else name, PRECISIONS["fp16"])[0]
    if name != WIDE:
        return chip
    memory = replace(chip.memory, channels=2 * chip.memory.channels)
    return replace(chip, name=name, memory=memory)


@lru_cache
def precision_of(weights: str) -> Precision:
    """The formats of a shipped workload."""
    return inputs("ddr_npu", PRECISIONS[weights])[1].precision


@dataclass(frozen=True, slots=True)
class Case:
    """A model, how its weights are stored, and the caches that a step finds."""

    model: str = MODELS[0]
    weights: str = "fp16"
    context: int = CONTEXT
    batch: int = 1

    def workload(self) -> Workload:
        """One that decodes from these caches on, for what asks for a whole workload."""
        shipped = inputs("ddr_npu", PRECISIONS[self.weights])[1]
        return replace(
            shipped,
            model=SHAPES[self.model],
            prompt_tokens=self.context,
            output_tokens=0,
            batch=self.batch,
        )


def step_cost(chip: Chip, case: Case, scheme: Scheme) -> Cost:
    """All passes of a decode step together, equal layers extrapolated.

    Raises:
        InputError: a pass does not fit the SRAM.
    """
    setting = Setting(SHAPES[case.model], precision_of(case.weights), case.batch)
    costs = [
        graph_cost(chip, part.graph, case.context + part.ahead)
        for part in step_parts(setting, scheme)
    ]
    names = dict.fromkeys(name for cost in costs for name in cost.causes_ps)
    return Cost(
        ps=sum(cost.ps for cost in costs),
        causes_ps={name: sum(cost.causes_ps.get(name, 0) for cost in costs) for name in names},
        dram_bytes=sum(cost.dram_bytes for cost in costs),
        cached_bytes=sum(cost.cached_bytes for cost in costs),
    )


def missing_bytes(chip: Chip, case: Case, scheme: Scheme) -> int:
    """DRAM bytes that the step needs beyond what the chip has; 0 or less if it fits."""
    setting = Setting(SHAPES[case.model], precision_of(case.weights), case.batch)
    graphs = tuple(part.graph for part in step_parts(setting, scheme))
    return resident_bytes(case.workload(), scheme, graphs) - chip.memory.capacity_bytes


def figures(cost: Cost) -> dict[str, Any]:
    """What the page needs of a step: ps, DRAM bytes, and the largest cause with its share."""
    return {
        "ps": cost.ps,
        "dram_bytes": cost.dram_bytes,
        "bound": cost.bound,
        "bound_share": round(cost.causes_ps[cost.bound] / cost.ps, 4),
    }


def compared(chip: Chip, case: Case) -> dict[str, Any]:
    """Steps of the ordinary model and of the 4-head model with 1 to 4 heads in use.

    ``missing_bytes`` alone if the DRAM has no room for them.
    """
    schemes = {"ordinary": ORDINARY} | {
        f"k{active}": MultiToken(HEADS, active) for active in range(1, HEADS + 1)
    }
    missing = max(missing_bytes(chip, case, scheme) for scheme in schemes.values())
    if missing > 0:
        return {"missing_bytes": missing}
    return {name: figures(step_cost(chip, case, scheme)) for name, scheme in schemes.items()}


def tokens(text: str, active: int) -> float:
    """Mean tokens of a step with `active` heads in use (Gloeckle et al. 2024, table S2)."""
    return ACCEPTANCES[text].expected_tokens(active)
