"""accsim: how fast a memory-bound accelerator decodes a language model, and what holds it back.

::

    import accsim

    result = accsim.run("ddr_npu", "llama2_mtp")
    accsim.plots.roofline(result).show()

What scripts and notebooks begin with is here, and loaded when it is first used (`accsim.api`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import accsim.plots as plots
    from accsim.api import load_chip, load_result, load_workload, run

__version__ = "0.1.0"

__all__ = ["__version__", "load_chip", "load_result", "load_workload", "plots", "run"]


def __getattr__(name: str) -> Any:  # noqa: ANN401
    if name not in __all__:
        raise AttributeError(f"module 'accsim' has no attribute {name!r}")
    from importlib import import_module

    if name == "plots":
        return import_module("accsim.plots")
    return getattr(import_module("accsim.api"), name)


def __dir__() -> list[str]:
    return __all__
