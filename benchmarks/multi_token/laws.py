"""What must hold of the figures, whatever the models become."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from accsim.config.models import SHAPES

from .reading import Steps, cost, has_room, speed_up, waits_for_dram
from .steps import HEADS, TEXTS, tokens
from .studies import ENGINE, RATE_MTPS

TURNED_BY_TWO = (("ddr_npu", "fp16", ENGINE), ("lpddr5_soc", "fp16", ENGINE))
"""Where section 4 says that the array takes over with two heads."""
SLACK = 0.002
"""Steps that wait for DRAM alone may differ by this part in how refresh and writes fall in."""
EXTRAPOLATED = 0.001
"""What equal layers taken from one of them may change of a step's time."""


def check(found: dict[str, Any]) -> None:
    """Hold the figures against what is known without simulating.

    Raises:
        ValueError: one of the laws is broken; says which.
    """
    for name, steps in _all_steps(found):
        _bytes_bound(name, steps)
    for cell in found["grid"]:
        if has_room(cell["steps"]):
            _own_baseline(cell)
            _all_heads_are_best(cell)
    for one in found["sharing"]:
        _sharing(one)
    for weights, one in found["bandwidth"].items():
        if waits_for_dram(one["ordinary"]):
            _bandwidth(weights, one)
    for one in found["turning"]:
        _leaders(one)
    for one in found["batch"]:
        _losers(one)
    for weights, ways in found["schemes"].items():
        for name, one in ways.items():
            ratio = one["ps"] / ways["ordinary model"]["ps"]
            _hold(ratio > 1 - SLACK, f"{name}, {weights}: a step of {ratio:.4f} ordinary ones")
    worst = max(map(abs, found["errors"]))
    _hold(worst < EXTRAPOLATED, f"extrapolated layers change a step by {worst:.5f}")
    for name in ("const4_in_turn", "extra4_all"):
        macs = found["training"]["against_baseline"][name]["macs_full_attention"]
        _hold(1 < macs < 1.2, f"{name}: {macs:.3f} times the MACs of a training step")


def weight_ratio(model: str) -> float:
    """Weights that a step of four heads reads over those of one head: 1.1012 of Llama-2-7B."""
    shape = SHAPES[model]
    layer, lm_head = shape.layer_matmul_params, shape.vocab * shape.hidden
    fewer = shape.layers - HEADS + 1
    return (shape.layers * layer + lm_head) / (fewer * layer + lm_head)


def _all_steps(found: dict[str, Any]) -> Iterator[tuple[str, Steps]]:
    """Every comparison of the ordinary model with 1 to 4 heads, by a name for messages."""
    for one in (*found["grid"], *found["turning"]):
        if has_room(one["steps"]):
            yield f"{one['chip']}, {one['weights']}", one["steps"]
    for one in found["batch"]:
        for batch, steps in one["steps"].items():
            if has_room(steps):
                yield f"{one['chip']}, {one['weights']}, batch {batch}", steps


def _bytes_bound(name: str, steps: Steps) -> None:
    """No speed-up above tokens x baseline bytes / own bytes where both wait for DRAM alone."""
    base = steps["ordinary"]
    for active in range(1, HEADS + 1):
        own = steps[f"k{active}"]
        if waits_for_dram(base, own):
            least = own["dram_bytes"] / base["dram_bytes"]
            _hold(
                cost(steps, active) > least * (1 - SLACK),
                f"{name}: k = {active} costs {cost(steps, active):.4f}, its bytes {least:.4f}",
            )


def _own_baseline(cell: dict[str, Any]) -> None:
    steps, least = cell["steps"], weight_ratio(cell["model"])
    if waits_for_dram(steps["k1"], steps["k4"]):
        ratio = cost(steps, HEADS, "k1")
        where = f"{cell['chip']}, {cell['weights']}, {cell['model']}"
        _hold(ratio > least, f"{where}: T(4)/T(own 1) is {ratio:.4f}, its weights {least:.4f}")


def _all_heads_are_best(cell: dict[str, Any]) -> None:
    """As section 3 says."""
    for text in TEXTS:
        gains = [speed_up(cell["steps"], text, active) for active in range(1, HEADS + 1)]
        where = f"{cell['chip']}, {cell['weights']}, {cell['model']}, {text}"
        _hold(max(gains) == gains[-1], f"{where}: fewer heads than {HEADS} gain more")


def _sharing(one: dict[str, Any]) -> None:
    shape = SHAPES[one["model"]]
    cache = 2 * one["context"] * shape.layers * shape.kv_elements_per_token_layer
    where = f"{one['model']}, {one['weights']}, {one['context']} tokens"
    for way, times in (("ordinary", 1), ("shared", 1), ("apart", HEADS)):
        _hold(
            one[way]["cached_bytes"] == times * cache,
            f"{where}: {way} does not read the cache {times} times",
        )


def _bandwidth(weights: str, one: dict[str, Any]) -> None:
    for text in TEXTS:
        least = RATE_MTPS / tokens(text, HEADS)
        rate = one["needed_mtps"]["ordinary"][text]
        _hold(rate > least * (1 - SLACK), f"{weights}, {text}: {rate} MT/s, below {least:.0f}")


def _leaders(one: dict[str, Any]) -> None:
    """Heads change who leads on the dot-product engine only, as section 4 says."""
    steps = one["steps"]
    leaders = {steps[name]["bound"] for name in ("ordinary", "k1", "k2", "k3", "k4")}
    where = f"{one['chip']}, {one['weights']}, {one['array']}"
    _hold(one["array"] == ENGINE or len(leaders) == 1, f"{where}: heads change who leads")
    if (one["chip"], one["weights"], one["array"]) in TURNED_BY_TWO:
        turned = (steps["k1"]["bound"], steps["k2"]["bound"]) == ("dram", "array")
        _hold(turned, f"{where}: two heads do not change who leads")


def _losers(one: dict[str, Any]) -> None:
    """Four heads lose on the dot-product engine only, as section 5 says."""
    for batch, steps in one["steps"].items():
        if has_room(steps) and one["chip"] != "ddr_dot":
            where = f"{one['chip']}, {one['weights']}, batch {batch}"
            _hold(speed_up(steps, "code") > 1, f"{where}: {HEADS} heads do not pay")


def _hold(law: bool, otherwise: str) -> None:
    if not law:
        raise ValueError(otherwise)
