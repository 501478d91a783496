"""Compiling a function once and keeping the machine code, wherever accsim is installed."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Compile `function` with numba, cached on disk if there is any place for a cache.

    numba refuses to cache when neither the package's folder nor the user's cache folder can be
    written (a read-only installation); then each process compiles for itself, in a few seconds.
    """
    try:
        return cast("Callable[P, R]", numba.njit(cache=True)(function))
    except RuntimeError:
        return cast("Callable[P, R]", numba.njit(function))
