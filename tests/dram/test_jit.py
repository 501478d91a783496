"""Compiled functions, with and without a place for the compiled code."""

from __future__ import annotations

from collections.abc import Callable

import numba
import pytest

from accsim.dram.jit import compiled


def double(x: int) -> int:
    return 2 * x


def test_a_compiled_function_computes_the_same() -> None:
    assert compiled(double)(21) == 42


def test_a_function_is_compiled_without_a_cache_where_none_can_be_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse_to_cache(
        function: Callable[[int], int] | None = None, *, cache: bool = False
    ) -> object:
        if cache:

            def decorate(function: Callable[[int], int]) -> object:
                raise RuntimeError("cannot cache function: no locator available")

            return decorate
        return ("compiled", function)

    monkeypatch.setattr(numba, "njit", refuse_to_cache)
    made: object = compiled(double)
    assert made == ("compiled", double)
