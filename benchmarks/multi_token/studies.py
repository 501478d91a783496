"""The simulations behind each section of the page, as plain dicts that JSON can hold.

Each function is one job for one worker; its arguments are plain values.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from typing import Any

from cost_of_a_token.passes import systolic

from accsim.analysis.measure import measure
from accsim.chip import AttentionOptions, Chip
from accsim.config.models import SHAPES
from accsim.cost_curve import Cost
from accsim.engine.simulate import simulate
from accsim.lowering.lower import lower
from accsim.tracing.schemes import Setting, step_parts
from accsim.units import Clock
from accsim.workload import DraftModel, Medusa, MultiToken, PromptLookup, Scheme, SequentialMtp

from .steps import (
    CHIPS,
    HEADS,
    ORDINARY,
    TEXTS,
    WIDE,
    Case,
    chip_of,
    compared,
    figures,
    missing_bytes,
    precision_of,
    step_cost,
    tokens,
)

FOUR_HEADS = MultiToken(HEADS, HEADS)
CONTEXTS = (512, 2048, 4088)
"""Cache lengths for the share of keys and values; the last leaves eight of 4096 positions."""
RATE_MTPS = 3200
RATES_MTPS = (200, 300, 400, 600, 800, 1200, 1600, 2400, 3200, 4800, 6400)
"""Data rates of the curves over bandwidth: two channels of 64 bits carry 3.2 to 102.4 GB/s."""
SIDES = (8, 16, 32, 64, 128)
ENGINE = "dot-product"
MEMORIES = ("ddr_npu", "lpddr5_soc", "hbm_npu")
BATCHES = (1, 2, 4, 8, 16, 32, 64)
BATCH_CONTEXT = 512
BATCH_SIDES = (16, 32, 128)
BATCH_CHIPS = (*CHIPS, "ddr5_npu", "ddr_dot")
SCHEMES_CONTEXT = 1024
"""Half of the positions of the draft model."""
SIZES = ("mtp-0.3b", "mtp-0.6b", "mtp-1.3b", "mtp-3b", "llama2-7b", "llama2-13b")
MOST_HEADS = 8


def grid(chip_name: str, weights: str, model: str) -> dict[str, Any]:
    """Ordinary model and 1 to 4 heads at batch 1."""
    return compared(chip_of(chip_name), Case(model, weights))


def error(chip_name: str, weights: str) -> float:
    """By what part the extrapolated time of a 4-head step differs from one simulated whole."""
    chip, case = chip_of(chip_name), Case(weights=weights)
    (part,) = step_parts(Setting(SHAPES[case.model], precision_of(weights), 1), FOUR_HEADS)
    program = lower(chip, part.graph, (case.context,), case.context + part.graph.rows)
    whole = measure(chip, part.graph, program, simulate(program, chip)).elapsed_ps
    return step_cost(chip, case, FOUR_HEADS).ps / whole - 1


def sharing(model: str, weights: str, context: int) -> dict[str, Any]:
    """Cached keys and values of a step, read once for all rows or by each row for itself.

    On ddr_npu, or with twice its channels where it has no room for the model.
    """
    case = Case(model, weights, context)
    chip = chip_of("ddr_npu")
    if missing_bytes(chip, case, FOUR_HEADS) > 0:
        chip = chip_of(WIDE)
    apart = replace(chip, attention=AttentionOptions(kv_shared_by_rows=False))
    return {
        "model": model,
        "weights": weights,
        "context": context,
        "chip": chip.name,
        "ordinary": _with_cache(step_cost(chip, case, ORDINARY)),
        "shared": _with_cache(step_cost(chip, case, FOUR_HEADS)),
        "apart": _with_cache(step_cost(apart, case, FOUR_HEADS)),
    }


def _with_cache(cost: Cost) -> dict[str, Any]:
    return figures(cost) | {"cached_bytes": cost.cached_bytes}


def clocked(rate_mtps: int) -> Chip:
    """ddr_npu with its DRAM at another data rate, all timings in clock cycles as they are."""
    chip = chip_of("ddr_npu")
    part = replace(chip.memory.part, data_rate_mtps=rate_mtps, clock=Clock(rate_mtps * 10**6, 2))
    return replace(chip, memory=replace(chip.memory, part=part))


def bandwidth(weights: str) -> dict[str, Any]:
    """Steps over the DRAM's data rate, and the least rate at which 4 heads keep up.

    ``needed_mtps`` has for each text the least data rate at which 4-head decoding is as fast as the
    ordinary model, and as one head of its own, at `RATE_MTPS`.
    """
    case = Case(weights=weights)
    known: dict[int, int] = {}

    def heads_ps(rate: int) -> int:
        if rate not in known:
            known[rate] = step_cost(clocked(rate), case, FOUR_HEADS).ps
        return known[rate]

    references: dict[str, Scheme] = {"ordinary": ORDINARY, "k1": MultiToken(HEADS, 1)}
    full = {
        name: step_cost(clocked(RATE_MTPS), case, scheme) for name, scheme in references.items()
    }
    needed: dict[str, dict[str, int]] = {name: {} for name in references}
    for name, cost in full.items():
        for text in TEXTS:
            low, high = 0, RATE_MTPS
            while high - low > 1:
                middle = (low + high) // 2
                keeps_up = heads_ps(middle) <= tokens(text, HEADS) * cost.ps
                low, high = (low, middle) if keeps_up else (middle, high)
            needed[name][text] = high
    return {
        "ordinary_ps": {
            str(rate): step_cost(clocked(rate), case, ORDINARY).ps for rate in RATES_MTPS
        },
        "k4_ps": {str(rate): heads_ps(rate) for rate in RATES_MTPS},
        "ordinary": figures(full["ordinary"]),
        "needed_mtps": needed,
        "peak_bytes_per_s": float(chip_of("ddr_npu").memory.peak_bytes_per_s),
    }


def with_side(chip: Chip, side: int) -> Chip:
    """The chip with arrays of `side` x `side`."""
    return replace(chip, array=replace(systolic(chip), rows=side, columns=side))


def turning(chip_name: str, weights: str, side: int | None) -> dict[str, Any]:
    """Ordinary model and 1 to 4 heads with another array; None: the dot-product engine of ddr_dot.

    ``batch`` has the least of `BATCHES` at which the array has the largest share of the critical
    path, by ordinary model and 4 heads, with `BATCH_CONTEXT` tokens in each cache; None where it
    has at none that the DRAM has room for.
    """
    chip = chip_of(chip_name)
    array = chip_of("ddr_dot").array if side is None else with_side(chip, side).array
    chip = replace(chip, array=array)
    steps = compared(chip, Case(weights=weights))
    schemes: dict[str, Scheme] = {"ordinary": ORDINARY, "k4": FOUR_HEADS}
    leading: dict[str, int | None] = dict.fromkeys(schemes)
    for name, scheme in schemes.items():
        for batch in BATCHES:
            case = Case(weights=weights, context=BATCH_CONTEXT, batch=batch)
            if missing_bytes(chip, case, scheme) > 0:
                break
            if step_cost(chip, case, scheme).bound == "array":
                leading[name] = batch
                break
    return {
        "chip": chip_name,
        "weights": weights,
        "array": ENGINE if side is None else f"{side} x {side}",
        "weights_per_s": _weights_per_s(chip),
        "pins_bytes_per_s": float(chip.memory.peak_bytes_per_s),
        "steps": steps,
        "batch": leading,
    }


def _weights_per_s(chip: Chip) -> float:
    """Weights that the arrays can take in for one row: one for each column, or multiplier."""
    array = chip.array
    width = array.columns if array.kind == "systolic" else array.lanes * array.width
    return array.count * width * array.pe_rate(16) * chip.clock.hz


def batches(chip_name: str, weights: str, side: int | None) -> dict[str, Any]:
    """Ordinary model and 1 to 4 heads over the batch, with short caches."""
    chip = chip_of(chip_name)
    if side is not None:
        chip = with_side(chip, side)
    return {
        str(batch): compared(chip, Case(weights=weights, context=BATCH_CONTEXT, batch=batch))
        for batch in BATCHES
    }


def sizes(model: str) -> dict[str, Any]:
    """N heads in use of n, in place of layers of the trunk and besides them, for n up to 8.

    With the step of one head of the constant 4-head model, and what a head's layer has of the
    weights of a step.
    """
    chip, case = chip_of(WIDE), Case(model)
    shape = SHAPES[model]
    layer, lm_head = shape.layer_matmul_params, shape.vocab * shape.hidden
    counts = range(1, MOST_HEADS + 1)
    constant = [step_cost(chip, case, MultiToken(n, n)) for n in counts]
    extra = [step_cost(chip, case, MultiToken(n, n, "extra")) for n in counts]
    return {
        "head_share": layer / (shape.layers * layer + lm_head),
        "weight_ratio": (shape.layers * layer + lm_head)
        / ((shape.layers - HEADS + 1) * layer + lm_head),
        "ordinary": figures(step_cost(chip, case, ORDINARY)),
        "own": figures(step_cost(chip, case, MultiToken(HEADS, 1))),
        "constant": [figures(cost) for cost in constant],
        "extra": [figures(cost) for cost in extra],
    }


def schemes(weights: str) -> dict[str, Any]:
    """A step of each way of decoding on ddr_npu, and the passes and rows that it has."""
    chip, case = chip_of("ddr_npu"), Case(weights=weights, context=SCHEMES_CONTEXT)
    drafter = DraftModel(SHAPES["tinyllama-1.1b"], precision_of(weights), HEADS - 1)
    ways: dict[str, Scheme] = {
        "ordinary model": ORDINARY,
        "4 heads, 28 + 4 layers, merged": FOUR_HEADS,
        "4 heads, 28 + 4 layers, deferred": replace(FOUR_HEADS, drafting="deferred"),
        "4 heads, 31 + 4 layers, merged": replace(FOUR_HEADS, layout="extra"),
        "4 heads, 31 + 4 layers, deferred": replace(
            FOUR_HEADS, layout="extra", drafting="deferred"
        ),
        "Medusa, chain of 3": Medusa((1, 1, 1)),
        "Medusa, tree of 9 + 24 + 30": Medusa((9, 24, 30)),
        "draft model TinyLlama 1.1B, 3 drafts": drafter,
        "sequential module, 1": SequentialMtp(1),
        "sequential modules, 3": SequentialMtp(3),
        "prompt lookup, 3 drafts": PromptLookup(3),
    }
    setting = Setting(SHAPES[case.model], precision_of(weights), 1)
    return {
        name: figures(step_cost(chip, case, scheme))
        | {
            "rows": scheme.rows,
            "drafts": scheme.drafts,
            "passes": len(step_parts(setting, scheme)),
        }
        for name, scheme in ways.items()
    }


def printed(*words: str) -> dict[str, Any]:
    """The JSON object that ``accsim`` prints with these words."""
    command = [sys.executable, "-m", "accsim", *words, "--json"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def generations() -> dict[str, Any]:
    """The draw of 1000 generations of the shipped 4-head workload on ddr_npu."""
    found = printed("run", "ddr_npu", "llama2_mtp")
    (run,) = (one for one in found["runs"] if one["name"] == "heads4_k4")
    return {"drawn": run["mean_tokens_per_pass"], "generations": run["generations"]}


def training() -> dict[str, Any]:
    """The training step of the shipped workload, without its operators."""
    found = printed("run", "ddr5_npu", "llama2_train")
    for run in found["runs"]:
        del run["ops"]
    return found
