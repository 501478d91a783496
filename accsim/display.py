"""How values show themselves in a notebook, without knowing who draws them.

A value asks here; whoever can draw its type registers. So a value stays free of HTML, and what is
never shown is never loaded.
"""

from __future__ import annotations

from functools import singledispatch


@singledispatch
def as_html(value: object) -> str | None:
    """A piece of HTML that shows `value`; None where nobody has registered for its type."""
    del value
    return None
