"""Compiling small functions that share many arrays without paying for reference counts.

numba counts the references to an array at every call and assignment. Where helpers pass ten arrays
along for each burst, that costs four times what they do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")


def inlined(function: Callable[P, R]) -> Callable[P, R]:
    """Compile `function` into every compiled function that calls it."""
    return cast("Callable[P, R]", numba.njit(inline="always")(function))


def lean(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function that neither makes nor keeps an array, so has no references to count.

    Nothing is kept on disk: numba's cache notices a change of the function's own file only, not of
    the files that its helpers stand in.
    """
    options: Any = {"_nrt": False}
    return cast("Callable[P, R]", numba.njit(**options)(function))
