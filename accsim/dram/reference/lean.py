"""Compiling small functions that share many arrays without paying for reference counts.

numba counts the references to an array at every call and assignment. Where helpers pass ten arrays
along for each burst, that costs four times what they do.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import ParamSpec, TypeVar, cast

import numba

from accsim.dram.jit import kept

P = ParamSpec("P")
R = TypeVar("R")


def inlined(function: Callable[P, R]) -> Callable[P, R]:
    """Compile `function` into every compiled function that calls it."""
    return cast("Callable[P, R]", numba.njit(inline="always")(function))


def lean(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function that neither makes nor keeps an array, so has no references to count.

    The machine code is kept on disk if there is any place for it. numba notices a change of the
    function's own file only, not of the files that its helpers stand in: so the function must use
    `SOURCES` as a variable of a function around it, which is part of what code is found by.
    """
    return kept(function, {"_nrt": False})


def _digest() -> int:
    """A number that changes with any file of this folder."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    text = b"".join(file.read_bytes() for file in files)
    return int.from_bytes(blake2b(text, digest_size=7).digest())


SOURCES = _digest()
"""What the compiled code was made from, as a number from 0 on."""
