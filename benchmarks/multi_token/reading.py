"""What the figures of compared steps say: costs, speed-ups, leaders."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from .steps import HEADS, tokens

Steps = dict[str, Any]
"""Figures of steps by name, as `steps.compared` gives them."""
PUBLISHED = {
    2: {"wikipedia": 1.79, "books": 1.77, "code": 1.85},
    3: {"wikipedia": 2.35, "books": 2.32, "code": 2.54},
    4: {"wikipedia": 2.74, "books": 2.67, "code": 3.05},
}
"""Speed-up against own k = 1 by heads in use, on GPUs, batch 42: Gloeckle et al. 2024
(arXiv 2404.19737), table S2."""
ALL_OF_IT = 0.99
"""From this share of the critical path on, nothing else than the largest cause is waited for."""


def has_room(steps: Steps) -> bool:
    """Whether the chip's DRAM holds what was to be compared."""
    return "missing_bytes" not in steps


def cost(steps: Steps, active: int = HEADS, against: str = "ordinary") -> float:
    """T(k) over the time of another step: ``ordinary``, or ``k1``, one head of the same model."""
    ratio: float = steps[f"k{active}"]["ps"] / steps[against]["ps"]
    return ratio


def speed_up(steps: Steps, text: str, active: int = HEADS, against: str = "ordinary") -> float:
    """Tokens per second over those of another step, which brings one token."""
    return tokens(text, active) / cost(steps, active, against)


def waits_for_dram(*steps: Steps) -> bool:
    """Whether all these steps wait for the DRAM and next to nothing else."""
    return all(one["bound"] == "dram" and one["bound_share"] > ALL_OF_IT for one in steps)


def grid_steps(found: dict[str, Any], **wanted: str) -> Iterator[Steps]:
    """The steps of the cells of the grid with these keys, as far as they have room."""
    for cell in found["grid"]:
        if all(cell[key] == value for key, value in wanted.items()) and has_room(cell["steps"]):
            yield cell["steps"]


def span(values: Iterable[float], digits: int = 2) -> str:
    """``3.07 to 3.50``, or the one number that all values round to."""
    known = list(values)
    low, high = f"{min(known):.{digits}f}", f"{max(known):.{digits}f}"
    return low if low == high else f"{low} to {high}"
