"""Compiling a function once and keeping the machine code, wherever accsim is installed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Compile `function` with numba, cached on disk if there is any place for a cache."""
    return kept(function, {})


def kept(function: Callable[P, R], options: Mapping[str, Any]) -> Callable[P, R]:
    """The same with further options of numba.

    numba refuses to cache when neither the package's folder nor the user's cache folder can be
    written (a read-only installation); then each process compiles for itself, in a few seconds.
    """
    try:
        return cast("Callable[P, R]", numba.njit(cache=True, **options)(function))
    except RuntimeError:
        return cast("Callable[P, R]", numba.njit(function, **options))
